"""The stage: where a run is asked for and its player is mounted."""

from __future__ import annotations

import dataclasses
import itertools
import uuid
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING, Any, NoReturn

import streamlit as st

from bnviz.config import course
from bnviz.config.cost import TooExpensive
from bnviz.config.experiment import Experiment
from bnviz.engine.admission import Busy
from bnviz.web import words
from bnviz.web.rates import rates
from bnviz.web.site import links, live_edits, predictions, widgets

if TYPE_CHECKING:
    from bnviz.web.site.page import Page

_SHOWN = "bnviz shown"  # session_state: lessons and experiments whose runs have been on the stage, the newest last
_VISITOR = "bnviz visitor"  # session_state: a name for this visitor, for as long as the page is open
AGAIN_SECONDS = 5.0  # after which a page asks once more for a run that found no place
REMEMBERED = 13  # of them, the one that is there now included
_EDIT = "bnviz edit"  # session_state: what was asked for in the player and is not done yet
_EDITED = "bnviz edited"  # session_state: what was asked for last


def play(experiment: Experiment, page: Page, view: Mapping[str, object], prediction: str | None) -> None:
    """Show an experiment's run in the page's panels. If it is refused, say why and go on showing the run that was there."""
    from bnviz.web import player  # here, so that a page's controls can be tested without it

    shown, run = request(experiment, page)
    if shown != experiment:
        view = {**view, "step": None, "layer": min(view["layer"], shown.hidden_layers)}
    player.mount(
        run=run,
        panels=page.arranged(shown),
        view=dict(view),
        lesson=page.lesson,
        experiment=shown,
        prediction=prediction,
        edit=_ask,
        outdated=widgets.changed,
        changes=live_edits.changes_data(shown),
        before=_before(shown, page),
        waiting=predictions.waiting(page),
        on_skip=partial(predictions.skip, page.lesson),
        usual=dataclasses.asdict(page.default),
        beside=_beside(view, shown, page),
        onward=dict(page.onward),
    )


def asked() -> Mapping[str, Any] | None:
    """What was asked for in the player since the last look."""
    return st.session_state.pop(_EDIT, None)


def step_in_hand(lesson: str) -> int:
    """From which step on a setting that has just been changed applies, as the player said when it was reached for; 0 for from the
    start. (Of which run does not matter: keys are quicker than runs, and each of these begins like the one before.)"""
    from bnviz.web import player

    hand = player.heard(lesson).get("hand")
    return int(hand["step"]) if hand else 0


def _ask(edit: Mapping[str, Any]) -> None:
    """Have the whole page run anew with what was asked for, once."""
    if edit == st.session_state.get(_EDITED):
        return
    st.session_state[_EDIT] = st.session_state[_EDITED] = dict(edit)
    st.rerun()


def _before(shown: Experiment, page: Page) -> list[dict[str, Any]]:
    """The runs that were on the stage before, the newest last: up to which step the one that is shown is the same, and what they
    have that it has not.

    More than one, for a player may have missed some: keys are quicker than runs.
    """
    before = [experiment for lesson, experiment in st.session_state[_SHOWN] if lesson == page.lesson]
    return [
        {"run": one.id, "step": course.shared_until(one, shown), "label": live_edits.differences(one, shown)}
        for one in before
        if one != shown
    ]


def _beside(view: Mapping[str, object], shown: Experiment, page: Page) -> dict[str, Any] | None:
    """Another run to be compared with the one that is shown, if the address names one that may be."""
    if not view["beside"] or (other := links.beside(str(view["beside"]), page.default)) == shown:
        return None
    from bnviz.web.player import stream_of

    try:
        run = ask_for(other)
    except (TooExpensive, Busy) as error:
        st.warning(words.fill(words.shared()["refused"]["beside"], reason=error))
        return None
    return {"run": run, "stream": stream_of(other), "label": live_edits.differences(other, shown), "query": view["beside"]}


def request(experiment: Experiment, page: Page) -> tuple[Experiment, str]:
    """The experiment that is shown, and its run's id."""
    from bnviz.engine import shared

    engine, history = shared(), st.session_state.setdefault(_SHOWN, [])
    if history and history[-1][1] != experiment:
        engine.release(history[-1][1].id)
    try:
        run = _requested(experiment)
    except TooExpensive as error:
        lesson, before = history[-1] if history else (None, None)
        same = lesson == page.lesson
        st.error(words.fill(words.shared()["refused"]["run_before" if same else "run_default"], reason=error))
        experiment = before if same else page.default
        run = _requested(experiment)
    if history[-1:] != [(page.lesson, experiment)]:
        st.session_state[_SHOWN] = [*history, (page.lesson, experiment)][-REMEMBERED:]
    return experiment, run


def _requested(experiment: Experiment) -> str:
    """Its run's id. The page goes no further where too many wait. Raises TooExpensive."""
    try:
        return ask_for(experiment)
    except Busy as error:
        _come_again(error)


def ask_for(experiment: Experiment) -> str:
    """The id of its run, which is computed if it is not there. Raises TooExpensive and Busy."""
    from bnviz.engine import shared

    engine = shared()
    if engine.store.in_memory(experiment.id) is None:
        rates.spend("run", st.context.ip_address)
    return engine.request(experiment, visitor())


def visitor() -> str:
    """A name for whoever looks at this page."""
    return st.session_state.setdefault(_VISITOR, uuid.uuid4().hex)


def _come_again(busy: Busy) -> NoReturn:
    """Say that there is no place at the moment, and have the page ask again by itself."""
    st.warning(words.fill(words.shared()["refused"]["busy"], reason=busy, seconds=round(AGAIN_SECONDS)))
    looks = itertools.count()

    @st.fragment(run_every=AGAIN_SECONDS)
    def ask_again() -> None:
        if next(looks):
            st.rerun()

    ask_again()
    st.stop()
