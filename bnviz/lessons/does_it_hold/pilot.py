"""How many seeds a verdict needs, from the scatter of a few others: a power calculation before the runs that decide."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping

from bnviz.config.sweep import MAXIMUM_SEEDS, Sweep
from bnviz.judge.claim import Claim
from bnviz.judge.intervals import LEVEL
from bnviz.judge.verdict import Criterion, Verdict, seeds_needed
from bnviz.lessons.does_it_hold.claims import CLAIMS, row
from bnviz.lessons.does_it_hold.seeds import PILOT, PILOT_SEEDS, POWER
from bnviz.lessons.does_it_hold.sentences import WORDS

FEWEST = 4  # seeds of a verdict, however large the difference


def pilot_of(claim: Claim) -> Sweep:
    """The claim's sweep of the pilot's seeds."""
    return dataclasses.replace(claim.sweep, base=claim.sweep.base.replace(seed=PILOT), seeds=PILOT_SEEDS)


def distance(part: Criterion) -> float:
    """How far the pilot's mean lies from the nearest bound."""
    mean = float(part.estimate.mean)
    return abs(part.bound - abs(mean)) if part.side == "within" else abs(mean - part.bound)


def required_seeds(part: Criterion, parts: int) -> float:
    """Seeds for this part to be decided in the strictest step of Holm's method, whichever way the pilot's mean points."""
    strict = (1 - LEVEL) / len(CLAIMS) / 2 / (1 if _points_to_it(part) else parts)
    return seeds_needed(distance(part), float(part.estimate.std), 1 - strict, POWER, float(part.estimate.fixed))


def _points_to_it(part: Criterion) -> bool:
    return part.holds < part.fails


def decisive(verdict: Verdict) -> list[Criterion]:
    """The parts that have to be seen: all if the pilot points to agreement, else the one that most surely fails."""
    if all(map(_points_to_it, verdict.parts)):
        return list(verdict.parts)
    return [min(verdict.parts, key=lambda part: part.fails)]


def table_of_seeds(results: Mapping[str, tuple[Verdict, float]]) -> str:
    """A Markdown table: for each claim the part that needs most seeds, its scatter, and how many it needs."""
    texts = WORDS["pilot"]
    head = [texts[name] for name in ("claim", "part", "mean", "spread", "bound", "needed")]
    return "\n".join([row(*head), row(*["---"] * len(head)), *(_line(key, verdict) for key, (verdict, _) in results.items())])


def _line(key: str, verdict: Verdict) -> str:
    claim = CLAIMS[key]
    if not verdict.parts:
        return row(claim.name, "", "", "", "", "")
    seeds, part = max(((required_seeds(one, len(verdict.parts)), one) for one in decisive(verdict)), key=lambda pair: pair[0])
    numbers = (f"{float(part.estimate.mean):.3g}", f"{part.estimate.std:.2g}", f"{part.side} {part.bound:.3g}")
    return row(claim.name, part.name, *numbers, _rounded_up(seeds))


def _rounded_up(seeds: float) -> str:
    """So many seeds, within what is reasonable."""
    if not seeds <= MAXIMUM_SEEDS:  # nor if it is unknown
        return f"more than {MAXIMUM_SEEDS}"
    return f"{max(FEWEST, math.ceil(seeds))}"
