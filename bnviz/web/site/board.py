"""The board: a sweep whose rows fill in, on any page.

While a sweep is live, a fragment of the page runs again and again: it reads what is new in the sweep's recording and hands
panels to a component that draws them on nodes that stay (bnviz/web/player/board.js). When the sweep has ended, nothing ticks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from bnviz.config.cost import TooExpensive
from bnviz.config.sweep import Sweep
from bnviz.engine.admission import Busy
from bnviz.web import player
from bnviz.web.rates import rates
from bnviz.web.site import predictions
from bnviz.web.site.watch import Rows, Watch
from bnviz.web.slots import slots
from bnviz.web.words import fill, shared

Panels = Callable[[Sweep, Rows], list[dict[str, Any]]]
Words = Callable[[Sweep, Rows], str]

TICK_SECONDS = 0.7

_WATCH = "bnviz watch"  # session_state: the board's key, and the Watch of the sweep on it


def show(
    sweep: Sweep,
    panels: Panels,
    words: Words,
    default: Sweep | None = None,
    key: str = "board",
    asks: Callable[[], bool] = lambda: False,
    single: Mapping[str, Any] | None = None,
    below: bool = False,
) -> None:
    """The sweep's words and panels, filling in while its rows arrive, with its progress and a button to stop or resume.

    `panels` gives what `bnviz.web.figures.panel` does, with data filled in and `alternative`, a text for those who do not
    see it; `words` gives Markdown. Both are called with the row messages so far, in no order, and with none at first. If the
    sweep is refused, the page says why, and what this board (`key`) showed before stays; if nothing, `default` is shown. For
    as long as `asks` says so, the page waits for a prediction, and neither words nor panels are shown: only how far it is, and
    a `single` run like those of the sweep, as `bnviz.web.player.board` takes it. `below`: whether a player is on the page, too.
    """
    watch = _watch(sweep, default, key)
    if watch is not None:
        ticking = watch.live
        st.fragment(_draw, run_every=TICK_SECONDS if ticking else None)(watch, panels, words, key, ticking, asks, single, below)


def _watch(sweep: Sweep, default: Sweep | None, key: str) -> Watch | None:
    """The watch of the sweep, or of what stands in for it."""
    board, before = st.session_state.get(_WATCH, (None, None))
    if before and before.sweep == sweep:
        watch = before
    else:
        try:
            rates.spend("sweep", st.context.ip_address)
            watch = Watch(sweep)
        except (TooExpensive, Busy) as error:
            watch = _fallback(str(error), before if board == key else None, default)
    if before and before is not watch and before.live:
        before.stop()
    st.session_state[_WATCH] = key, watch
    return watch


def _fallback(reason: str, before: Watch | None, default: Sweep | None) -> Watch | None:
    """What is shown in the place of a sweep that was refused."""
    refused = shared()["refused"]
    text = refused["sweep_before"] if before else refused["sweep_default"] if default else "{reason}"
    st.error(fill(text, reason=reason))
    return before or (Watch(default) if default else None)


@slots.slot()
def _draw(
    watch: Watch,
    panels: Panels,
    words: Words,
    key: str,
    ticking: bool,
    asks: Callable[[], bool],
    single: Mapping[str, Any] | None,
    below: bool,
) -> None:
    """One look at the sweep on the board. Runs in a fragment, which the page has set `ticking` or not."""
    watch.read()
    rows, waiting = watch.rows, asks()
    if waiting:
        _wait_for_a_guess(key)
    else:
        with st.container(key="verdict"):
            st.markdown(words(watch.sweep, rows))
    _progress(watch)
    if watch.end is not None and watch.state == "failed":
        st.error(fill(shared()["board"]["failed"], message=watch.end["message"]))
    visible_panels = [] if waiting else panels(watch.sweep, rows)
    player.board(run=watch.id, state=watch.state, panels=visible_panels, rows=len(rows), key=key, single=single, below=below)
    if watch.live != ticking:
        st.rerun()  # the whole page: only there can a fragment begin or cease to tick


def _wait_for_a_guess(lesson: str) -> None:
    """What stands where the answer will be."""
    texts = shared()["player"]
    with st.container(key="guess", horizontal=True, vertical_alignment="center"):
        st.markdown(texts["predict_first"], width="content")
        st.button(texts["skip"], on_click=predictions.skip, args=(lesson,))


def _progress(watch: Watch) -> None:
    """How far it is, and a button to stop it or to go on."""
    texts = shared()["board"]
    with st.container(key="progress", horizontal=True, vertical_alignment="center"):
        st.progress(watch.done / watch.total, text(watch))
        if watch.live:
            st.button(texts["stop"], on_click=watch.stop, help=texts["stop_help"])
        elif not watch.finished:
            st.button(texts["resume"], on_click=watch.begin, help=texts["resume_help"])


def text(watch: Watch) -> str:
    """Where the sweep stands."""
    seconds = watch.seconds_left() if watch.live else None
    time = "" if seconds is None else duration(seconds)
    return fill(shared()["board"][_progress_key(watch, seconds)], done=watch.done, total=watch.total, time=time)


def _progress_key(watch: Watch, seconds: float | None) -> str:
    """The name of the sentence about where it stands; `seconds` are the estimated remaining ones."""
    if watch.finished:
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
