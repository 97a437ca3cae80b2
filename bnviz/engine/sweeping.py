"""A sweep on its way: stacks go to the workers, rows come back into the sweep's recording."""

from __future__ import annotations

import dataclasses
import json
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from bnviz.config.experiment import FORMAT
from bnviz.config.sweep import Cell, Run, Sweep, stacks
from bnviz.engine.task import Task, of_stack
from bnviz.record import ndjson
from bnviz.record.piece import Piece
from bnviz.record.rows import Rows
from bnviz.record.store import Recording
from bnviz.record.version import versions


def header(sweep: Sweep) -> dict[str, Any]:
    """The first message of a sweep's recording."""
    return {
        "type": "header",
        "format": FORMAT,
        "id": sweep.id,
        "sweep": dataclasses.asdict(sweep) | {"values": list(sweep.values)},
        "total_rows": len(sweep.cells()),
        "versions": versions(),
    }


class StackLines:
    """Takes the lines of one stack: its rows go on, the rest only counts."""

    def __init__(self, take: Callable[[dict[str, Any]], None]):
        self._take, self._count = take, 0
        self.status: str | None = None
        self.message = ""

    def __len__(self) -> int:
        return self._count

    @property
    def ended(self) -> bool:
        return self.status is not None

    def add(self, piece: Piece) -> bool:
        return self.append(piece.line)

    def append(self, line: bytes) -> bool:
        if self.ended:
            return False
        self._count += 1
        message = json.loads(line)
        if message["type"] == "row":
            self._take(message)
        elif message["type"] == "end":
            self.status, self.message = message["status"], message["message"]
        return True


class Sweeping:
    """A sweep whose recording grows. `begin` gives a task to the workers, never more than `at_once()` of this sweep's.

    `on_end` is called once, when the recording has ended. Methods may be called from any thread; the lock is the engine's own,
    for either calls the other.
    """

    def __init__(
        self,
        sweep: Sweep,
        lines: Recording,
        rows: Rows,
        begin: Callable[[Task], None],
        at_once: Callable[[], int],
        on_end: Callable[[Sweeping], None],
        lock: threading.RLock,
    ):
        self.sweep, self.lines = sweep, lines
        self._rows, self._begin, self._at_once, self._on_end = rows, begin, at_once, on_end
        self._lock = lock
        self._places: dict[str, list[Cell]] = {}
        for cell in sweep.cells():
            self._places.setdefault(cell.run.id, []).append(cell)
        self._waiting: deque[tuple[Run, ...]] = deque()
        self._working: dict[Task, tuple[Run, ...]] = {}
        self._began = time.monotonic()
        self._work = self._done = 0.0  # estimated seconds of computing, in all and done
        self._ending = "finished", ""

    def start(self) -> None:
        """Write the header and the rows that are known, and begin with the others."""
        self._append(header(self.sweep))
        runs = self.sweep.runs()
        known = self._rows.find(runs, self.sweep.measures)
        for row in known.values():
            self._write(row)
        missing = [run for run in runs if run.id not in known]
        self._work = sum(run.seconds() for run in missing)
        self._waiting.extend(stacks(missing, first=self.sweep.seeds))
        self._proceed()

    def stop(self, message: str) -> None:
        """End the recording now; what is finished is kept. The caller ends the tasks."""
        with self._lock:
            self._waiting.clear()
            self._end("stopped", message)

    def _proceed(self) -> None:
        """Keep the workers busy; end when there is nothing left."""
        tasks = []
        with self._lock:
            while self._waiting and len(self._working) < self._at_once() and not self.lines.ended:
                runs = self._waiting.popleft()
                task = Task(self.sweep.id, of_stack(runs, self.sweep.measures), StackLines(self._take), self._settled)
                self._working[task] = runs
                tasks.append(task)
            if not self._working and not self._waiting:
                self._end(*self._ending)
        for task in tasks:
            self._begin(task)

    def _settled(self, task: Task) -> None:
        with self._lock:
            runs = self._working.pop(task, ())
            self._done += sum(run.seconds() for run in runs)
            lines = task.lines
            assert isinstance(lines, StackLines) and lines.status
            if lines.status != "finished":
                self._ending = lines.status, lines.message
            if self._work:
                seconds = round(time.monotonic() - self._began, 3)
                self._append({"type": "progress", "share": self._done / self._work, "seconds": seconds})
        self._proceed()

    def _take(self, row: dict[str, Any]) -> None:
        self._rows.keep(row, self.sweep.measures)
        self._write(row)

    def _write(self, row: dict[str, Any]) -> None:
        """A row for every place in the sweep that it fills."""
        for cell in self._places[row["run"]]:
            self._append({**row, "curve": cell.curve, "point": cell.point, "value": self.sweep.values[cell.point]})

    def _append(self, message: dict[str, Any]) -> None:
        self.lines.append(ndjson.line(message))

    def _end(self, status: str, message: str) -> None:
        if self.lines.append(ndjson.end(status, message, time.monotonic() - self._began)):
            self._on_end(self)
