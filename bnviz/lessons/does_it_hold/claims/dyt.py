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
from bnviz.judge.intervals import over_seeds_and_images
from bnviz.judge.verdict import Criterion, Verdict
from bnviz.lessons.does_it_hold.seeds import FRESH
from bnviz.lessons.does_it_hold.sentences import at_edges, chart, claim, fill, part_name, training_guides

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
    of_batch, of_untuned, untuned_apart = _compared(right, untuned)
    _, of_tuned, tuned_apart = _compared(right, tuned)
    chosen = rates(sweep, best_rates)
    summary = fill(
        KEY, "ours", batch=of_batch, batch_rate=chosen["batch"], untuned=of_untuned, untuned_apart=untuned_apart,
        tuned=of_tuned, tuned_rate=chosen["dyt"], tuned_apart=tuned_apart, rates=_at_rates(sweep, every),
        edges=at_edges(sweep, best_rates),
    )  # fmt: skip
    estimate = over_images(untuned - right, np.stack([right.mean(-1), untuned.mean(-1)]) >= trains(sweep))
    scale = points_scale(untuned.mean(), right.mean(), over_seeds_and_images(untuned - right).interval())
    return Verdict((Criterion(part_name(KEY, "untuned"), estimate, "above", -SAME, scale=scale),), summary)


def _compared(batch: np.ndarray, dyt: np.ndarray) -> tuple[str, str, str]:
    """Both accuracies in words, and by how much DyT's is higher, of [seeds, examples] that are right."""
    change = over_seeds_and_images(dyt - batch).interval()
    of_dyt, of_batch, difference = apart(dyt.mean(), batch.mean(), change)
    return of_batch, of_dyt, difference


def _at_rates(sweep: Sweep, every: np.ndarray) -> str:
    """The mean accuracies [curves, points] at every rate, in words."""
    names = [one.name for one in sweep.curves]
    texts = (dict(zip(names, map(percent, of_point), strict=True)) for of_point in every.T)
    return "; ".join(fill(KEY, "rate", rate=f"{rate:g}", **of_point) for rate, of_point in zip(sweep.values, texts, strict=True))


CLAIM = claim(
    KEY,
    sweep=sweep_over(
        Experiment(seed=FRESH, train_size=4000, steps=600), "learning_rate", RATES,
        arms=("none", "batch", "dyt"), seeds=10, measures=("held_out",),
    ),
    verdict=verdict,
    charts=(chart(KEY, "end", final_accuracy, guides=training_guides),),
)  # fmt: skip
