"""Do sigmoid networks learn with batch norm that do not learn without it?"""

from __future__ import annotations

import numpy as np

from bnviz.config.experiment import Experiment
from bnviz.config.sweep import Sweep, sweep_over
from bnviz.judge.claim import Row
from bnviz.judge.findings import (
    at,
    best,
    chance,
    curve,
    enumeration,
    final_accuracy,
    final_mean,
    percent,
    rates,
    selection_accuracy,
    trains,
)
from bnviz.judge.intervals import over_seeds
from bnviz.judge.verdict import Criterion, Verdict
from bnviz.lessons.does_it_hold.seeds import FRESH
from bnviz.lessons.does_it_hold.sentences import GUIDES, at_edges, chart, claim, claim_texts, fill

KEY = "sigmoid"


def stuck(sweep: Sweep) -> float:
    """Up to twice chance a network counts as stuck: it has learnt next to nothing."""
    return 2 * chance(sweep)


def verdict(sweep: Sweep, rows: list[Row]) -> Verdict:
    values, best_rates = final_accuracy(sweep, rows), best(final_mean(selection_accuracy(sweep, rows)))
    rate, final = rates(sweep, best_rates), dict(zip((one.name for one in sweep.curves), at(values, best_rates), strict=True))
    still = values[curve(sweep, "none")].mean(-1) < stuck(sweep)
    where = [f"{value:g}" for value, is_stuck in zip(sweep.values, still, strict=True) if is_stuck]
    summary = fill(
        KEY, "ours", none=percent(np.mean(final["none"])), none_rate=rate["none"],
        batch=percent(np.mean(final["batch"])), batch_rate=rate["batch"], chance=percent(chance(sweep)),
        stuck=fill(KEY, "stuck", rates=enumeration(where)) if where else claim_texts(KEY)["not_stuck"],
        edges=at_edges(sweep, best_rates),
    )  # fmt: skip
    parts = (
        Criterion("stuck without", over_seeds(final["none"]), "below", stuck(sweep)),
        Criterion("trains with it", over_seeds(final["batch"]), "above", trains(sweep)),
    )
    return Verdict(parts, summary)


CLAIM = claim(
    KEY,
    sweep=sweep_over(
        Experiment(seed=FRESH, activation="sigmoid", train_size=4000, steps=1000), "learning_rate",
        (0.03, 0.1, 0.3, 1.0, 3.0, 10.0), seeds=5, measures=("held_out",),
    ),
    verdict=verdict,
    charts=(
        chart(
            KEY, "end", final_accuracy,
            guides=lambda sweep: {GUIDES["trains"]: trains(sweep), GUIDES["stuck"]: stuck(sweep)},
        ),
    ),
)  # fmt: skip
