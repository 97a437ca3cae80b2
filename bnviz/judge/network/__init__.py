"""Findings: judges that read the recording of anybody's network, and say what stands out. Pure functions of what was measured."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

from bnviz.judge.network import evaluation, losses, normalizers, signals, units
from bnviz.judge.network.finding import Finding, catalogue
from bnviz.judge.network.history import History

Judge = Callable[[History], Iterator[Finding]]
JUDGES: dict[str, Judge] = {  # by what is looked for, a key of words.toml: the most urgent first
    "not_finite": signals.not_finite,
    "loss_not_finite": losses.loss_not_finite,
    "evaluation_gap": evaluation.evaluation_gap,
    "frozen": normalizers.frozen,
    "small_groups": normalizers.small_groups,
    "two_uses": normalizers.two_uses,
    "idle_units": units.idle_units,
    "growth": signals.growth,
    "updates": signals.updates,
    "loss_rose": losses.loss_rose,
    "idle_bias": normalizers.idle_bias,
}

LARGE = ("counts", "unit_counts", "unit_zeros", "unit_mean", "unit_std", "percentiles", "gamma", "beta")


def find(messages: Iterable[Mapping[str, Any]]) -> list[Finding]:
    """What stands out in a recording of `bnviz.record`, from its messages (header, snapshots, an end if there is one)."""
    header, snapshots, last = None, [], None
    for message in messages:
        if message["type"] == "header":
            header = message
        elif message["type"] == "snapshot":
            snapshots.append(_small(message))
            last = message
    if header is None or last is None:
        return []
    histories = [History(header, [*snapshots[:-1], last], arm) for arm in header["arms"]]
    return [finding for judge in JUDGES.values() for history in histories for finding in judge(history)]


def _small(snapshot: Mapping[str, Any]) -> dict[str, Any]:
    """A snapshot without its largest arrays, of which only the last one's are judged: a recording may have many."""
    arms = {arm: {key: value for key, value in part.items() if key not in LARGE} for arm, part in snapshot["arms"].items()}
    return {**snapshot, "arms": arms}


def looked_for(without: Collection[str] = ()) -> list[str]:
    """What judges look for, in words: all but those `without` whom it is told."""
    return [catalogue()["looked_for"][name] for name in JUDGES if name not in without]


class ProbeLoss:
    """What a recording's snapshots know of the loss on the probe, one after the other, in any arm."""

    def __init__(self) -> None:
        self._has_loss = self._has_accuracy = False

    def note(self, snapshot: Mapping[str, Any]) -> None:
        """Look at a snapshot. A loss that is NaN or infinite is known, too."""
        for part in snapshot["arms"].values():
            self._has_loss |= part.get("probe_loss") is not None or "probe_loss" in (part.get("nonfinite_losses") or ())
            self._has_accuracy |= part.get("probe_accuracy") is not None

    def unheard(self) -> list[str]:
        """The judges that have nothing to judge by, because the loss on the probe is missing."""
        if self._has_loss:
            return []
        return ["loss_rose"] if self._has_accuracy else ["evaluation_gap", "loss_rose"]
