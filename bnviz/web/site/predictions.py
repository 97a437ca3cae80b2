"""Predictions: what the visitor expects, asked before anything on the page gives the answer.

A page that asks waits for a guess, once a visit. A visitor who skips it, or follows a link to a step or with `skip=1`, is not
kept waiting.
"""

from __future__ import annotations

import streamlit as st

from bnviz.config.experiment import Experiment
from bnviz.web.site import tailored
from bnviz.web.site.form import Form
from bnviz.web.site.links import Link

_ANSWERED = "bnviz answered"  # session_state: the lessons whose answers may be shown


def ask(page: Form, experiment: Experiment | None = None) -> str | None:
    """The question, where the page has one of this experiment; what the visitor has chosen: a key of the lesson's predictions."""
    question = page.question_of(experiment or page.default)
    if question is None or tailored.hides("question"):
        return skip(page.lesson)
    key = _key(page.lesson)
    predictions = question.predictions
    guess = st.segmented_control(question.text, list(predictions), format_func=predictions.__getitem__, key=key)
    if guess:
        skip(page.lesson)
    return guess


def _key(lesson: str) -> str:
    return f"prediction {lesson}"


def forget(lesson: str) -> None:
    """A guess was about the experiment on show, and says nothing of another story. Only in a callback."""
    st.session_state[_key(lesson)] = None


def waiting(page: Form) -> bool:
    """Whether the page still waits for a guess, so that nothing may be shown that answers."""
    return "predictions" in page.words and page.lesson not in st.session_state.get(_ANSWERED, ())


def skip(lesson: str) -> None:
    """Wait no longer."""
    st.session_state[_ANSWERED] = {*st.session_state.get(_ANSWERED, ()), lesson}


def follow(lesson: str, link: Link) -> None:
    """Somebody who was sent here is to see what the link shows."""
    if link.skip or "step" in link.view:
        skip(lesson)
