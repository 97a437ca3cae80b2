"""For the rules of verdicts: numbers from a sweep's rows, findings from intervals, and how both are written."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping

import numpy as np

from bnviz.config.sweep import Sweep, grid
from bnviz.data import DATA_SETS
from bnviz.judge.claim import AGREES, CANNOT_TELL, DISAGREES, Row
from bnviz.judge.intervals import Interval

# Accuracies that differ by less count as the same: with 1,000 test examples, one accuracy of 85 % has a standard error of 1.1 %.
SAME = 0.01
PLACES = (1, 2, 3)  # after the point, that a percentage may be written to
SETTLED = 3  # checkpoints, the last ones: at a constant learning rate a single one jumps about by a percent or two


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
    return float(np.array(row[key][-SETTLED:], float).mean())


def settled(sweep: Sweep, rows: Iterable[Row]) -> np.ndarray:
    """Test accuracy at the end, mean of the last checkpoints [curves, points, seeds]; NaN where a row is missing."""
    return grid(sweep, [{**row, "settled": _last(row, "test_accuracies")} for row in rows], "settled")


def losses(sweep: Sweep, rows: Iterable[Row]) -> np.ndarray:
    """Training loss at the end, as `settled`, at most that of guessing, which a network that diverged counts as, too."""
    most = guessing(sweep)
    ends = [_last(row, "train_losses") for row in rows]
    capped = [{**row, "settled": min(end, most) if math.isfinite(end) else most} for row, end in zip(rows, ends, strict=True)]
    return grid(sweep, capped, "settled")


def series(sweep: Sweep, rows: Iterable[Row], key: str) -> np.ndarray:
    """A list of every row [curves, points, seeds, checkpoints]; NaN where a row is missing or a number is null."""
    rows = list(rows)
    length = max((len(row[key]) for row in rows), default=0)
    parts = [grid(sweep, [{**row, key: row[key][place]} for row in rows], key) for place in range(length)]
    return np.stack(parts, -1) if parts else np.full((len(sweep.curves), len(sweep.points), sweep.seeds, 0), np.nan)


def curve(sweep: Sweep, name: str) -> int:
    """The place of a curve among the sweep's."""
    return [one.name for one in sweep.curves].index(name)


def best(values: np.ndarray) -> np.ndarray:
    """For each curve of [curves, points, seeds] the point whose mean over seeds is highest; missing values are left out."""
    there = np.isfinite(values)
    means = np.where(there, values, 0).sum(-1) / np.maximum(there.sum(-1), 1)
    return np.where(there.any(-1), means, -np.inf).argmax(-1)


def at(values: np.ndarray, points: np.ndarray) -> np.ndarray:
    """The values [curves, points, seeds, …] at one point of each curve: [curves, seeds, …]."""
    return np.stack([of_curve[point] for of_curve, point in zip(values, points, strict=True)])


def rates(sweep: Sweep, points: np.ndarray) -> dict[str, str]:
    """The chosen point of each curve, as people write it."""
    return {one.name: f"{sweep.values[point]:g}" for one, point in zip(sweep.curves, points, strict=True)}


# Findings: True, False, or None where the interval leaves it open.


def above(one: Interval, bound: float) -> bool | None:
    return True if one.low > bound else False if one.high < bound else None


def below(one: Interval, bound: float) -> bool | None:
    return True if one.high < bound else False if one.low > bound else None


def within(one: Interval, bound: float) -> bool | None:
    """Whether it lies between -bound and bound, as a whole; False if it lies outside, as a whole."""
    inside = one.low > -bound and one.high < bound
    return True if inside else False if one.low > bound or one.high < -bound else None


def word(*findings: bool | None) -> str:
    """All parts of a claim must hold; a single one that does not hold refutes it."""
    return DISAGREES if False in findings else CANNOT_TELL if None in findings else AGREES


def learnt(finding: bool | None, accuracies: np.ndarray, sweep: Sweep) -> bool | None:
    """The finding; None where it is true only because the networks do not train and are alike for that reason."""
    return None if finding and np.mean(accuracies) < trains(sweep) else finding


def percent(share: float, places: int = 1) -> str:
    return f"{100 * share:.{places}f} %"


def points(one: Interval, places: int = 1) -> str:
    """A difference of shares, in percentage points, with its interval."""
    return _said(one, lambda value: _signed(100 * value, places), " points")


def apart(first: float, second: float, change: Interval) -> tuple[str, str, str]:
    """Two shares and `change`, first - second, to as many places as it takes for what is read to add up."""
    numbers = [100 * float(one) for one in (first, second, change.mean)]
    adds_up = (places for places in PLACES if _adds_up(*(round(number, places) for number in numbers)))
    places = next(adds_up, PLACES[0])
    return percent(first, places), percent(second, places), points(change, places)


def _adds_up(first: float, second: float, change: float) -> bool:
    return math.isclose(first - second, change, abs_tol=1e-6)


def times(one: Interval) -> str:
    """A ratio, from the interval of its logarithm."""
    return _said(one, lambda value: _digits(math.exp(value)), " times")


def _said(one: Interval, write: Callable[[float], str], unit: str) -> str:
    mean, low, high = (float(number) for number in (one.mean, one.low, one.high))
    if not math.isfinite(mean):
        return "unknown because a network diverged"
    known = math.isfinite(low)  # not so with one seed
    return f"{write(mean)}{unit}" + (f" ({write(low)} to {write(high)})" if known else "")


def _signed(value: float, places: int) -> str:
    rounded = round(value, places)
    return f"{rounded:+.{places}f}".replace("-", "−") if rounded else f"{0:.{places}f}"


def _digits(value: float) -> str:
    """Two or three digits."""
    return f"{value:#.2g}" if value < 10 else f"{value:.0f}"


def listed(parts: Mapping[str, object] | Iterable[str]) -> str:
    """a, b and c."""
    *first, last = parts
    return f"{', '.join(first)} and {last}" if first else last
