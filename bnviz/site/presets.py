"""Presets: experiments worth a look, each with a sentence that says what to look for and never what will be seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import streamlit as st

from bnviz.experiment import Experiment
from bnviz.site import links, widgets

KEY = "bnviz preset"


@dataclass(frozen=True)
class Preset:
    """A story: the default experiment with `changes`, and what to look for in it."""

    look: str
    changes: Mapping[str, object] = field(default_factory=dict)

    @property
    def experiment(self) -> Experiment:
        return Experiment(**self.changes)


PRESETS: dict[str, Preset] = {
    "The default": Preset(
        "Follow the thin lines, one for each unit of a[2]: how far does each wander in either network?"
    ),
    "Too fast for the plain net": Preset(
        "At learning rate 1, ten times the default, does each network still learn? Try 0.3 and 3, too.",
        {"learning_rate": 1.0},
    ),
    "Sigmoid, as in 2015": Preset(
        "Figure 1 of the 2015 paper is of a sigmoid network. Before you compare the shifts: do both networks learn?",
        {"activation": "sigmoid"},
    ),
    "Tiny batches": Preset(
        "Mean and variance now come from 4 examples. How far do they scatter, and what does that cost? Try 2, too.",
        {"batch_size": 4},
    ),
    "Where batch norm is slower": Preset(
        "A small learning rate with weights that start well. Which network reaches the target accuracy first?",
        {"learning_rate": 0.01},
    ),
}


def chosen(experiment: Experiment) -> str | None:
    """The name of the preset that this experiment is, if it is one."""
    return next((name for name, preset in PRESETS.items() if preset.experiment == experiment), None)


def row(experiment: Experiment) -> None:
    """The presets side by side, and below them what to look for in the chosen one."""
    name = st.session_state[KEY] = chosen(experiment)
    st.pills("Try", list(PRESETS), key=KEY, on_change=_apply, label_visibility="collapsed")
    if name is not None:
        st.caption(f"**Look for:** {PRESETS[name].look}")


def _apply() -> None:
    if (name := st.session_state[KEY]) is not None:  # None: a second press on the chosen one, which stays chosen
        links.forget_problems()
        widgets.load(PRESETS[name].experiment)
