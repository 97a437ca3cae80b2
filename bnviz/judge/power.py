"""How surely fresh seeds will decide, from a pilot of a few others: power, averaged over what so small a pilot leaves unknown.

A pilot's mean and scatter are themselves uncertain. Power for the very values that it found promises too much; its average over
all that the pilot allows is called assurance (O'Hagan, Stevens & Campbell 2005).
"""

from __future__ import annotations

import math

from bnviz.judge.intervals import Estimate, t_quantile, t_tail
from bnviz.judge.signs import Censored, Measured, Signs, Strictest, tail
from bnviz.judge.verdict import Criterion


def points_to_it(part: Criterion) -> bool:
    """Whether a pilot's part rather holds than fails."""
    return part.holds < part.fails


def assurance(part: Criterion, seeds: int, p: float) -> float:
    """How likely a test of so many fresh seeds has a p-value of at most `p`, in the direction that the pilot's part points to."""
    one, bound, holds = part.estimate, part.bound, points_to_it(part)
    if part.side == "within":
        inside = min(_above(one, -bound, seeds, p), _below(one, bound, seeds, p))
        return inside if holds else max(_above(one, bound, seeds, p / 2), _below(one, -bound, seeds, p / 2))
    return (_above if holds == (part.side == "above") else _below)(one, bound, seeds, p)


def _above(pilot: Measured, bound: float, seeds: int, p: float) -> float:
    """How likely the fresh seeds' `not_above` is at most p."""
    match pilot:
        case Estimate():
            return _of_mean(pilot, bound, seeds, p)
        case Signs(values):
            return _of_count(int((values > bound).sum()), len(values), seeds, p)
        case Censored(low, _):
            return _above(low, bound, seeds, p)
        case Strictest(first, second):
            return min(_above(one, bound, seeds, p) for one in (first, second))
    raise TypeError(type(pilot))


def _below(pilot: Measured, bound: float, seeds: int, p: float) -> float:
    """How likely the fresh seeds' `not_below` is at most p: the mirror image."""
    match pilot:
        case Estimate():
            return _above(pilot.negated(), -bound, seeds, p)
        case Signs(values):
            return _above(Signs(-values), -bound, seeds, p)
        case Censored(_, high):
            return _below(high, bound, seeds, p)
        case Strictest(first, second):
            return min(_below(one, bound, seeds, p) for one in (first, second))
    raise TypeError(type(pilot))


def _of_mean(pilot: Estimate, bound: float, seeds: int, p: float) -> float:
    """The fresh mean lies about the pilot's; its predictive distribution has the pilot's degrees of freedom."""
    std, known = float(pilot.std), int(pilot.seeds)
    error = math.sqrt(std**2 / seeds + float(pilot.fixed) ** 2)
    ahead = float(pilot.mean) - bound - t_quantile(1 - p, seeds - 1) * error
    scatter = std * math.sqrt(1 / seeds + 1 / known)
    return t_tail(-ahead / scatter, known - 1) if scatter > 0 and known > 1 else float(ahead > 0)


def _of_count(hits: int, known: int, seeds: int, p: float) -> float:
    """The share of seeds has Jeffreys's prior and the pilot's count, so that the fresh count is beta-binomial."""
    needed = next((count for count in range(seeds + 1) if tail(count, seeds) <= p), seeds + 1)
    a, b = hits + 0.5, known - hits + 0.5
    return sum(
        math.comb(seeds, count) * math.exp(_log_beta(a + count, b + seeds - count) - _log_beta(a, b))
        for count in range(needed, seeds + 1)
    )


def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
