"""Means over seeds, or over seeds and test images, and how sure they are: Student's t, plain NumPy."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import NamedTuple

import numpy as np

LEVEL = 0.95
SAME_VALUE = 1e-9  # of the largest value: what differs by less differs by rounding


class Interval(NamedTuple):
    """Mean and bounds [...] of a confidence interval, and how many values [...] it rests on; bounds are NaN below two."""

    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    count: np.ndarray  # pyright: ignore[reportIncompatibleMethodOverride] (no code counts equal arrays in a tuple)

    def through(self, rising: Callable[[np.ndarray], np.ndarray]) -> Interval:
        """Mean and bounds after a rising function, which keeps their order: what undoes a logarithm, say."""
        return Interval(rising(self.mean), rising(self.low), rising(self.high), self.count)


class Estimate(NamedTuple):
    """A mean [...], its standard error and that one's degrees of freedom, NaN where they are unknown, and the number of seeds.

    `fixed` is the part of the error that stays however many seeds there are. `floor` is the least p-value that the values allow:
    where most of them are tied, they say no more than their signs do, whatever their scatter is.
    """

    mean: np.ndarray
    error: np.ndarray
    freedom: np.ndarray
    seeds: np.ndarray
    fixed: np.ndarray = np.zeros(())
    floor: np.ndarray = np.zeros(())

    @property
    def std(self) -> np.ndarray:
        """The standard deviation over seeds [...]."""
        return np.sqrt(np.maximum(self.error**2 - self.fixed**2, 0) * self.seeds)

    def interval(self, level: float = LEVEL) -> Interval:
        """Student's t interval."""
        quantiles = np.array([t_quantile(0.5 + level / 2, freedom) for freedom in self.freedom.flat])
        half = quantiles.reshape(self.freedom.shape) * self.error
        return Interval(self.mean, self.mean - half, self.mean + half, self.seeds)

    def not_above(self, bound: float) -> float:
        """The one-sided p-value of a single mean: how likely one so large is, if the true mean is `bound` or less."""
        mean, error, freedom = float(self.mean), float(self.error), float(self.freedom)
        if not (math.isfinite(mean) and math.isfinite(error)) or mean == bound:
            return 1.0
        p = t_tail((mean - bound) / error, freedom) if error else float(mean < bound)
        return max(p, float(self.floor))

    def not_below(self, bound: float) -> float:
        """The same of a mean so small, if the true mean is `bound` or more."""
        return self.negated().not_above(-bound)

    def negated(self) -> Estimate:
        """The estimate of minus the mean."""
        return self._replace(mean=-self.mean)


