"""How long to train when the batch size changes: for as many steps as before, or on as many examples.

600 steps of 64 examples are 7.7 epochs of 5,000, and 600 steps of 4 are half an epoch: to compare batch sizes is to choose.
"""

from __future__ import annotations

import streamlit as st

from bnviz import numerals
from bnviz.config.experiment import FIELDS, Experiment
from bnviz.web.site import tailored, widgets
from bnviz.web.words import fill, shared

STEPS, EXAMPLES = "steps", "examples"
KEY = "bnviz pace"


def with_same_examples(experiment: Experiment, default: Experiment) -> Experiment:
    """For as many steps as show as many examples as the default sees, if there may be so many, with not many more snapshots."""
    steps = _within("steps", default.steps * default.batch / experiment.batch)
    every = _within("snapshot_every", default.snapshot_every * steps / default.steps)
    return experiment.replace(steps=steps, snapshot_every=every)


def with_same_steps(experiment: Experiment, default: Experiment) -> Experiment:
    """For as many steps as the default."""
    return experiment.replace(steps=default.steps, snapshot_every=default.snapshot_every)


def _within(name: str, value: float) -> int:
    field = FIELDS[name]
    return int(max(field.low, min(field.high, round(value))))


def adjust(experiment: Experiment, before: Experiment, default: Experiment) -> Experiment:
    """The experiment, trained for longer or shorter if its batch size has just changed and examples are to stay the same."""
    if st.session_state.get(KEY) != EXAMPLES or experiment.batch == before.batch:
        return experiment
    return tailored.as_locked(with_same_examples(experiment, default))


def chooser(experiment: Experiment, default: Experiment) -> None:
    """How many epochs it is, and the switch."""
    texts = shared()["pace"]
    epochs = experiment.steps * experiment.batch / experiment.examples
    numbers = {
        "steps": experiment.steps,
        "batch": experiment.batch,
        "epochs": numerals.epochs(epochs),
        "examples": f"{experiment.examples:,}",
    }
    with st.container(key="pace", width="content"):
        st.caption(fill(texts["epochs"], **numbers))
        st.session_state.setdefault(KEY, STEPS)
        st.segmented_control(
            texts["keep"], [STEPS, EXAMPLES], format_func=texts.get, key=KEY, on_change=_apply, args=(experiment, default),
            width="content", label_visibility="collapsed", disabled=tailored.locks("steps"),
        )  # fmt: skip


def _apply(experiment: Experiment, default: Experiment) -> None:
    choice = st.session_state[KEY]
    if choice is None:  # a second press on the chosen one, which stays chosen
        st.session_state[KEY] = STEPS if experiment.steps == default.steps else EXAMPLES
    else:
        widgets.load((with_same_examples if choice == EXAMPLES else with_same_steps)(experiment, default))
