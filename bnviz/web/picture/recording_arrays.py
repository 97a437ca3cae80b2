"""What the picture of the two networks shows of a recording, computed once for all of its snapshots: arrays over time.

The same measures as in the browser: bnviz/web/player/motion.js (how far units move, and what that is measured by), feeds.js (the
densities) and fits.js (the range of the axes).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from bnviz.config.experiment import Experiment
from bnviz.judge.intervals import finite_mean
from bnviz.record import ndjson
from bnviz.web.constants import DIVERGED_REACH, OUTLIER_RATIO, RECENT_SNAPSHOTS, TYPICAL_MOTION, UNIT_STEP_PARTS, VISIBLE_SHARE

ARM_KEYS = ("train_loss", "probe_loss", "test_accuracy", "test_loss", "normalizer")  # keys of a network's part of a snapshot
TAP_KEYS = ("unit_mean", "unit_std", "shift_step", "shift_from_first", "counts", "zeros")  # and those that each signal has
EXAMPLE_KEYS = ("example_step_in_training", "unit_example_step")  # and, of the same examples, those that older releases have not


@dataclass(frozen=True)
class ArmSeries:
    """One network over T snapshots, its signal at L layers of W units."""

    motion: np.ndarray  # [T, L, W] how far each unit has moved since the snapshot before, in σ; 0 in the first one
    change: np.ndarray  # [T, L] how far each layer has: `shift_step`, or `example_step_in_training`, in σ
    shift: np.ndarray  # [T, L] shift_from_first, in σ
    heights: np.ndarray  # [T, L, bins] share of the values in each bin, without those of exactly 0, smoothed
    zeros: np.ndarray  # [T, L] share of the values that are exactly 0
    reach: np.ndarray  # [T, 2] lowest and highest value worth an axis; NaN where there is none
    accuracy: np.ndarray  # [T] share of right answers on the test examples; NaN where numbers are predicted
    loss: np.ndarray  # [T] on the test examples
    diverged: np.ndarray  # [T] whether it has diverged
    normalizers: tuple[str, ...]  # [T] what normalizes it


class RecordingArrays:
    """A whole recording, as far as the picture shows it: `tap` is the signal, `motion` what the picture shows the motion of.

    Recordings that have no motion of the same examples show that of distributions.
    """

    def __init__(self, lines: Iterable[bytes], tap: str = "activation", motion: str = "distribution"):
        messages = ndjson.read(lines)
        self.header: Mapping[str, Any] = (header := next(messages))
        self.tap, self.motion = tap, motion
        snapshots = [self._pictured_values(message) for message in messages if message["type"] == "snapshot"]
        self.experiment = Experiment.of_recording(header["experiment"])
        self.arms: tuple[str, str] = tuple(header["arms"][:2])
        if any(EXAMPLE_KEYS[0] not in snapshots[0]["arms"][arm] for arm in self.arms):
            self.motion = "distribution"
        self.edges: np.ndarray = header["edges"][tap]
        self.steps = [snapshot["step"] for snapshot in snapshots]
        self.series = {arm: self._arm_series([snapshot["arms"][arm] for snapshot in snapshots]) for arm in self.arms}
        self._reaches = {
            arm: self.series[arm].reach if arm in self.series else self._reach([one["arms"][arm] for one in snapshots])
            for arm in header["arms"]
        }
        self._diverged = {arm: any(one["arms"][arm]["train_loss"] is None for one in snapshots) for arm in header["arms"]}

    def _pictured_values(self, snapshot: Mapping[str, Any]) -> dict[str, Any]:
        """A snapshot without what no picture shows: a recording may be long."""
        keys = TAP_KEYS if self.motion == "distribution" else (*TAP_KEYS, *EXAMPLE_KEYS)
        arms = {
            arm: {key: values[key] for key in ARM_KEYS} | {key: values[key][self.tap] for key in keys if key in values}
            for arm, values in snapshot["arms"].items()
        }
        return {"step": snapshot["step"], "arms": arms}

    def __len__(self) -> int:
        """How many snapshots there are."""
        return len(self.steps)

    def at(self, step: int) -> int:
        """The number of the first snapshot that is not before `step`; the last one, if there is none."""
        return next((number for number, other in enumerate(self.steps) if other >= step), len(self) - 1)

    def _arm_series(self, arms: list[Mapping[str, Any]]) -> ArmSeries:
        moved, change = self._examples(arms) if self.motion == "example" else self._distributions(arms)
        return ArmSeries(
            motion=moved,
            change=change,
            shift=np.array([arm["shift_from_first"] for arm in arms], dtype=np.float64),
            **self._densities(arms),
            reach=self._reach(arms),
            accuracy=np.array([arm["test_accuracy"] for arm in arms], dtype=np.float64),
            loss=np.array([arm["test_loss"] for arm in arms], dtype=np.float64),
            diverged=np.array([arm["train_loss"] is None or arm["probe_loss"] is None for arm in arms]),
            normalizers=tuple(arm["normalizer"] for arm in arms),
        )

    def _distributions(self, arms: list[Mapping[str, Any]]) -> tuple[np.ndarray, np.ndarray]:
        """How far each unit [T, L, W] and each layer [T, L] has moved as a distribution."""
        mean, std = (np.array([arm[key] for arm in arms], dtype=np.float64) for key in ("unit_mean", "unit_std"))
        return motion(mean, std), np.array([arm["shift_step"] for arm in arms], dtype=np.float64)

    def _examples(self, arms: list[Mapping[str, Any]]) -> tuple[np.ndarray, np.ndarray]:
        """How far what the same examples give has moved at each unit [T, L, W] and each layer [T, L]."""
        whole, shares = (np.array([arm[key] for arm in arms], dtype=np.float64) for key in EXAMPLE_KEYS)
        with np.errstate(invalid="ignore"):  # of a network that has diverged
            return shares / UNIT_STEP_PARTS * whole[..., None], whole

    def _densities(self, arms: list[Mapping[str, Any]]) -> dict[str, np.ndarray]:
        counts = np.array([arm["counts"] for arm in arms], dtype=np.float64)
        zeros = np.array([arm["zeros"] for arm in arms], dtype=np.float64)
        total = self.header["probe_size"] * self.experiment.width
        if 0 <= (bin := np.searchsorted(self.edges, 0, side="right") - 1) < counts.shape[-1]:
            counts[..., bin] -= zeros
        return {"heights": smoothed(counts / total), "zeros": zeros / total}

    def _reach(self, arms: list[Mapping[str, Any]]) -> np.ndarray:
        """[T, 2]: from the first to the last bin that is filled in any layer."""
        counts = np.array([arm["counts"] for arm in arms], dtype=np.float64)
        filled = (counts / np.maximum(counts.sum(-1, keepdims=True), 1) > VISIBLE_SHARE).any(axis=1)  # [T, bins]
        some = filled.any(-1)
        low = np.where(some, self.edges[filled.argmax(-1)], np.nan)
        high = np.where(some, self.edges[filled.shape[-1] - filled[:, ::-1].argmax(-1)], np.nan)
        return np.stack([low, high], axis=-1)

    # What colours, heights and places are measured by: the same in both networks and at every step.

    @cached_property
    def typical_change(self) -> float:
        """What is usual for a layer to move from one snapshot to the next, in σ; a unit's colour is full at twice as much."""
        changes = [series.change[1:] for series in self.series.values()]
        own = [quantile(change, 0.95) for change in changes]
        least, most = min(own), max(own)
        return least if most > OUTLIER_RATIO * max(least, TYPICAL_MOTION) else quantile(np.stack(changes), 0.95)

    @cached_property
    def peak(self) -> float:
        """The height of a tall histogram: the 90th percentile over all of them."""
        return quantile(np.stack([series.heights.max(-1) for series in self.series.values()]), 0.9)

    @cached_property
    def range(self) -> tuple[float, float]:
        """Of the histograms' axis."""
        finite = [arm for arm, reach in self._reaches.items() if np.isfinite(reach).any()]
        if not finite:
            return 0.0, 1.0
        highs = {arm: np.nanmax(self._reaches[arm]) for arm in finite}
        bounded = [highs[arm] for arm in finite if not self._diverged[arm]]
        reach = DIVERGED_REACH * max(bounded) if 0 < len(bounded) < len(finite) else np.inf
        low = max(min(np.nanmin(self._reaches[arm]) for arm in finite), self.edges[0])
        high = max(low, min(max(highs.values()), self.edges[-1], reach))
        room = 0.05 * (high - low) or 0.5
        return float(low - room), float(high + room)

    # The sentences about one snapshot.

    def strength(self, arm: str, number: int) -> np.ndarray:
        """[L, W]: how strong the colour of each unit is, 0…1; NaN where nothing is left to measure."""
        return np.minimum(1, np.sqrt(self.series[arm].motion[number] / (2 * self.typical_change)))

    def score(self, arm: str, number: int) -> tuple[float | None, float]:
        """Test accuracy, None where there is none, and test loss: means over the last few snapshots."""
        series, recent = self.series[arm], slice(max(0, number + 1 - RECENT_SNAPSHOTS), number + 1)
        accuracy, loss = (finite_mean(values[recent]) for values in (series.accuracy, series.loss))
        return (None if np.isnan(accuracy) else accuracy), loss

    def passed_on(self, arm: str, number: int, layer: int) -> float | None:
        """The share of a layer's motion that the next one has shown over the last few snapshots; None if nothing can be said."""
        recent = self.series[arm].change[max(1, number + 1 - RECENT_SNAPSHOTS) : number + 1]
        below, above = recent[:, layer - 1].sum(), recent[:, layer].sum()
        return float(above / below) if below > 0 and np.isfinite(above / below) else None

    @property
    def has_atom(self) -> bool:
        """Whether many values are exactly 0: ReLU's."""
        return self.tap == "activation" and self.experiment.activation == "relu"


def motion(mean: np.ndarray, std: np.ndarray) -> np.ndarray:
    """How far each unit moves from snapshot to snapshot, in σ of its layer in the untrained network; arrays [T, L, W].

    The 2-Wasserstein distance of normal distributions with its means and standard deviations (Dowson & Landau 1982).
    """
    with np.errstate(over="ignore", invalid="ignore"):
        scale = np.sqrt((std[0] ** 2).mean(-1, keepdims=True))
        scale[scale == 0] = 1
        distance = np.hypot(np.diff(mean, axis=0), np.diff(std, axis=0)) / scale
    return np.concatenate([np.zeros_like(mean[:1]), distance])


def smoothed(heights: np.ndarray) -> np.ndarray:
    """[…, bins], each averaged with its neighbours in the shares 1/4, 1/2, 1/4."""
    padded = np.concatenate([heights[..., :1], heights, heights[..., -1:]], axis=-1)
    return (padded[..., :-2] + 2 * heights + padded[..., 2:]) / 4


def quantile(values: np.ndarray, share: float) -> float:
    """The quantile of the finite values; 1 if there are none, or if it is 0: something is divided by it."""
    finite = values[np.isfinite(values)]
    return float(np.quantile(finite, share)) or 1.0 if finite.size else 1.0
