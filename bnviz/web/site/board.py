"""The board: a sweep whose rows fill in, on any page, or one whose rows the release has shipped.

While a sweep is live, a fragment of the page runs again and again: it reads what is new in the sweep's recording and hands
panels to a component that draws them on nodes that stay (bnviz/web/player/board.js). When the sweep has ended, nothing ticks.
"""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import streamlit as st

from bnviz.config.cost import TooExpensive
from bnviz.config.sweep import Sweep
from bnviz.engine.admission import Busy
from bnviz.record import evidence
from bnviz.record.evidence import Evidence
from bnviz.web import player
from bnviz.web.rates import rates
from bnviz.web.site import predictions
from bnviz.web.site.watch import Rows, ShippedRows, Watch
from bnviz.web.slots import slots
from bnviz.web.words import fill, shared

Panels = Callable[[Sweep, Rows], list[dict[str, Any]]]
Words = Callable[[Sweep, Rows], str]
Look = Watch | ShippedRows

TICK_SECONDS = 0.7

_WATCH = "bnviz watch"  # session_state: the board's key, and the look at the sweep on it
_ANEW = "bnviz anew"  # session_state: the sweep, by id, that the visitor has computed although its rows are shipped


def show(
    sweep: Sweep,
    panels: Panels,
    words: Words,
    default: Sweep | None = None,
    key: str = "board",
    asks: Callable[[], bool] = lambda: False,
    below: bool = False,
) -> None:
    """The sweep's words and panels, filling in while its rows arrive, with its progress and a button to stop or resume.

    Shipped rows are all there at once, with their source and a button to compute them again: then both verdicts are shown.

    `panels` gives what `bnviz.web.figures.panel` does, with data filled in and `alternative`, a text for those who do not
    see it; `words` gives Markdown. Both are called with the row messages so far, in no order, and with none at first. If the
    sweep is refused, the page says why, and what this board (`key`) showed before stays; if nothing, `default` is shown. For
    as long as `asks` says so, the page waits for a prediction, and neither words nor panels are shown, only how far it is.
    `below`: whether a player is on the page, too.
    """
    watch = _watch(sweep, default, key)
    if watch is not None:
        ticking = watch.live
        st.fragment(_draw, run_every=TICK_SECONDS if ticking else None)(watch, panels, words, key, ticking, asks, below)


def _watch(sweep: Sweep, default: Sweep | None, key: str) -> Look | None:
    """The look at the sweep, or at the shipped rows in its place."""
    board, before = st.session_state.get(_WATCH, (None, None))
    if before and before.sweep == sweep and _is_wanted(before):
        watch = before
    else:
        try:
            watch = _look(sweep)
        except (TooExpensive, Busy) as error:
            if st.session_state.get(_ANEW) == sweep.id:
                _compute_anew(None)
            watch = _fallback(str(error), before if board == key else None, default)
    if before and before is not watch and before.live:
        before.stop()
    st.session_state[_WATCH] = key, watch
    return watch


def _is_wanted(look: Look) -> bool:
    """Whether the visitor wants the rows that it looks at: shipped ones if there are any, or those that are computed again."""
    is_anew = st.session_state.get(_ANEW) == look.id
    return isinstance(look, Watch) == (is_anew or not evidence.is_shipped(look.sweep))


def _look(sweep: Sweep) -> Look:
    """A new look at a sweep. Raises TooExpensive and Busy."""
    if st.session_state.get(_ANEW) != sweep.id and (shipped := evidence.read(sweep)):
        return ShippedRows(sweep, shipped)
    rates.spend("sweep", st.context.ip_address)
    return Watch(sweep)


def _compute_anew(sweep: Sweep | None) -> None:
    """Compute this sweep although its rows are shipped; none: show what is shipped."""
    st.session_state[_ANEW] = sweep and sweep.id


def _fallback(reason: str, before: Look | None, default: Sweep | None) -> Look | None:
    """The text in place of a sweep that was refused."""
    refused = shared()["refused"]
    text = refused["sweep_before"] if before else refused["sweep_default"] if default else "{reason}"
    st.error(fill(text, reason=reason))
    return before or (_look(default) if default else None)