def over_seeds(values: np.ndarray) -> Estimate:
    """The mean over the last axis of [..., seeds]. Missing values (NaN) are left out, and not counted in `seeds`."""
    finite = np.isfinite(values)
    seeds = finite.sum(-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(finite, values, 0).sum(-1) / seeds
        squares = (np.where(finite, values - mean[..., None], 0) ** 2).sum(-1)
        error = np.sqrt(squares / (seeds - 1) / seeds)
    has_several = seeds > 1
    floor = np.where(_mostly_tied(values, finite), 0.5**seeds, 0.0)
    return Estimate(
        mean, np.where(has_several, error, np.nan), np.where(has_several, seeds - 1.0, np.nan), seeds, np.zeros(()), floor
    )


def _mostly_tied(values: np.ndarray, finite: np.ndarray) -> np.ndarray:
    """Whether at most half of the finite values [..., seeds] are different ones."""
    order = np.sort(np.where(finite, values, np.inf), -1)
    with np.errstate(invalid="ignore"):
        steps = np.diff(order, axis=-1) > SAME_VALUE * np.abs(np.where(finite, values, 0)).max(-1, initial=0)[..., None]
    distinct = 1 + (steps & np.isfinite(order[..., 1:])).sum(-1)
    return 2 * distinct <= finite.sum(-1)


def finite_mean(values: np.ndarray) -> float:
    """The mean of the finite values; NaN, without a warning, if there are none."""
    return float(over_seeds(values.ravel()).mean)


def over_seeds_and_images(values: np.ndarray) -> Estimate:
    """The mean of [seeds, images] where all seeds share the images, and both are samples of more.

    The error has a part that more seeds do not make smaller: other images would have given another mean. Mean squares of rows,
    columns and the rest give it, with Satterthwaite's degrees of freedom (Clark 1973, "The language-as-fixed-effect fallacy").
    """
    seeds, images = values.shape
    mean = values.mean()
    if seeds < 2 or images < 2:
        return Estimate(*map(np.asarray, (mean, np.nan, np.nan, seeds)))
    of_seed, of_image = values.mean(1) - mean, values.mean(0) - mean
    rest = values - mean - of_seed[:, None] - of_image
    freedom = np.array([seeds - 1, images - 1, (seeds - 1) * (images - 1)])
    squares = np.array([images * (of_seed**2).sum(), seeds * (of_image**2).sum(), (rest**2).sum()]) / freedom
    both, fixed = squares[0] + squares[1] - squares[2], math.sqrt(max(squares[1] - squares[2], 0) / values.size)
    if both <= max(squares[:2]):  # by chance the rest seems larger than it is: the larger part alone is the least there is
        larger = int(squares[1] > squares[0])
        both, of_error = squares[larger], freedom[larger]
    else:
        of_error = both**2 / (squares**2 / freedom).sum()
    floor = 0.0 if both else 0.5**seeds
    return Estimate(*map(np.asarray, (mean, math.sqrt(both / values.size), of_error, seeds, fixed, floor)))


def interval(values: np.ndarray, level: float = LEVEL) -> Interval:
    """Student's t interval of the mean over the last axis of [..., seeds], missing values (NaN) left out."""
    return over_seeds(values).interval(level)


def difference(first: np.ndarray, second: np.ndarray, level: float = LEVEL) -> Interval:
    """The interval of first - second, seed by seed: both arms of a seed share initial weights and minibatches."""
    return interval(first - second, level)


@lru_cache(4096)
def t_quantile(probability: float, freedom: float) -> float:
    """The quantile of Student's t distribution; NaN without degrees of freedom."""
    if not freedom > 0:
        return math.nan
    if probability < 0.5:
        return -t_quantile(1 - probability, freedom)
    low, high = 0.0, 1.0
    while t_tail(high, freedom) > 1 - probability:
        high *= 2
    for _ in range(60):  # halves of the way
        middle = (low + high) / 2
        low, high = (middle, high) if t_tail(middle, freedom) > 1 - probability else (low, middle)
    return (low + high) / 2


def t_tail(t: float, freedom: float) -> float:
    """How likely Student's t is larger than `t`: half of the incomplete beta function I at ν/(ν + t²) with a = ν/2 and b = ½."""
    half = _beta(freedom / (freedom + t * t), freedom / 2, 0.5) / 2
    return half if t > 0 else 1 - half


def _beta(x: float, a: float, b: float) -> float:
    """The regularized incomplete beta function, by its continued fraction (Abramowitz & Stegun 26.5.8, after Lentz)."""
    if x in (0, 1):
        return float(x)
    if x > (a + 1) / (a + b + 2):  # where the fraction converges slowly
        return 1 - _beta(1 - x, b, a)
    logarithm = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    return math.exp(logarithm) / a / _continued_fraction(x, a, b)


def _continued_fraction(x: float, a: float, b: float) -> float:
    """1 + d₁/(1 + d₂/(1 + …)), from the front until it no longer changes."""
    value, numerator, denominator = 1.0, 1.0, 0.0
    for place in range(1, 500):
        m, among = place // 2, a + place
        d = -(a + m) * (a + b + m) * x / ((among - 1) * among) if place % 2 else m * (b - m) * x / ((among - 1) * among)
        denominator = 1 / (1 + d * denominator)
        numerator = 1 + d / numerator
        value *= numerator * denominator
        if abs(numerator * denominator - 1) < 1e-14:
            break
    return value
