"""Distributions of every layer's recorded units, and how far they have moved: what the lab measures, for layers of any width."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from bnviz.config.experiment import BINS, PERCENTILES, WATCHED_UNITS
from bnviz.measures import statistics
from bnviz.record.ndjson import TAPS, rounded, smallest_type
from bnviz.recorder.edges import bin_edges
from bnviz.recorder.layers import Layer

PARTS = 64  # of a layer's root mean square, to which unit means are rounded: with 512 values a third of their sampling error
SATURATED = 0.02  # of the spread of what goes into a nonlinearity, that is left behind it
ByTap = Sequence[np.ndarray] | np.ndarray  # an array for each tap
Edges = list[list[np.ndarray]]  # by layer and tap: [bins + 1]


class Ordered(NamedTuple):
    """A layer's values [taps, units, values], sorted along the last axis, their mean and standard deviation [taps, units]."""

    values: np.ndarray
    mean: np.ndarray
    std: np.ndarray


def layer_edges(observed: Sequence[Mapping[int, np.ndarray]], layers: Sequence[Layer]) -> Edges:
    """The edges for every layer and tap, from the values of all arms in the untrained network."""

    def edges(number: int, tap: int) -> np.ndarray:
        parts = [_three_taps(arm[number])[tap].ravel() for arm in observed if number in arm]
        return bin_edges(np.concatenate(parts) if parts else np.empty(0))

    return [[edges(number, tap) for tap in range(len(TAPS))] for number in range(len(layers))]


def _three_taps(values: np.ndarray) -> np.ndarray:
    """With `linear` twice where it is `normalized`, too."""
    return values if len(values) == len(TAPS) else values[[0, 0, 1]]


@dataclass(frozen=True)
class Sizes:
    """Sizes of an arm's arrays: layers, the largest number of recorded units, and of watched ones."""

    layers: int
    width: int

    @classmethod
    def of(cls, layers: Sequence[Layer]) -> Sizes:
        """For these layers."""
        return cls(len(layers), max(len(layer.units) for layer in layers))

    @property
    def watched(self) -> int:
        return min(WATCHED_UNITS, self.width)

    def empty(self) -> dict[str, Any]:
        """A snapshot's keys of distributions as of layers that nothing is known of: NaN, and no value counted."""
        layers, width, watched = self.layers, self.width, self.watched
        numbers = dict.fromkeys(("mean", "std", "shift_from_first", "shift_step"), (layers,))
        numbers |= {"percentiles": (layers, len(PERCENTILES)), "unit_mean": (layers, width), "unit_std": (layers, width)}
        counts = dict.fromkeys(("underflow", "overflow", "nonfinite", "zeros"), (layers,))
        counts |= {"counts": (layers, BINS), "unit_counts": (layers, watched, BINS), "unit_zeros": (layers, watched)}
        arrays = {key: (shape, np.nan, np.float32) for key, shape in numbers.items()}
        arrays |= {key: (shape, 0, np.uint32) for key, shape in counts.items()}
        units = {key: np.full(layers, np.nan, np.float32) for key in ("dead_units", "saturated_units")}
        return units | {key: {tap: np.full(*one) for tap in TAPS} for key, one in arrays.items()}


class DistributionHistory:
    """Remembers an arm's distributions: those of the first snapshot and of the one before."""

    def __init__(self, layers: Sequence[Layer], edges: Edges):
        self._sizes, self._edges = Sizes.of(layers), edges
        self._first: dict[int, Ordered] = {}
        self._previous: dict[int, Ordered] = {}

    def measure(self, values: Mapping[int, np.ndarray]) -> dict[str, Any]:
        """A snapshot's keys for these values, by the layer's number [taps, units, values]; they become those before."""
        result = self._sizes.empty()
        for number, raw in values.items():
            current = _ordered(raw)
            first, previous = self._first.setdefault(number, current), self._previous.get(number, current)
            self._previous[number] = current
            self._fill(result, number, _moments_and_shifts(first, previous, current))
            self._fill(result, number, self._histograms(number, current))
            result["dead_units"][number], result["saturated_units"][number] = _idle_units(current)
        for key in ("counts", "underflow", "overflow", "nonfinite", "zeros", "unit_counts", "unit_zeros"):
            result[key] = {tap: smallest_type(array) for tap, array in result[key].items()}
        return result

    def _fill(self, result: dict[str, Any], number: int, keys: Mapping[str, ByTap]) -> None:
        """Put a layer's arrays, one for each tap, into those of all layers."""
        for key, by_tap in keys.items():
            for tap, array in zip(TAPS, by_tap, strict=True):
                row = result[key][tap]
                row[(number, *(slice(0, length) for length in np.shape(array)))] = array

    def _histograms(self, number: int, current: Ordered) -> dict[str, Sequence[np.ndarray]]:
        parts = [self._histogram(rows, self._edges[number][tap]) for tap, rows in _by_tap(current.values)]
        if len(parts) < len(TAPS):
            parts.insert(0, parts[0])
        return {key: [part[key] for part in parts] for key in parts[0]}

    def _histogram(self, rows: np.ndarray, edges: np.ndarray) -> dict[str, np.ndarray]:
        """Of one tap's values [units, values]: of all units together, of the watched ones, and percentiles."""
        units = statistics.histogram(rows, edges)
        pooled, watched = units.pooled(), self._sizes.watched
        one_row = statistics.Histogram(*(np.asarray(part)[None] for part in pooled))
        neighbours = statistics.percentile_neighbours(rows.reshape(1, -1), edges, one_row)
        result = dict(zip(statistics.Histogram._fields, pooled, strict=True))
        result["percentiles"] = statistics.percentiles(neighbours, rows.size)[0]
        return result | {"unit_counts": units.counts[:watched], "unit_zeros": units.zeros[:watched]}


def _ordered(values: np.ndarray) -> Ordered:
    values = np.sort(values, axis=-1)
    return Ordered(values, *statistics.moments(values))


def _by_tap(values: np.ndarray) -> list[tuple[int, np.ndarray]]:
    """Arrays with the number of their tap."""
    return list(zip((0, 2) if len(values) < len(TAPS) else (0, 1, 2), values, strict=True))


def _idle_units(current: Ordered) -> tuple[float, float]:
    """The shares of units that are dead, 0 for all examples, and saturated, almost the same for all though their input is not."""
    activation = current.values[-1]
    is_dead = (activation[:, 0] == 0) & (activation[:, -1] == 0)
    is_saturated = ~is_dead & (current.std[-2] > 0) & (current.std[-1] < SATURATED * current.std[-2])
    return float(is_dead.mean()), float(is_saturated.mean())


def _moments_and_shifts(first: Ordered, previous: Ordered, current: Ordered) -> dict[str, np.ndarray]:
    mean, std = statistics.pooled_moments(current.mean, current.std)
    arrays = {
        "mean": mean,
        "std": std,
        "shift_from_first": statistics.shift(current.values, first.values, first.std),
        "shift_step": statistics.shift(current.values, previous.values, previous.std),
        "unit_mean": rounded(current.mean, PARTS),
        "unit_std": rounded(current.std, PARTS),
    }
    return {key: _three_taps(array) for key, array in arrays.items()}
