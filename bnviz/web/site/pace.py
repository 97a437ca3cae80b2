"""How long to train when the batch size changes: for as many steps as before, or on as many examples.

600 steps of 64 examples are 7.7 epochs of 5,000, and 600 steps of 4 are half an epoch: to compare batch sizes is to choose.
"""

from __future__ import annotations

import streamlit as st

from bnviz import numerals
from bnviz.config import course
from bnviz.config.experiment import FIELDS, Experiment
from bnviz.web.site import links, tailored, widgets
from bnviz.web.site.form import RunForm
from bnviz.web.words import fill, shared

STEPS, EXAMPLES = "steps", "examples"
KEY = "bnviz pace"
MOST_COUNTS = 3  # of examples in a step, one after another; of more only the range is said


def with_same_examples(experiment: Experiment, default: Experiment) -> Experiment:
    """For as many steps as show as many examples as `default` sees, if there may be so many, with not many more snapshots."""
    steps = _within("steps", course.examples_seen(default) / (experiment.batch * experiment.accumulate))
    every = _within("snapshot_every", default.snapshot_every * steps / default.steps)
    return experiment.replace(steps=steps, snapshot_every=every)


def with_same_steps(experiment: Experiment, default: Experiment) -> Experiment:
    """For as many steps as the default."""
    return experiment.replace(steps=default.steps, snapshot_every=default.snapshot_every)


def _within(name: str, value: float) -> int:
    field = FIELDS[name]
    return int(max(field.low, min(field.high, round(value))))


def keeps_examples(experiment: Experiment, default: Experiment) -> bool:
    """Whether the examples seen stay the same. Unless somebody has chosen, the experiment says: a link may have been made so."""
    return st.session_state.get(KEY, _usual_choice(experiment, default)) == EXAMPLES


def _usual_choice(experiment: Experiment, default: Experiment) -> str:
    is_adjusted = experiment.steps != default.steps and experiment.steps == with_same_examples(experiment, default).steps
    return EXAMPLES if is_adjusted else STEPS


def as_long_as(page: RunForm, experiment: Experiment, other: Experiment) -> Experiment:
    """The experiment on as many examples as `other`, if its batch size is another one and the page's visitor wants that."""
    if not page.has_pace or tailored.locks("steps") or experiment.batch == other.batch:
        return experiment
    return with_same_examples(experiment, other) if keeps_examples(other, page.default) else experiment


def adjust(experiment: Experiment, before: Experiment, default: Experiment) -> Experiment:
    """The experiment, trained for longer or shorter if its batch size has just changed and examples are to stay the same."""
    if st.session_state.get(KEY) != EXAMPLES or experiment.batch == before.batch:
        return experiment
    return tailored.as_locked(with_same_examples(experiment, default))


def chooser(experiment: Experiment, default: Experiment) -> None:
    """How many epochs it is, and the switch, unless a teacher's link has locked the batch size or the steps."""
    texts = shared()["pace"]
    numbers = {
        "steps": experiment.steps,
        "batch": _examples_in_a_step(experiment),
        "epochs": numerals.epochs(course.epochs(experiment)),
        "examples": f"{experiment.examples:,}",
    }
    with st.container(key="pace", width="content"):
        text = fill(texts["epochs"], **numbers)
        if tailored.locks("batch_size") or tailored.locks("steps"):
            st.caption(text)
            return
        st.caption(f"{text} {texts['another']}")
        st.session_state.setdefault(KEY, _usual_choice(experiment, default))
        st.segmented_control(
            texts["keep"], [STEPS, EXAMPLES], format_func=texts.get, key=KEY, on_change=_apply, args=(experiment, default),
            width="content", label_visibility="collapsed",
        )  # fmt: skip


def _examples_in_a_step(experiment: Experiment) -> str:
    """How many examples a step trains on, and how many after each change: 64, then 4."""
    texts = shared()["pace"]
    counts = [stage.batch * stage.accumulate for _, stage in course.stages(experiment)]
    counts = [count for count, before in zip(counts, [None, *counts], strict=False) if count != before]
    if len(counts) > MOST_COUNTS:
        return fill(texts["range"], low=min(counts), high=max(counts))
    return texts["then"].join(map(str, counts))


def _apply(experiment: Experiment, default: Experiment) -> None:
    """Train for as long as was chosen, and the comparison run with it."""
    choice = st.session_state[KEY]
    if choice is None:  # a second press on the chosen one, which stays chosen
        st.session_state[KEY] = STEPS if experiment.steps == default.steps else EXAMPLES
        return
    adjusted = (with_same_examples if choice == EXAMPLES else with_same_steps)(experiment, default)
    widgets.load(adjusted)
    if other := links.chosen_beside(default):
        links.set_beside(with_same_examples(other, adjusted) if choice == EXAMPLES else with_same_steps(other, default), default)
