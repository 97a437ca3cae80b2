"""The section below the player that tests the law on many networks, once a visitor asks for them."""

from __future__ import annotations

import streamlit as st

from bnviz.config.arms import ARMS
from bnviz.config.course import without_changes
from bnviz.config.experiment import Experiment
from bnviz.config.sweep import Sweep
from bnviz.lessons.train_and_eval.sweep_judge import verdict
from bnviz.lessons.train_and_eval.sweep_panels import panels
from bnviz.lessons.train_and_eval.sweep_results import sweep
from bnviz.record import evidence
from bnviz.web import words
from bnviz.web.figures import compared
from bnviz.web.site import board

TEXTS = words.catalogue("train_and_eval")["sweep"]
_ASKED = "bnviz law"  # session_state: the experiment whose networks a visitor has asked for


def plan(experiment: Experiment) -> Sweep:
    """The sweep that an experiment's page offers."""
    return sweep(without_changes(experiment))


def show(experiment: Experiment) -> None:
    """The law to test, a button, and the board of the requested networks."""
    _, norm = compared(experiment)
    if not ARMS[norm].statistics:
        return
    offer = plan(experiment)
    st.subheader(TEXTS["title"], anchor=False)
    st.markdown(TEXTS["text"])
    asked = st.session_state.get(_ASKED)
    if asked is None or sweep(asked) != offer:
        key = "shipped" if evidence.is_shipped(offer) else "again" if asked else "button"
        label = words.fill(TEXTS[key], count=len(offer.runs()))
        st.button(label, on_click=_ask, args=(without_changes(experiment),))
    if asked is not None:
        board.show(sweep(asked), panels, verdict, key="law", below=True)


def _ask(experiment: Experiment) -> None:
    st.session_state[_ASKED] = experiment
