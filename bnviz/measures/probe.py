"""Distributions of one arm on the probe: most of a snapshot."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import torch

from bnviz.config.experiment import BINS, WATCHED_UNITS, Experiment
from bnviz.measures import statistics
from bnviz.measures.context import Distributions
from bnviz.nets.network import ACTIVATIONS, Taps
from bnviz.record.ndjson import TAPS, rounded, smallest_type

LINEAR_RANGE = (-8.0, 8.0)
ACTIVATION_RANGE = {"relu": (0.0, 8.0), "tanh": (-1.0, 1.0), "sigmoid": (0.0, 1.0), "identity": LINEAR_RANGE}


def bin_edges(experiment: Experiment) -> dict[str, np.ndarray]:
    """Histogram edges [BINS + 1] of every tap, the same for both arms and all steps, so that histograms can be compared."""
    ranges = {"linear": LINEAR_RANGE, "normalized": LINEAR_RANGE, "activation": ACTIVATION_RANGE[experiment.activation]}
    return {tap: np.linspace(*ranges[tap], BINS + 1, dtype=np.float32) for tap in TAPS}


class History(NamedTuple):
    """Distributions in the untrained network, at the snapshot before, and now."""

    first: Distributions
    previous: Distributions
    current: Distributions


class Probe:
    """Remembers the distributions of one arm on the probe, normalized with the probe's own statistics (the training view)."""

    def __init__(self, experiment: Experiment, first: Distributions | None = None):
        edges = bin_edges(experiment)
        self.edges = [edges[tap] for tap in TAPS]
        self.experiment = experiment
        self.shape = experiment.hidden_layers, experiment.width, experiment.probe_size
        self.activation = ACTIVATIONS[experiment.activation]
        self.first, self.current = first, None

    def from_first(self) -> Probe:
        """A probe that remembers the first distributions alone; arrays are never written to, so both have the same."""
        return Probe(self.experiment, self.first)

    def observe(self, taps: Taps) -> History:
        """The distributions after a forward pass over the probe, which become the current ones, beside those before them."""
        current = self._distributions(taps, 2 if self._is_one_tap(taps) else 3)
        first, previous = self.first or current, self.current or current
        if len(current.values) == 3:  # something is normalized by now
            first, previous = first.with_all_taps(), previous.with_all_taps()
        self.first, self.current = first, current
        return History(first, previous, current)

    def _is_one_tap(self, taps: Taps) -> bool:
        """Whether `linear` and `normalized` are one tap: nothing is normalized, and nothing was before."""
        same = taps[0].linear.data_ptr() == taps[0].normalized.data_ptr()
        return same and (self.first is None or len(self.first.values) == 2)

    def _distributions(self, taps: Taps, count: int) -> Distributions:
        """Of the `count` taps that differ."""
        values = np.empty((count, *self.shape), np.float32)
        for layer, outputs in enumerate(taps):
            for tap in range(count - 1):  # those before the nonlinearity
                with np.errstate(over="ignore"):  # of a network in double precision that diverges
                    values[tap, layer] = outputs[tap].numpy().T
        values[:-1].sort(axis=-1)
        values[-1] = self._activated(values[-2])  # nonlinearities are monotone, so this needs no sort
        return Distributions(values, *statistics.moments(values))

    def _activated(self, values: np.ndarray) -> np.ndarray:
        return self.activation(torch.from_numpy(values)).numpy()

    def measure(self, history: History) -> dict[str, Any]:
        """A snapshot's keys of the current distributions, and of how far they have moved."""
        return self._moments_and_shifts(history) | self._histograms(history.current)

    def _moments_and_shifts(self, history: History) -> dict[str, Any]:
        first, previous, current = history
        mean, std = statistics.pooled_moments(current.mean, current.std)
        arrays = {
            "mean": mean,
            "std": std,
            "shift_from_first": statistics.shift(current.values, first.values, first.std),
            "shift_step": statistics.shift(current.values, previous.values, previous.std),
            "unit_mean": rounded(current.mean),
            "unit_std": rounded(current.std),
        }
        return {key: current.by_tap(array.astype(np.float32)) for key, array in arrays.items()}

    def _histograms(self, current: Distributions) -> dict[str, Any]:
        """Histograms of watched units, and of all units together with their percentiles."""
        by_tap, values = current.by_tap, current.values
        units = [statistics.histogram(rows, self.edges[tap]) for tap, rows in zip(current.tap_indices, values, strict=True)]
        pooled = [part.pooled() for part in units]
        size = self.shape[1] * self.shape[2]
        count = np.uint16 if size <= np.iinfo(np.uint16).max else np.uint32
        result = {key: by_tap([getattr(part, key).astype(count) for part in pooled]) for key in statistics.Histogram._fields}
        rows = values.reshape(*values.shape[:2], size)
        result["percentiles"] = by_tap(self._percentiles(rows, pooled, current.tap_indices))
        result["unit_counts"] = by_tap([smallest_type(part.counts[:, :WATCHED_UNITS]) for part in units])
        result["unit_zeros"] = by_tap([part.zeros[:, :WATCHED_UNITS].astype(np.uint16) for part in units])
        return result

    def _percentiles(self, values: np.ndarray, histograms: list[statistics.Histogram], taps: list[int]) -> np.ndarray:
        """Percentiles [taps, layers, percentiles] of values [taps, layers, n]; the last tap's follow from those before it."""
        inputs = zip(taps[:-1], values, histograms, strict=False)
        neighbours = [statistics.percentile_neighbours(rows, self.edges[tap], histogram) for tap, rows, histogram in inputs]
        neighbours = np.array([*neighbours, self._activated(neighbours[-1])])
        return statistics.percentiles(neighbours, values.shape[-1]).astype(np.float32)
