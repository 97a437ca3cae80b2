"""Distributions of one arm on the probe: what most of a snapshot says."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bnviz.config.experiment import WATCHED_UNITS, Experiment
from bnviz.measures import statistics
from bnviz.nets.network import ACTIVATIONS, Taps
from bnviz.record.ndjson import TAPS, rounded, smallest_type

BINS = 48
LINEAR_RANGE = (-8.0, 8.0)
ACTIVATION_RANGE = {"relu": (0.0, 8.0), "tanh": (-1.0, 1.0), "sigmoid": (0.0, 1.0), "identity": LINEAR_RANGE}


def bin_edges(experiment: Experiment) -> dict[str, np.ndarray]:
    """Histogram edges [BINS + 1] of every tap: one set for both arms and all steps, so that pictures can be compared."""
    ranges = {"linear": LINEAR_RANGE, "normalized": LINEAR_RANGE, "activation": ACTIVATION_RANGE[experiment.activation]}
    return {tap: np.linspace(*ranges[tap], BINS + 1, dtype=np.float32) for tap in TAPS}


class Probe:
    """Distributions of one arm on the probe, normalized with the probe's own statistics (the training view)."""

    def __init__(self, experiment: Experiment):
        edges = bin_edges(experiment)
        self.edges = [edges[tap] for tap in TAPS]
        self.shape = experiment.hidden_layers, experiment.width, experiment.probe_size
        self.activation = ACTIVATIONS[experiment.activation]
        self.first: tuple[np.ndarray, np.ndarray] | None = None
        self.previous: tuple[np.ndarray, np.ndarray] | None = None

    def from_first(self) -> Probe:
        """A probe that remembers the first distributions alone; they are never written to, so both have the same."""
        other = copy.copy(self)
        other.previous = None
        return other

    def measure(self, taps: Taps) -> dict[str, Any]:
        """All measures of a forward pass over the probe, for the taps that differ (see `by_tap`)."""
        self.same = self._are_same(*taps[0][:2])
        inputs = 1 if self.same else 2  # taps before the nonlinearity
        ordered = np.empty((inputs + 1, *self.shape), np.float32)
        for layer, outputs in enumerate(taps):
            for tap in range(inputs):
                with np.errstate(over="ignore"):  # of a network in double precision that diverges
                    ordered[tap, layer] = outputs[tap].numpy().T
        ordered[:-1].sort(axis=-1)
        ordered[-1] = self._activated(ordered[-2])  # nonlinearities are monotone, so this needs no sort
        return self._shapes(ordered) | self._histograms(ordered)

    def _are_same(self, linear: Tensor, normalized: Tensor) -> bool:
        """Whether two taps are one: nothing is normalized, and nothing was before. Else references of two taps become three."""
        if linear.data_ptr() == normalized.data_ptr() and (self.first is None or len(self.first[0]) == 2):
            return True
        self.first, self.previous = (_all_taps(reference) for reference in (self.first, self.previous))
        return False

    def _activated(self, values: np.ndarray) -> np.ndarray:
        return self.activation(torch.from_numpy(values)).numpy()

    @property
    def kept(self) -> list[int]:
        """Places of the taps that differ."""
        return [0, 2] if self.same else [0, 1, 2]

    def _shapes(self, ordered: np.ndarray) -> dict[str, Any]:
        """Moments and shifts of values [taps, layers, width, probe] sorted along the last axis."""
        self.mean, self.std = statistics.moments(ordered)
        now = ordered, self.std
        self.first, previous, self.previous = self.first or now, self.previous or now, now
        mean, std = statistics.pooled_moments(self.mean, self.std)
        arrays = {
            "mean": mean,
            "std": std,
            "shift_from_first": statistics.shift(ordered, *self.first),
            "shift_step": statistics.shift(ordered, *previous),
            "unit_mean": rounded(self.mean),
            "unit_std": rounded(self.std),
        }
        return {key: self.by_tap(array.astype(np.float32)) for key, array in arrays.items()}

    def _histograms(self, ordered: np.ndarray) -> dict[str, Any]:
        """Histograms of values [taps, layers, width, probe] sorted along the last axis: of watched units, and of all together."""
        units = [statistics.histogram(values, self.edges[tap]) for tap, values in zip(self.kept, ordered, strict=True)]
        pooled = [part.pooled() for part in units]
        size = self.shape[1] * self.shape[2]
        count = np.uint16 if size <= np.iinfo(np.uint16).max else np.uint32
        result = {key: self.by_tap([getattr(part, key).astype(count) for part in pooled]) for key in statistics.Histogram._fields}
        result["percentiles"] = self.by_tap(self._percentiles(ordered.reshape(*ordered.shape[:2], size), pooled))
        result["unit_counts"] = self.by_tap([smallest_type(part.counts[:, :WATCHED_UNITS]) for part in units])
        result["unit_zeros"] = self.by_tap([part.zeros[:, :WATCHED_UNITS].astype(np.uint16) for part in units])
        return result

    def _percentiles(self, values: np.ndarray, found: list[statistics.Histogram]) -> np.ndarray:
        """Percentiles [taps, layers, percentiles] of values [taps, layers, n]; the last tap's follow from those before it."""
        inputs = zip(self.kept[:-1], values, found, strict=False)
        around = [statistics.around_percentiles(rows, self.edges[tap], histogram) for tap, rows, histogram in inputs]
        around = np.array([*around, self._activated(around[-1])])
        return statistics.percentiles(around, values.shape[-1]).astype(np.float32)

    def by_tap(self, arrays: np.ndarray | Sequence[np.ndarray]) -> dict[str, np.ndarray]:
        """Arrays named by tap; what holds for `linear` holds for `normalized` where they are the same."""
        first, *rest = arrays
        return dict(zip(TAPS, (first, first, *rest) if self.same else arrays, strict=True))


def _all_taps(reference: tuple[np.ndarray, np.ndarray] | None) -> tuple[np.ndarray, np.ndarray] | None:
    """Sorted values and standard deviations [taps, …] of all three taps, of which two may have been one."""
    if reference is None or len(reference[0]) == len(TAPS):
        return reference
    ordered, std = reference
    return ordered[[0, 0, 1]], std[[0, 0, 1]]
