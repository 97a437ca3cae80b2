"""What the server and the player in the browser tell each other, as types.d.ts describes it: the player's data, and its state.

Pages (bnviz/web/site) use this module, and it knows none of them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any, TypedDict
from urllib.parse import urlencode

from bnviz.config import course
from bnviz.config.experiment import FIELDS, Experiment, to_texts
from bnviz.data import DATA_SETS
from bnviz.normalizers import SPECS
from bnviz.record.version import results_version
from bnviz.web import assets, words
from bnviz.web.figures import arm_styles

NAMES = ("cursor", "assets", "stop", "skip", "beside", "hand", "edit")  # of the parts of the player's state
_SHAPES = {
    "cursor": {"run": str, "from": int}, "beside": {"query": str}, "hand": {"step": int}, "edit": {"run": str, "do": str}
}  # fmt: skip


class State(TypedDict, total=False):
    """What the player asks of the server."""

    cursor: dict[str, Any]  # run, and from: the lines from there on, because the player cannot reach the run's stream
    assets: bool  # the player's files, because the browser cannot fetch them
    stop: str  # to stop this run
    skip: bool  # not to wait for a guess
    beside: dict[str, Any]  # query: the settings of the run that is compared with from now on; empty: none is
    hand: dict[str, Any]  # step: that the next change of a setting applies from there on
    edit: dict[str, Any]  # an edit (types.d.ts: Edit) of the run that it names


def component_key(lesson: str) -> str:
    """The key under which Streamlit holds the state of a lesson's player."""
    return f"player {lesson}"


def parse_state(state: object) -> State:
    """The state of a player, without what no player sends: anybody may send anything."""
    if not isinstance(state, Mapping):
        return {}
    return State(**{name: value for name, value in state.items() if name in NAMES and _is_valid(name, value)})


def _is_valid(name: str, value: object) -> bool:
    """Whether a value has the shape that types.d.ts gives it."""
    shape = _SHAPES.get(name)
    if shape is None or value is None:
        return True
    return isinstance(value, Mapping) and all(isinstance(value.get(key), kind) for key, kind in shape.items())


def player_data(
    run: str,
    experiment: Experiment,
    panels: list[dict[str, Any]],
    view: Mapping[str, Any],
    lesson: str,
    prediction: str | None = None,
    waiting: bool = False,
) -> dict[str, Any]:
    """The player's data (types.d.ts: Data).

    `panels` are those of bnviz.web.figures; `view` holds step (or None), layer, tap, unit, target and motion. `prediction` is
    what the visitor expects, for the story to judge. While `waiting` for it, the player stays at step 0 and shows no answer.
    """
    catalogue, normalizers = words.catalogue(lesson), course.normalizers(experiment) | {experiment.compare}
    return {
        "run": run,
        "stream": stream_url(experiment),
        "snapshots": experiment.snapshots,
        "epochs": course.epochs(experiment),
        "examples": experiment.examples,
        "panels": panels,
        "view": dict(view),
        "story": lesson,
        "prediction": prediction,
        "waiting": waiting,
        "predictions": catalogue.get("predictions", {}),
        "words": catalogue.get("story", {}),
        "tour": catalogue.get("tour", {}),
        "shared": words.shared()["player"],
        "arms": arm_styles(experiment),
        "normalizers": {key: spec.for_browser() for key, spec in SPECS.items() if key in normalizers},
        "data": DATA_SETS[experiment.dataset].words,
        "experiment": dataclasses.asdict(experiment),
        "changes": [],
        "before": [],
        "beside": None,
        "usual": dataclasses.asdict(experiment),
        "labels": {field.name: field.label for field in FIELDS.values()},
        "locks": [],
        "onward": {},
        "addresses": assets.addresses(),
    }


def board_data(run: str, state: str, panels: list[dict[str, Any]], rows: int, below: bool = False) -> dict[str, Any]:
    """The board's data (types.d.ts: BoardData): panels of the sweep `run` with data from `rows` rows.

    `state` is playing while rows arrive, then ended, or paused or failed before the end. `below`: whether a player is on the
    page, too.
    """
    data = {"run": run, "state": state, "panels": panels, "rows": rows, "shared": words.shared()["player"]}
    return {**data, "below": below, "addresses": assets.addresses()}


def stream_url(experiment: Experiment) -> str:
    """The address of a run's stream, relative to the page. Its query names the experiment: any server can compute it."""
    query = {"v": results_version(), **to_texts(experiment, Experiment())}
    return f"bnviz/runs/{experiment.id}.ndjson?{urlencode(query)}"
