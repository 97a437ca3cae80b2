"""Presets: experiments worth a look, each with a sentence that says what to look for and never what will be seen."""

from __future__ import annotations

from collections.abc import Mapping

import streamlit as st

from bnviz.config.experiment import Experiment
from bnviz.web.site import links, predictions, tailored, widgets
from bnviz.web.site.form import Form
from bnviz.web.words import fill, shared

KEY = "bnviz preset"


def row(page: Form, experiment: Experiment) -> None:
    """The page's presets side by side, and below them what to look for in the chosen one: the one that is the experiment."""
    said, controls = page.words.get("presets", {}), shared()["controls"]
    stories = {key: page.default.replace(**changes) for key, changes in page.presets.items()}
    chosen = st.session_state[KEY] = next((key for key, story in stories.items() if story == experiment), None)
    st.pills(
        controls["presets"], list(stories), format_func=lambda key: said[key]["name"], key=KEY, on_change=_apply,
        args=(page.lesson, stories), label_visibility="collapsed",
    )  # fmt: skip
    look = fill(controls["look_for"], look=said[chosen]["look"]) if chosen is not None else "&nbsp;"
    st.caption(look)  # a line also where there is nothing to say, so that the page does not move


def _apply(lesson: str, stories: Mapping[str, Experiment]) -> None:
    if (chosen := st.session_state[KEY]) is not None:  # None: a second press on the chosen one, which stays chosen
        links.forget_problems()
        widgets.load(tailored.as_locked(stories[chosen]))
        predictions.forget(lesson)
