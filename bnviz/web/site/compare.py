"""The button "Compare with…": another run beside the one on show, the same but for the value of one setting.

The run is named in the address, as `beside`: a link that is copied brings it along.
"""

from __future__ import annotations

from collections.abc import Iterator

import streamlit as st

from bnviz.config.experiment import FIELDS, BadField, Experiment
from bnviz.config.fields import Field
from bnviz.web.site import links, live_edits, pace, predictions, tailored, widgets
from bnviz.web.site.form import RunForm
from bnviz.web.words import fill, shared

TIMES = "bnviz compared"  # session_state: how often a run was chosen here
OPEN = "bnviz comparing"  # session_state: whether the choice of runs is open


def button(page: RunForm, experiment: Experiment) -> None:
    """The button, and behind it the other values of the settings in view. It waits for a guess that the page asks for."""
    texts, chosen = shared()["compare"], links.chosen_beside(page.default)
    choices = {name: dict(other_runs(page, FIELDS[name], experiment)) for name in page.main if not tailored.locks(name)}
    choices = {name: runs for name, runs in choices.items() if runs}
    if not choices:
        return
    drawn = None if chosen == experiment else chosen
    label = fill(texts["drawn"], label=live_edits.differences(drawn, experiment)) if drawn else texts["open"]
    with (
        st.popover(label, width="stretch", help=texts["help"], disabled=predictions.waiting(page), key=OPEN, on_change="rerun"),
        st.container(key="compare-with"),
    ):
        st.caption(f"{texts['where']} {texts['about']}" if drawn else texts["about"])
        for name, runs in choices.items():
            _row(FIELDS[name], runs, chosen, page.default)


def other_runs(page: RunForm, field: Field, experiment: Experiment) -> Iterator[tuple[object, Experiment]]:
    """The other values that a setting offers, each with the run that has it from the start.

    With another batch size it sees as many examples as `experiment`, if the visitor wants that.
    """
    offered = list(field.choices) if field.choices is not None else widgets.stops(field) if field.marks else []
    for value in offered:
        try:
            other = live_edits.set_value(experiment, field.name, value)
        except BadField:
            continue
        if other != experiment:
            yield value, pace.as_long_as(page, other, experiment)


def _row(field: Field, runs: dict[object, Experiment], chosen: Experiment | None, default: Experiment) -> None:
    """One setting's values, side by side. The key is another one after each choice: else the browser would send the last one."""
    key = f"compare {field.name} {st.session_state.get(TIMES, 0)} {chosen and chosen.id}"
    shown = next((value for value, run in runs.items() if run == chosen), None)
    st.pills(
        field.label, list(runs), format_func=field.value_label, key=key, on_change=_apply,
        args=(key, field.name, runs, default, shown), default=shown,
    )  # fmt: skip


def _apply(key: str, name: str, runs: dict[object, Experiment], default: Experiment, shown: object) -> None:
    """Compare with the run of the value that was chosen; a second press on it ends the comparison. The choice closes: it covers
    the picture.

    If it was dismissed in the player since, a press on the value that is still marked means it again.
    """
    st.session_state[TIMES] = st.session_state.get(TIMES, 0) + 1
    st.session_state[OPEN] = False
    value = st.session_state[key]
    if value is None and "beside" not in st.query_params:
        value = shown
    if value is None:
        st.query_params.pop("beside", None)
    else:
        links.set_beside(runs[value], default, name)
