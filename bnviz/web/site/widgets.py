"""Widgets made from the table of fields: one for each field, keyed by its name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import streamlit as st

from bnviz.config.experiment import FIELDS, Experiment, Field
from bnviz.web.site import links
from bnviz.web.words import shared


def load(experiment: Experiment, own: Mapping[str, object] | None = None) -> None:
    """Set every widget to an experiment's values, and to a page's own. Only before the widgets are made, or in a callback."""
    for name in FIELDS:
        st.session_state[name] = getattr(experiment, name)
    for name, value in (own or {}).items():
        st.session_state[name] = value


def experiment() -> Experiment:
    """The experiment that the widgets show. A number box that was emptied counts as its default.

    Every value is set anew, because Streamlit forgets those whose widget a page does not have, and because a popover's widgets
    are made when it is opened, from the last run's message alone: without a value there they would open with, and send back,
    their lowest ones.
    """
    values = {name: st.session_state[name] for name in FIELDS}
    experiment = Experiment(**{name: FIELDS[name].default if value is None else value for name, value in values.items()})
    load(experiment)
    return experiment


def own(fields: Mapping[str, Field]) -> dict[str, object]:
    """What the widgets of a page's own settings show; see `experiment`."""
    values = {name: st.session_state[name] for name in fields}
    values = {name: fields[name].default if value is None else value for name, value in values.items()}
    st.session_state.update(values)
    return values


def row(names: Iterable[str], rest: Iterable[str], own: Mapping[str, Field] | None = None) -> None:
    """The named fields, of the experiment or the page's own, side by side, and behind a button at the end the rest."""
    fields = {**FIELDS, **(own or {})}
    with st.container(key="controls", horizontal=True, vertical_alignment="bottom"):
        for name in names:
            control(fields[name])
        with st.popover(shared()["controls"]["more"], width="stretch"), st.container(key="more"):
            for name in rest:
                control(fields[name])


def control(field: Field) -> None:
    """The widget for one field."""
    if field.choices is not None:
        st.selectbox(field.label, list(field.choices), format_func=field.choices.get, key=field.name, help=field.help)
    elif field.marks:
        st.select_slider(field.label, stops(field), format_func=links.text, key=field.name, help=field.help)
    else:
        st.number_input(field.label, field.kind(field.low), field.kind(field.high), key=field.name, help=field.help)


def stops(field: Field) -> list:
    """A slider's stops: the field's marks, its default, and the value it has now, which a link may have set between."""
    return sorted({*field.marks, field.default, st.session_state[field.name]})
