"""Does DyT, which takes no statistics, replace batch norm?"""

from __future__ import annotations

import numpy as np

from bnviz.config.experiment import Experiment
from bnviz.config.sweep import Sweep, sweep_over
from bnviz.judge.claim import Row
from bnviz.judge.findings import (
    SAME,
    apart,
    best,
    correct,
    curve,
    final_accuracy,
    final_mean,
    over_images,
    percent,
    points_scale,
    rates,
    selection_accuracy,
    trains,
)
from bnviz.judge.intervals import Interval, over_seeds_and_images
from bnviz.judge.scale import Scale
from bnviz.judge.verdict import Criterion, Verdict
from bnviz.lessons.does_it_hold.seeds import FRESH
from bnviz.lessons.does_it_hold.sentences import at_edges, chart, claim, fill, numbers, part_name, training_guides

KEY = "dyt"
RATES = (0.03, 0.1, 0.3, 1.0)


def verdict(sweep: Sweep, rows: list[Row]) -> Verdict:
    best_rates = best(final_mean(selection_accuracy(sweep, rows)))
    batch, dyt = curve(sweep, "batch"), curve(sweep, "dyt")
    every = final_accuracy(sweep, rows).mean(-1)  # [curves, points]
    if not every[batch, best_rates[batch]] >= trains(sweep):
        return Verdict((), fill(KEY, "untrained", trains=percent(trains(sweep))))
    each = final_mean(np.moveaxis(correct(sweep, rows), -1, -2))  # [curves, points, seeds, examples]
    right, untuned, tuned = each[batch, best_rates[batch]], each[dyt, best_rates[batch]], each[dyt, best_rates[dyt]]
    chosen, places = rates(sweep, best_rates), points_scale(untuned.mean(), right.mean(), _change(right, untuned)).places
    summary = fill(
        KEY, "ours", batch_rate=chosen["batch"], untuned_apart=_apart(right, untuned),
        tuned_rate=chosen["dyt"], tuned_apart=_apart(right, tuned), edges=at_edges(sweep, best_rates),
    )  # fmt: skip
    estimate = over_images(untuned - right, np.stack([right.mean(-1), untuned.mean(-1)]) >= trains(sweep))
    part = Criterion(part_name(KEY, "untuned"), estimate, "above", -SAME, scale=Scale("points", places))
    rows_of_table = (
        (f"{rate:g}", *(percent(one, places) for one in of_rate)) for rate, of_rate in zip(sweep.values, every.T, strict=True)
    )
    return Verdict((part,), summary, numbers=numbers(KEY, rows_of_table))


def _change(batch: np.ndarray, dyt: np.ndarray) -> Interval:
    """By how much DyT's accuracy is higher, of [seeds, examples] that are right."""
    return over_seeds_and_images(dyt - batch).interval()


def _apart(batch: np.ndarray, dyt: np.ndarray) -> str:
    """The same in words."""
    return apart(dyt.mean(), batch.mean(), _change(batch, dyt))[2]


CLAIM = claim(
    KEY,
    sweep=sweep_over(
        Experiment(seed=FRESH, train_size=4000, steps=600), "learning_rate", RATES,
        arms=("none", "batch", "dyt"), seeds=10, measures=("held_out",),
    ),
    verdict=verdict,
    charts=(chart(KEY, "end", final_accuracy, guides=training_guides),),
)  # fmt: skip
