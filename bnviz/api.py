"""Sweeps from Python, in a notebook or a script. Worker processes compute, so PyTorch is not loaded there.

    from bnviz.api import sweep

    rows = sweep("batch_size", [2, 4, 8], seeds=5, learning_rate=0.1)  # a list of dictionaries, one a run
    mean, low, high, count = rows.interval("test_accuracy")["batch"]  # arrays, one number for each batch size

``pandas.DataFrame(rows)`` is the table, ``rows.save("sweep.csv")`` the file that ``python -m bnviz sweep`` writes.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import sys
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from tqdm.auto import tqdm

from bnviz import engine, machine
from bnviz.config.experiment import Experiment
from bnviz.config.fields import BadField
from bnviz.config.sweep import Cell, Sweep, changes, sweep_over, trainable_arms
from bnviz.data import OWN
from bnviz.data.own import log_problems
from bnviz.files import atomic_write
from bnviz.judge.intervals import LEVEL, Interval, interval
from bnviz.record import csv_files, ndjson, storage
from bnviz.record.rows import Rows
from bnviz.record.store import Recording, Store

__all__ = ["BadField", "Failed", "Results", "sweep"]

ARMS = ("none", "batch")
TICK = 0.5  # seconds between looks at the clock


class Failed(RuntimeError):
    """A sweep that could not be computed to its end; the text says why."""


class Results(list):
    """The rows of a sweep, one a run, sorted by value, arm and seed: dictionaries with the axis and `csv_files.COLUMNS`.

    `values`, `arms` and `seeds` are those that were asked for, in that order.
    """

    def __init__(self, plan: Sweep, rows: Iterable[csv_files.Row]):
        super().__init__(rows)
        self.axis, self.values, self.arms = plan.axis, plan.values, tuple(curve.arm for curve in plan.curves)
        self.seeds = tuple(range(plan.base.seed, plan.base.seed + plan.seeds))

    def column(self, key: str) -> np.ndarray:
        """One number of every row [rows]; NaN where there is none."""
        return np.array([np.nan if row[key] is None else row[key] for row in self])

    def grid(self, key: str) -> np.ndarray:
        """The same as [arms, values, seeds]."""
        by_cell = dict(zip((csv_files.key_of(self.axis, row) for row in self), self.column(key), strict=True))
        return np.array([[[by_cell[value, arm, seed] for seed in self.seeds] for value in self.values] for arm in self.arms])

    def interval(self, key: str, level: float = LEVEL) -> dict[str, Interval]:
        """By arm: mean over seeds, bounds of Student's t interval, and how many seeds gave a number; each [values]."""
        return dict(zip(self.arms, (interval(numbers, level) for numbers in self.grid(key)), strict=True))

    def save(self, path: str | os.PathLike) -> None:
        """Write the rows as CSV, all or nothing. Raises OSError."""
        with atomic_write(Path(path)) as file:
            file.write(csv_files.csv_text(self.axis, self))


def sweep(
    axis: str,
    values: Iterable[Any],
    seeds: int = 5,
    arms: Iterable[str] = ARMS,
    *,
    out: str | os.PathLike | None = None,
    workers: int | None = None,
    **fields: Any,
) -> Results:
    """Train every arm at every value of the field `axis` with `seeds` seeds, counting up from `seed`; `fields` are fixed.

    `out` names a CSV file. Rows are written to it as they finish, and rows of this sweep that it already holds are not computed
    again, so that an interrupted sweep continues when it is asked for again. (It does so without a file, too, unless BNVIZ_STORE
    is set to nothing.) ``-`` is standard output. `workers` processes compute, by default one for each core, four at most.

    Raises BadField for a value that a field cannot take, `csv_files.OtherContents` for a file that holds something else,
    OSError for one that cannot be written, and Failed. A note on the exception says which rows have been kept.
    """
    try:
        plan = plan_sweep(axis, values, seeds, arms, fields)
    except BadField as error:
        if error.field == "dataset":  # a file may be why
            log_problems(OWN.problems)
        raise
    with csv_files.table(out, plan) as table:
        try:
            _compute(table, workers)
            table.finish()
        except BaseException as error:
            _add_row_note(error, table)
            raise
    return Results(plan, table.sorted())


