"""What the lecture and the papers claim, each with a sweep that could refute it. A new claim is one file and one line here."""

from __future__ import annotations

from collections.abc import Mapping

from bnviz.judge.claim import Claim, Verdict
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
from bnviz.lessons.does_it_hold.said import WORDS

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
    said = WORDS["page"]
    titles = (said["column_claim"], said["published"], said["ours"], said["column_verdict"], said["column_seconds"])
    head = [f"| {' | '.join(titles)} |", "| --- | --- | --- | --- | --- |"]
    return "\n".join(head + [_line(CLAIMS[key], *result) for key, result in results.items()])


def _line(claim: Claim, verdict: Verdict, seconds: float) -> str:
    cells = (
        f"**{claim.name}.** {claim.says}",
        f"{claim.published} ({claim.source})",
        verdict.ours,
        f"**{verdict.word}**",
        f"{seconds:.0f}",
    )
    return f"| {' | '.join(cell(text) for text in cells)} |"


def cell(text: str) -> str:
    """Text that stays in its cell of a Markdown table."""
    return text.replace("|", "\\|")
