"""Benchmarks: one module a subject, each with `rows() -> Iterable[Row]`. `python -m benchmarks` runs them all."""

from __future__ import annotations

import gc
import statistics
from collections.abc import Callable
from time import perf_counter
from typing import NamedTuple

UNLIMITED = {"BNVIZ_RATE": "0"}  # for a server: all visitors come from this machine


class Row(NamedTuple):
    """One line of the table: what was measured, of whom, with what ratio, which ratio or amount it should reach, and `ours` the
    last time."""

    what: str
    peer: str
    ours: str
    ratio: str
    reach: str
    before: str = "–"


HEADINGS = Row(*Row._fields)


def row_of_table(row: tuple[str, ...]) -> str:
    """One line of a Markdown table."""
    return f"| {' | '.join(row)} |"


def table(rows: list[Row]) -> str:
    """Rows as a Markdown table."""
    return "\n".join(map(row_of_table, [HEADINGS, ("---",) * len(HEADINGS), *rows]))


def seconds(*actions: Callable[[], object], repetitions: int) -> list[float]:
    """Median seconds of each action. They take turns, so that what slows the machine down slows them all down."""
    times: list[list[float]] = [[] for _ in actions]
    for _ in range(repetitions):
        for action, own in zip(actions, times, strict=True):
            gc.collect()
            begin = perf_counter()
            action()
            own.append(perf_counter() - begin)
    return [statistics.median(own) for own in times]