def plan_sweep(axis: str, values: Iterable[Any], seeds: int, arms: Iterable[str], fields: dict[str, Any]) -> Sweep:
    """The sweep, checked; raises BadField."""
    arms = tuple(arms)
    if not arms or len(set(arms)) < len(arms) or not set(arms) <= set(trainable_arms()):
        raise BadField("arms", ", ".join(map(str, arms)), f"expected one or more of {', '.join(trainable_arms())}, each once")
    if axis in fields:
        raise BadField(axis, fields[axis], "the sweep varies it, so it cannot have a fixed value")
    base = Experiment(**dict(changes(**fields)))
    return sweep_over(base, axis, [value.item() if isinstance(value, np.generic) else value for value in values], arms, seeds)


@dataclass(frozen=True)
class PendingCells(Sweep):
    """Some of a sweep's cells, by number. Without a limit on computing time: this is not a shared server."""

    pending: tuple[int, ...] = ()

    def cells(self) -> list[Cell]:
        every = super().cells()
        return [every[number] for number in self.pending]

    def check_cost(self, measuring: float = 0.0) -> None:
        """There is no limit."""


def _compute(table: csv_files.Table, workers: int | None) -> None:
    """Add to the table all rows that it lacks. Raises Failed, or OSError."""
    pending = tuple(number for number, cell in enumerate(table.sweep.cells()) if table.key(cell) not in table.rows)
    if not pending:
        return
    fields = {field.name: getattr(table.sweep, field.name) for field in dataclasses.fields(Sweep)}
    pending_sweep = PendingCells(**fields, pending=pending)
    with _bar(table) as bar, _recording(pending_sweep, workers) as lines:
        for message in _messages(lines):
            if message["type"] == "row":
                table.add(csv_files.row_of(pending_sweep.axis, message))
                bar.update()
            elif message["type"] == "tick":
                bar.refresh()
            elif message["type"] == "end" and message["status"] != "finished":
                raise Failed(message["message"])


def _bar(table: csv_files.Table) -> tqdm:
    """A bar that counts rows, on a terminal and in a notebook, whose standard error is no terminal; elsewhere nothing."""
    disable = False if "ipykernel" in sys.modules else None
    return tqdm(total=len(table.runs), initial=len(table.rows), unit=" runs", smoothing=0, disable=disable)


@contextlib.contextmanager
def _recording(sweep: Sweep, workers: int | None) -> Iterator[Recording]:
    """The sweep's recording while an engine computes it, which ends with the block."""
    with computing(Store(), workers) as backend:
        with machine.block_interrupts():
            lines = backend.recording(backend.sweep(sweep))
            assert lines is not None  # it was asked for just now
        yield lines


@contextlib.contextmanager
def computing(store: Store, workers: int | None = None) -> Iterator[engine.Engine]:
    """An engine that ends with the block, whose processes ignore Ctrl-C."""
    with contextlib.ExitStack() as stack:
        with machine.block_interrupts():
            backend = stack.enter_context(contextlib.closing(engine.make(store, Rows.from_environment(), workers, ready=False)))
        yield backend


def compute_rows(backend: engine.Engine, sweep: Sweep, label: str) -> list[dict[str, Any]]:
    """The row messages of a sweep, with a bar of that label on a terminal. Raises Failed."""
    lines = backend.recording(backend.sweep(sweep))
    assert lines is not None  # it was asked for just now
    rows = []
    with tqdm(total=len(sweep.cells()), desc=label, unit=" rows", disable=None) as bar:
        for message in _messages(lines):
            if message["type"] == "row":
                rows.append(message)
                bar.update()
            elif message["type"] == "end" and message["status"] != "finished":
                raise Failed(f"{label}: {message['message']}")
    return rows


def _messages(lines: Recording) -> Iterator[dict[str, Any]]:
    """The messages of a recording as they come, and one of type ``tick`` now and then, so that clocks go on."""
    has_grown, count = threading.Event(), 0
    with lines.subscribe(has_grown.set):
        while True:
            has_grown.clear()
            new = lines.lines(count)
            count += len(new)
            yield from ndjson.read(new)
            if new and ndjson.is_end(new[-1]):
                return
            if not has_grown.wait(TICK):
                yield {"type": "tick"}


def _add_row_note(error: BaseException, table: csv_files.Table) -> None:
    rows = f"{len(table.rows)} of {len(table.runs)} rows"
    if table.place:
        error.add_note(f"{rows} are kept in {table.place}; repeat the sweep to continue from there")
    elif folder := storage.rows_folder():
        error.add_note(f"{rows} are kept in {folder}; repeat the sweep to continue from there")
