"""The stage: where a run is asked for and its player is mounted."""

from __future__ import annotations

import dataclasses
import itertools
import uuid
from collections.abc import Mapping
from functools import partial
from typing import Any, NoReturn

import streamlit as st

from bnviz import engine
from bnviz.config.cost import TooExpensive
from bnviz.config.experiment import Experiment
from bnviz.engine.admission import Busy
from bnviz.web import player, words
from bnviz.web.player import messages
from bnviz.web.rates import rates
from bnviz.web.site import compare, links, live_edits, predictions, tailored, widgets
from bnviz.web.site.form import RunForm

_HISTORY = "bnviz shown"  # session_state: lessons and experiments whose runs have been on the stage, the newest last
HISTORY_LENGTH = 13  # the run on the stage included
_VISITOR = "bnviz visitor"  # session_state: a name for this visitor, for as long as the page is open
RETRY_SECONDS = 5.0  # after which a page requests a run again that the full queue refused
_EDIT = "bnviz edit"  # session_state: an edit in the player that has not been applied yet
_LAST_EDIT = "bnviz edited"  # session_state: the last edit in the player


def play(experiment: Experiment, page: RunForm, view: Mapping[str, Any], prediction: str | None) -> None:
    """Show an experiment's run in the page's panels. If it is refused, say why and go on showing the run that was there."""
    current, run = request(experiment, page)
    if current != experiment:
        view = {**view, "step": None, "layer": min(view["layer"], current.hidden_layers)}
    player.mount(
        run=run,
        experiment=current,
        panels=page.panels_in_order(current),
        view=view,
        lesson=page.lesson,
        visitor=visitor(),
        prediction=prediction,
        waiting=predictions.waiting(page),
        on_edit=_apply_edit,
        on_skip=partial(predictions.skip, page.lesson),
        on_beside=links.follow_beside,
        is_outdated=widgets.have_changed,
        changes=live_edits.changes_data(current),
        before=_earlier_runs(current, page),
        usual=dataclasses.asdict(tailored.as_locked(page.default)),
        locks=list(tailored.now().lock),
        beside=comparison_run(view, current, page),
        onward=tailored.onward(page.onward),
    )


def pop_edit() -> Mapping[str, Any] | None:
    """The edit that a visitor has made in the player and that has not been applied yet."""
    return st.session_state.pop(_EDIT, None)


def edit_step(lesson: str) -> int:
    """The step from which on a setting that has just been changed applies: the playhead when the visitor reached for it, 0 for
    from the start. (The run does not matter: keys are quicker than runs, and each of these begins like the one before.)"""
    hand = player.state(lesson).get("hand")
    return int(hand["step"]) if hand else 0


def _apply_edit(edit: Mapping[str, Any]) -> None:
    """Run the whole page again with an edit, once."""
    if edit == st.session_state.get(_LAST_EDIT):
        return
    st.session_state[_EDIT] = st.session_state[_LAST_EDIT] = dict(edit)
    st.rerun()


def _earlier_runs(current: Experiment, page: RunForm) -> list[dict[str, Any]]:
    """The runs that were on the stage before, the newest last.

    More than one, for a player may have missed some: keys are quicker than runs.
    """
    earlier = (experiment for lesson, experiment in st.session_state[_HISTORY] if lesson == page.lesson)
    return [live_edits.earlier_run(other, current) for other in earlier if other != current]


def comparison_run(view: Mapping[str, Any], current: Experiment, page: RunForm) -> dict[str, Any] | None:
    """The run that the address names for comparison with the current one, if there may be such a run."""
    if view["beside"] is None or (other := links.beside(str(view["beside"]), page.default)) == current:
        return None
    try:
        run = request_run(other)
    except (TooExpensive, Busy) as error:
        st.warning(words.fill(words.shared()["refused"]["beside"], reason=error))
        return None
    address = {"stream": messages.stream_url(other), "query": view["beside"], "times": st.session_state.get(compare.TIMES, 0)}
    return {"run": run, **live_edits.contrast(other, current), **address}


def request(experiment: Experiment, page: RunForm) -> tuple[Experiment, str]:
    """The experiment on the stage, and its run's id. If the experiment is refused, the one before stays."""
    history: list[tuple[str, Experiment]] = st.session_state.setdefault(_HISTORY, [])
    if history and history[-1][1] != experiment:
        engine.shared().release(history[-1][1].id)
    try:
        run = _request_or_wait(experiment)
    except TooExpensive as error:
        before = history[-1][1] if history and history[-1][0] == page.lesson else None
        st.error(words.fill(words.shared()["refused"]["run_before" if before else "run_default"], reason=error))
        experiment = before or page.default
        run = _request_or_wait(experiment)
    if history[-1:] != [(page.lesson, experiment)]:
        st.session_state[_HISTORY] = [*history, (page.lesson, experiment)][-HISTORY_LENGTH:]
    return experiment, run


def _request_or_wait(experiment: Experiment) -> str:
    """The id of the experiment's run. If the queue is full, the page ends here and retries. Raises TooExpensive."""
    try:
        return request_run(experiment)
    except Busy as error:
        _retry_later(error)


def request_run(experiment: Experiment) -> str:
    """The id of the experiment's run, which is computed unless it is there. Raises TooExpensive and Busy."""
    if engine.shared().store.in_memory(experiment.id) is None:
        rates.spend("run", st.context.ip_address)
    return engine.shared().request(experiment, visitor())


def visitor() -> str:
    """A name for the visitor of this page."""
    return st.session_state.setdefault(_VISITOR, uuid.uuid4().hex)


def _retry_later(busy: Busy) -> NoReturn:
    """Say that the queue is full, and run the page again after a while."""
    st.warning(words.fill(words.shared()["refused"]["busy"], reason=busy, seconds=round(RETRY_SECONDS)))
    ticks = itertools.count()

    @st.fragment(run_every=RETRY_SECONDS)
    def retry() -> None:
        if next(ticks):
            st.rerun()

    retry()
    st.stop()
