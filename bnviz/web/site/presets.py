"""Presets: experiments worth a look, each with a sentence that says what to look for and never what will be seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import streamlit as st

from bnviz.config.experiment import Experiment
from bnviz.web.site import links, widgets

KEY = "bnviz preset"


@dataclass(frozen=True)
class Preset:
    """A story: the page's default experiment with `changes`, and what to look for in it."""

    look: str
    changes: Mapping[str, object] = field(default_factory=dict)


def row(presets: Mapping[str, Preset], default: Experiment, experiment: Experiment) -> None:
    """The presets side by side, and below them what to look for in the chosen one: the one that is the experiment."""
    stories = {name: default.replace(**preset.changes) for name, preset in presets.items()}
    name = st.session_state[KEY] = next((name for name, story in stories.items() if story == experiment), None)
    st.pills("Try", list(presets), key=KEY, on_change=_apply, args=(stories,), label_visibility="collapsed")
    if name is not None:
        st.caption(f"**Look for:** {presets[name].look}")


def _apply(stories: Mapping[str, Experiment]) -> None:
    if (name := st.session_state[KEY]) is not None:  # None: a second press on the chosen one, which stays chosen
        links.forget_problems()
        widgets.load(stories[name])
