"""The table under the verdicts: what is compared, with its numbers, and which of the comparisons are tested together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from bnviz.config.sweep import Sweep
from bnviz.judge.intervals import Interval
from bnviz.judge.table import Table
from bnviz.lessons.regularization.results import (
    WORDS,
    Rows,
    Values,
    against,
    labels,
    measurements,
    points,
    recovered,
    scenes,
    shrunk,
    sizes,
)
from bnviz.web.markdown import bold
from bnviz.web.words import fill

TEXTS = WORDS["numbers"]


class Comparison(NamedTuple):
    """A row of the table: its name, its difference with each kind of labels, and with which of them a verdict rests on it."""

    name: str
    changes: Mapping[str, Interval]
    tested: frozenset[str]


def comparisons(sweep: Sweep, values: Mapping[str, Values]) -> Iterator[Comparison]:
    """All rows of the table, from the `values` of `measurements`."""
    kinds = labels(sweep)
    noisy, clean, every = frozenset(kinds) & {"noisy"}, frozenset({"clean"}), frozenset(kinds)
    has_ends = len(sizes(sweep)) > 1
    if has_ends:
        for key, tested in (("train", noisy), ("test", every)):
            yield Comparison(TEXTS[key], {kind: shrunk(values[key][f"batch {kind}"]) for kind in kinds}, tested)
    for scene in scenes(sweep)[1:]:
        tested = every if scene == "dropout" else frozenset()
        yield Comparison(TEXTS[scene], {kind: against(values["test"], scene, kind) for kind in kinds}, tested)
    for place, size in enumerate(sizes(sweep)[:2]):
        changes = {kind: recovered(values, kind)[place] for kind in kinds}
        tested = clean if has_ends and place == 0 else frozenset()
        yield Comparison(fill(TEXTS["statistics"], size=size), changes, tested)


def family(sweep: Sweep) -> int:
    """How many comparisons are tested together: those that a verdict may rest on, in bold in the table."""
    return sum(len(one.tested) for one in comparisons(sweep, measurements(sweep, [])))


def numbers(sweep: Sweep, rows: Rows) -> Table:
    """How accuracies differ in percentage points, with each kind of labels, as far as it is in; tested comparisons in bold."""
    known = {"small": sizes(sweep)[0], "large": sizes(sweep)[-1], "rate": f"{sweep.base.dropout:g}"}
    lines = (
        (fill(one.name, **known), *(_cell(change, kind in one.tested) for kind, change in one.changes.items()))
        for one in comparisons(sweep, measurements(sweep, rows))
    )
    return Table((fill(TEXTS["what"], **known), *labels(sweep).values()), tuple(line for line in lines if any(line[1:])))


def _cell(change: Interval, is_tested: bool) -> str:
    """A difference with its interval, or nothing before there is one."""
    if not np.isfinite(change.low):
        return ""
    return bold(points(change)) if is_tested else points(change)
