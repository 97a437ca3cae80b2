"""Is a network with batch norm less robust to adversarial noise? Measured by robustness.py."""

from __future__ import annotations

import numpy as np

from bnviz.config.experiment import Experiment
from bnviz.config.sweep import Sweep, sweep_over
from bnviz.judge.claim import Row
from bnviz.judge.findings import (
    SAME,
    apart,
    at,
    best,
    curve,
    final_accuracy,
    final_mean,
    percent,
    points_scale,
    rates,
    selection_accuracy,
    series,
    trains,
)
from bnviz.judge.intervals import over_seeds
from bnviz.judge.verdict import Criterion, Verdict
from bnviz.lessons.does_it_hold.seeds import FRESH
from bnviz.lessons.does_it_hold.sentences import at_edges, chart, claim, fill, numbers, part_name, row_name

KEY = "adversarial"
SIZE = 0.1  # that of bnviz.lessons.does_it_hold.measures.robustness, which loads PyTorch


def attacked(sweep: Sweep, rows: list[Row]) -> np.ndarray:
    """Accuracy under attack at the end, mean of the last checkpoints [curves, points, seeds]."""
    return final_mean(series(sweep, rows, "attacked_accuracies"))


def noised(sweep: Sweep, rows: list[Row]) -> np.ndarray:
    """Accuracy with Gaussian noise of the same size, as `attacked`."""
    return final_mean(series(sweep, rows, "noised_accuracies"))


def verdict(sweep: Sweep, rows: list[Row]) -> Verdict:
    best_rates = best(final_mean(selection_accuracy(sweep, rows)))
    none, batch = curve(sweep, "none"), curve(sweep, "batch")
    clean, attack, noise = (at(one(sweep, rows), best_rates) for one in (final_accuracy, attacked, noised))  # [curves, seeds]
    if clean.mean(-1).min() < trains(sweep):
        return Verdict((), fill(KEY, "untrained", trains=percent(trains(sweep))))
    change, rate = over_seeds(attack[batch] - attack[none]), rates(sweep, best_rates)
    rows_of_table = [_row(name, *one[[none, batch]]) for name, one in (("clean", clean), ("attack", attack), ("noise", noise))]
    summary = fill(KEY, "ours", apart=rows_of_table[1][-1], edges=at_edges(sweep, best_rates))
    scale = points_scale(attack[batch].mean(), attack[none].mean(), change.interval())
    part = Criterion(part_name(KEY, "attacked"), change, "below", -SAME, scale=scale)
    return Verdict((part,), summary, numbers=numbers(KEY, rows_of_table, none=rate["none"], batch=rate["batch"]))


def _row(name: str, none: np.ndarray, batch: np.ndarray) -> tuple[str, ...]:
    """A row of the table: the mean accuracies [seeds] of both networks on one kind of inputs, and their difference."""
    with_it, without, change = apart(batch.mean(), none.mean(), over_seeds(batch - none).interval())
    return row_name(KEY, name, size=f"{SIZE:g}"), without, with_it, change


CLAIM = claim(
    KEY,
    sweep=sweep_over(
        Experiment(seed=FRESH, train_size=4000, steps=600), "learning_rate", (0.03, 0.1, 0.3),
        seeds=12, measures=("held_out", "robustness"),
    ),
    verdict=verdict,
    charts=(
        chart(KEY, "attacked", attacked, braces={"size": f"{SIZE:g}"}),
        chart(KEY, "noised", noised, braces={"size": f"{SIZE:g}"}),
        chart(KEY, "end", final_accuracy),
    ),
)  # fmt: skip
