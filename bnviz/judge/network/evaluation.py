"""Is the network much worse in evaluation than in training, and which of four causes do the numbers point to?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bnviz.judge.network.finding import Certainty, Finding, digits, percent
from bnviz.judge.network.history import History, late

LEAST_GAP = 0.05  # of accuracy
LEAST_RATIO = 1.5  # of losses, where there are no classes
STANDARD_ERRORS = 3.0
COLD = 0.05  # share of what running statistics were at first, that is still in them
FEW = 8  # values normalized together: their statistics are noisy
FAST = 0.01  # of the weights, that a step moves: running statistics lag behind
FAR = 0.2  # σ: running statistics that are off


def evaluation_gap(history: History) -> Iterator[Finding]:
    """`evaluation_gap`: accuracy on the probe, or loss, is much worse in evaluation than as in training, at the end."""
    if history.header.get("view") == "evaluation" or np.isnan(history.rows("updates_seen")).all():
        return
    gap = _accuracies(history) or _losses(history)
    if gap is None:
        return
    errors = late(history.rows("running_mean_error"))
    layer = int(np.nanargmax(errors)) if np.isfinite(errors).any() else None
    cause, certainty = _cause(history, errors)
    numbers = {**gap, **_mended(history, gap), **_evidence(history, errors)}
    name = "" if layer is None else history.name(layer)
    yield Finding("evaluation_gap", history.arm, name, history.steps[-1], certainty, numbers, cause)


def _accuracies(history: History) -> dict[str, object] | None:
    training, evaluation = (float(late(history.numbers(key))) for key in ("probe_accuracy", "evaluation_accuracy"))
    count = history.examples if np.isfinite(history.examples) else 100.0
    error = np.sqrt(max(training * (1 - training), evaluation * (1 - evaluation)) / max(count, 1))
    if not training - evaluation > max(LEAST_GAP, STANDARD_ERRORS * error):
        return None
    return {"training": percent(training), "evaluation": percent(evaluation), "measure": "accuracy"}


def _losses(history: History) -> dict[str, object] | None:
    if np.isfinite(history.numbers("probe_accuracy")).any():
        return None  # accuracies have decided
    training, evaluation = (float(late(history.numbers(key))) for key in ("probe_loss", "evaluation_loss"))
    if not (training > 0 and evaluation > LEAST_RATIO * training):
        return None
    return {"training": digits(training), "evaluation": digits(evaluation), "measure": "loss"}


def _mended(history: History, gap: dict[str, object]) -> dict[str, object]:
    """What recomputed statistics give, in words."""
    key = f"recomputed_{gap['measure']}"
    value = float(late(history.numbers(key)))
    if np.isnan(value):
        return {"recomputed": "What recomputed statistics would give was not recorded: pass recompute=loader to see it."}
    training, evaluation = (float(late(history.numbers(f"{view}_{gap['measure']}"))) for view in ("probe", "evaluation"))
    mends = abs(value - training) < abs(evaluation - training) / 2
    written = percent(value) if gap["measure"] == "accuracy" else digits(value)
    return {"recomputed": f"With recomputed statistics it is {written}, so they {'mend it' if mends else 'do not mend it'}."}


def _evidence(history: History, errors: np.ndarray) -> dict[str, object]:
    """The numbers that tell causes apart, as they are written."""
    return {
        "error": digits(float(np.nanmax(errors))) if np.isfinite(errors).any() else "?",
        "updates": f"{_largest(history.rows('updates_seen')[-1]):.0f}",
        "kept": percent(_cold(history)),
        "together": f"{_smallest(late(history.rows('normalized_together'))):.0f}",
        "update": digits(_largest(late(history.rows("update_ratio")))),
    }


def _cause(history: History, errors: np.ndarray) -> tuple[str, Certainty]:
    """The first cause that the numbers allow, and how certain that is."""
    if _cold(history) > COLD:
        return "cold", "likely"
    if _smallest(late(history.rows("normalized_together"))) <= FEW:
        return "noisy", "likely"
    if _largest(late(history.rows("update_ratio"))) > FAST:
        return "fast", "possible"
    return ("unlike", "possible") if np.isfinite(errors).any() and np.nanmax(errors) > FAR else ("other", "possible")


def _cold(history: History) -> float:
    """The largest share of their first value that running statistics still hold, (1 - momentum) to the power of the updates."""
    seen = history.rows("updates_seen")[-1]
    momenta = [np.nan if one.get("momentum") is None else one["momentum"] for one in history.layers]
    kept = [(1 - momentum) ** count for momentum, count in zip(momenta, seen, strict=True) if np.isfinite(momentum + count)]
    return max(kept, default=0.0)


def _smallest(values: np.ndarray) -> float:
    return float(np.nanmin(values)) if np.isfinite(values).any() else np.nan


def _largest(values: np.ndarray) -> float:
    return float(np.nanmax(values)) if np.isfinite(values).any() else np.nan
