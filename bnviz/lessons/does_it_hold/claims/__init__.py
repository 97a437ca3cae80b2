"""What the lecture and the papers claim, each with a sweep that could refute it. A new claim is one file and one line here."""

from __future__ import annotations

from collections.abc import Mapping

from bnviz import numerals
from bnviz.judge.claim import Claim
from bnviz.judge.verdict import CANNOT_TELL, Verdict, words
from bnviz.lessons.does_it_hold.claims import (
    adversarial,
    dyt,
    faster,
    largest_rate,
    noise,
    only_scales,
    same_score,
    sigmoid,
    skipinit,
    small_batches,
    smoother,
    tiny_rates,
)
from bnviz.lessons.does_it_hold.reasons import reason_text
from bnviz.lessons.does_it_hold.sentences import WORDS
from bnviz.web.markdown import in_one_line, row
from bnviz.web.words import fill

_ALL = (
    same_score.CLAIM,
    faster.CLAIM,
    largest_rate.CLAIM,
    tiny_rates.CLAIM,
    noise.CLAIM,
    smoother.CLAIM,
    smoother.SMALLER_CURVATURE,
    small_batches.CLAIM,
    sigmoid.CLAIM,
    only_scales.CLAIM,
    skipinit.CLAIM,
    adversarial.CLAIM,
    dyt.CLAIM,
)
CLAIMS: dict[str, Claim] = {claim.key: claim for claim in _ALL}


def table(results: Mapping[str, Verdict], made: str) -> str:
    """A Markdown table of verdicts by key, and when they were `made`. Claims that are missing count as undecided."""
    labels = WORDS["page"]
    columns = ("column_claim", "published", "ours", "column_verdict", "column_p", "column_seeds", "column_made")
    decided = words(results, len(CLAIMS))
    lines = [_line(CLAIMS[key], verdict, decided[key], made) for key, verdict in results.items()]
    return "\n".join([row(*(labels[one] for one in columns)), row(*["---"] * len(columns)), *lines])


def _line(claim: Claim, verdict: Verdict, word: str, made: str) -> str:
    published = f"{claim.published} ({claim.source}) {fill(WORDS['page']['checked'], checked=claim.checked)}"
    numbers = [f"{in_one_line(verdict.numbers)}."] if verdict.numbers else []
    summary = " ".join([verdict.summary, *numbers, *([reason_text(verdict, claim.sweep)] if word == CANNOT_TELL else [])])
    return row(f"**{claim.name}.** {claim.says}", published, summary, f"**{word}**", format_p(verdict.p), seeds_text(claim), made)


def seeds_text(claim: Claim) -> str:
    """How many seeds a claim's own sweep has, and from which on."""
    return fill(WORDS["page"]["seeds_from"], seeds=claim.sweep.seeds, first=claim.sweep.base.seed)


def format_p(p: float) -> str:
    """A p-value without its name, as a column has it."""
    return numerals.p_value(p, "")
