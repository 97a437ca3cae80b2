"""Exact tests of what a mean says little about: values of two kinds, ties, and values that are known only within bounds."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple, Protocol

import numpy as np


class Measured(Protocol):
    """What a claim speaks of, measured over seeds, with one-sided p-values: an `Estimate`, or one of the classes below."""

    @property
    def mean(self) -> np.ndarray: ...

    @property
    def seeds(self) -> np.ndarray: ...

    def not_above(self, bound: float) -> float:
        """How likely it is to seem so large, if in truth it is `bound` or less."""
        ...

    def not_below(self, bound: float) -> float:
        """How likely it is to seem so small, if in truth it is `bound` or more."""
        ...


class Signs(NamedTuple):
    """The sign test of the median of `values` [seeds]: it counts seeds and asks for no distribution, and no p-value is below 2⁻ⁿ.

    A value at the bound, or one that is missing (NaN), speaks for neither side. Infinite values are as good as others.
    """

    values: np.ndarray

    @property
    def mean(self) -> np.ndarray:
        """The median of what is there; NaN if nothing is."""
        there = np.sort(self.values[~np.isnan(self.values)])
        middle = there[[(len(there) - 1) // 2, len(there) // 2]] if len(there) else np.array([np.nan, np.nan])
        return middle[0] if middle[0] == middle[1] else middle.mean()

    @property
    def seeds(self) -> np.ndarray:
        return np.asarray(len(self.values))

    def not_above(self, bound: float) -> float:
        return tail(int((self.values > bound).sum()), len(self.values))

    def not_below(self, bound: float) -> float:
        return tail(int((self.values < bound).sum()), len(self.values))


class Censored(NamedTuple):
    """A value between `low` and `high`, at an unknown place: each direction is judged by the end that is hard for it."""

    low: Measured
    high: Measured

    @property
    def mean(self) -> np.ndarray:
        return (self.low.mean + self.high.mean) / 2

    @property
    def seeds(self) -> np.ndarray:
        return self.low.seeds

    def not_above(self, bound: float) -> float:
        return self.low.not_above(bound)

    def not_below(self, bound: float) -> float:
        return self.high.not_below(bound)


class Strictest(NamedTuple):
    """Two tests of one thing; both must be passed."""

    first: Measured
    second: Measured

    @property
    def mean(self) -> np.ndarray:
        return self.first.mean

    @property
    def seeds(self) -> np.ndarray:
        return self.first.seeds

    def not_above(self, bound: float) -> float:
        return max(self.first.not_above(bound), self.second.not_above(bound))

    def not_below(self, bound: float) -> float:
        return max(self.first.not_below(bound), self.second.not_below(bound))


@lru_cache(4096)
def tail(hits: int, trials: int) -> float:
    """How likely at least so many of `trials` fair coins show heads."""
    return sum(math.comb(trials, heads) for heads in range(hits, trials + 1)) / 2**trials
