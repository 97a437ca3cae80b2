"""Benchmarks: one module a subject, each with `rows() -> list[Row]`. `python -m benchmarks` runs them all."""

from __future__ import annotations

import gc
import statistics
from collections.abc import Callable
from time import perf_counter
from typing import NamedTuple


class Row(NamedTuple):
    """One line of the table: what was measured, of whom, with what ratio, and which ratio or amount it should reach."""

    what: str
    peer: str
    ours: str
    ratio: str
    reach: str


HEADINGS = Row("what", "peer", "ours", "ratio", "reach")


def table(rows: list[Row]) -> str:
    """Rows as a Markdown table."""
    lines = [HEADINGS, ("---",) * len(HEADINGS), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


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
