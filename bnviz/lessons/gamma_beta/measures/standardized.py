"""ẑ, what batch norm makes of z before γ and β act on it: pinned at mean 0 and standard deviation 1, and here measured."""

from __future__ import annotations

from typing import Any

import numpy as np

from bnviz.config.experiment import WATCHED_UNITS
from bnviz.measures import statistics
from bnviz.measures.context import LiveContext
from bnviz.measures.probe import bin_edges
from bnviz.measures.scales import scales
from bnviz.record.ndjson import smallest_type

FINE = 4096  # parts to which γ and β are rounded here: they move by less than what a snapshot usually keeps of them


def standardized(context: LiveContext) -> dict[str, Any]:
    """Distributions of ẑ = (z - mean) / sqrt(variance + ε) on the probe, with its own statistics, as those of any tap are kept.

    Histograms have the edges of `normalized`, so that ẑ and γẑ+β can be compared bin by bin. `mean_range` and `std_range`
    [layers, 2] are the smallest and the largest over units: exact, because rounding would pin what is said to be pinned.
    γ and β come along once more, in steps fine enough to watch them.
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
    around = statistics.around_percentiles(rows, edges, pooled)
    return {
        "percentiles": statistics.percentiles(around, rows.shape[-1]).astype(np.float32),
        "counts": pooled.counts.astype(np.uint32),
        "zeros": pooled.zeros.astype(np.uint32),
        "unit_counts": smallest_type(units.counts[:, :WATCHED_UNITS]),
        "unit_zeros": units.zeros[:, :WATCHED_UNITS].astype(np.uint16),
    }
