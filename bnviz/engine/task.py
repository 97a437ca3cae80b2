"""A task: what a worker computes, and the sink of its lines."""

from __future__ import annotations

import dataclasses
import itertools
import math
import time
from collections.abc import Callable
from typing import Any, Protocol

from bnviz.config.course import without_changes
from bnviz.config.experiment import Experiment
from bnviz.config.sweep import Run
from bnviz.data import DATA_SETS
from bnviz.measures import budget
from bnviz.record import ndjson
from bnviz.record.piece import Piece
from bnviz.record.store import Recording


class LineSink(Protocol):
    """The sink of a task's lines: a Recording, or a stack of a sweep."""

    status: str | None

    def __len__(self) -> int: ...

    @property
    def ended(self) -> bool: ...

    def append(self, line: bytes) -> bool:
        """Append a line; False, without effect, after the end."""
        ...

    def add(self, piece: Piece) -> bool:
        """Append a compressed line, as `append` does."""
        ...


class Task:
    """One unit of work. `name` is its run's id, or its sweep's; `payload` is the worker's command without the key. Runs with
    equal `unchanged_id` differ only in their changes, so they begin alike. `bytes` is the estimated size of a run's recording.

    Computing is deterministic: a new attempt repeats the lines that are there, and they are skipped.
    """

    _numbers = itertools.count()

    def __init__(self, name: str, payload: dict[str, Any], lines: LineSink, on_end: Callable[[Task], None] = lambda task: None):
        self.name, self.payload, self.lines, self._on_end = name, payload, lines, on_end
        self.start_time = time.monotonic()
        self.suspended_at = math.inf  # while it is not suspended
        self.deaths = 0  # of workers while they computed it
        self._line_at_death, self._deaths_at_line = 0, 0  # line count at the last death, and how many deaths in a row had it
        experiment = Experiment(**payload["experiment"]) if self.is_run else None
        self.unchanged_id = without_changes(experiment).id if experiment else None
        self.bytes = budget.recording_bytes(experiment) if experiment else 0.0
        self.restart()

    @property
    def background(self) -> bool:
        """Whether it runs at the lowest priority."""
        return "stack" in self.payload

    @property
    def is_run(self) -> bool:
        return "experiment" in self.payload and "question" not in self.payload

    @property
    def recording(self) -> Recording:
        """The recording of a run or of an answer; a stack has none of its own."""
        assert isinstance(self.lines, Recording)
        return self.lines

    def restart(self) -> None:
        """Prepare another attempt, with a new `key`, so that late lines of an earlier attempt are not mistaken for its lines."""
        self.key = f"{self.name}.{next(self._numbers)}"
        self.line_count = 0

    def count_repeated_deaths(self) -> int:
        """After a worker's death: the number of deaths in a row at this line.

        A run that kills its worker does so at the same line each time; a worker that is killed from outside dies at a random one.
        """
        if not self.line_count:  # the worker had not begun with it
            return 0
        self.deaths += 1
        self._deaths_at_line = self._deaths_at_line + 1 if self.line_count == self._line_at_death else 1
        self._line_at_death = self.line_count
        return self._deaths_at_line

    @property
    def command(self) -> dict[str, Any]:
        return {"run": self.key, **self.payload}

    def receive(self, piece: Piece) -> bool:
        """Append the next line of this attempt; returns whether it was new."""
        self.line_count += 1
        return (piece.is_end or self.line_count > len(self.lines)) and self.lines.add(piece)

    def end(self, status: str, message: str) -> None:
        """Write the end line on the worker's behalf."""
        self.lines.append(ndjson.end(status, message, time.monotonic() - self.start_time))

    def settle(self) -> None:
        """Notify the owner, once, that the lines have ended."""
        self._on_end(self)


def experiment_payload(experiment: Experiment, question: dict[str, Any] | None = None) -> dict[str, Any]:
    """The payload of a run, or of a question about its trained network."""
    payload = {"experiment": dataclasses.asdict(experiment), **_contents(experiment)}
    return payload | {"question": question} if question else payload


def stack_payload(runs: tuple[Run, ...], measures: tuple[str, ...]) -> dict[str, Any]:
    """The payload of a stack of a sweep's runs."""
    stack = [[dataclasses.asdict(run.experiment), run.arm] for run in runs]
    return {"stack": stack, "measures": list(measures), **_contents(*(run.experiment for run in runs))}


def _contents(*experiments: Experiment) -> dict[str, dict[str, str]]:
    """Hashes of the own data sets by name, if there are any, by which a worker sees whether it has the same ones."""
    hashes = {one.dataset: sha256 for one in experiments if (sha256 := DATA_SETS[one.dataset].sha256)}
    return {"contents": hashes} if hashes else {}
