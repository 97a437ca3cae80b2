"""The functions that mount the player (player.js) on a page, or the board (board.js), where a sweep's rows fill in.

The browser fetches the run from our own route. Where a host does not forward that route, the player asks through the component's
state for the lines it lacks, and gets them with the component's data: the same log and the same cursors by another transport.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st
from streamlit.components.v2 import component

from bnviz import engine
from bnviz.config.experiment import Experiment
from bnviz.engine.admission import Busy
from bnviz.web import assets
from bnviz.web.player import messages
from bnviz.web.slots import slots

LINES_AT_ONCE = 60


@st.cache_resource(show_spinner=False)
def _component(name: str) -> Any:
    """The component of a module, registered once a process: registering it again under its name would warn."""
    return component(f"bnviz_{name}", js=assets.loader(name), isolate_styles=False)


@st.fragment
@slots.slot()
def mount(
    run: str,
    experiment: Experiment,
    panels: list[dict[str, Any]],
    view: Mapping[str, Any],
    lesson: str,
    visitor: str,
    prediction: str | None = None,
    waiting: bool = False,
    on_edit: Callable[[Mapping[str, Any]], None] | None = None,
    on_skip: Callable[[], None] = lambda: None,
    on_beside: Callable[[str], None] = lambda _: None,
    is_outdated: Callable[[], bool] = lambda: False,
    **more: Any,
) -> None:
    """Show the player of the experiment's `run`: see `messages.player_data`, to which `more` is added.

    What there is to see in it says bnviz/lessons/<lesson>/story.js, in the words of the lesson's catalogue. `visitor` is a name
    for the visitor. `on_edit` takes an edit made in the player (types.d.ts: Edit), `on_skip` is called when the visitor would
    rather not guess, and `on_beside` with the settings of the run that is compared with from now on, as a query. `is_outdated`
    says whether a setting has changed since: if the player and a setting send something in the same moment, Streamlit runs this
    fragment alone.
    """
    message = state(lesson)
    data = {**messages.player_data(run, experiment, panels, view, lesson, prediction, waiting), **more}
    if (cursor := message.get("cursor")) and cursor["run"] == run:
        data["lines"] = _lines(run, cursor["from"])
    elif message.get("assets"):
        data["assets"] = _assets()
    if message.get("stop") == run:
        stop(run, visitor)
    callbacks = {f"on_{name}_change": _ignore for name in messages.NAMES}
    _component("player")(key=messages.component_key(lesson), data=data, **callbacks)
    # Only now may the whole page run again: what a fragment leaves out is taken off the page.
    if message.get("skip"):
        on_skip()
    if on_edit and (edit := message.get("edit")):
        on_edit(edit)
    if beside := message.get("beside"):
        on_beside(beside["query"])
    if message.get("skip") or beside or is_outdated():
        st.rerun()


def state(lesson: str) -> messages.State:
    """What a lesson's player sent last."""
    return messages.parse_state(st.session_state.get(messages.component_key(lesson)))


def board(
    run: str,
    state: str,
    panels: list[dict[str, Any]],
    rows: int,
    key: str = "board",
    below: bool = False,
) -> None:
    """Show the board, see `messages.board_data`; called again, it only draws what is new."""
    data = messages.board_data(run, state, panels, rows, below)
    if (st.session_state.get(key) or {}).get("assets"):
        data["assets"] = _assets()
    _component("board")(key=key, data=data, on_assets_change=_ignore)


def own(data: Mapping[str, Any], key: str = "own") -> None:
    """Show the place for recordings of people's own networks; `data` is that of `bnviz.web.own.data.page_data`."""
    wanted = (st.session_state.get(key) or {}).get("assets")
    _component("own")(key=key, data={**data, "assets": _assets()} if wanted else dict(data), on_assets_change=_ignore)


def _ignore() -> None:
    """Streamlit keeps only those state values that have a callback."""


def stop(run: str, visitor: str) -> None:
    """End a run that only this visitor watches. A visitor who stops one that others watch merely leaves it.

    A reader cannot be told from the visitor who asks to stop it, so the visitors who have requested the run count, too.
    """
    recording = engine.shared().store.in_memory(run)
    if recording is not None and recording.readers <= 1 and recording.visitors <= {visitor}:
        engine.shared().stop(run)


def _assets() -> dict[str, Any]:
    """The player's files as text, for a browser that cannot fetch them."""
    return {**assets.bundle(dict(assets.scripts())), "plotly": assets.plotly_js().read_text(encoding="utf-8")}


def _lines(run: str, start: int) -> dict[str, Any]:
    """The lines that the player lacks, no more than a message should carry."""
    try:
        recording = engine.shared().recording(run)
    except Busy:  # the player asks again
        recording = None
    lines = recording.lines(start, start + LINES_AT_ONCE) if recording else []
    return {"run": run, "from": start, "lines": [line.decode().rstrip("\n") for line in lines]}
