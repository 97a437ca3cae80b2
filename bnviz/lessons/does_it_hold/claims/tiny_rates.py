"""At equal tiny learning rates, does batch norm gain anything?"""

from __future__ import annotations

import numpy as np

from bnviz.config.experiment import Experiment
from bnviz.config.sweep import Sweep, sweep_over
from bnviz.judge.claim import Row
from bnviz.judge.findings import (
    SAME,
    apart,
    correct,
    curve,
    enumeration,
    final_accuracy,
    final_mean,
    over_images,
    points_scale,
    trains,
)
from bnviz.judge.intervals import Interval, over_seeds_and_images
from bnviz.judge.verdict import Criterion, Verdict
from bnviz.lessons.does_it_hold.seeds import FRESH
from bnviz.lessons.does_it_hold.sentences import chart, claim, claim_texts, fill, numbers, part_name

KEY = "tiny-rates"


def verdict(sweep: Sweep, rows: list[Row]) -> Verdict:
    each = np.moveaxis(correct(sweep, rows), -1, -2)  # [curves, points, seeds, examples, checkpoints]
    none, batch = (final_mean(each[curve(sweep, name)]) for name in ("none", "batch"))
    gains = [over_seeds_and_images(change) for change in batch - none]
    intervals = [gain.interval() for gain in gains]
    parts, rows_of_table = [], []
    for place, rate in enumerate(sweep.values):
        name, without = f"{rate:g}", none[place].mean()
        with_it, plain, gain = apart(batch[place].mean(), without, intervals[place])
        rows_of_table.append((name, plain, with_it, gain))
        parts.append(_part(sweep, part_name(KEY, "gain", rate=name), none[place], batch[place]))
    return Verdict(tuple(parts), fill(KEY, "ours", worse=_worse(sweep, intervals)), numbers=numbers(KEY, rows_of_table))


def _part(sweep: Sweep, name: str, none: np.ndarray, batch: np.ndarray) -> Criterion:
    """That batch norm gains less than counts at one rate, of [seeds, examples]."""
    least = trains(sweep)
    estimate = over_images(batch - none, np.stack([none, batch]).mean(-1) >= least)
    plain_trains, one_trains = none.mean() >= least, max(none.mean(), batch.mean()) >= least
    scale = points_scale(batch.mean(), none.mean(), over_seeds_and_images(batch - none).interval())
    return Criterion(name, estimate, "below", SAME, bool(plain_trains), bool(one_trains), scale)


def _worse(sweep: Sweep, gains: list[Interval]) -> str:
    """Where the network with batch norm is less accurate, and by how much."""
    lost = {f"{rate:g}": float(gain.mean) for rate, gain in zip(sweep.values, gains, strict=True) if gain.high < -SAME / 2}
    return (
        fill(KEY, "worse", rates=enumeration(lost), most=f"{-100 * min(lost.values()):.1f}")
        if lost
        else claim_texts(KEY)["not_worse"]
    )


CLAIM = claim(
    KEY,
    sweep=sweep_over(Experiment(seed=FRESH, steps=2500), "learning_rate", (0.001, 0.003, 0.01), seeds=20, measures=("held_out",)),
    verdict=verdict,
    charts=(chart(KEY, "end", final_accuracy),),
)
