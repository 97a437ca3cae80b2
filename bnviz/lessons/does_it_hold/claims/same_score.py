"""Trained to the end, are networks with and without batch norm equally accurate?"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bnviz.config.experiment import Experiment
from bnviz.config.sweep import Sweep, sweep_over
from bnviz.judge.claim import Row
from bnviz.judge.findings import (
    FINAL_CHECKPOINTS,
    SAME,
    apart,
    at,
    best,
    correct,
    curve,
    final_accuracy,
    final_mean,
    over_images,
    points_scale,
    rates,
    selection_accuracy,
    series,
    trains,
)
from bnviz.judge.intervals import over_seeds, over_seeds_and_images
from bnviz.judge.verdict import Criterion, Verdict
from bnviz.lessons.does_it_hold.seeds import FRESH
from bnviz.lessons.does_it_hold.sentences import at_edges, chart, claim, claim_texts, fill, numbers, part_name, row_name

KEY = "same-score"


def chosen_rates(sweep: Sweep, rows: list[Row]) -> np.ndarray:
    """For each curve the point that is best at the end, on examples that do not judge."""
    return best(final_mean(selection_accuracy(sweep, rows)))


def at_equal_loss(sweep: Sweep, rows: list[Row]) -> tuple[np.ndarray, np.ndarray]:
    """How often each test example is right [curves, seeds, examples] when an arm, at its best rate, first has the lowest training
    loss that both reach; and that loss [seeds].

    Both are means over SETTLED checkpoints in a row: a single low value of a jumping loss is no convergence. Where an arm has no
    finite loss, there is no such moment, and the loss is NaN: then both count with what they end with.
    """
    best_rates = chosen_rates(sweep, rows)
    losses = smoothed(at(series(sweep, rows, "train_losses"), best_rates))
    losses = np.where(np.isfinite(losses), losses, np.inf)
    common = losses.min(-1).max(0)
    there = np.isfinite(common)
    first = np.where(there, (losses <= common[:, None]).argmax(-1), losses.shape[-1] - 1)
    each = np.moveaxis(at(correct(sweep, rows), best_rates), -1, -2)  # [curves, seeds, examples, checkpoints]
    accuracy = np.take_along_axis(smoothed(each), first[..., None, None], -1)[..., 0]
    return accuracy, np.where(there, common, np.nan)


def smoothed(values: np.ndarray) -> np.ndarray:
    """Means over checkpoints in a row [..., checkpoints less one or two]."""
    return np.lib.stride_tricks.sliding_window_view(values, FINAL_CHECKPOINTS, axis=-1).mean(-1)


def verdict(sweep: Sweep, rows: list[Row]) -> Verdict:
    none, batch = curve(sweep, "none"), curve(sweep, "batch")
    best_rates, (accuracy, loss) = chosen_rates(sweep, rows), at_equal_loss(sweep, rows)
    if not np.isfinite(loss).any():
        return Verdict((), claim_texts(KEY)["diverges"])
    estimate = over_images(accuracy[batch] - accuracy[none], accuracy.mean(-1) >= trains(sweep))
    change = over_seeds_and_images(accuracy[batch] - accuracy[none])
    rate, end = rates(sweep, best_rates), at(final_accuracy(sweep, rows), best_rates).mean(-1)
    with_it, without, gain = apart(accuracy[batch].mean(), accuracy[none].mean(), change.interval())
    lost = int((~np.isfinite(loss)).sum())
    summary = fill(
        KEY, "ours", apart=gain,
        lost=fill(KEY, "lost", lost=lost, seeds=sweep.seeds) if lost else "", edges=at_edges(sweep, best_rates),
    )  # fmt: skip
    train = accuracy.mean((-1, -2)) >= trains(sweep)  # networks that do not train are alike for that reason
    scale = points_scale(accuracy[batch].mean(), accuracy[none].mean(), change.interval())
    name, informative, telling = part_name(KEY, "difference"), bool(train[none]), bool(train.any())
    part = Criterion(name, estimate, "within", SAME, informative, telling, scale)
    with_it_then, without_then, gain_then = apart(end[batch], end[none], over_seeds(end[[batch]] - end[[none]]).interval())
    rows_of_table = (
        (row_name(KEY, "equal_loss", loss=f"{np.nanmean(loss):.2g}"), without, with_it, gain),
        (row_name(KEY, "end"), without_then, with_it_then, gain_then),
    )
    return Verdict((part,), summary, numbers=numbers(KEY, rows_of_table, none=rate["none"], batch=rate["batch"]))


def _at_best(key: str) -> Callable[[Sweep, list[Row]], np.ndarray]:
    return lambda sweep, rows: at(series(sweep, rows, key), chosen_rates(sweep, rows))


CLAIM = claim(
    KEY,
    sweep=sweep_over(
        Experiment(seed=FRESH, train_size=1000, steps=1200),
        "learning_rate",
        (0.03, 0.1, 0.3, 1.0),
        seeds=20,
        measures=("held_out",),
    ),
    verdict=verdict,
    charts=(
        chart(KEY, "end", final_accuracy),
        chart(KEY, "accuracy", _at_best("test_accuracies"), over_steps=True),
        chart(KEY, "loss", _at_best("train_losses"), ".2g", log=True, over_steps=True),
    ),
)
