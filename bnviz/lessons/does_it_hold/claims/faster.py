"""Does training converge faster with batch norm?"""

from __future__ import annotations

import numpy as np

from bnviz.config.experiment import Experiment
from bnviz.config.sweep import Sweep, sweep_over
from bnviz.judge.claim import Row, Verdict
from bnviz.judge.findings import above, at, best, curve, percent, rates, series, times, word
from bnviz.judge.intervals import difference
from bnviz.lessons.does_it_hold.said import chart, claim, fill

KEY = "faster"
TARGET = 0.8  # networks of this size end at about 85 %: late enough to count, early enough for all to reach it
GOAL = f"{100 * TARGET:.0f} %"
NEVER = 1e9  # steps, of a run that does not reach it


def first_crossing(steps: np.ndarray, accuracies: np.ndarray, target: float = TARGET) -> float:
    """The step at which accuracy first reaches the target, on straight lines between checkpoints; NaN if it never does."""
    (there,) = np.nonzero(accuracies >= target)
    if not len(there):
        return np.nan
    if there[0] == 0:
        return float(steps[0])
    before, after = there[0] - 1, there[0]
    share = (target - accuracies[before]) / (accuracies[after] - accuracies[before])
    return float(steps[before] + share * (steps[after] - steps[before]))


def steps_needed(sweep: Sweep, rows: list[Row]) -> np.ndarray:
    """Steps to the target [curves, points, seeds]; NaN for runs that do not reach it or are not there."""
    needed = np.full((len(sweep.curves), len(sweep.points), sweep.seeds), np.nan)
    for row in rows:
        place = curve(sweep, row["curve"]), row["point"], row["seed"] - sweep.base.seed
        needed[place] = first_crossing(np.array(row["checkpoints"]), np.array(row["test_accuracies"], float))
    return needed


def quickest(needed: np.ndarray) -> np.ndarray:
    """For each curve the point that takes the fewest steps, one at which every seed reaches the target if there is one."""
    return best(-np.where(np.isfinite(needed), needed, NEVER))


def verdict(sweep: Sweep, rows: list[Row]) -> Verdict:
    none, batch = curve(sweep, "none"), curve(sweep, "batch")
    needed = steps_needed(sweep, rows)
    chosen = quickest(needed)
    if not np.isfinite(at(needed, chosen)).all():
        return Verdict(word(None), fill(KEY, "never", target=percent(TARGET)))
    own, same, rate = np.log(at(needed, chosen)), np.log(needed[:, chosen[none]]), rates(sweep, chosen)
    gain, at_same = difference(own[none], own[batch]), difference(same[none], same[batch])
    ours = fill(
        KEY, "ours", target=percent(TARGET),
        none=f"{np.exp(own[none]).mean():.0f}", none_rate=rate["none"],
        batch=f"{np.exp(own[batch]).mean():.0f}", batch_rate=rate["batch"],
        gain=times(gain), same=times(at_same),
    )  # fmt: skip
    return Verdict(word(above(gain, 0.0)), ours)


def paths(sweep: Sweep, rows: list[Row]) -> np.ndarray:
    return at(series(sweep, rows, "test_accuracies"), quickest(steps_needed(sweep, rows)))


CLAIM = claim(
    KEY,
    sweep=sweep_over(Experiment(steps=480), "learning_rate", (0.03, 0.1, 0.3, 1.0), seeds=5),
    verdict=verdict,
    charts=(
        chart(KEY, "steps", steps_needed, ".0f", {"target": GOAL}, log=True),
        chart(KEY, "accuracy", paths, over_steps=True, guides=lambda sweep: {GOAL: TARGET}),
    ),
)
