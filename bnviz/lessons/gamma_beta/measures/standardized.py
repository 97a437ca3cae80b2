"""Distributions of ẑ, the output of batch norm before γ and β: by construction of mean 0 and standard deviation 1."""

from __future__ import annotations

from typing import Any

import numpy as np

from bnviz.config.experiment import WATCHED_UNITS
from bnviz.measures import statistics
from bnviz.measures.context import LiveContext
from bnviz.measures.probe import bin_edges
from bnviz.measures.scales import scales
from bnviz.record.ndjson import smallest_type

FINE = 4096  # rounding of γ and β here, finer than in other snapshots, in which their smallest changes disappear


def standardized(context: LiveContext) -> dict[str, Any]:
    """Distributions of ẑ = (z - mean) / sqrt(variance + ε) on the probe, with its own statistics, recorded as those of a tap.

    Histograms have the edges of `normalized`, so that ẑ and γẑ+β can be compared bin by bin. `mean_range` and `std_range`
    [layers, 2] are the smallest and the largest over units: not rounded, because rounding would itself give 0 and 1.
    γ and β are recorded once more, less rounded.
    """
    if not context.network.has_running_statistics:
        return {}
    z, mean, std = context.current.values[0], context.current.mean[0][..., None], context.current.std[0][..., None]
    with np.errstate(over="ignore", invalid="ignore"):
        values = (z - mean) / np.sqrt(std**2 + np.float32(context.experiment.epsilon))
    edges = bin_edges(context.experiment)["normalized"]
    return {"standardized": _moments(values) | _histograms(values, edges), **scales(context.network, FINE)}


def _moments(values: np.ndarray) -> dict[str, np.ndarray]:
    mean, std = statistics.moments(values)
    pooled = statistics.pooled_moments(mean, std)
    ranges = [np.stack([moment.min(-1), moment.max(-1)], axis=-1) for moment in (mean, std)]
    arrays = dict(zip(("mean", "std", "mean_range", "std_range"), (*pooled, *ranges), strict=True))
    return {key: array.astype(np.float32) for key, array in arrays.items()}


def _histograms(values: np.ndarray, edges: np.ndarray) -> dict[str, np.ndarray]:
    units = statistics.histogram(values, edges)
    pooled, rows = units.pooled(), values.reshape(len(values), -1)
    neighbours = statistics.percentile_neighbours(rows, edges, pooled)
    return {
        "percentiles": statistics.percentiles(neighbours, rows.shape[-1]).astype(np.float32),
        "counts": pooled.counts.astype(np.uint32),
        "zeros": pooled.zeros.astype(np.uint32),
        "unit_counts": smallest_type(units.counts[:, :WATCHED_UNITS]),
        "unit_zeros": units.zeros[:, :WATCHED_UNITS].astype(np.uint16),
    }
