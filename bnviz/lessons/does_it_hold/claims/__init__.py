"""What the lecture and the papers claim, each with a sweep that could refute it. A new claim is one file and one line here."""

from __future__ import annotations

from collections.abc import Mapping

from bnviz.judge.claim import Claim
from bnviz.judge.verdict import Verdict, words
from bnviz.lessons.does_it_hold.claims import (
    faster,
    largest_rate,
    noise,
    same_score,
    sigmoid,
    small_batches,
    smoother,
    tiny_rates,
)
from bnviz.lessons.does_it_hold.sentences import WORDS
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
)
CLAIMS: dict[str, Claim] = {claim.key: claim for claim in _ALL}


def table(results: Mapping[str, tuple[Verdict, float]]) -> str:
    """A Markdown table of verdicts and of the seconds that their sweeps took, by key."""
    labels = WORDS["page"]
    columns = ("column_claim", "published", "ours", "column_verdict", "column_p", "column_seeds", "column_seconds")
    decided = words({key: verdict for key, (verdict, _) in results.items()}, len(CLAIMS))
    lines = [_line(CLAIMS[key], *result, decided[key]) for key, result in results.items()]
    return "\n".join([row(*(labels[one] for one in columns)), row(*["---"] * len(columns)), *lines])


def _line(claim: Claim, verdict: Verdict, seconds: float, word: str) -> str:
    published = f"{claim.published} ({claim.source}) {fill(WORDS['page']['checked'], checked=claim.checked)}"
    numbers = format_p(verdict.p), f"{claim.sweep.seeds}", f"{seconds:.0f}"
    return row(f"**{claim.name}.** {claim.says}", published, verdict.summary, f"**{word}**", *numbers)


def row(*texts: str) -> str:
    """A row of a Markdown table."""
    return f"| {' | '.join(cell(text) for text in texts)} |"


def format_p(p: float) -> str:
    """A p-value to one digit, and none that pretends to be exact."""
    return f"{p:.1g}" if p >= 1e-4 else "less than 0.0001"


def cell(text: str) -> str:
    """Text that stays in its cell of a Markdown table."""
    return text.replace("|", "\\|")
