"""How many seeds a verdict needs, from the scatter of a few others: a power calculation before the runs that decide."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping

import numpy as np

from bnviz.config.sweep import MAXIMUM_SEEDS, Sweep
from bnviz.judge.claim import Claim
from bnviz.judge.intervals import LEVEL, Estimate
from bnviz.judge.power import assurance, points_to_it
from bnviz.judge.signs import Censored, Measured, Signs, Strictest
from bnviz.judge.verdict import FEWEST_SEEDS, Criterion, Verdict
from bnviz.lessons.does_it_hold.claims import CLAIMS
from bnviz.lessons.does_it_hold.seeds import PILOT, PILOT_SEEDS, POWER
from bnviz.lessons.does_it_hold.sentences import WORDS
from bnviz.web.markdown import row
from bnviz.web.words import fill


def pilot_of(claim: Claim) -> Sweep:
    """The claim's sweep of the pilot's seeds."""
    return dataclasses.replace(claim.sweep, base=claim.sweep.base.replace(seed=PILOT), seeds=PILOT_SEEDS)


def power(part: Criterion, parts: int, seeds: int) -> float:
    """How surely so many fresh seeds decide this part in the strictest step of Holm's method, the way that the pilot points."""
    strict = (1 - LEVEL) / len(CLAIMS) / 2 / (1 if points_to_it(part) else parts)
    return assurance(part, seeds, strict)


def required_seeds(part: Criterion, parts: int) -> float:
    """The least number of seeds with that power; infinity if no affordable number has it."""
    return next((seeds for seeds in range(FEWEST_SEEDS, MAXIMUM_SEEDS + 1) if power(part, parts, seeds) >= POWER), math.inf)


def decisive(verdict: Verdict) -> list[Criterion]:
    """The parts that have to be seen: all if the pilot points to agreement, else the one that most surely fails."""
    if all(map(points_to_it, verdict.parts)):
        return list(verdict.parts)
    return [min(verdict.parts, key=lambda part: part.fails)]


def table_of_seeds(results: Mapping[str, Verdict]) -> str:
    """A Markdown table: for each claim the part that is least sure to be decided, its scatter, how many seeds it needs for POWER,
    and the power of those that the claim has."""
    texts = WORDS["pilot"]
    head = [texts[name] for name in ("claim", "part", "mean", "spread", "bound", "needed", "power")]
    return "\n".join([row(*head), row(*["---"] * len(head)), *(_line(key, verdict) for key, verdict in results.items())])


def _line(key: str, verdict: Verdict) -> str:
    claim, parts = CLAIMS[key], len(verdict.parts)
    if not parts:
        return row(claim.name, *[""] * 6)
    part = min(decisive(verdict), key=lambda one: power(one, parts, claim.sweep.seeds))
    seeds, sure = required_seeds(part, parts), power(part, parts, claim.sweep.seeds)
    bound = f"{part.side} {part.bound:.3g}"
    numbers = (f"{float(part.estimate.mean):.3g}", _scatter(part.estimate, part.bound), bound, _written(seeds))
    return row(claim.name, part.name, *numbers, fill(WORDS["pilot"]["reached"], power=f"{sure:.2f}", seeds=claim.sweep.seeds))


def _scatter(one: Measured, bound: float) -> str:
    """The standard deviation over seeds, or how many of them lie above the bound if they are counted."""
    match one:
        case Estimate():
            return f"{float(one.std):.2g}"
        case Signs(values):
            return fill(WORDS["pilot"]["counted"], above=int(np.sum(values > bound)), seeds=len(values))
        case Censored(low, _):
            return _scatter(low, bound)
        case Strictest(_, second):
            return _scatter(second, bound)
    raise TypeError(type(one))


def _written(seeds: float) -> str:
    """So many seeds, as far as they can be had."""
    return f"{seeds:.0f}" if math.isfinite(seeds) else f"more than {MAXIMUM_SEEDS}"
