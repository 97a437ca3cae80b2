"""Widgets made from the table of fields: one for each field, keyed by its name."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from functools import partial
from typing import Any

import streamlit as st

from bnviz.config import course
from bnviz.config.experiment import FIELDS, BadField, Experiment, Field
from bnviz.config.fields import format_value
from bnviz.web.site import live_edits, tailored
from bnviz.web.words import fill, shared

_EXPERIMENT = "bnviz settings"  # session_state: the experiment that the widgets show
_TIMES = "bnviz times set"  # session_state: how often a field's value was set by something else than its widget, by name


def load(experiment: Experiment, own: Mapping[str, object] | None = None, in_browser: Collection[str] = ()) -> None:
    """Set every widget to an experiment's values, and to a page's own. Only before the widgets are made, or in a callback.

    Those `in_browser`, which the browser has already, are left alone where they are right: a value that is set is sent to the
    browser, and would take a slider back that the visitor has moved on meanwhile.
    """
    st.session_state[_EXPERIMENT] = experiment
    _set({**_values(experiment), **(own or {})}, in_browser)


def _set(values: Mapping[str, object], in_browser: Collection[str]) -> None:
    times = st.session_state.setdefault(_TIMES, {})
    for name, value in values.items():
        other = st.session_state.get(name) != value
        times[name] = times.get(name, 0) + other
        if other or name not in in_browser:
            st.session_state[name] = value


def _values(experiment: Experiment) -> dict[str, object]:
    """What the widgets show of an experiment: of a knob that is turned on the way, what it comes to in the end."""
    values = {name: getattr(experiment, name) for name in FIELDS}
    last = course.knobs(experiment, experiment.steps)
    return values | {name: value for name, value in last.items() if FIELDS[name].accepts(value)}


def experiment(edit_step: Callable[[], int] = lambda: 0, in_browser: Collection[str] = ()) -> Experiment:
    """The experiment that the widgets show. A number box that was emptied counts as its default.

    A knob that the visitor has just turned counts from `edit_step` on, or from the start (0).

    Every value is set again, except of the widgets `in_browser` (see `load`), because Streamlit forgets those whose widget a page
    does not have, and because a popover's widgets are made when it is opened, from the last run's message alone: without a value
    there they would open with, and send back, their lowest ones.
    """
    values = {name: st.session_state[name] for name in FIELDS}
    values = {name: FIELDS[name].default if value is None else value for name, value in values.items()}
    experiment = last_experiment() or Experiment(**values)
    before = _values(experiment)
    for name, value in ((name, value) for name, value in values.items() if value != before[name]):
        experiment = _checked(experiment, partial(live_edits.set_value, name=name, value=value, step=edit_step()))
    load(experiment, in_browser=in_browser)
    return experiment


def last_experiment() -> Experiment | None:
    """The experiment that the page was made for last."""
    return st.session_state.get(_EXPERIMENT)


def have_changed() -> bool:
    """Whether a widget shows something else than the page was made for."""
    values = _values(st.session_state[_EXPERIMENT])
    return any(st.session_state.get(name, value) not in (value, None) for name, value in values.items())


def edit(experiment: Experiment, edit: Mapping[str, Any], default: Experiment) -> Experiment:
    """The experiment that a visitor requests in the player, which the widgets show from now on.

    As it is, if that would change what a teacher's link has locked.
    """
    result = _checked(experiment, partial(live_edits.apply, edit=edit, default=tailored.as_locked(default)))
    if not tailored.permits(result):
        st.warning(shared()["tailored"]["locked"])
        return experiment
    load(result)
    return result


def _checked(experiment: Experiment, change: Callable[[Experiment], Experiment]) -> Experiment:
    """The experiment as changed, or if that cannot be, as it was, and a message."""
    try:
        return change(experiment)
    except BadField as error:
        st.warning(fill(shared()["changes"]["refused"], reason=error.reason))
        return experiment


def own(fields: Mapping[str, Field], in_browser: Collection[str] = ()) -> dict[str, object]:
    """What the widgets of a page's own settings show; see `experiment`."""
    values = {name: st.session_state[name] for name in fields}
    values = {name: fields[name].default if value is None else value for name, value in values.items()}
    _set(values, in_browser)
    return values


def row(
    names: Iterable[str],
    rest: Collection[str],
    own: Mapping[str, Field] | None = None,
    pace: Callable[[], None] | None = None,
    last: Callable[[], None] | None = None,
) -> None:
    """The named fields, of the experiment or the page's own, side by side, then what `pace` makes.

    At the end two buttons, one above the other: behind the first are the fields of `rest`, `last` makes the second.
    """
    fields = {**FIELDS, **(own or {})}
    with st.container(key="controls", horizontal=True, vertical_alignment="bottom"):
        for name in names:
            control(fields[name])
        if pace:
            pace()
        if rest or last:
            with st.container(key="menus"):
                _more([fields[name] for name in rest])
                if last:
                    last()


def _more(fields: Collection[Field]) -> None:
    """The button, and behind it the fields."""
    if fields:
        with st.popover(shared()["controls"]["more"], width="stretch"), st.container(key="more"):
            for field in fields:
                control(field, hidden=True)


def control(field: Field, hidden: bool = False) -> None:
    """The widget for one field; of one that may be out of sight, `hidden`, the key is another one whenever its value is set.

    For the browser does not take in what a widget is set to that it does not show, and with the next answer it sends back what
    it knew. A widget with another key is new to it.
    """
    options: dict[str, Any] = {"key": field.name, "help": field.help, "disabled": tailored.locks(field.name)}
    if hidden:
        key = f"{field.name} {st.session_state[_TIMES][field.name]}"
        st.session_state[key] = st.session_state[field.name]
        options |= {"key": key, "on_change": _take, "args": (field.name, key)}
    if (choices := field.choices) is not None:
        st.selectbox(field.label, list(choices), format_func=lambda value: choices[value], **options)
    elif field.marks:
        st.select_slider(field.label, stops(field), format_func=format_value, **options)
    else:
        st.number_input(field.label, field.kind(field.low), field.kind(field.high), **options)


def _take(name: str, key: str) -> None:
    """What the visitor has chosen behind the button."""
    st.session_state[name] = st.session_state[key]


def stops(field: Field) -> list:
    """A slider's stops: the field's marks, its default, and the value it has now, which a link may have set between."""
    return sorted({*field.marks, field.default, st.session_state[field.name]})
