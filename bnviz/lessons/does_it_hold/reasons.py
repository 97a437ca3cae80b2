"""What a verdict rests on, and why there is none: with numbers, the same on the page, in docs/evidence.md and on a terminal."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bnviz import numerals
from bnviz.config.sweep import Sweep
from bnviz.judge.verdict import DISAGREES, FEWEST_SEEDS, Criterion, Verdict
from bnviz.lessons.does_it_hold.sentences import WORDS
from bnviz.web.judgement import effect, open_reason
from bnviz.web.words import begin_with, fill

TEXTS = WORDS["reasons"]
OPEN = 0.001  # a part that is surer than this leaves nothing open
IN_THE_WAY: Mapping[str, Callable[[Criterion], bool]] = {  # for each reason for no verdict: whether it names a part
    "few": lambda part: False,
    "unmeasured": lambda part: False,
    "untrained": lambda part: not part.telling,
    "uninformative": lambda part: not part.informative,
    "coarse": lambda part: True,
    "open": lambda part: min(part.holds, part.fails) > OPEN,
}


def reason_text(verdict: Verdict, sweep: Sweep) -> str:
    """Why a sweep has no verdict on a claim, and what to choose."""
    reason = verdict.undecided
    parts = [part for part in verdict.parts if IN_THE_WAY[reason](part)]
    if reason == "open":
        return " ".join(_open_text(part, len(verdict.parts)) for part in parts)
    known = {"least": FEWEST_SEEDS, "seeds": sweep.seeds, "p": numerals.p_value(verdict.p)}
    return fill(TEXTS[reason], parts="; ".join(map(part_text, parts)), **known)


def _open_text(part: Criterion, parts: int) -> str:
    """Why a part is open; with its name, if it is one of several."""
    reason = open_reason(part)
    if parts == 1:
        return reason
    return fill(TEXTS["part"], name=begin_with(part.name, str.upper), effect=begin_with(reason, str.lower))


def part_text(part: Criterion) -> str:
    """A part's name and what it comes to."""
    return fill(TEXTS["part"], name=part.name, effect=effect(part))


def effects_text(verdict: Verdict, word: str) -> str:
    """What a verdict rests on: all parts of one that agrees, and of one that disagrees those that fail."""
    parts = [part for part in verdict.parts if word != DISAGREES or part.fails < part.holds]
    return begin_with("; ".join(map(part_text, parts)), str.upper)
