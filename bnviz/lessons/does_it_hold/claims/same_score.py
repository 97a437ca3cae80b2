"""Trained to the end, do nets with and without batch norm score alike?"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bnviz.config.experiment import Experiment
from bnviz.config.sweep import Sweep, sweep_over
from bnviz.judge.claim import Chart, Claim, Row, Verdict
from bnviz.judge.findings import SAME, SETTLED, at, best, curve, learnt, percent, points, rates, series, settled, within, word
from bnviz.judge.intervals import difference


def at_equal_loss(sweep: Sweep, rows: list[Row]) -> tuple[np.ndarray, np.ndarray]:
    """Test accuracy [curves, seeds] of each arm, at its best rate, when it first has the lowest training loss that both reach.

    Both are means over as many checkpoints in a row as settle a number: a lucky moment is no convergence. And that loss
    [seeds]; NaN if an arm has none.
    """
    chosen = best(settled(sweep, rows))
    losses, accuracies = (smoothed(at(series(sweep, rows, key), chosen)) for key in ("train_losses", "test_accuracies"))
    losses = np.where(np.isfinite(losses), losses, np.inf)
    common = losses.min(-1).max(0)
    first = (losses <= common[:, None]).argmax(-1)[..., None]
    reached = np.take_along_axis(accuracies, first, -1)[..., 0]
    there = np.isfinite(common)
    return np.where(there, reached, np.nan), np.where(there, common, np.nan)


def smoothed(values: np.ndarray) -> np.ndarray:
    """Means over checkpoints in a row [..., checkpoints less one or two]."""
    return np.lib.stride_tricks.sliding_window_view(values, SETTLED, axis=-1).mean(-1)


def verdict(sweep: Sweep, rows: list[Row]) -> Verdict:
    none, batch = curve(sweep, "none"), curve(sweep, "batch")
    values = settled(sweep, rows)
    chosen, (reached, loss) = best(values), at_equal_loss(sweep, rows)
    if not np.isfinite(loss).any():
        return Verdict(word(None), "In every seed one of the networks diverges.")
    apart, rate, ends = difference(reached[batch], reached[none]), rates(sweep, chosen), at(values, chosen).mean(-1)
    ours = (
        f"Each at its best rate ({rate['none']} without, {rate['batch']} with batch norm), at the lowest training loss that both "
        f"reach ({np.nanmean(loss):.2g}): test accuracy {percent(np.nanmean(reached[none]))} without, "
        f"{percent(np.nanmean(reached[batch]))} with, difference {points(apart)}. "
        f"At the end {percent(ends[none])} and {percent(ends[batch])}."
    )
    return Verdict(word(learnt(within(apart, SAME), reached[none], sweep)), ours)


def _at_best(key: str) -> Callable[[Sweep, list[Row]], np.ndarray]:
    return lambda sweep, rows: at(series(sweep, rows, key), best(settled(sweep, rows)))


CLAIM = Claim(
    key="same-score",
    name="Not the final score",
    says="Batch norm is “not a parameter that affects performance”: trained to the end, a net without it scores as well.",
    published="Best accuracy on ImageNet 72.2 % without, 72.7 % with batch norm at the same learning rate.",
    source="Ioffe & Szegedy 2015, figure 3; the words in quotes are the lecture's",
    sweep=sweep_over(Experiment(train_size=1000, steps=1200), "learning_rate", (0.03, 0.1, 0.3), seeds=16),
    verdict=verdict,
    charts=(
        Chart("Test accuracy at the end", "At each learning rate.", "test accuracy", settled),
        Chart(
            "On the way there",
            "Each arm at the learning rate that serves it best.",
            "test accuracy",
            _at_best("test_accuracies"),
            over_steps=True,
        ),
        Chart(
            "Training loss",
            "The same runs: have both learnt all there is to learn?",
            "training loss",
            _at_best("train_losses"),
            ".2g",
            log=True,
            over_steps=True,
        ),
    ),
    limits="“As well” means within one percentage point, about what 1,000 test images can tell. It is a small net on 1,000 "
    "images, and the best rates are chosen on the test images, for both arms alike. What batch norm buys by larger rates in a "
    "larger net is not tried here: in the paper, 74.8 % at 30 times the rate.",
)
