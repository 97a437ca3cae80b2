"""Trained to the end, are networks with and without batch norm equally accurate?"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from bnviz.config.experiment import Experiment
from bnviz.config.sweep import Sweep, sweep_over
from bnviz.judge.claim import Row, Verdict
from bnviz.judge.findings import SAME, SETTLED, apart, at, best, curve, learnt, percent, rates, series, settled, within, word
from bnviz.judge.intervals import difference
from bnviz.lessons.does_it_hold.said import chart, claim, fill, said

KEY = "same-score"


def at_equal_loss(sweep: Sweep, rows: list[Row]) -> tuple[np.ndarray, np.ndarray]:
    """Test accuracy [curves, seeds] of each arm, at its best rate, when it first has the lowest training loss that both reach.

    Both are means over SETTLED checkpoints in a row: a single low value of a jumping loss is no convergence. And that loss
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
        return Verdict(word(None), said(KEY)["diverges"])
    change, rate, ends = difference(reached[batch], reached[none]), rates(sweep, chosen), at(values, chosen).mean(-1)
    with_it, without, gain = apart(np.nanmean(reached[batch]), np.nanmean(reached[none]), change)
    ours = fill(
        KEY, "ours", none_rate=rate["none"], batch_rate=rate["batch"], loss=f"{np.nanmean(loss):.2g}",
        none=without, batch=with_it, apart=gain,
        none_end=percent(ends[none]), batch_end=percent(ends[batch]),
    )  # fmt: skip
    return Verdict(word(learnt(within(change, SAME), reached[none], sweep)), ours)


def _at_best(key: str) -> Callable[[Sweep, list[Row]], np.ndarray]:
    return lambda sweep, rows: at(series(sweep, rows, key), best(settled(sweep, rows)))


CLAIM = claim(
    KEY,
    sweep=sweep_over(Experiment(train_size=1000, steps=1200), "learning_rate", (0.03, 0.1, 0.3), seeds=16),
    verdict=verdict,
    charts=(
        chart(KEY, "end", settled),
        chart(KEY, "accuracy", _at_best("test_accuracies"), over_steps=True),
        chart(KEY, "loss", _at_best("train_losses"), ".2g", log=True, over_steps=True),
    ),
)
