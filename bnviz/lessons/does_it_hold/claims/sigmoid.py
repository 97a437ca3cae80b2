"""Do sigmoid networks learn with batch norm that do not learn without it?"""

from __future__ import annotations

import numpy as np

from bnviz.config.experiment import Experiment
from bnviz.config.sweep import Sweep, sweep_over
from bnviz.judge.claim import Row, Verdict
from bnviz.judge.findings import above, at, below, best, chance, curve, listed, percent, rates, settled, trains, word
from bnviz.judge.intervals import interval
from bnviz.lessons.does_it_hold.said import GUIDES, chart, claim, fill, said

KEY = "sigmoid"


def stuck(sweep: Sweep) -> float:
    """Up to twice chance a network counts as stuck: it has learnt next to nothing."""
    return 2 * chance(sweep)


def verdict(sweep: Sweep, rows: list[Row]) -> Verdict:
    values = settled(sweep, rows)
    chosen = best(values)
    rate, ends = rates(sweep, chosen), dict(zip((one.name for one in sweep.curves), at(values, chosen), strict=True))
    still = values[curve(sweep, "none")].mean(-1) < stuck(sweep)
    where = [f"{value:g}" for value, is_stuck in zip(sweep.values, still, strict=True) if is_stuck]
    ours = fill(
        KEY, "ours", none=percent(np.mean(ends["none"])), none_rate=rate["none"],
        batch=percent(np.mean(ends["batch"])), batch_rate=rate["batch"], chance=percent(chance(sweep)),
        stuck=fill(KEY, "stuck", rates=listed(where)) if where else said(KEY)["not_stuck"],
    )  # fmt: skip
    return Verdict(word(below(interval(ends["none"]), stuck(sweep)), above(interval(ends["batch"]), trains(sweep))), ours)


CLAIM = claim(
    KEY,
    sweep=sweep_over(Experiment(activation="sigmoid", steps=1000), "learning_rate", (0.03, 0.1, 0.3, 1.0, 3.0, 10.0), seeds=4),
    verdict=verdict,
    charts=(
        chart(
            KEY, "end", settled,
            guides=lambda sweep: {GUIDES["trains"]: trains(sweep), GUIDES["stuck"]: stuck(sweep)},
        ),
    ),
)  # fmt: skip
