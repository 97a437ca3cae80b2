"""What an engine gives its workers to compute, and where the lines go that come back."""

from __future__ import annotations

import dataclasses
import itertools
import math
import time
from collections.abc import Callable
from typing import Any, Protocol

from bnviz.config.course import unchanged
from bnviz.config.experiment import Experiment
from bnviz.config.sweep import Run
from bnviz.record import ndjson
from bnviz.record.piece import Piece
from bnviz.record.store import Recording


class Lines(Protocol):
    """What takes a task's lines: a Recording, or a part of a sweep's."""

    status: str | None

    def __len__(self) -> int: ...

    @property
    def ended(self) -> bool: ...

    def append(self, line: bytes) -> bool:
        """Take a line; False, and nothing happens, after the end."""
        ...

    def add(self, piece: Piece) -> bool:
        """Take a line that is compressed, as `append` does."""
        ...


class Task:
    """One thing to compute. `name` is its run's id, or its sweep's; `subject` is what the worker is told. Runs of
    one `beginning` differ only in what happens on their way.

    Computing is deterministic, so a task that is begun anew repeats the lines that are there: they are skipped.
    """

    _numbers = itertools.count()

    def __init__(self, name: str, subject: dict[str, Any], lines: Lines, on_end: Callable[[Task], None] = lambda task: None):
        self.name, self.subject, self.lines, self._on_end = name, subject, lines, on_end
        self.began = time.monotonic()
        self.rested = math.inf  # since when nobody computes it because nobody wants it
        self.deaths = 0  # of workers that were at it
        self._died_at, self._died_there = 0, 0  # how many lines had come at the last one, and at how many in a row
        self.beginning = unchanged(Experiment(**subject["experiment"])).id if self.is_run else None
        self.restart()

    @property
    def background(self) -> bool:
        """Whether it may only take what processor time nobody else wants."""
        return "stack" in self.subject

    @property
    def is_run(self) -> bool:
        return "experiment" in self.subject and "question" not in self.subject

    @property
    def recording(self) -> Recording:
        """Where the lines of a run or of an answer go; a stack's go elsewhere."""
        assert isinstance(self.lines, Recording)
        return self.lines

    def restart(self) -> None:
        """Prepare another attempt. `key` names it to the worker: late lines of an earlier one are never taken for it."""
        self.key = f"{self.name}.{next(self._numbers)}"
        self.received = 0

    def suspect(self) -> int:
        """After a worker's death: at how many of the last ones in a row the same number of lines had come.

        A run that kills its worker does so at the same line each time, one whose worker is killed from outside hardly ever.
        """
        if not self.received:  # the worker had not begun with it
            return 0
        self.deaths += 1
        self._died_there = self._died_there + 1 if self.received == self._died_at else 1
        self._died_at = self.received
        return self._died_there

    @property
    def command(self) -> dict[str, Any]:
        return {"run": self.key, **self.subject}

    def receive(self, piece: Piece) -> bool:
        """Take the next line of this attempt; whether it was new."""
        self.received += 1
        return (piece.is_end or self.received > len(self.lines)) and self.lines.add(piece)

    def end(self, status: str, message: str) -> None:
        """Write the end line on the worker's behalf."""
        self.lines.append(ndjson.end(status, message, time.monotonic() - self.began))

    def settle(self) -> None:
        """Say that the lines have ended. Only once."""
        self._on_end(self)


def of_experiment(experiment: Experiment, question: dict[str, Any] | None = None) -> dict[str, Any]:
    """The subject of a run, or of a question about its trained network."""
    subject = {"experiment": dataclasses.asdict(experiment)}
    return subject | {"question": question} if question else subject


def of_stack(runs: tuple[Run, ...], measures: tuple[str, ...]) -> dict[str, Any]:
    """The subject of a stack of a sweep's runs."""
    return {"stack": [[dataclasses.asdict(run.experiment), run.arm] for run in runs], "measures": list(measures)}
