"""Is it convergence that batch norm gains?"""

from __future__ import annotations

import numpy as np

from bnviz.config.experiment import Experiment
from bnviz.config.sweep import Sweep, sweep_over
from bnviz.judge.claim import Chart, Claim, Row, Verdict
from bnviz.judge.findings import above, at, best, curve, percent, rates, series, times, word
from bnviz.judge.intervals import difference

TARGET = 0.8  # where nets of this size end at about 85 %: late enough to count, early enough for all to get there
NEVER = 1e9  # steps, of a run that does not get there


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
    """For each curve the point that takes the fewest steps, one at which every seed gets there if there is one."""
    return best(-np.where(np.isfinite(needed), needed, NEVER))


def verdict(sweep: Sweep, rows: list[Row]) -> Verdict:
    none, batch = curve(sweep, "none"), curve(sweep, "batch")
    needed = steps_needed(sweep, rows)
    chosen = quickest(needed)
    if not np.isfinite(at(needed, chosen)).all():
        return Verdict(word(None), f"There is no learning rate at which all runs reach {percent(TARGET)} within the steps.")
    own, same, rate = np.log(at(needed, chosen)), np.log(needed[:, chosen[none]]), rates(sweep, chosen)
    gain, at_same = difference(own[none], own[batch]), difference(same[none], same[batch])
    ours = (
        f"Steps to {percent(TARGET)} test accuracy, each at its best rate: {np.exp(own[none]).mean():.0f} without "
        f"(rate {rate['none']}), {np.exp(own[batch]).mean():.0f} with batch norm (rate {rate['batch']}): without takes "
        f"{times(gain)} as many. At the same rate, {rate['none']}: {times(at_same)}."
    )
    return Verdict(word(above(gain, 0.0)), ours)


def paths(sweep: Sweep, rows: list[Row]) -> np.ndarray:
    return at(series(sweep, rows, "test_accuracies"), quickest(steps_needed(sweep, rows)))


CLAIM = Claim(
    key="faster",
    name="Faster convergence",
    says="What batch norm gains is convergence: the same accuracy after fewer steps, each net at the rate that suits it.",
    published="Steps to 72.2 % on ImageNet: 31.0 million without; 13.3 million with batch norm at the same learning rate; "
    "2.1 million, 14 times fewer, at five times the rate and with other changes.",
    source="Ioffe & Szegedy 2015, figure 3",
    sweep=sweep_over(Experiment(steps=480), "learning_rate", (0.03, 0.1, 0.3, 1.0), seeds=5),
    verdict=verdict,
    charts=(
        Chart(
            "Steps to 80 % test accuracy",
            "Fewer is faster. A run that does not get there has no dot, and no part in the mean.",
            "steps",
            steps_needed,
            ".0f",
            log=True,
        ),
        Chart(
            "Each at its best rate",
            "The one that takes the fewest steps.",
            "test accuracy",
            paths,
            over_steps=True,
            guides=lambda sweep: {f"{100 * TARGET:.0f} %": TARGET},
        ),
    ),
    limits="80 % is our choice of a goal. Steps are not seconds: one with batch norm costs more. Constant learning rates, no "
    "momentum, a small net.",
)
