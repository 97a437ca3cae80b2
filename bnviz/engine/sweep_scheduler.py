"""The scheduler of a sweep: it dispatches stacks to the workers, and appends their rows to the sweep's recording."""

from __future__ import annotations

import dataclasses
import json
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any

from bnviz.config.experiment import FORMAT
from bnviz.config.sweep import Run, Sweep, cells_by_run, row_at, stacks
from bnviz.engine.task import Task, stack_payload
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
    """The sink of one stack's lines: it passes its rows on, and counts the rest."""

    def __init__(self, on_row: Callable[[dict[str, Any]], None]):
        self._on_row, self._count = on_row, 0
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
            self._on_row(message)
        elif message["type"] == "end":
            self.status, self.message = message["status"], message["message"]
        return True


class SweepScheduler:
    """A live sweep. `dispatch` gives a task to the workers, at most `max_running()` of this sweep's at a time.

    `on_end` is called once, when the recording has ended. Methods may be called from any thread; `lock` is the engine's, since
    the two call each other.
    """

    def __init__(
        self,
        sweep: Sweep,
        lines: Recording,
        rows: Rows,
        dispatch: Callable[[Task], None],
        max_running: Callable[[], int],
        on_end: Callable[[SweepScheduler], None],
        lock: threading.RLock,
    ):
        self.sweep, self.lines = sweep, lines
        self._rows, self._dispatch, self._max_running, self._on_end = rows, dispatch, max_running, on_end
        self._lock = lock
        self._cells = cells_by_run(sweep)
        self._waiting: deque[tuple[Run, ...]] = deque()
        self._running: dict[Task, tuple[Run, ...]] = {}
        self._start_time = time.monotonic()
        self._total_work = self._finished_work = 0.0  # estimated seconds of computing
        self._outcome = "finished", ""

    def start(self) -> None:
        """Append the header and the stored rows, and dispatch the missing runs."""
        self._append(header(self.sweep))
        runs = self.sweep.runs()
        stored = self._rows.find(runs, self.sweep.measures)
        for row in stored.values():
            self._write(row)
        missing = [run for run in runs if run.id not in stored]
        self._total_work = sum(run.seconds() for run in missing)
        self._waiting.extend(stacks(missing, first=self.sweep.seeds))
        self._proceed()

    def stop(self, message: str) -> None:
        """End the recording now; finished rows stay stored. The caller ends the tasks."""
        with self._lock:
            self._waiting.clear()
            self._end("stopped", message)

    def _proceed(self) -> None:
        """Dispatch the next stacks; end when nothing is left."""
        tasks = []
        with self._lock:
            while self._waiting and len(self._running) < self._max_running() and not self.lines.ended:
                runs = self._waiting.popleft()
                task = Task(self.sweep.id, stack_payload(runs, self.sweep.measures), StackLines(self._on_row), self._on_task_end)
                self._running[task] = runs
                tasks.append(task)
            if not self._running and not self._waiting:
                self._end(*self._outcome)
        for task in tasks:
            self._dispatch(task)

    def _on_task_end(self, task: Task) -> None:
        with self._lock:
            runs = self._running.pop(task, ())
            self._finished_work += sum(run.seconds() for run in runs)
            lines = task.lines
            assert isinstance(lines, StackLines) and lines.status
            if lines.status != "finished":
                self._outcome = lines.status, lines.message
            if self._total_work:
                seconds = round(time.monotonic() - self._start_time, 3)
                self._append({"type": "progress", "share": self._finished_work / self._total_work, "seconds": seconds})
        self._proceed()

    def _on_row(self, row: dict[str, Any]) -> None:
        self._rows.put(row, self.sweep.measures)
        self._write(row)

    def _write(self, row: dict[str, Any]) -> None:
        """Append a row for every cell of the sweep that it fills."""
        for cell in self._cells[row["run"]]:
            self._append(row_at(self.sweep, cell, row))

    def _append(self, message: dict[str, Any]) -> None:
        self.lines.append(ndjson.line(message))

    def _end(self, status: str, message: str) -> None:
        if self.lines.append(ndjson.end(status, message, time.monotonic() - self._start_time)):
            self._on_end(self)
