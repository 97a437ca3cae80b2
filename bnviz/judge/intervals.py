"""Means over seeds, and how sure they are: Student's t intervals, plain NumPy."""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

LEVEL = 0.95


class Interval(NamedTuple):
    """Mean and bounds [...] of a confidence interval, and how many values [...] it rests on; bounds are NaN below two."""

    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    count: np.ndarray  # pyright: ignore[reportIncompatibleMethodOverride] (nobody counts equal arrays in a tuple)


def interval(values: np.ndarray, level: float = LEVEL) -> Interval:
    """Student's t interval of the mean over the last axis of [..., seeds], missing values (NaN) left out."""
    there = np.isfinite(values)
    count = there.sum(-1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(there, values, 0).sum(-1) / count
        squares = (np.where(there, values - mean[..., None], 0) ** 2).sum(-1)
        error = np.sqrt(squares / (count - 1) / count)
    quantiles = np.array([t_quantile(0.5 + level / 2, n - 1) if n > 1 else np.nan for n in count.flat])
    half = quantiles.reshape(count.shape) * np.where(count > 1, error, np.nan)
    return Interval(mean, mean - half, mean + half, count)


def difference(first: np.ndarray, second: np.ndarray, level: float = LEVEL) -> Interval:
    """The interval of first - second, seed by seed: both arms of a seed share initial weights and minibatches."""
    return interval(first - second, level)


@cache
def t_quantile(probability: float, freedom: int) -> float:
    """The quantile of Student's t distribution.

    With t = √ν tan θ its density becomes cos^(ν-1) θ up to a constant, which is smooth and bounded, so that a sum will do.
    """
    angle = np.linspace(-np.pi / 2, np.pi / 2, 200_001)
    density = np.cos(angle) ** (freedom - 1)
    total = np.concatenate([[0], np.cumsum((density[1:] + density[:-1]) / 2)])
    return float(np.sqrt(freedom) * np.tan(np.interp(probability, total / total[-1], angle)))
