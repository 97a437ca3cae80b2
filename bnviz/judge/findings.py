"""For the rules of verdicts: numbers from a sweep's rows, and how they are written."""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable, Mapping

import numpy as np

from bnviz import numerals
from bnviz.config.sweep import Sweep, grid
from bnviz.data import DATA_SETS
from bnviz.judge.claim import Row
from bnviz.judge.intervals import Interval, over_seeds_and_images
from bnviz.judge.scale import TIMES, Scale
from bnviz.judge.signs import Measured, Signs, Strictest

# Accuracies that differ by less count as the same: with 1,000 test examples, one accuracy of 85 % has a standard error of 1.1 %.
SAME = 0.01
LEAST = 1.1  # times: ratios nearer to 1 count as none
PLACES = (1, 2, 3)  # after the point, that a percentage may be written to
FINAL_CHECKPOINTS = 3  # averaged: at a constant learning rate a single one varies by a percent or two


def chance(sweep: Sweep) -> float:
    """The accuracy of guessing."""
    return 1 / DATA_SETS[sweep.base.dataset].classes


def trains(sweep: Sweep) -> float:
    """Accuracy above which training counts as working, halfway between chance and 100 %: where it fails, it is far lower."""
    return (1 + chance(sweep)) / 2


def guessing(sweep: Sweep) -> float:
    """The loss of guessing, in nats."""
    return math.log(DATA_SETS[sweep.base.dataset].classes)


def _last(row: Row, key: str) -> float:
    return float(np.array(row[key][-FINAL_CHECKPOINTS:], float).mean())


def final_accuracy(sweep: Sweep, rows: Iterable[Row]) -> np.ndarray:
    """Test accuracy at the end, mean of the last checkpoints [curves, points, seeds]; NaN where a row is missing."""
    return grid(sweep, [{**row, "settled": _last(row, "test_accuracies")} for row in rows], "settled")


def losses(sweep: Sweep, rows: Iterable[Row]) -> np.ndarray:
    """Training loss at the end, as `final_accuracy`, at most that of guessing, which a network that diverged counts as, too."""
    limit = guessing(sweep)
    ends = [_last(row, "train_losses") for row in rows]
    capped_rows = [
        {**row, "settled": min(end, limit) if math.isfinite(end) else limit} for row, end in zip(rows, ends, strict=True)
    ]
    return grid(sweep, capped_rows, "settled")


def series(sweep: Sweep, rows: Iterable[Row], key: str) -> np.ndarray:
    """A list of every row [curves, points, seeds, checkpoints]; NaN where a row is missing or a number is null."""
    rows = list(rows)
    return grid(sweep, rows, key, (max((len(row[key]) for row in rows), default=0),))


def selection_accuracy(sweep: Sweep, rows: Iterable[Row]) -> np.ndarray:
    """Accuracy on examples that do not judge [curves, points, seeds, checkpoints], to choose learning rates by.

    They are training examples that the runs do not train on; where a data set has none to spare, or where they were not asked
    for, it is test accuracy after all.
    """
    rows = list(rows)
    is_recorded = rows and all("validation_accuracies" in row for row in rows)
    accuracies = series(sweep, rows, "validation_accuracies" if is_recorded else "test_accuracies")
    return accuracies if np.isfinite(accuracies).any() else series(sweep, rows, "test_accuracies")


def final_mean(values: np.ndarray) -> np.ndarray:
    """The mean of the last checkpoints [...] of [..., checkpoints]; NaN where there are none yet."""
    return values[..., -FINAL_CHECKPOINTS:].mean(-1) if values.shape[-1] else np.full(values.shape[:-1], np.nan)


def correct(sweep: Sweep, rows: Iterable[Row]) -> np.ndarray:
    """Which test examples are right [curves, points, seeds, checkpoints, examples], 1 or 0; NaN where a row is missing."""
    rows, examples = list(rows), DATA_SETS[sweep.base.dataset].test_size
    bits = ({**row, "right": [_unpack_bits(text, examples) for text in row["right"]]} for row in rows)
    return grid(sweep, bits, "right", (len(rows[0]["right"]) if rows else 0, examples))


