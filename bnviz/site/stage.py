"""The stage: where a run is asked for and its player is mounted."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import streamlit as st

from bnviz.experiment import Experiment, TooExpensive

_SHOWN = "bnviz shown"  # session_state: the experiment whose run is on the stage


def play(
    experiment: Experiment, panels: Callable[[Experiment], list[dict]], view: Mapping[str, object], story: str
) -> None:
    """Show an experiment's run in `panels`, told by `story`. If it is refused, say why and go on showing the run that was there."""
    from bnviz import player  # here, so that a page's controls can be tested without it

    shown, run = _request(experiment)
    if shown != experiment:
        view = {**view, "step": None, "layer": min(view["layer"], shown.hidden_layers)}
    player.mount(run=run, snapshots=shown.snapshots, panels=panels(shown), view=dict(view), story=story)


def _request(experiment: Experiment) -> tuple[Experiment, str]:
    """The experiment that is shown, and its run's id."""
    from bnviz.engine import shared

    engine = shared()
    try:
        run = engine.request(experiment)
    except TooExpensive as error:
        st.error(f"{error} Until then you see {'the run before' if _SHOWN in st.session_state else 'the default run'}.")
        experiment = st.session_state.get(_SHOWN, Experiment())
        run = engine.request(experiment)
    st.session_state[_SHOWN] = experiment
    return experiment, run
