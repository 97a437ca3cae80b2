"""The run that a saved page compares with: of its recording, only what the charts draw a second line of."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from bnviz.record import ndjson

KINDS = ("series", "scalar", "chosen-unit")  # feeds whose lines are compared: player/comparison-run.js


def comparable(recording: bytes, panels: Iterable[Mapping[str, Any]]) -> bytes:
    """A recording (NDJSON) with the single numbers of each network, and those arrays that lines of the panels are drawn from.

    Histograms and examples are most of a recording, and no comparison shows them.
    """
    feeds = [trace.get("feed") or {} for panel in panels for trace in panel["data"]]
    keys = {feed["key"] for feed in feeds if feed.get("kind") in KINDS}
    return b"".join(ndjson.line(_reduced(json.loads(line), keys)) for line in ndjson.split_lines(recording))


def _reduced(message: dict[str, Any], keys: set[str]) -> dict[str, Any]:
    if message["type"] != "snapshot":
        return message
    arms = {arm: {key: value for key, value in part.items() if key in keys or not isinstance(value, (dict, list))}
            for arm, part in message["arms"].items()}  # fmt: skip
    return {**message, "arms": arms}
