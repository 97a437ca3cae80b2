"""Which examples a number of a chart was measured on: its label says so last."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bnviz.web.words import shared

# By key of the recording, or else by kind of drawing. What is learnt, set or computed is of no examples.
_MEASURED = {
    "training": ("train_loss", "gradient_norm", "cost", "gap"),
    "test": (
        "test_loss", "test_accuracy", "minibatch_accuracy", "minibatch_loss", "running_accuracy", "running_loss",
        "recomputed_accuracy", "recomputed_loss", "remedies", "coat_recall", "coat_recall_recomputed", "coat-steps",
        "coat-inputs", "coat_shift", "coat_shift_recomputed",
    ),
    "probe": ("unit_mean", "percentile", "band", "mean_range", "std_range", "shift_from_first", "shift_step", "moved"),
    "next": ("gradient_shift", "gradient_shift_relative", "gradient_cosine"),
    "against_probe": ("mean_noise", "minibatch"),
    "against_training": ("mean_error", "std_error"),
    "one": ("example-dots", "prediction-dots", "example-scatter", "prediction-scatter"),
    "drawn": ("mean_sd", "mean_sd_theory", "variance_sd", "variance_sd_theory"),
}  # fmt: skip
_WORDS = {name: word for word, names in _MEASURED.items() for name in names}


def with_examples(trace: Mapping[str, Any]) -> dict[str, Any]:
    """The trace; its label, if it has one, says which examples its numbers are of."""
    feed, label = trace.get("feed", {}), trace.get("hovertemplate", "")
    word = _WORDS.get(feed.get("key"), _WORDS.get(feed.get("kind")))
    return labelled(trace, shared()["examples"][word]) if label and word else {**trace}


def labelled(trace: Mapping[str, Any], examples: str) -> dict[str, Any]:
    """The trace; its label, if it has one, says in its last line which `examples` its numbers are of."""
    label = trace.get("hovertemplate", "")
    return {**trace, "hovertemplate": label.replace("<extra>", f"<br>{examples}<extra>")} if label else {**trace}
