"""A sweep's table as CSV: in memory, on standard output, or in a file that grows row by row.

What a table's file survives: when the process is killed, every row that was added; when the disk is full, too (half a row may
follow, which the next reader drops); when the power fails, what the operating system had written until then.
"""

from __future__ import annotations

import csv
import io
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bnviz.config.experiment import FIELDS
from bnviz.config.fields import BadField
from bnviz.config.sweep import Cell, Sweep
from bnviz.files import atomic_write, check_regular

COLUMNS = (
    "seed", "arm", "train_accuracy", "test_accuracy", "best_test_accuracy", "train_loss", "test_loss", "diverged_at", "run",
)  # fmt: skip
_READERS = {"seed": int, "diverged_at": int, "arm": str, "run": str}  # the others are float

Row = dict[str, Any]  # the axis and COLUMNS
Key = tuple[Any, str, int]  # value, arm, seed: a place in a sweep


class OtherContents(ValueError):
    """A file that holds something else than rows of the sweep; nothing was written to it."""


def row_of(axis: str, message: dict[str, Any]) -> Row:
    """The row in a message of a sweep's recording."""
    return {axis: message["value"], **{name: message[name] for name in COLUMNS}}


def key_of(axis: str, row: Row) -> Key:
    """The row's place in its sweep."""
    return row[axis], row["arm"], row["seed"]


def csv_text(axis: str, rows: Iterable[Row] = (), header: bool = True) -> bytes:
    """Rows as CSV: numbers in full precision, nothing where there is None."""
    text = io.StringIO()
    lines = csv.DictWriter(text, (axis, *COLUMNS), extrasaction="ignore", lineterminator="\n")
    if header:
        lines.writeheader()
    lines.writerows(rows)
    return text.getvalue().encode()


class Table:
    """The rows of a sweep, kept in memory. `place` says where else they are kept, if anywhere."""

    place: str | None = None

    def __init__(self, sweep: Sweep):
        self.sweep, self.axis = sweep, sweep.axis
        self.runs = {self.key(cell): cell.run.id for cell in sweep.cells()}
        self.rows: dict[Key, Row] = {}

    def __enter__(self) -> Table:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def key(self, cell: Cell) -> Key:
        return self.sweep.values[cell.point], cell.run.arm, cell.seed

    def add(self, row: Row) -> None:
        """Take a new row. Raises OSError if it cannot be kept."""
        self.rows[key_of(self.axis, row)] = row

    def finish(self) -> None:
        """All rows are there."""

    def close(self) -> None:
        """Nothing more will come, finished or not."""

    def sorted(self) -> list[Row]:
        """The rows by value, arm and seed."""
        return [self.rows[key] for key in sorted(self.rows)]


class Stream(Table):
    """Standard output. A row appears as soon as all those before it, by value, arm and seed, are there."""

    def __init__(self, sweep: Sweep):
        super().__init__(sweep)
        self._coming = iter(sorted(self.runs))
        self._next = next(self._coming)
        self._write(csv_text(self.axis))

    def add(self, row: Row) -> None:
        super().add(row)
        while self._next in self.rows:
            self._write(csv_text(self.axis, [self.rows[self._next]], header=False))
            self._next = next(self._coming, None)

    @staticmethod
    def _write(text: bytes) -> None:
        sys.stdout.write(text.decode())
        sys.stdout.flush()


class File(Table):
    """A CSV file. It begins with the rows of this sweep that it holds already, and is sorted when the last one is there."""

    def __init__(self, sweep: Sweep, path: Path):
        """Raises OSError, or OtherContents."""
        super().__init__(sweep)
        self.place, self._path = str(path), path.resolve()  # a link stays a link
        check_regular(self._path)
        before = self._path.read_bytes() if self._path.exists() else b""
        lines = before[: before.rfind(b"\n") + 1]  # a line that was cut off does not count
        if not lines and not csv_text(self.axis).startswith(before):
            raise self._other()
        self._read(lines)
        self._file = self._path.open("ab", buffering=0)  # nothing is left to write when something goes wrong
        try:
            if len(lines) < len(before):
                self._file.truncate(len(lines))
            if not lines:
                self._append(csv_text(self.axis))
        except OSError:
            self._file.close()
            raise

    def _read(self, text: bytes) -> None:
        lines = self._lines(text)
        if lines and lines[0] != [self.axis, *COLUMNS]:
            raise self._other()
        for number, line in enumerate(lines[1:], 2):
            row = self._parse_row(line)
            if row is None or self.runs.get(key_of(self.axis, row), "") != row["run"]:
                raise OtherContents(f"line {number} of {self.place} belongs to another sweep; nothing was written")
            self.rows[key_of(self.axis, row)] = row

    def _lines(self, text: bytes) -> list[list[str]]:
        try:
            return list(csv.reader(text.decode(errors="replace").splitlines()))
        except csv.Error:  # something much too long for a field
            raise self._other() from None

    def _other(self) -> OtherContents:
        return OtherContents(f"{self.place} does not hold rows of a sweep over {self.axis}")

    def _parse_row(self, texts: list[str]) -> Row | None:
        """The row written in a line; None if it is none."""
        try:
            value, *cells = texts
            values = [_READERS.get(name, float)(text) if text else None for name, text in zip(COLUMNS, cells, strict=True)]
            return {self.axis: FIELDS[self.axis].parse(value), **dict(zip(COLUMNS, values, strict=True))}
        except (ValueError, BadField):
            return None

    def add(self, row: Row) -> None:
        self._append(csv_text(self.axis, [row], header=False))
        super().add(row)

    def _append(self, text: bytes) -> None:
        while text:
            text = text[self._file.write(text) :]  # a disk that is almost full takes a part

    def finish(self) -> None:
        text = csv_text(self.axis, self.sorted())
        if self._path.read_bytes() != text:
            with atomic_write(self._path) as file:
                file.write(text)

    def close(self) -> None:
        self._file.close()


def table(out: str | os.PathLike[str] | None, sweep: Sweep) -> Table:
    """Where the rows go: a file, standard output (-), or memory alone. Raises OSError, or OtherContents."""
    if out is None:
        return Table(sweep)
    return Stream(sweep) if out == "-" else File(sweep, Path(out))
