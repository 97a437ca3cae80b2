"""The table under the verdicts: what is compared, with its numbers, and which of the comparisons are tested together."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
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
    """A row of the table.

    `change` computes its difference from the values of `measurements` and a kind of labels; a verdict rests on it for the kinds
    that are `tested`.
    """

    name: str
    change: Callable[[Mapping[str, Values], str], Interval]
    tested: frozenset[str]


def comparisons(sweep: Sweep) -> Iterator[Comparison]:
    """All rows of the table."""
    kinds = labels(sweep)
    noisy, clean, every = frozenset(kinds) & {"noisy"}, frozenset({"clean"}), frozenset(kinds)
    has_ends = len(sizes(sweep)) > 1
    if has_ends:
        for key, tested in (("train", noisy), ("test", every)):
            yield Comparison(TEXTS[key], partial(_shrunk, key), tested)
    for scene in scenes(sweep)[1:]:
        tested = every if scene == "dropout" else frozenset()
        yield Comparison(TEXTS[scene], partial(_against, scene), tested)
    for place, size in enumerate(sizes(sweep)[:2]):
        tested = clean if has_ends and place == 0 else frozenset()
        yield Comparison(fill(TEXTS["statistics"], size=size), partial(_recovered, place), tested)


def _shrunk(key: str, values: Mapping[str, Values], kind: str) -> Interval:
    return shrunk(values[key][f"batch {kind}"])


def _against(scene: str, values: Mapping[str, Values], kind: str) -> Interval:
    return against(values["test"], scene, kind)


def _recovered(place: int, values: Mapping[str, Values], kind: str) -> Interval:
    return recovered(values, kind)[place]


def family(sweep: Sweep) -> int:
    """How many comparisons are tested together: those that a verdict may rest on, in bold in the table."""
    return sum(len(one.tested) for one in comparisons(sweep))


def numbers(sweep: Sweep, rows: Rows) -> Table:
    """How accuracies differ in percentage points, with each kind of labels, as far as it is in; tested comparisons in bold."""
    known = {"small": sizes(sweep)[0], "large": sizes(sweep)[-1], "rate": f"{sweep.base.dropout:g}"}
    values, kinds = measurements(sweep, rows), labels(sweep)
    lines = (
        (fill(one.name, **known), *(_cell(one.change(values, kind), kind in one.tested) for kind in kinds))
        for one in comparisons(sweep)
    )
    return Table((fill(TEXTS["what"], **known), *kinds.values()), tuple(line for line in lines if any(line[1:])))


def _cell(change: Interval, is_tested: bool) -> str:
    """A difference with its interval, or nothing before there is one."""
    if not np.isfinite(change.low):
        return ""
    return bold(points(change)) if is_tested else points(change)
