"""The button "Compare with…": another run beside the one on show, the same but for the value of one setting.

The run is named in the address, as `beside`: a link that is copied brings it along.
"""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import urlencode

import streamlit as st

from bnviz.config.experiment import FIELDS, BadField, Experiment, to_texts
from bnviz.config.fields import Field, format_value
from bnviz.web.site import links, live_edits, predictions, tailored, widgets
from bnviz.web.site.form import RunForm
from bnviz.web.words import shared

TIMES = "bnviz compared"  # session_state: how often a run was chosen here


def button(page: RunForm, experiment: Experiment) -> None:
    """The button, and behind it the other values of the settings in view. It waits for a guess that the page asks for."""
    texts, chosen = shared()["compare"], links.chosen_beside(page.default)
    choices = {name: dict(other_runs(FIELDS[name], experiment)) for name in page.main if not tailored.locks(name)}
    choices = {name: runs for name, runs in choices.items() if runs}
    if not choices:
        return
    with (
        st.popover(texts["open"], width="stretch", help=texts["help"], disabled=predictions.waiting(page)),
        st.container(key="compare-with"),
    ):
        st.caption(texts["about"])
        for name, runs in choices.items():
            _row(FIELDS[name], runs, chosen, page.default)


def other_runs(field: Field, experiment: Experiment) -> Iterator[tuple[object, Experiment]]:
    """The other values that a setting offers, each with the run that has it from the start."""
    offered = list(field.choices) if field.choices is not None else widgets.stops(field) if field.marks else []
    for value in offered:
        try:
            other = live_edits.set_value(experiment, field.name, value)
        except BadField:
            continue
        if other != experiment:
            yield value, other


def _row(field: Field, runs: dict[object, Experiment], chosen: Experiment | None, default: Experiment) -> None:
    """One setting's values, side by side. The key is another one after each choice: else the browser would send the last one."""
    key = f"compare {field.name} {st.session_state.get(TIMES, 0)} {chosen and chosen.id}"
    st.pills(
        field.label, list(runs), format_func=field.value_label, key=key, on_change=_apply, args=(key, field.name, runs, default),
        default=next((value for value, run in runs.items() if run == chosen), None),
    )  # fmt: skip


def _apply(key: str, name: str, runs: dict[object, Experiment], default: Experiment) -> None:
    """Compare with the run of the value that was chosen; a second press on it ends the comparison."""
    st.session_state[TIMES] = st.session_state.get(TIMES, 0) + 1
    value = st.session_state[key]
    if value is None:
        st.query_params.pop("beside", None)
    else:
        texts = to_texts(runs[value], default) or {name: format_value(value)}
        st.query_params["beside"] = urlencode(texts, safe=":;=")
