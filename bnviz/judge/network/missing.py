"""What judges cannot look for in a recording, and why: what they judge by was not recorded."""

from __future__ import annotations

import numpy as np

from bnviz.judge.network.history import LATE, History
from bnviz.judge.network.signals import FEWEST_LAYERS
from bnviz.judge.network.units import LASTING

Reasons = dict[str, str]  # by what is not looked for, a judge's name: a key of the table `not_looked_for` in words.toml


def missing(history: History) -> Reasons:
    """What judges cannot look for in an arm's recording, with the first reason for each."""
    has_probe, has_training = history.has_loss("probe_loss"), history.has_loss("train_loss")
    found: dict[str, str | None] = {
        "loss_not_finite": None if has_probe or has_training else "any_loss",
        "evaluation_gap": _gap(history, has_probe),
        "frozen": "snapshots" if len(history.parts) < 2 and history.has_batch_norm else None,
        "small_groups": "graph" if history.has_batch_norm and _is_unknown(history, "normalized_together") else None,
        "idle_units": _few(history, LASTING) or ("examples" if history.has_few_examples else None),
        "activations_change": _shallow(len(history.layers)),
        "gradients_change": _gradients(history),
        "updates": _few(history, 2) or ("updates" if _is_unknown(history, "update_ratio") else None),
        "loss_rose": _rise(history, has_probe, has_training),
    }
    return {name: reason for name, reason in found.items() if reason is not None}


def _is_unknown(history: History, key: str) -> bool:
    return not np.isfinite(history.rows(key)).any()


def _few(history: History, least: int) -> str | None:
    return "snapshots" if len(history.parts) < least else None


def _shallow(count: int) -> str | None:
    return "layers" if count < FEWEST_LAYERS else None


def _gradients(history: History) -> str | None:
    norms = history.rows("gradient_norm")
    return _few(history, 2) or ("gradients" if not np.isfinite(norms).any() else _shallow(norms.shape[1]))


def _gap(history: History, has_probe: bool) -> str | None:
    """Why evaluation is not compared with training, in a network whose evaluation is another one because of batch norm."""
    if _is_unknown(history, "updates_seen"):
        return None
    if history.header.get("view") == "evaluation":
        return "view"
    if np.isfinite(history.numbers("probe_accuracy")).any():
        return None
    return "loss" if not has_probe else "examples" if history.has_few_examples else None


def _rise(history: History, has_probe: bool, has_training: bool) -> str | None:
    if not has_probe:
        return "loss"
    if not has_training:
        return "training_loss"
    counts = [np.isfinite(history.numbers(key)).sum() for key in ("train_loss", "probe_loss")]
    return "snapshots" if min(counts) <= LATE else None
