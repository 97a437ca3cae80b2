"""Is the network much worse in evaluation than in training, and which cause do the numbers point to?"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from bnviz import numerals
from bnviz.judge.network.finding import Certainty, Finding
from bnviz.judge.network.history import History, at_end, late
from bnviz.judge.network.normalizers import two_uses

LEAST_GAP = 0.05  # of accuracy
LEAST_RATIO = 1.5  # of losses, where there are no classes
STANDARD_ERRORS = 3.0
COLD = 0.05  # share of what running statistics were at first, that is still in them
FEW = 8  # values normalized together: their statistics are noisy
FAST = 0.01  # of the weights, that a step moves: running statistics lag behind
FAR = 0.2  # σ: running statistics that are off
ERRORS = ("running_mean_error", "running_std_error")


def evaluation_gap(history: History) -> Iterator[Finding]:
    """`evaluation_gap`: accuracy on the probe, or loss, is much worse in evaluation than as in training, at the end.

    Medians of the last snapshots decide, and the last one has to show the gap as well; its figures are those that are written.
    """
    if history.header.get("view") == "evaluation" or np.isnan(history.rows("updates_seen")).all():
        return
    gap = _accuracies(history) or _losses(history)
    if gap is None:
        return
    errors = np.fmax(*(at_end(history.rows(key)) for key in ERRORS))  # a probe of another scale shows in the spread alone
    layer = int(np.nanargmax(errors)) if np.isfinite(errors).any() else None
    mends = _mends(history, gap)
    twice = None if mends else next(two_uses(history), None)  # recomputed statistics fit two places no better
    cause, certainty = _cause(history, errors, mends, twice)
    numbers: dict[str, Any] = {**gap, "recomputed": _mended(history, gap, mends), **_evidence(history)}
    if twice is not None:
        numbers |= {"twice": twice.layer, "calls": twice.numbers["count"], "distance": twice.numbers["distance"]}
    step = numbers.pop("shown")
    name = "" if layer is None else history.name(layer)
    yield Finding("evaluation_gap", history.arm, name, step, certainty, numbers, cause)


def _accuracies(history: History) -> dict[str, object] | None:
    training, evaluation = (float(late(history.numbers(key))) for key in ("probe_accuracy", "evaluation_accuracy"))
    count = history.examples if np.isfinite(history.examples) else 100.0
    both = (np.array([training, evaluation]) * count + 1) / (count + 2)  # as if one more were right and one wrong: never certain
    error = np.sqrt((both * (1 - both)).max() / (count + 2))
    if not training - evaluation > max(LEAST_GAP, STANDARD_ERRORS * error):
        return None
    shown, training, evaluation = _last(history, "accuracy")
    numbers = {
        "training": numerals.percent(training),
        "evaluation": numerals.percent(evaluation),
        "measure": "accuracy",
        "shown": shown,
    }
    return numbers if training - evaluation > LEAST_GAP else None


def _losses(history: History) -> dict[str, object] | None:
    if np.isfinite(history.numbers("probe_accuracy")).any():
        return None  # accuracies have decided
    if history.has_few_examples:
        return None
    training, evaluation = (float(late(history.numbers(key))) for key in ("probe_loss", "evaluation_loss"))
    if not (training > 0 and evaluation > LEAST_RATIO * training):
        return None
    shown, training, evaluation = _last(history, "loss")
    numbers = {"training": numerals.short(training), "evaluation": numerals.short(evaluation), "measure": "loss", "shown": shown}
    return numbers if evaluation > LEAST_RATIO * training else None


def _last(history: History, measure: str) -> tuple[int, float, float]:
    """The last step with a measure of both views, and the measure as in training and in evaluation; all NaN and the last step
    without one."""
    both = np.stack([history.numbers(f"{view}_{measure}") for view in ("probe", "evaluation")])
    known = np.flatnonzero(np.isfinite(both).all(0))
    snapshot = int(known[-1]) if known.size else -1
    training, evaluation = both[:, snapshot]
    return history.steps[snapshot], float(training), float(evaluation)


def _mends(history: History, gap: dict[str, object]) -> bool | None:
    """Whether recomputed statistics close more than half of the gap; None where they were not recorded."""
    views = (float(late(history.numbers(f"{view}_{gap['measure']}"))) for view in ("recomputed", "probe", "evaluation"))
    recomputed, training, evaluation = views
    return None if np.isnan(recomputed) else abs(recomputed - training) < abs(evaluation - training) / 2


def _mended(history: History, gap: dict[str, object], mends: bool | None) -> str:
    """What recomputed statistics give, in words."""
    if mends is None:
        return "Recomputed statistics were not recorded: pass recompute=loader to see them."
    value = float(at_end(history.numbers(f"recomputed_{gap['measure']}")))
    written = numerals.percent(value) if gap["measure"] == "accuracy" else numerals.short(value)
    return f"With recomputed statistics it is {written}, so they {'repair it' if mends else 'do not repair it'}."


def _evidence(history: History) -> dict[str, object]:
    """The numbers that tell causes apart, as they are written."""
    largest = [_largest(at_end(history.rows(key))) for key in ERRORS]
    error, spread = ("?" if np.isnan(one) else numerals.short(one) for one in largest)
    return {
        "error": error,
        "spread": spread,
        "updates": numerals.count(_largest(history.rows("updates_seen")[-1])),
        "kept": numerals.percent(_cold(history)),
        "together": numerals.count(_smallest(late(history.rows("normalized_together")))),
        "update": numerals.short(_largest(late(history.rows("update_ratio")))),
    }


def _cause(history: History, errors: np.ndarray, mends: bool | None, twice: Finding | None) -> tuple[str, Certainty]:
    """The first cause that the numbers allow, and how certain that is. `mends` is whether recomputed statistics close the gap,
    and `twice` a batch norm for two places."""
    are_far = _largest(errors) > FAR
    if _cold(history) > COLD:
        return "cold", "likely"
    if twice is not None:
        return "two_uses", "likely"
    if _smallest(late(history.rows("normalized_together"))) <= FEW:
        return "noisy", "likely"
    if mends is False and are_far:  # statistics of the training data as they are now do not fit the probe
        return "unlike", "likely"
    if _largest(late(history.rows("update_ratio"))) > FAST and mends is not False:
        return ("fast_or_unlike" if are_far and mends is None else "fast"), "possible"
    if not are_far:
        return "other", "possible"
    return ("stale", "likely") if mends else ("unlike", "possible")


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
