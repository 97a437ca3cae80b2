"""A table (CSV) as inputs and targets. Rows are counted as spreadsheets count them, the header included."""

from __future__ import annotations

import contextlib
import csv
import io
import itertools
import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from bnviz.data.limits import LARGEST, MOST_ROWS, MOST_VALUES, BadData, check_classes, check_features, check_rows

DELIMITERS = ",;\t"
CLASS_NAMES, NUMBER_NAMES = ("class", "label"), ("number", "target")  # of columns, in any place
LINE = 100_000  # bytes in which the first line ends
MOST_CLASS_NUMBERS = 20  # different whole numbers in a last column are classes; more are numbers to predict


class Table(NamedTuple):
    """Inputs [rows, features] float64; and labels [rows], texts or whole numbers, or numbers to predict [rows, 1] float64."""

    x: np.ndarray
    y: np.ndarray


class Row(NamedTuple):
    """A row with its number, counted from 1."""

    number: int
    cells: list[str]


class Header(NamedTuple):
    """How many columns there are, their names or nothing, and which of them holds the target."""

    width: int
    names: list[str]
    target: int

    def place(self, row: Row, column: int) -> str:
        """Where a cell is, for people."""
        return f"row {row.number}, {self.column(column)}"

    def column(self, column: int) -> str:
        """A column's name, or its number where it has none."""
        return f'column "{self.names[column]}"' if self.names and self.names[column] else f"column {column + 1}"

    @property
    def title(self) -> str:
        """The name of the target."""
        return self.names[self.target].casefold() if self.names else ""


def read_table(contents: bytes) -> Table:
    """The table in a CSV file, with or without a header; raises BadData, which names row and column.

    The column `class` or `label` has the classes, `number` or `target` has a number to predict. Without
    these, the last column is the target.
    """
    rows = _rows(contents)
    first = next(rows, None)
    if first is None:
        raise BadData("this file is empty")
    header = _header(first)
    inputs, targets = [], []
    for row in rows if header.names else itertools.chain([first], rows):
        if len(row.cells) != header.width:
            raise BadData(f"{len(row.cells)} values, and {header.width} are expected", f"row {row.number}")
        inputs.append(_numbers(row, header))
        targets.append(Row(row.number, [row.cells[header.target]]))
        if len(inputs) > MOST_ROWS or len(inputs) * header.width > MOST_VALUES:
            break
    check_rows(len(inputs))
    check_features(header.width - 1, len(inputs))
    if not inputs:
        raise BadData("there is no row below the header")
    return Table(np.stack(inputs), _targets(targets, header))


def _header(first: Row) -> Header:
    """A first row without any number has the names; raises BadData for too many columns."""
    width, names = len(first.cells), [] if any(map(_is_number, first.cells)) else first.cells
    check_features(width - 1)
    titles = [name.casefold() for name in names]
    return Header(width, names, next((titles.index(name) for name in CLASS_NAMES + NUMBER_NAMES if name in titles), width - 1))


def _rows(contents: bytes) -> Iterator[Row]:
    """The rows that are not empty."""
    head = contents[:LINE].lstrip().partition(b"\n")[0].decode(errors="replace")
    text = io.TextIOWrapper(io.BytesIO(contents), encoding="utf-8-sig", newline="")
    lines = csv.reader(text, delimiter=max(DELIMITERS, key=head.count), strict=True)
    for number in itertools.count(1):
        try:
            cells = [cell.strip() for cell in next(lines)]
        except StopIteration:
            return
        except UnicodeDecodeError:
            raise BadData("this is not UTF-8 text", f"row {_undecodable(contents) or number}") from None
        except csv.Error as error:
            raise BadData(str(error), f"row {number}") from None
        if any(cells):
            yield Row(number, cells)


def _undecodable(contents: bytes) -> int:
    """The first line that is not UTF-8 text, counted from 1; 0 if there is none."""
    try:
        contents.decode()
    except UnicodeDecodeError as error:
        return contents.count(b"\n", 0, error.start) + 1
    return 0


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text)) and "_" not in text and text.isascii()  # Python would read 1_000 and ٣
    except ValueError:
        return False


def _is_usable(text: str) -> bool:
    return _is_number(text) and abs(float(text)) < LARGEST


def _numbers(row: Row, header: Header) -> np.ndarray:
    """A row's features [features] float64."""
    cells = row.cells[: header.target] + row.cells[header.target + 1 :]
    with contextlib.suppress(ValueError):
        numbers, text = np.array([float(cell) for cell in cells]), "".join(cells)
        if (np.abs(numbers) < LARGEST).all() and "_" not in text and text.isascii():
            return numbers
    column = next(column for column, cell in enumerate(row.cells) if column != header.target and not _is_usable(cell))
    raise _bad_number(row.cells[column], header.place(row, column))


def _bad_number(cell: str, place: str) -> BadData:
    shown = cell if len(cell) <= 40 else f"{cell[:39]}…"
    return BadData(f'"{shown}" {f"is larger than {LARGEST:g}" if _is_number(cell) else "is not a number"}', place)


def _targets(rows: Sequence[Row], header: Header) -> np.ndarray:
    """The targets, from rows that hold nothing else: texts and a few whole numbers are classes."""
    cells = [row.cells[0] for row in rows]
    if "" in cells:
        raise BadData("this cell is empty", header.place(rows[cells.index("")], header.target))
    numeric = [_is_number(cell) for cell in cells]
    if header.title in CLASS_NAMES or header.title not in NUMBER_NAMES and not any(numeric):
        return _labels(np.array([float(cell) for cell in cells] if all(numeric) else cells), header)
    for row in rows:
        if not _is_usable(row.cells[0]):
            raise _bad_number(row.cells[0], header.place(row, header.target))
    numbers = np.array([float(cell) for cell in cells])
    are_few = (numbers == numbers.round()).all() and len(np.unique(numbers)) <= MOST_CLASS_NUMBERS
    return _labels(numbers, header) if are_few and header.title not in NUMBER_NAMES else numbers[:, None]


def _labels(labels: np.ndarray, header: Header) -> np.ndarray:
    """The labels; numbers where all are, so that 10 comes after 9."""
    try:
        check_classes(len(np.unique(labels)))
    except BadData as error:
        raise BadData(error.reason, header.column(header.target)) from None
    return labels
