"""From means to verdicts: what a claim says of each mean, how surely that holds or fails, and which word that allows.

A claim agrees with our runs if all of its parts hold, and disagrees if one of them fails; both are wrong equally rarely. The
claims of one table are judged together, with Holm's correction.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from bnviz.judge.intervals import LEVEL, Estimate, Interval
from bnviz.judge.scale import Scale
from bnviz.judge.signs import Censored, Measured, Signs, Strictest, tail
from bnviz.judge.table import Table

AGREES, DISAGREES, CANNOT_TELL, TOO_FEW = "agrees", "disagrees", "cannot tell", "too few to tell"
COMPUTING = "computing"  # no verdict: rows are missing
FEWEST_SEEDS = 5  # of a verdict: with two or three a standard deviation is hardly known, and tests err more often than they say


@dataclass(frozen=True)
class Criterion:
    """What a claim says of one mean: that it lies `above` or `below` a bound, or `within` the bound on either side of 0.

    One that holds for a reason that proves nothing is not `informative`: then it may fail, but nothing follows if it holds. One
    whose networks do not train is not `telling`: then nothing follows either way. `scale` says how its numbers are written, and
    `shown` is the interval that pages show where the estimate has none, because seeds are counted.
    """

    name: str
    estimate: Measured
    side: Literal["above", "below", "within"]
    bound: float = 0.0
    informative: bool = True
    telling: bool = True
    scale: Scale = Scale()
    shown: Interval | None = None

    @property
    def interval(self) -> Interval | None:
        """The 95 % interval of what is judged; None if seeds are counted and nothing else is known."""
        one = estimate_of(self.estimate)
        return self.shown or (one.interval() if one is not None else None)

    @property
    def holds(self) -> float:
        """p-value against the statement's contrary: if it is small, the statement holds."""
        if not (self.informative and self.telling):
            return 1.0
        match self.side:
            case "above":
                return self.estimate.not_above(self.bound)
            case "below":
                return self.estimate.not_below(self.bound)
            case "within":  # two one-sided tests (Schuirmann 1987)
                return max(self.estimate.not_above(-self.bound), self.estimate.not_below(self.bound))

    @property
    def fails(self) -> float:
        """p-value against the statement itself: if it is small, the statement fails."""
        if not self.telling:
            return 1.0
        match self.side:
            case "above":
                return self.estimate.not_below(self.bound)
            case "below":
                return self.estimate.not_above(self.bound)
            case "within":
                outside = min(self.estimate.not_above(self.bound), self.estimate.not_below(-self.bound))
                return min(1.0, 2 * outside)


@dataclass(frozen=True)
class Verdict:
    """What our runs say of a claim: its `parts`, none if nothing can be told, and in words what was measured (`summary`), with a
    table of `numbers` if there are many.

    `few`: it rests on fewer than FEWEST_SEEDS seeds.
    """

    parts: tuple[Criterion, ...]
    summary: str
    computing: bool = False
    few: bool = False
    numbers: Table | None = None

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
        """The p-value of the verdict, whichever way it goes; 1 if there is none for lack of seeds."""
        return 1.0 if self.few else min(1.0, 2 * min(self.holds, self.fails))

    def word(self, is_decided: bool) -> str:
        """The verdict in a word, if p is small enough to decide."""
        if self.computing:
            return COMPUTING
        if self.few:
            return TOO_FEW
        return CANNOT_TELL if not is_decided else AGREES if self.holds <= self.fails else DISAGREES

    @property
    def undecided(self) -> str:
        """Why there is no verdict, if there is none.

        `few` seeds, `unmeasured` (no parts), networks that do not train (`untrained`), a part that proves nothing
        (`uninformative`), too few seeds for a count (`coarse`), or what lies too near a bound for so many seeds (`open`).
        """
        if self.few:
            return "few"
        if not self.parts:
            return "unmeasured"
        if not all(part.telling for part in self.parts):
            return "untrained"
        if not all(part.informative for part in self.parts):
            return "uninformative"
        seeds = int(self.parts[0].estimate.seeds)
        clearest = tail(seeds, seeds)  # all seeds on one side
        return "coarse" if clearest in (self.holds, *(part.fails for part in self.parts)) else "open"


def estimate_of(measured: Measured) -> Estimate | None:
    """The mean over seeds that a part of a claim rests on; None if it counts seeds."""
    match measured:
        case Estimate():
            return measured
        case Censored(low, _):
            return estimate_of(low)
        case Strictest(first, _):
            return estimate_of(first)
    return None


def count_of(measured: Measured, bound: float) -> tuple[int, int] | None:
    """How many seeds lie surely above and surely below a bound; None if no seeds are counted."""
    match measured:
        case Signs(values):
            return int((values > bound).sum()), int((values < bound).sum())
        case Censored(low, high):
            counts = count_of(low, bound), count_of(high, bound)
            return (counts[0][0], counts[1][1]) if counts[0] and counts[1] else None
        case Strictest(_, second):
            return count_of(second, bound)
    return None


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
