"""Findings: judges that read the recording of any network, and name its problems. Pure functions of measured numbers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from bnviz.judge.network import evaluation, losses, normalizers, signals, units
from bnviz.judge.network.finding import Finding, catalogue
from bnviz.judge.network.history import History
from bnviz.judge.network.missing import Reasons, missing

Judge = Callable[[History], Iterator[Finding]]
JUDGES: dict[str, Judge] = {  # by what is looked for, a key of words.toml, in its order: the most urgent first
    "not_finite": signals.not_finite,
    "loss_not_finite": losses.loss_not_finite,
    "evaluation_gap": evaluation.evaluation_gap,
    "frozen": normalizers.frozen,
    "small_groups": normalizers.small_groups,
    "two_uses": normalizers.two_uses,
    "idle_units": units.idle_units,
    "activations_change": signals.activations_change,
    "gradients_change": signals.gradients_change,
    "updates": signals.updates,
    "loss_rose": losses.loss_rose,
    "idle_bias": normalizers.idle_bias,
}

LARGE = ("counts", "unit_counts", "unit_zeros", "unit_mean", "unit_std", "percentiles", "gamma", "beta")


class Judgement(NamedTuple):
    """What judges found in a recording; and what they could not look for in any of its networks, with the reason of each."""

    findings: list[Finding]
    not_looked_for: Reasons


def find(messages: Iterable[Mapping[str, Any]]) -> list[Finding]:
    """The findings about a recording of `bnviz.record`, from its messages (header, snapshots, an end if there is one)."""
    return judge(messages).findings


def judge(messages: Iterable[Mapping[str, Any]]) -> Judgement:
    """The same, and what could not be looked for."""
    header, snapshots, last = None, [], None
    for message in messages:
        if message["type"] == "header":
            header = message
        elif message["type"] == "snapshot":
            snapshots.append(_small(message))
            last = message
    if header is None or last is None:
        return Judgement([], {})
    histories = [History(header, [*snapshots[:-1], last], arm) for arm in header["arms"]]
    findings = [finding for one in JUDGES.values() for history in histories for finding in one(history)]
    first, *others = map(missing, histories)
    return Judgement(findings, {name: why for name, why in first.items() if all(name in other for other in others)})


def _small(snapshot: Mapping[str, Any]) -> dict[str, Any]:
    """A snapshot without its largest arrays: judges read only those of the last snapshot, and a recording may have many."""
    arms = {arm: {key: value for key, value in part.items() if key not in LARGE} for arm, part in snapshot["arms"].items()}
    return {**snapshot, "arms": arms}


def looked_for(without: Reasons) -> str:
    """What judges have looked for, in words; the player says the same (finding-list.js)."""
    return "; ".join(words for name, words in catalogue()["looked_for"].items() if name not in without)


def not_looked_for(reasons: Reasons) -> str:
    """What they could not look for, a sentence for each reason; nothing if there is none."""
    words = catalogue()
    return " ".join(
        words["missing"]["sentence"].format(
            names="; ".join(words["looked_for"][name] for name, reason in reasons.items() if reason == why),
            reason=words["not_looked_for"][why],
        )
        for why in dict.fromkeys(reasons.values())
    )
