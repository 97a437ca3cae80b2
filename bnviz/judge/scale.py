"""How what is judged is written: in percentage points, as a share, as a ratio, or as a plain number."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

from bnviz import numerals
from bnviz.judge.intervals import Interval

UNITS = {"points": " points", "percent": " %", "times": " times", "plain": ""}


@dataclass(frozen=True)
class Scale:
    """What a value is: a difference of shares (`points`), a share (`percent`), the logarithm of
    a ratio (`times`), or `plain`. `places` after the point; a ratio has two digits.
    """

    kind: Literal["points", "percent", "times", "plain"] = "plain"
    places: int = 2

    @property
    def unit(self) -> str:
        """What follows on a number, with its space."""
        return UNITS[self.kind]

    def write(self, value: float) -> str:
        """The number alone."""
        match self.kind:
            case "points":
                return numerals.points(value, self.places)
            case "percent":
                return numerals.digits(100 * value, self.places)
            case "times":
                return numerals.two_digits(math.exp(value))
            case "plain":
                return numerals.digits(value, self.places)

    def bound(self, value: float) -> str:
        """A bound, which is a round number, with its unit."""
        return f"{replace(self, places=1).write(value) if self.kind == 'points' else self.write(value)}{self.unit}"

    def interval(self, one: Interval) -> str:
        """A mean with its interval, and their unit."""
        if not math.isfinite(float(one.mean)):
            return "unknown because a network diverged"
        return numerals.interval(one.mean, one.low, one.high, self.write, self.unit)


POINTS, PERCENT, TIMES = Scale("points", 1), Scale("percent", 1), Scale("times")
