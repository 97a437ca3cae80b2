"""What a verdict rests on, in words: effects with their intervals, and why nothing can be told.

Pages, documents and terminals say it alike.
"""

from __future__ import annotations

import math

from bnviz.judge.intervals import Interval
from bnviz.judge.signs import Measured, Strictest
from bnviz.judge.verdict import Criterion, count_of
from bnviz.web.words import fill, shared

OPEN = {
    "above": "above_open",
    "below": "below_open",
}  # by the side that is claimed, the sentence if its bound lies in the interval
STRICT = {"above": "above_strict", "below": "below_strict"}  # and if the interval alone would decide


def effect(part: Criterion) -> str:
    """What a part comes to: a mean with its interval, or in how many seeds it is as the part says."""
    if (interval := part.interval) is not None:
        return part.scale.interval(interval)
    counts = count_of(part.estimate, part.bound) or (0, 0)
    return fill(shared()["judgement"]["count"], count=counts[0 if part.side == "above" else 1], seeds=int(part.estimate.seeds))


def open_reason(part: Criterion) -> str:
    """Why a part is open, with its numbers: its bound, and how far the interval reaches or on which side the seeds lie."""
    texts, obstacle = shared()["judgement"], _least_sure(part)
    if counts := count_of(obstacle, part.bound):
        known = {"above": counts[0], "below": counts[1], "seeds": int(part.estimate.seeds)}
        return fill(texts["seeds_open"], bound=part.scale.bound(part.bound), **known)
    if (interval := part.interval) is None or not math.isfinite(float(interval.low)):
        return texts["unknown"]
    return _about_within(part, interval) if part.side == "within" else _about_side(part, interval)


def _about_within(part: Criterion, interval: Interval) -> str:
    """Where an interval ends, of what counts as the same between two bounds."""
    texts, write = shared()["judgement"], part.scale.write
    ends = [float(interval.low), float(interval.high)]
    beyond = [end for end in ends if abs(end) > part.bound]
    bound = part.scale.bound(part.bound).lstrip("+")
    if len(beyond) == 1:
        return fill(texts["within_open"], bound=bound, end=write(beyond[0]))
    low, high = map(write, ends)
    return fill(texts["within_wide" if beyond else "within_strict"], bound=bound, low=low, high=high)


def _about_side(part: Criterion, interval: Interval) -> str:
    """Where an interval ends, of what is claimed to lie on one side of a bound."""
    low, high = float(interval.low), float(interval.high)
    is_open = low <= part.bound <= high
    if part.bound == 0:
        known = {"low": part.scale.write(low), "high": part.scale.write(high), "unit": part.scale.unit}
        return fill(shared()["judgement"]["zero_open" if is_open else "zero_strict"], **known)
    sentence = (OPEN if is_open else STRICT)[part.side]
    write, bound = part.scale.write, part.scale.bound(part.bound)
    return fill(shared()["judgement"][sentence], bound=bound, low=write(low), high=write(high))


def _least_sure(part: Criterion) -> Measured:
    """Of two tests that both have to be passed, the one that is in the way."""
    if not isinstance(part.estimate, Strictest):
        return part.estimate
    return max(part.estimate, key=lambda one: min(one.not_above(part.bound), one.not_below(part.bound)))
