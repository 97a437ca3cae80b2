"""The same histograms for TensorBoard, for people who have their habits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import numpy as np

from bnviz.record.ndjson import TAPS
from bnviz.recorder.layers import Layer

SCORES = ("train_loss", "probe_loss", "evaluation_loss", "recomputed_loss", "probe_accuracy", "evaluation_accuracy")


class Writer(Protocol):
    """The part of `torch.utils.tensorboard.SummaryWriter` that is used."""

    def add_histogram_raw(self, tag: str, **values: Any) -> None: ...
    def add_scalar(self, tag: str, value: float, global_step: int) -> None: ...


def write_snapshot(
    writer: Writer, layers: Sequence[Layer], edges: Sequence[Sequence[np.ndarray]], snapshot: Mapping[str, Any]
) -> None:
    """Write a snapshot's histograms, as `arm/layer/tap`, and its losses and accuracies, as `arm/loss`."""
    for arm, part in snapshot["arms"].items():
        for key in SCORES:
            if part.get(key) is not None:
                writer.add_scalar(f"{arm}/{key}", part[key], snapshot["step"])
        for number, layer in enumerate(layers if "counts" in part else ()):
            name = f"{arm}/{layer.name}" + (f".{layer.repeat}" if layer.repeat else "")
            for tap, borders in zip(TAPS, edges[number], strict=True):
                values = _histogram(part, tap, number, borders)
                writer.add_histogram_raw(f"{name}/{tap}", **values, global_step=snapshot["step"])


def _histogram(part: Mapping[str, Any], tap: str, layer: int, edges: np.ndarray) -> dict[str, Any]:
    """One layer's histogram as TensorBoard has it: tails are bins of their own; sums follow from mean and standard deviation."""
    tails = [int(part[key][tap][layer]) for key in ("underflow", "overflow")]
    counts = [tails[0], *part["counts"][tap][layer].tolist(), tails[1]]
    number, mean, std = sum(counts), float(part["mean"][tap][layer]), float(part["std"][tap][layer])
    reach = float(edges[-1] - edges[0])
    return {
        **{"min": float(edges[0]) - reach * bool(tails[0]), "max": float(edges[-1]) + reach * bool(tails[1]), "num": number},
        **{"sum": mean * number, "sum_squares": (mean**2 + std**2) * number},
        **{"bucket_limits": [*edges.tolist(), float(edges[-1]) + reach], "bucket_counts": counts},
    }
