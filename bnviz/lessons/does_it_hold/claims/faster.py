"""Does training converge faster with batch norm?"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

import numpy as np

from bnviz.config.experiment import Experiment
from bnviz.config.sweep import Sweep, present, sweep_over
from bnviz.judge.claim import Row
from bnviz.judge.findings import LEAST, at, best, curve, percent, rates, selection_accuracy, series, times
from bnviz.judge.intervals import interval, over_seeds
from bnviz.judge.scale import TIMES
from bnviz.judge.signs import Censored, Measured, Signs
from bnviz.judge.verdict import Criterion, Verdict
from bnviz.lessons.does_it_hold.seeds import FRESH
from bnviz.lessons.does_it_hold.sentences import at_edges, chart, claim, fill, numbers, part_name

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
    """Steps to the target [curves, points, seeds] in test accuracy; NaN for runs that do not reach it or are not there."""
    return _crossings(rows, series(sweep, rows, "test_accuracies"))


def _crossings(rows: list[Row], accuracies: np.ndarray) -> np.ndarray:
    """Steps to the target [...] of accuracies [..., checkpoints]."""
    if not rows:
        return np.full(accuracies.shape[:-1], np.nan)
    steps = np.array(rows[0]["checkpoints"])
    flat = [first_crossing(steps, one) for one in accuracies.reshape(-1, accuracies.shape[-1])]
    return np.reshape(flat, accuracies.shape[:-1])


def quickest(sweep: Sweep, rows: list[Row]) -> np.ndarray:
    """For each curve the point that takes the fewest steps on examples that do not judge, one at which every seed reaches the
    target if there is one."""
    steps = _crossings(rows, selection_accuracy(sweep, rows))
    return best(-np.where(np.isfinite(steps), steps, NEVER))


def gains(sweep: Sweep, steps: np.ndarray) -> np.ndarray:
    """How many times as many steps the network without batch norm takes as the other, at the same rate [points, seeds], of the
    steps [curves, points, seeds]; NaN where one of them does not reach the target."""
    return steps[curve(sweep, "none")] / steps[curve(sweep, "batch")]


def verdict(sweep: Sweep, rows: list[Row]) -> Verdict:
    steps_to_target, best_rates = steps_needed(sweep, rows), quickest(sweep, rows)
    own = dict(zip((one.name for one in sweep.curves), at(steps_to_target, best_rates), strict=True))
    there = {name: np.isfinite(steps) for name, steps in own.items()}
    if not all(one.any() for one in there.values()):
        return Verdict((), fill(KEY, "never", target=percent(TARGET)))
    log = {name: np.log(np.where(there[name], steps, sweep.base.steps)) for name, steps in own.items()}  # they take even longer
    gain, rate = log["none"] - log["batch"], rates(sweep, best_rates)
    summary = fill(
        KEY, "ours", target=percent(TARGET),
        none=f"{np.exp(log['none']).mean():.0f}", none_rate=rate["none"],
        batch=f"{np.exp(log['batch']).mean():.0f}", batch_rate=rate["batch"],
        gain=times(over_seeds(gain).interval()),
        missed=_missed(sweep, there), edges=at_edges(sweep, best_rates),
    )  # fmt: skip
    shown = over_seeds(gain).interval()
    part = Criterion(part_name(KEY, "steps"), _measured(gain, there), "above", math.log(LEAST), scale=TIMES, shown=shown)
    return Verdict((part,), summary, numbers=numbers(KEY, _at_same(sweep, steps_to_target)))


def _measured(gain: np.ndarray, there: Mapping[str, np.ndarray]) -> Measured:
    """The gain's logarithm [seeds]. If a run does not arrive, its number of steps is unknown: seeds are counted, and it
    counts as just behind the end of its run or as infinitely slow, whichever is harder for the claim."""
    if all(one.all() for one in there.values()):
        return over_seeds(gain)
    least, most = np.where(there["batch"], gain, -np.inf), np.where(there["none"], gain, np.inf)
    return Censored(Signs(least), Signs(most))


def _at_same(sweep: Sweep, steps: np.ndarray) -> Iterator[tuple[str, ...]]:
    """For every rate both networks' steps, and their ratio where all runs reach the target."""
    ratios = gains(sweep, steps)
    for place, rate in enumerate(sweep.values):
        both = (_steps_text(sweep, steps[curve(sweep, name), place]) for name in ("none", "batch"))
        ratio = times(interval(np.log(ratios[place]))) if np.isfinite(ratios[place]).all() else ""
        yield f"{rate:g}", *both, ratio


def _steps_text(sweep: Sweep, steps: np.ndarray) -> str:
    """The mean over seeds [seeds], or how many of them do not reach the target."""
    if lost := int((~np.isfinite(steps)).sum()):
        return fill(KEY, "never_at_rate", lost=lost, seeds=sweep.seeds)
    return f"{np.exp(np.log(steps).mean()):.0f}"


def _missed(sweep: Sweep, there: Mapping[str, np.ndarray]) -> str:
    """How many of the runs that are compared do not reach the target."""
    lost = {name: int((~one).sum()) for name, one in there.items()}
    return fill(KEY, "missed", **lost, seeds=sweep.seeds, steps=sweep.base.steps) if any(lost.values()) else ""


def paths(sweep: Sweep, rows: list[Row]) -> np.ndarray:
    return at(series(sweep, rows, "test_accuracies"), quickest(sweep, rows))


def compared(sweep: Sweep, rows: list[Row]) -> np.ndarray:
    """The gains as a chart's values [curves, points, seeds]: of the network without batch norm against itself, too."""
    itself, with_it = np.where(present(sweep, rows), 1.0, np.nan), gains(sweep, steps_needed(sweep, rows))
    return np.stack([with_it if one.name == "batch" else itself[place] for place, one in enumerate(sweep.curves)])


CLAIM = claim(
    KEY,
    sweep=sweep_over(
        Experiment(seed=FRESH, train_size=4000, steps=480), "learning_rate", (0.01, 0.03, 0.1, 0.3, 1.0),
        seeds=14, measures=("held_out",),
    ),
    verdict=verdict,
    charts=(
        chart(KEY, "steps", steps_needed, ".0f", {"target": GOAL}, log=True),
        chart(KEY, "gains", compared, ".2g", log=True),
        chart(KEY, "accuracy", paths, over_steps=True, guides=lambda sweep: {GOAL: TARGET}),
    ),
)  # fmt: skip
