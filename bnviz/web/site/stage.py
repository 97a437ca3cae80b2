"""The stage: where a run is asked for and its player is mounted."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from bnviz.config.cost import TooExpensive
from bnviz.config.experiment import Experiment
from bnviz.web import words
from bnviz.web.site import predictions

if TYPE_CHECKING:
    from bnviz.web.site.page import Page

_SHOWN = "bnviz shown"  # session_state: the lesson and the experiment whose run is on the stage


def play(experiment: Experiment, page: Page, view: Mapping[str, object], prediction: str | None) -> None:
    """Show an experiment's run in the page's panels. If it is refused, say why and go on showing the run that was there."""
    from bnviz.web import player  # here, so that a page's controls can be tested without it

    shown, run = _request(experiment, page)
    if shown != experiment:
        view = {**view, "step": None, "layer": min(view["layer"], shown.hidden_layers)}
    player.mount(
        run=run,
        panels=page.panels(shown),
        view=dict(view),
        lesson=page.lesson,
        experiment=shown,
        prediction=prediction,
        waiting=predictions.waiting(page),
        on_skip=partial(predictions.skip, page.lesson),
    )


def _request(experiment: Experiment, page: Page) -> tuple[Experiment, str]:
    """The experiment that is shown, and its run's id."""
    from bnviz.engine import shared

    engine = shared()
    try:
        run = engine.request(experiment)
    except TooExpensive as error:
        lesson, before = st.session_state.get(_SHOWN, (None, None))
        same = lesson == page.lesson
        st.error(words.fill(words.shared()["refused"]["run_before" if same else "run_default"], reason=error))
        experiment = before if same else page.default
        run = engine.request(experiment)
    st.session_state[_SHOWN] = page.lesson, experiment
    return experiment, run
