"""Presets: experiments worth a look, each with a sentence that says what to look for and never what will be seen."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import streamlit as st

from bnviz.config.experiment import Experiment
from bnviz.web.site import links, predictions, tailored, widgets
from bnviz.web.site.form import Form, Preset
from bnviz.web.words import shared

KEY = "bnviz preset"


def row(page: Form, experiment: Experiment) -> None:
    """The page's presets side by side, and below them what to look for in the chosen one: the one that is the experiment.

    Those that would change what a teacher's link has locked are there, but cannot be chosen.
    """
    with st.container(key="preset-row", horizontal=True, vertical_alignment="center"):
        _row(page, experiment)


def _row(page: Form, experiment: Experiment) -> None:
    choices = locked_choices(page)
    presets = {key: preset for key, preset in choices.items() if tailored.permits(preset.experiment)}
    key = st.session_state[KEY] = next((key for key, preset in presets.items() if preset.experiment == experiment), None)
    st.pills(
        shared()["controls"]["presets"], list(presets), format_func=lambda key: presets[key].name, key=KEY, on_change=_apply,
        args=(page.lesson, presets), label_visibility="collapsed", wrap=True,
    )  # fmt: skip
    if barred := [preset.name for key, preset in choices.items() if key not in presets]:
        st.caption(reason := shared()["tailored"]["barred"])
        st.pills(reason, barred, disabled=True, key=f"{KEY} barred", label_visibility="collapsed", wrap=True)
    chosen = None if predictions.waiting(page) else key  # before a guess there are no charts to look at
    # A line also where there is nothing to say, so that the page does not move.
    st.caption(presets[chosen].look if chosen else "&nbsp;")


def locked_choices(page: Form) -> dict[str, Preset]:
    """The page's presets by key, with what a teacher's link has locked in place of the page's default."""
    default = tailored.as_locked(page.default)
    return {
        key: dataclasses.replace(preset, experiment=default.replace(**page.presets[key]))
        for key, preset in page.preset_choices.items()
    }


def _apply(lesson: str, presets: Mapping[str, Preset]) -> None:
    if (key := st.session_state[KEY]) is not None:  # None: a second press on the chosen one, which stays chosen
        links.forget_problems()
        widgets.load(presets[key].experiment)
        predictions.forget(lesson)
