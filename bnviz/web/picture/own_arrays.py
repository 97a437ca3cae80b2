"""What the picture of a user's own network shows of a recording, computed once for all of its snapshots: arrays over time.

Its arms, layers and measures are those that the recording has; what is missing is NaN, as in a layer that is narrower.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bnviz.record import ndjson
from bnviz.web.constants import VISIBLE_SHARE
from bnviz.web.picture.own_layers import layers_of
from bnviz.web.picture.recording_arrays import motion, quantile, smoothed

FULL_COLOUR = 0.9  # of the movements so far are paler than the strongest colour
SCORES = {  # keys of a snapshot: by view, then by what a picture calls it
    view: {score: f"{key}_{score}" for score in ("loss", "accuracy")}
    for view, key in (("training", "probe"), ("evaluation", "evaluation"))
}
KEYS = ("unit_mean", "unit_std", "shift_step", "shift_from_first", "counts", "zeros", "nonfinite")  # of each signal


@dataclass(frozen=True)
class OwnSeries:
    """One network over T snapshots, its signal at L layers of at most W units. What was not measured is NaN."""

    motion: np.ndarray  # [T, L, W] how far each unit has moved since the snapshot before, in σ of its layer at first
    step: np.ndarray  # [T, L] shift_step
    shift: np.ndarray  # [T, L] shift_from_first
    heights: np.ndarray  # [T, L, bins] share of the values in a part of each bin that is as wide as the narrowest, smoothed
    lost: np.ndarray  # [T, L] values that are not finite
    scores: Mapping[str, Mapping[str, np.ndarray]]  # [T] loss and accuracy on the probe, by view: as in SCORES


class OwnArrays:
    """A recording of a user's own network, as far as its picture shows it: `tap` is the signal."""

    def __init__(self, lines: Iterable[bytes], tap: str = "activation"):
        messages = ndjson.read(lines)
        self.header: Mapping[str, Any] = (header := next(messages))
        self.tap, self.layers, self.edges = tap, header["layers"], np.asarray(header["edges"][tap], np.float64)
        snapshots = [self._kept(message) for message in messages if message["type"] == "snapshot"]
        if not snapshots:
            raise ValueError("it has no snapshots")
        self.steps = [int(snapshot["step"]) for snapshot in snapshots]
        self.arms: list[str] = list(header["arms"])
        self.arm_layers = {arm: layers_of(header, arm) for arm in self.arms}
        self.series = {arm: self._series([snapshot[arm] for snapshot in snapshots]) for arm in self.arms}
        steps = np.concatenate([series.step[1:].ravel() for series in self.series.values()])
        self.far = quantile(steps, FULL_COLOUR)  # σ: the movement of a layer that has the strongest colour

    def _kept(self, snapshot: Mapping[str, Any]) -> dict[str, Any]:
        """A snapshot without what no picture shows: a recording may be long."""
        arms = {
            arm: {key: part[key][self.tap] for key in KEYS if key in part}
            | {key: part.get(key) for keys in SCORES.values() for key in keys.values()}
            for arm, part in snapshot["arms"].items()
        }
        return {"step": snapshot["step"], **arms}

    def __len__(self) -> int:
        """How many snapshots there are."""
        return len(self.steps)

    def at(self, step: int) -> int:
        """The number of the first snapshot that is not before `step`; the last one, if there is none."""
        return next((number for number, other in enumerate(self.steps) if other >= step), len(self) - 1)

    def _series(self, parts: Sequence[Mapping[str, Any]]) -> OwnSeries:
        layers, bins = self.edges.shape[0], self.edges.shape[1] - 1
        width = max(len(layer["units"]) for layer in self.layers)
        mean, std = (_stacked(parts, key, (layers, width)) for key in ("unit_mean", "unit_std"))
        counts, zeros = _stacked(parts, "counts", (layers, bins)), _stacked(parts, "zeros", (layers,))
        return OwnSeries(
            motion=self._motions(mean, std),
            step=_stacked(parts, "shift_step", (layers,)),
            shift=_stacked(parts, "shift_from_first", (layers,)),
            heights=smoothed(self._densities(counts, zeros)),
            lost=np.nan_to_num(_stacked(parts, "nonfinite", (layers,))),
            scores={view: {score: _numbers(parts, key) for score, key in keys.items()} for view, keys in self._scores().items()},
        )

    def _scores(self) -> Mapping[str, Mapping[str, str]]:
        """SCORES, without the training view where the probe cannot be seen in it, as a single example with batch norm."""
        return {view: keys for view, keys in SCORES.items() if view == "evaluation" or self.header.get("view") != "evaluation"}

    def _motions(self, mean: np.ndarray, std: np.ndarray) -> np.ndarray:
        """How far units move, of their means and standard deviations, all [T, L, W]: layers may be of different widths."""
        moved = np.full_like(mean, np.nan)
        for number, layer in enumerate(self.layers):
            units = np.s_[:, number : number + 1, : len(layer["units"])]
            moved[units] = motion(mean[units], std[units])
        return moved

    def _densities(self, counts: np.ndarray, zeros: np.ndarray) -> np.ndarray:
        """Shares of all values [T, L, bins], those of exactly 0 left out, from counts [T, L, bins] and zeros [T, L]."""
        widths, counts = np.diff(self.edges), counts.copy()
        for number, edges in enumerate(self.edges):
            if 0 <= (place := np.searchsorted(edges, 0, side="right") - 1) < counts.shape[-1]:
                counts[:, number, place] -= zeros[:, number]
        totals = np.array([self._total(layer) for layer in self.layers])
        return counts * (widths.min(1, keepdims=True) / widths) / np.maximum(totals, 1)[:, None]

    def _total(self, layer: Mapping[str, Any]) -> int:
        """How many values of a layer are recorded, all units together."""
        taps = layer.get("tap_values") or [layer["values"]] * len(ndjson.TAPS)
        return taps[ndjson.TAPS.index(self.tap)] * len(layer["units"])

    # What colours, heights and places are measured by: the same for all networks and at every step.

    def window(self, layer: int, most: int) -> list[int]:
        """The layer, counted from 1, and its neighbours: at most so many."""
        count = min(most, len(self.layers))
        first = max(1, min(layer - count // 2, len(self.layers) - count + 1))
        return list(range(first, first + count))

    def range(self, layer: int) -> tuple[float, float]:
        """Of the axis of a layer's histograms: from the first to the last bin that is filled at any step in any network."""
        heights = np.stack([series.heights[:, layer - 1] for series in self.series.values()])
        filled = np.flatnonzero((heights > VISIBLE_SHARE / 4).any((0, 1)))  # wide bins have low shares of their narrow parts
        edges = self.edges[layer - 1]
        return (float(edges[filled[0]]), float(edges[filled[-1] + 1])) if filled.size else (float(edges[0]), float(edges[-1]))

    def peak(self, layer: int) -> float:
        """The height of a tall histogram of a layer: the 90th percentile over snapshots and networks."""
        return quantile(np.stack([series.heights[:, layer - 1].max(-1) for series in self.series.values()]), 0.9)


def _stacked(parts: Sequence[Mapping[str, Any]], key: str, shape: tuple[int, ...]) -> np.ndarray:
    """A measure over snapshots [T, …], NaN where it is missing."""
    missing = np.full(shape, np.nan)
    return np.stack([np.asarray(part[key], np.float64) if key in part else missing for part in parts])


def _numbers(parts: Sequence[Mapping[str, Any]], key: str) -> np.ndarray:
    """A single number over snapshots [T], NaN where there is none."""
    return np.array([np.nan if part[key] is None else part[key] for part in parts], np.float64)
