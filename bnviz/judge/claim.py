"""A claim: its statement, what was published, a sweep that could refute it, and a rule for the verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from bnviz.config.sweep import Sweep
from bnviz.data import DATA_SETS
from bnviz.judge.verdict import FEWEST_SEEDS, Verdict

Row = Mapping[str, Any]
Values = Callable[[Sweep, list[Row]], np.ndarray]  # what a chart shows, from a sweep's rows


@dataclass(frozen=True)
class Chart:
    """A chart of a claim's sweep.

    `values` gives [curves, points, seeds], to be drawn over the sweep's axis, or, if the chart is `over_steps`,
    [curves, seeds, checkpoints]; NaN where a row is missing. `y` names them, with their unit. `guides` gives values worth a
    line, by name; `published` are the published values [points] of some curves.
    """

    title: str
    caption: str
    y: str
    values: Values
    form: str = ".1%"
    log: bool = False
    over_steps: bool = False
    guides: Callable[[Sweep], Mapping[str, float]] = lambda sweep: {}
    published: Mapping[str, tuple[float, ...]] = field(default_factory=dict[str, tuple[float, ...]])


@dataclass(frozen=True)
class Claim:
    """`key` names the claim in links, `name` on its button. `verdict` is asked only when every row of the sweep is there.

    `checked` says how the `published` figures were checked against their `source`.
    """

    key: str
    name: str
    says: str
    published: str
    source: str
    checked: str
    sweep: Sweep
    verdict: Callable[[Sweep, list[Row]], Verdict]
    charts: tuple[Chart, ...]
    limits: str

    def judge(self, sweep: Sweep, rows: Iterable[Row]) -> Verdict:
        """What the rows of `sweep`, this claim's own or one like it with another base or other seeds, say of the claim."""
        rows = list(rows)
        finished, total = len({row["run"] for row in rows}), len(sweep.runs())
        if finished < total:
            return Verdict((), f"{finished} of {total} runs have finished.", computing=True)
        if DATA_SETS[sweep.base.dataset].loss != "cross-entropy":
            return Verdict((), "This data set has numbers to predict and no classes, so there is no accuracy.")
        return replace(self.verdict(sweep, rows), few=sweep.seeds < FEWEST_SEEDS)
