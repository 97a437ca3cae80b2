"""The functions that mount the player (player.js) on a page, or the board (board.js), where a sweep's rows fill in.

The browser fetches the run from our own route. Where a host does not forward that route, the player asks through the component's
state for the lines it lacks, and gets them with the component's data: the same log, the same cursor, another road.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import streamlit as st

from bnviz import engine
from bnviz.config import course
from bnviz.config.experiment import FIELDS, Experiment
from bnviz.data import DATA_SETS
from bnviz.engine.admission import Busy
from bnviz.normalizers import SPECS
from bnviz.record.version import results_version
from bnviz.web import assets, words
from bnviz.web.figures import looks
from bnviz.web.site import links, stage

LINES_AT_ONCE = 60
FOLDER = Path(__file__).parent


@st.cache_resource(show_spinner=False)
def _component(name: str) -> Any:
    """The component of a module, registered once a process: registering it again under its name would warn."""
    return st.components.v2.component(f"bnviz_{name}", js=assets.loader(name), isolate_styles=False)


@st.fragment
def mount(
    run: str,
    experiment: Experiment,
    panels: list[dict[str, Any]],
    view: dict[str, Any],
    lesson: str,
    prediction: str | None = None,
    edit: Callable[[Mapping[str, Any]], None] | None = None,
    outdated: Callable[[], bool] = lambda: False,
    waiting: bool = False,
    on_skip: Callable[[], None] = lambda: None,
    **more: Any,
) -> None:
    """Show the player of the experiment's `run` with these panels (bnviz.web.figures), opened at `view`.

    What is to be seen in it says bnviz/lessons/<lesson>/story.js, in the words of the lesson's catalogue. `view` holds step (or
    None), layer, tap, unit and target. `prediction` is what the visitor expects, for the story to judge. While `waiting`
    for it, the player stays at step 0 and says nothing that answers; `on_skip` is called when the visitor would rather not guess.
    `edit` takes what people ask for on the player itself (types.d.ts: Edit). `outdated` says whether a setting has changed since:
    if the player and a setting send something in the same moment, Streamlit runs this fragment alone. `more` is handed over as it
    is: changes and the runs before.
    """
    key, asked = key_of(lesson), heard(lesson)
    data = {**handed_over(run, experiment, panels, view, lesson, prediction, waiting), **more}
    if (cursor := asked.get("cursor")) and cursor["run"] == run:
        data["lines"] = _lines(run, cursor["from"])
    elif asked.get("assets"):
        data["assets"] = _assets()
    if asked.get("stop") == run:
        stop(run, stage.visitor())
    names = ("cursor", "assets", "stop", "skip", "hand", "edit")
    _component("player")(key=key, data=data, **{f"on_{name}_change": _nothing for name in names})
    # Only now may the whole page be run anew: what a fragment leaves out is taken off the page.
    if asked.get("skip"):
        on_skip()
    if asked.get("edit") and edit:
        edit(asked["edit"])
    if asked.get("skip") or outdated():
        st.rerun()


def key_of(lesson: str) -> str:
    """The key below which Streamlit keeps the state of a lesson's player."""
    return f"player {lesson}"


def heard(lesson: str) -> dict[str, Any]:
    """What a lesson's player last said, as far as it looks like what one says: anybody may send anything."""
    said = st.session_state.get(key_of(lesson))
    return {name: value for name, value in said.items() if _likely(name, value)} if isinstance(said, Mapping) else {}


def _likely(name: str, value: Any) -> bool:
    """Whether a player may have said this (types.d.ts)."""
    kinds = {"cursor": {"run": str, "from": int}, "hand": {"step": int}, "edit": {"run": str, "do": str}}.get(name)
    if kinds is None or value is None:
        return True
    return isinstance(value, Mapping) and all(isinstance(value.get(one), kind) for one, kind in kinds.items())