def _unpack_bits(text: str, count: int) -> np.ndarray:
    return np.unpackbits(np.frombuffer(base64.b64decode(text), np.uint8), count=count)


def curve(sweep: Sweep, name: str) -> int:
    """The place of a curve among the sweep's."""
    return [one.name for one in sweep.curves].index(name)


def best(values: np.ndarray) -> np.ndarray:
    """For each curve of [curves, points, seeds] the point whose mean over seeds is highest; missing values are left out."""
    finite = np.isfinite(values)
    means = np.where(finite, values, 0).sum(-1) / np.maximum(finite.sum(-1), 1)
    return np.where(finite.any(-1), means, -np.inf).argmax(-1)


def edges(sweep: Sweep, points: np.ndarray) -> list[str]:
    """The curves whose point in `points` is the first or the last of several: what is best may lie beyond."""
    last = len(sweep.points) - 1
    return [one.name for one, point in zip(sweep.curves, points, strict=True) if last and point in (0, last)]


def at(values: np.ndarray, points: np.ndarray) -> np.ndarray:
    """The values [curves, points, seeds, …] at one point of each curve: [curves, seeds, …]."""
    return np.stack([of_curve[point] for of_curve, point in zip(values, points, strict=True)])


def at_own_best(values: np.ndarray, scores: np.ndarray) -> np.ndarray:
    """The values [curves, points, seeds] of each seed [curves, seeds] at its own best point, by `scores` of the same shape.

    Seeds stay independent of each other, which they are not where all of them choose one point together.
    """
    best_points = np.where(np.isfinite(scores), scores, -np.inf).argmax(1)
    return np.take_along_axis(values, best_points[:, None], 1)[:, 0]


def mixed(trained: np.ndarray) -> bool:
    """Whether some seeds of an arm train and others do not [arms, seeds]: then values are of two kinds, and means say little."""
    return bool((trained.any(-1) & ~trained.all(-1)).any())


def over_images(change: np.ndarray, trained: np.ndarray) -> Measured:
    """A change [seeds, images] over both. Where only some of the networks that are compared are `trained` [arms, seeds], a count
    of the seeds has to say the same."""
    estimate = over_seeds_and_images(change)
    return Strictest(estimate, Signs(change.mean(1))) if mixed(trained) else estimate


def rates(sweep: Sweep, points: np.ndarray) -> dict[str, str]:
    """The chosen point of each curve, as people write it."""
    return {one.name: f"{sweep.values[point]:g}" for one, point in zip(sweep.curves, points, strict=True)}


def percent(share: float, places: int = 1) -> str:
    return numerals.percent(share, places)


def points(one: Interval, places: int = 1) -> str:
    """A difference of shares, in percentage points, with its interval."""
    return Scale("points", places).interval(one)


def apart(first: float, second: float, change: Interval) -> tuple[str, str, str]:
    """Two shares and `change`, first - second, to as many places as it takes for what is read to add up."""
    scale = points_scale(first, second, change)
    return percent(first, scale.places), percent(second, scale.places), scale.interval(change)


def points_scale(first: float, second: float, change: Interval) -> Scale:
    """How `change`, first - second, is written: to as many places as it takes for what is read to add up."""
    numbers = [100 * float(one) for one in (first, second, change.mean)]
    adds_up = (places for places in PLACES if _adds_up(*(round(number, places) for number in numbers)))
    return Scale("points", next(adds_up, PLACES[0]))


def _adds_up(first: float, second: float, change: float) -> bool:
    return math.isclose(first - second, change, abs_tol=1e-6)


def times(one: Interval) -> str:
    """A ratio, from the interval of its logarithm."""
    return TIMES.interval(one)


def enumeration(parts: Mapping[str, object] | Iterable[str]) -> str:
    """a, b and c."""
    *first, last = parts
    return f"{', '.join(first)} and {last}" if first else last
