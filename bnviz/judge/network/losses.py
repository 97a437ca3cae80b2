"""What the losses of a training say: whether they are numbers, and whether they fell."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bnviz.judge.network.finding import Finding, digits
from bnviz.judge.network.history import LATE, History
from bnviz.judge.network.signals import are_nonfinite

RISE = 2.0  # times the first loss


def loss_not_finite(history: History) -> Iterator[Finding]:
    """`loss_not_finite`: the first step whose training loss is NaN or infinite; without such, the first snapshot with a loss on
    the probe that is, though no layer has such values."""
    lost = np.asarray(are_nonfinite(history).any(axis=1))
    steps = history.numbers("nonfinite_loss_step")
    found = np.flatnonzero(np.isfinite(steps))
    if found.size:
        first = int(found[0])
        cause = "layers" if lost[first] else ""
        step, numbers = int(steps[first]), {"shown": history.steps[first]}
        yield Finding("loss_not_finite", history.arm, "", step, "likely", numbers, cause)
        return
    is_lost = np.array(["probe_loss" in (part.get("nonfinite_losses") or ()) for part in history.parts])
    found = np.flatnonzero(is_lost & ~lost)
    if found.size:
        yield Finding("loss_not_finite", history.arm, "", history.steps[found[0]], "likely", {}, "probe")


def loss_rose(history: History) -> Iterator[Finding]:
    """`loss_rose`: the losses of training and on the probe both end far above where they began. One alone says little: a loss of
    training may change its meaning on the way, as a generator's does against a network that learns, too."""
    train, probe = (_ends(history.numbers(key)) for key in ("train_loss", "probe_loss"))
    if train and probe and all(end > RISE * first > 0 for first, end in (train, probe)):
        numbers = {"low": digits(train[0]), "high": digits(train[1]), "probe": digits(probe[1])}
        yield Finding("loss_rose", history.arm, "", history.steps[-1], "likely", numbers)


def _ends(losses: np.ndarray) -> tuple[float, float] | None:
    """The first loss, and the median of the last LATE ones; None where there are too few."""
    known = losses[np.isfinite(losses)]
    return (float(known[0]), float(np.median(known[-LATE:]))) if len(known) > LATE else None