@slots.slot()
def _draw(
    watch: Look,
    panels: Panels,
    words: Words,
    key: str,
    ticking: bool,
    asks: Callable[[], bool],
    below: bool,
) -> None:
    """One look at the sweep on the board. Runs in a fragment, which the page has set `ticking` or not."""
    if not _is_wanted(watch):
        st.rerun()  # the whole page, with another look
    watch.read()
    rows, waiting = watch.rows, asks()
    _progress(watch)
    if waiting:
        _wait_for_a_guess(key)
    else:
        with st.container(key="verdict"):
            _verdicts(watch, words)
    if watch.end is not None and watch.state == "failed":
        st.error(fill(shared()["board"]["failed"], message=watch.end["message"]))
    visible_panels = [] if waiting else panels(watch.sweep, rows)
    player.board(run=watch.id, state=watch.state, panels=visible_panels, rows=len(rows), key=key, below=below)
    if watch.live != ticking:
        st.rerun()  # the whole page: only there can a fragment begin or cease to tick


def _verdicts(watch: Look, words: Words) -> None:
    """The verdict of the rows; of rows that are computed again, beside that of the shipped ones."""
    if isinstance(watch, ShippedRows) or not (shipped := evidence.read(watch.sweep)):
        st.markdown(words(watch.sweep, watch.rows))
        return
    texts = shared()["board"]
    before, here = st.columns(2)
    before.caption(texts["shipped"])
    before.markdown(words(watch.sweep, shipped.fill(watch.sweep)))
    before.caption(origin(shipped))
    here.caption(texts["here"])
    here.markdown(words(watch.sweep, watch.rows))


def origin(shipped: Evidence) -> str:
    """Where rows come from, in a sentence."""
    return fill(shared()["board"]["origin"], day=_day(shipped), machine=shipped.machine, **shipped.versions)


def place(shipped: Evidence) -> str:
    """When and on which processor rows were computed, in a few words."""
    processor, *others = shipped.machine.split(", ")
    return ", ".join([_day(shipped), processor, *others[:1]])


def _day(shipped: Evidence) -> str:
    """The day of the last row, as people write it."""
    return f"{datetime.date.fromisoformat(shipped.day):%d %B %Y}".lstrip("0")


def _wait_for_a_guess(lesson: str) -> None:
    """The text until there is an answer."""
    texts = shared()["player"]
    with st.container(key="guess", horizontal=True, vertical_alignment="center"):
        st.markdown(texts["predict_first"], width="content")
        st.button(texts["skip"], on_click=predictions.skip, args=(lesson,))


def _progress(watch: Look) -> None:
    """How far it is, and buttons: to stop it or to go on, and to choose between shipped rows and new ones."""
    texts = shared()["board"]
    with st.container(key="progress", horizontal=True, vertical_alignment="center"):
        if isinstance(watch, ShippedRows):
            st.caption(f"{text(watch)} {origin(watch.evidence)}")
            label = fill(texts["anew"], time=duration(watch.sweep.seconds()))
            st.button(label, on_click=_compute_anew, args=(watch.sweep,), help=texts["anew_help"])
            return
        st.progress(watch.done / watch.total, text(watch))
        if watch.live:
            st.button(texts["stop"], on_click=watch.stop, help=texts["stop_help"])
        elif not watch.finished:
            st.button(texts["resume"], on_click=watch.begin, help=texts["resume_help"])
        if evidence.is_shipped(watch.sweep):
            st.button(texts["back"], on_click=_compute_anew, args=(None,), help=texts["back_help"])


def text(watch: Look) -> str:
    """The progress of the sweep."""
    seconds = watch.seconds_left() if isinstance(watch, Watch) and watch.live else None
    time = "" if seconds is None else duration(seconds)
    return fill(shared()["board"][_progress_key(watch, seconds)], done=watch.done, total=watch.total, time=time)


def _progress_key(watch: Look, seconds: float | None) -> str:
    """The key of the sentence about its progress; `seconds` are the estimated remaining ones."""
    if isinstance(watch, ShippedRows) or watch.finished:
        return "finished"
    if watch.live:
        return "so_far" if seconds is None else "left"
    if watch.state == "failed":
        return "so_far"
    return "stopped" if watch.stopped_here else "stopped_elsewhere"


def duration(seconds: float) -> str:
    """A length of time in a suitable unit."""
    texts = shared()["board"]
    if seconds < 100:
        return fill(texts["seconds"], count=max(1, round(seconds)))
    return fill(texts["minutes"], count=round(seconds / 60))
