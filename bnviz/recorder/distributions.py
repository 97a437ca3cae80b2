"""Distributions of every layer's recorded units, and how far they have moved: what the lab measures, for layers of any width."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from bnviz.config.experiment import BINS, PERCENTILES, WATCHED_UNITS
from bnviz.measures import statistics
from bnviz.record.ndjson import TAPS, rounded, smallest_type
from bnviz.recorder.bounds import share_at_bounds
from bnviz.recorder.edges import bin_edges
from bnviz.recorder.layers import Layer
from bnviz.recorder.observation import ByTap
from bnviz.recorder.shifts import Ordered, ordered, shift

PARTS = 64  # of a layer's root mean square, to which unit means are rounded: with 512 values a third of their sampling error
SATURATED = 0.02  # of the spread of what goes into a nonlinearity, that is left behind it
VARIED = 0.1  # of a unit's root mean square, that it spreads by at least where it differs between examples
APART = 1e-3  # of a unit's spread, between neighbouring values that a slope can be told from
Edges = list[list[np.ndarray]]  # by layer and tap: [bins + 1]


OrderedTaps = tuple[Ordered, Ordered, Ordered]


def layer_edges(observed: Sequence[Mapping[int, ByTap]], layers: Sequence[Layer]) -> Edges:
    """The edges for every layer and tap, from the values of all arms in the untrained network."""

    def edges(number: int, tap: int) -> np.ndarray:
        parts = [arm[number][tap].ravel() for arm in observed if number in arm]
        return bin_edges(np.concatenate(parts) if parts else np.empty(0))

    return [[edges(number, tap) for tap in range(len(TAPS))] for number in range(len(layers))]


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
        self._layers, self._sizes, self._edges = layers, Sizes.of(layers), edges
        self._first: dict[int, OrderedTaps] = {}
        self._previous: dict[int, OrderedTaps] = {}

    def measure(self, values: Mapping[int, ByTap], dead: Mapping[int, np.ndarray]) -> dict[str, Any]:
        """A snapshot's keys for these values, by the layer's number and tap [units, values]; they become those before. `dead`
        says by layer which units are [units]; behind a mask, as of dropout, the share of such and of those at bounds is left
        open: NaN. Units at bounds are missing where no layer has any."""
        result = self._sizes.empty()
        if any(layer.bounds for layer in self._layers):
            result["units_at_bounds"] = np.full(len(self._layers), np.nan, np.float32)
        for number, raw in values.items():
            layer = self._layers[number]
            current = _ordered(raw, layer)
            first, previous = self._first.setdefault(number, current), self._previous.get(number, current)
            self._previous[number] = current
            for tap, keys in enumerate(self._measured(number, first, previous, current)):
                _fill(result, number, TAPS[tap], keys)
            if not layer.is_masked:
                result["dead_units"][number] = float(dead[number].mean())
                if layer.bounds:
                    result["units_at_bounds"][number] = share_at_bounds(current[-1].values, layer.bounds)
            if layer.is_pointwise:
                result["saturated_units"][number] = float(_are_saturated(current).mean())
        for key in ("counts", "underflow", "overflow", "nonfinite", "zeros", "unit_counts", "unit_zeros"):
            result[key] = {tap: smallest_type(array) for tap, array in result[key].items()}
        return result

    def _measured(self, number: int, *taps: OrderedTaps) -> list[dict[str, np.ndarray]]:
        """A layer's keys at each tap, from what it was at first, before, and is now. What is one tap twice is measured once."""
        keys: list[dict[str, np.ndarray]] = []
        edges = self._edges[number]
        for tap, (first, previous, current) in enumerate(zip(*taps, strict=True)):
            if tap and current is taps[-1][tap - 1] and np.array_equal(edges[tap - 1], edges[tap]):
                keys.append(keys[-1])
            else:
                keys.append(_moments_and_shifts(first, previous, current) | self._histogram(current.values, edges[tap]))
        return keys

    def _histogram(self, rows: np.ndarray, edges: np.ndarray) -> dict[str, np.ndarray]:
        """Of one tap's values [units, values]: of all units together, of the watched ones, and percentiles."""
        units = statistics.histogram(rows, edges)
        pooled, watched = units.pooled(), self._sizes.watched
        one_row = statistics.Histogram(*(np.asarray(part)[None] for part in pooled))
        neighbours = statistics.percentile_neighbours(rows.reshape(1, -1), edges, one_row)
        result = dict(zip(statistics.Histogram._fields, pooled, strict=True))
        result["percentiles"] = statistics.percentiles(neighbours, rows.size)[0]
        return result | {"unit_counts": units.counts[:watched], "unit_zeros": units.zeros[:watched]}


def _fill(result: dict[str, Any], number: int, tap: str, keys: Mapping[str, np.ndarray]) -> None:
    """Put a layer's arrays at a tap into those of all layers."""
    for key, array in keys.items():
        result[key][tap][(number, *(slice(0, length) for length in np.shape(array)))] = array


def _ordered(values: ByTap, layer: Layer) -> OrderedTaps:
    linear, normalized, activation = values
    first = ordered(linear, layer.unsampled[0])
    same = normalized is linear
    return first, first if same else ordered(normalized, layer.unsampled[1]), ordered(activation, layer.unsampled[2])


@np.errstate(over="ignore", invalid="ignore")  # of values whose squares are infinite
def _are_saturated(current: OrderedTaps) -> np.ndarray:
    """Which units are almost the same for all examples though what they get is not [units]. A layer that is multiplied by a small
    number is not saturated: spread counts against the steepest slope in the layer, or against the unit's own mean."""
    _, before, after = current
    is_flat = (after.std < SATURATED * before.std) & ((after.values == 0).mean(-1) < 0.5)
    if not is_flat.any():
        return is_flat
    is_flat_for_its_layer = after.std < SATURATED * min(1.0, _steepest(before, after)) * before.std
    is_constant = (after.std < SATURATED * abs(after.mean)) & (before.std > VARIED * np.hypot(before.mean, before.std))
    differs = before.std > SATURATED * np.sqrt((before.std**2).mean())
    return is_flat & differs & (is_flat_for_its_layer | is_constant)


def _steepest(before: Ordered, after: Ordered) -> float:
    """The steepest slope of what comes behind a nonlinearity against what goes into it, over all units; 0 without any."""
    run, rise = np.diff(before.values), np.diff(after.values)
    is_apart = run > APART * before.std[:, None]
    return float((rise[is_apart] / run[is_apart]).max(initial=0))


def _moments_and_shifts(first: Ordered, previous: Ordered, current: Ordered) -> dict[str, np.ndarray]:
    mean, std = statistics.pooled_moments(current.mean, current.std)
    return {
        "mean": mean,
        "std": std,
        "shift_from_first": shift(current, first),
        "shift_step": shift(current, previous),
        "unit_mean": rounded(current.mean[None], PARTS)[0],
        "unit_std": rounded(current.std[None], PARTS)[0],
    }