def handed_over(
    run: str,
    experiment: Experiment,
    panels: list[dict[str, Any]],
    view: dict[str, Any],
    lesson: str,
    prediction: str | None = None,
    waiting: bool = False,
) -> dict[str, Any]:
    """All that the player is told, see `mount`; types.d.ts calls it Data."""
    said, normalizers = words.catalogue(lesson), course.normalizers(experiment) | {experiment.compare}
    return {
        "run": run,
        "stream": stream_of(experiment),
        "snapshots": experiment.snapshots,
        "epochs": sum(steps * stage.batch for steps, stage in course.stages(experiment)) / experiment.examples,
        "panels": panels,
        "view": view,
        "story": lesson,
        "prediction": prediction,
        "waiting": waiting,
        "predictions": said.get("predictions", {}),
        "words": said.get("story", {}),
        "tour": said.get("tour", {}),
        "shared": words.shared()["player"],
        "arms": looks(experiment),
        "normalizers": {key: spec.for_browser() for key, spec in SPECS.items() if key in normalizers},
        "data": DATA_SETS[experiment.dataset].words,
        "experiment": dataclasses.asdict(experiment),
        "changes": [],
        "before": [],
        "beside": None,
        "usual": dataclasses.asdict(experiment),
        "labels": {field.name: field.label for field in FIELDS.values()},
        "onward": {},
        "addresses": assets.addresses(),
    }


def stream_of(experiment: Experiment) -> str:
    """Where its run is streamed from, relative to the page: with all that a server needs that has never heard of it."""
    named = {"v": results_version(), **links.parameters(experiment, {}, Experiment())}
    return f"bnviz/runs/{experiment.id}.ndjson?{urlencode(named)}"


def board(
    run: str, state: str, panels: list[dict[str, Any]], rows: int, key: str = "board", one: Mapping[str, Any] | None = None
) -> None:
    """Show these panels of the sweep `run`, their data filled in from `rows` rows; called again, it only draws what is new.

    `state` is playing while rows arrive, then ended, or paused or failed before the end. `one` is a run like those of the sweep,
    to be watched beside it: what `handed_over` gives, and its `name`.
    """
    data = {"run": run, "state": state, "panels": panels, "rows": rows, "shared": words.shared()["player"], "one": one}
    data["addresses"] = assets.addresses()
    if (st.session_state.get(key) or {}).get("assets"):
        data["assets"] = _assets()
    _component("board")(key=key, data=data, on_assets_change=_nothing)


def _nothing() -> None:
    """Streamlit keeps only those state values that have a callback."""


def stop(run: str, visitor: str) -> None:
    """End a run that nobody but this visitor watches. Whoever stops one that others watch has merely left.

    Who reads it cannot be told from who asks to stop it, so others count who have asked for it, too.
    """
    recording = engine.shared().store.in_memory(run)
    if recording is not None and recording.readers <= 1 and recording.visitors <= {visitor}:
        engine.shared().stop(run)


def _assets() -> dict[str, Any]:
    """The player's files as text, for a browser that cannot fetch them."""
    return {**brought(dict(assets.scripts())), "plotly": assets.plotly_js().read_text(encoding="utf-8")}


def brought(names: Iterable[str]) -> dict[str, Any]:
    """These scripts and all that they import, each after those, and the style sheet: as loader.js takes them."""
    needed = set(assets.needed(names))
    modules = [(name, text) for name, text in assets.scripts() if name in needed]
    return {"modules": modules, "style": (FOLDER / "player.css").read_text(encoding="utf-8")}


def _lines(run: str, start: int) -> dict[str, Any]:
    """What the player lacks, no more than a message should carry."""
    try:
        recording = engine.shared().recording(run)
    except Busy:  # the player asks again
        recording = None
    lines = recording.lines(start, start + LINES_AT_ONCE) if recording else []
    return {"run": run, "from": start, "lines": [line.decode().rstrip("\n") for line in lines]}
