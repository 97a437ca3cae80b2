"""A visitor's look at a sweep: at rows that the release has shipped, or at what has arrived of its recording, and who else looks.
Knows nothing of Streamlit."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

from bnviz import engine
from bnviz.config.sweep import Sweep
from bnviz.engine import Engine
from bnviz.judge.claim import Row
from bnviz.record.evidence import Evidence
from bnviz.record.store import Recording

GONE_SECONDS = 5.0  # without a look, after which a visitor counts as gone
NEGLECT_SECONDS = 90.0  # without anybody's look, after which a sweep may be stopped; browsers wake hidden pages once a minute
STATES = {"finished": "ended", "diverged": "ended", "stopped": "paused", "failed": "failed"}  # statuses as the page has them

Rows = list[Row]


class Audience:
    """When every watch of a live sweep was last read, for all visitors of this process. Methods may be called from any thread."""

    def __init__(self) -> None:
        self._read_times: dict[str, dict[int, float]] = {}  # sweep -> watch -> seconds
        self._lock = threading.Lock()
        self.neglected: set[str] = set()  # sweeps that were stopped for lack of viewers

    def look(self, sweep: str, watch: int) -> None:
        with self._lock:
            self._read_times.setdefault(sweep, {})[watch] = time.monotonic()

    def leave(self, sweep: str, watch: int) -> None:
        with self._lock:
            self._read_times.get(sweep, {}).pop(watch, None)

    def others(self, sweep: str, watch: int) -> bool:
        """Whether anybody else has looked at the sweep lately."""
        since = time.monotonic() - GONE_SECONDS
        with self._lock:
            return any(one != watch and last_read > since for one, last_read in self._read_times.get(sweep, {}).items())

    def drop_neglected(self) -> list[str]:
        """The sweeps without a viewer for long, which are forgotten from now on."""
        long_ago = time.monotonic() - NEGLECT_SECONDS
        with self._lock:
            old = [
                sweep
                for sweep, watches in self._read_times.items()
                if all(last_read < long_ago for last_read in watches.values())
            ]
            dropped = [sweep for sweep in old if self._read_times.pop(sweep)]  # what everybody has left is not neglected
            self.neglected.update(dropped)
            return dropped


audience = Audience()


def stop_neglected(backend: Engine) -> None:
    """Stop the sweeps without a viewer for long. Runs in any thread."""
    for neglected in audience.drop_neglected():
        backend.stop(neglected)


class ShippedRows:
    """A look at the rows of a sweep that the release has shipped: what a Watch is when its sweep has ended."""

    state, live, finished, end = "ended", False, True, None

    def __init__(self, sweep: Sweep, evidence: Evidence):
        self.sweep, self.id, self.evidence = sweep, sweep.id, evidence
        self.rows: Rows = evidence.fill(sweep)
        self.total = self.done = len(evidence.rows)

    def read(self) -> None:
        """Nothing is new."""


class Watch:
    """One visitor's look at a sweep. Rows are only ever added.

    Visitors of one sweep share its recording. A stop ends it only if no other visitor has looked at it lately; else the visitor
    merely leaves. Sweeps without a viewer for long, whose visitors have closed the page, are stopped
    (`stop_neglected`): their rows are kept, and should one of them look again after all, the sweep goes on.
    """

    def __init__(self, sweep: Sweep):
        self.sweep, self.id = sweep, sweep.id
        self.total = len(sweep.runs())
        self._cells: dict[tuple, Row] = {}
        self.begin()

    def begin(self) -> None:
        """Ask for the sweep, or ask again: what is known of it is there at once. Raises TooExpensive."""
        audience.neglected.discard(self.id)
        self.engine, self.stopped_here = engine.shared(), False
        recording = self.engine.recording(self.engine.sweep(self.sweep))
        assert recording is not None  # it was requested just now
        self._recording: Recording = recording
        self._cursor, self._progress, self._progress_time = 0, None, 0.0
        self.end: dict[str, Any] | None = None
        self.read()

    def read(self) -> None:
        """Take what is new. If the sweep was stopped for neglect, or the engine is another one, ask for the rest."""
        lines = self._recording.lines(self._cursor)
        self._cursor += len(lines)
        for message in map(json.loads, lines):
            self._take(message)
        if self.live:
            audience.look(self.id, id(self))
        else:
            audience.leave(self.id, id(self))
        neglected = self.state == "paused" and self.id in audience.neglected
        if not self.stopped_here and not self.finished and (neglected or engine.shared() is not self.engine):
            self.begin()

    def _take(self, message: dict[str, Any]) -> None:
        if message["type"] == "row":
            self._cells[message["curve"], message["point"], message["seed"]] = message
        elif message["type"] == "progress":
            self._progress, self._progress_time = message, time.monotonic()
        elif message["type"] == "end":
            self.end = message

    @property
    def rows(self) -> Rows:
        return list(self._cells.values())

    @property
    def done(self) -> int:
        """How many runs have arrived; some fill several places."""
        return len({row["run"] for row in self._cells.values()})

    @property
    def state(self) -> str:
        """As the player's data-state says it."""
        if self.end is not None:
            return STATES[self.end["status"]]
        return "paused" if self.stopped_here else "playing"

    @property
    def finished(self) -> bool:
        return self.state == "ended"

    @property
    def live(self) -> bool:
        """Whether more is to come."""
        return self.state == "playing"

    def seconds_left(self) -> float | None:
        """Estimated from what the sweep has taken so far; None before there is anything to go by."""
        if not self._progress or not self._progress["share"]:
            return None
        total = self._progress["seconds"] / self._progress["share"]
        return max(0.0, total - self._progress["seconds"] - (time.monotonic() - self._progress_time))

    def stop(self) -> None:
        """Look no further; see the class."""
        self.stopped_here = True
        if self.end is None and not audience.others(self.id, id(self)):
            self.engine.stop(self.id)
        self.read()
