"""What the losses of a training say: whether they are numbers, and whether they fell."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bnviz import numerals
from bnviz.judge.network.finding import Finding
from bnviz.judge.network.history import LATE, History, at_end
from bnviz.judge.network.signals import are_nonfinite

RISE = 2.0  # times the first loss
DIVERGED = 100.0  # times the first loss, before it was no number any more


def loss_not_finite(history: History) -> Iterator[Finding]:
    """`loss_not_finite`: the first step whose training loss is NaN or infinite; without such, the first snapshot with a loss on
    the probe that is, though no layer has such values. Silent where layers had such values before: the loss followed from them.
    """
    lost = np.asarray(are_nonfinite(history).any(axis=1))
    steps = history.numbers("nonfinite_loss_step")
    found = np.flatnonzero(np.isfinite(steps))
    if found.size:
        yield from _training_loss(history, int(found[0]), int(steps[found[0]]), lost)
        return
    is_lost = np.array(["probe_loss" in (part.get("nonfinite_losses") or ()) for part in history.parts])
    found = np.flatnonzero(is_lost & ~lost)
    if found.size:
        yield Finding("loss_not_finite", history.arm, "", history.steps[found[0]], "likely", {}, "probe")


def _training_loss(history: History, snapshot: int, step: int, lost: np.ndarray) -> Iterator[Finding]:
    """A training loss that is no number since a step, as a snapshot showed; `lost` [snapshots]: whether layers are, too."""
    numbers: dict[str, object] = {"shown": history.steps[snapshot]}
    losses = history.numbers("train_loss")[:snapshot]
    known = np.flatnonzero(np.isfinite(losses))
    if known.size and losses[known[-1]] > DIVERGED * losses[known[0]] > 0:
        low, high = float(losses[known[0]]), float(losses[known[-1]])
        numbers |= {"low": numerals.short(low), "high": numerals.short(high), "before": history.steps[known[-1]]}
        yield Finding("loss_not_finite", history.arm, "", step, "likely", numbers, "diverged")
    elif lost[:snapshot].any():
        return  # it followed from the layers
    elif lost[snapshot]:
        yield Finding("loss_not_finite", history.arm, "", step, "possible", numbers, "layers")
    else:
        yield Finding("loss_not_finite", history.arm, "", step, "likely", numbers)


def loss_rose(history: History) -> Iterator[Finding]:
    """`loss_rose`: the losses of training and on the probe both end far above where they began. One alone says little: a loss of
    training may change its meaning on the way, as a generator's does against a network that learns, too. Medians of the last
    snapshots decide, and the last losses are those that are written. Silent where they end as no numbers."""
    if {"train_loss", "probe_loss"} & set(history.parts[-1].get("nonfinite_losses") or ()):
        return
    train, probe = (_ends(history.numbers(key)) for key in ("train_loss", "probe_loss"))
    if train and probe and all(end > RISE * first > 0 for first, end in (train, probe)):
        last, on_probe = (float(at_end(history.numbers(key))) for key in ("train_loss", "probe_loss"))
        numbers = {"low": numerals.short(train[0]), "high": numerals.short(last), "probe": numerals.short(on_probe)}
        yield Finding("loss_rose", history.arm, "", history.steps[-1], "likely", numbers)


def _ends(losses: np.ndarray) -> tuple[float, float] | None:
    """The first loss, and the median of the last LATE ones; None where there are too few."""
    known = losses[np.isfinite(losses)]
    return (float(known[0]), float(np.median(known[-LATE:]))) if len(known) > LATE else None
