"""From means to verdicts: what a claim says of each mean, how surely that holds or fails, and which word that allows.

A claim agrees with our runs if all of its parts hold, and disagrees if one of them fails; both are wrong equally rarely. The
claims of one table are judged together, with Holm's correction.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import Literal

from bnviz.judge.intervals import LEVEL, Estimate

AGREES, DISAGREES, CANNOT_TELL = "agrees", "disagrees", "cannot tell"
COMPUTING = "computing"  # no verdict: rows are missing


@dataclass(frozen=True)
class Criterion:
    """What a claim says of one mean: that it lies `above` or `below` a bound, or `within` the bound on either side of 0.

    One that holds for a reason that proves nothing is not `informative`: then it may fail, but nothing follows if it holds.
    """

    name: str
    estimate: Estimate
    side: Literal["above", "below", "within"]
    bound: float = 0.0
    informative: bool = True

    @property
    def holds(self) -> float:
        """p-value against the statement's contrary: if it is small, the statement holds."""
        if not self.informative:
            return 1.0
        match self.side:
            case "above":
                return self.estimate.not_above(self.bound)
            case "below":
                return self.estimate.negated().not_above(-self.bound)
            case "within":  # two one-sided tests (Schuirmann 1987)
                return max(self.estimate.not_above(-self.bound), self.estimate.negated().not_above(-self.bound))

    @property
    def fails(self) -> float:
        """p-value against the statement itself: if it is small, the statement fails."""
        match self.side:
            case "above":
                return self.estimate.negated().not_above(-self.bound)
            case "below":
                return self.estimate.not_above(self.bound)
            case "within":
                outside = min(self.estimate.not_above(self.bound), self.estimate.negated().not_above(self.bound))
                return min(1.0, 2 * outside)


@dataclass(frozen=True)
class Verdict:
    """What our runs say of a claim: its `parts`, none if nothing can be told, and in words what was measured (`summary`)."""

    parts: tuple[Criterion, ...]
    summary: str
    computing: bool = False

    @property
    def holds(self) -> float:
        """All parts must hold, so the least sure one decides, and nothing need be corrected (Berger 1982)."""
        return max((part.holds for part in self.parts), default=1.0)

    @property
    def fails(self) -> float:
        """One part that fails is enough, so each of several is tested more strictly (Bonferroni)."""
        return min([1.0, *(len(self.parts) * part.fails for part in self.parts)])

    @property
    def p(self) -> float:
        """The p-value of the verdict, whichever way it goes."""
        return min(1.0, 2 * min(self.holds, self.fails))

    def word(self, is_decided: bool) -> str:
        """The verdict in a word, if p is small enough to decide."""
        if self.computing:
            return COMPUTING
        return CANNOT_TELL if not is_decided else AGREES if self.holds <= self.fails else DISAGREES


def holm(p: Sequence[float], family: int, level: float = LEVEL) -> list[bool]:
    """Which of the hypotheses with these p-values are rejected, so that among all of a family one is rejected wrongly at most
    once in 1/(1-level) times (Holm 1979). Members of the family whose p-values are not known yet count as 1."""
    rejected = [False] * len(p)
    for rank, index in enumerate(sorted(range(len(p)), key=p.__getitem__)):
        if p[index] > (1 - level) / (family - rank):
            break
        rejected[index] = True
    return rejected


def words(verdicts: Mapping[str, Verdict], family: int) -> dict[str, str]:
    """The verdicts' words, by key, of some of a family of claims that are judged together."""
    decisions = holm([one.p for one in verdicts.values()], family)
    return {key: one.word(sure) for (key, one), sure in zip(verdicts.items(), decisions, strict=True)}


def seeds_needed(distance: float, std: float, level: float, power: float, fixed: float = 0.0) -> float:
    """How many seeds a one-sided t test needs to see a mean at this `distance` from its bound with this `power`.

    `std` is the standard deviation over seeds, `fixed` the part of the standard error that no seed makes smaller. The normal
    approximation, (z + z')² σ²/δ², and z²/2 more for σ being estimated (Guenther 1981). Infinity, where no number is enough.
    """
    z = NormalDist().inv_cdf(level)
    standard_error = distance / (z + NormalDist().inv_cdf(power))
    remainder = standard_error**2 - fixed**2
    return std**2 / remainder + z**2 / 2 if remainder > 0 else math.inf
