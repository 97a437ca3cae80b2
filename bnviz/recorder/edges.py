"""Edges of histograms for values of unknown range: fine in the middle, coarse far out."""

from __future__ import annotations

import numpy as np

from bnviz.config.experiment import BINS

REACH = 4.0  # standard deviations: the fine bins, all of one width
GROWTH = 80.0  # standard deviations: the coarse bins end here, so that values may grow tenfold and more
COARSE = 8  # coarse bins on a side
ATOM = 0.05  # share of values of exactly 0 from which they come from a ReLU


def bin_edges(values: np.ndarray) -> np.ndarray:
    """Edges [BINS + 1] for values of any shape, ascending; where they are all ≥ 0 and many are 0, the first edge is 0.

    Values that are not finite are left out. Without spread, one unit of the values counts as a standard deviation.
    """
    with np.errstate(over="ignore"):
        values = values[np.isfinite(values)].astype(np.float64)
    if is_rectified(values):
        scale = _scale(0.0, float(np.sqrt((values**2).mean())))
        return _ascending(np.concatenate([np.linspace(0, REACH, BINS - COARSE + 1), _coarse()]) * scale)
    middle = float(values.mean()) if values.size else 0.0
    scale = _scale(middle, float(values.std()) if values.size else 0.0)
    fine = np.linspace(-REACH, REACH, BINS - 2 * COARSE + 1)
    return _ascending(middle + np.concatenate([-_coarse()[::-1], fine, _coarse()]) * scale)


def is_rectified(values: np.ndarray) -> bool:
    """Whether no value is negative and many are 0, as after ReLU."""
    return bool(values.size and values.min() >= 0 and values.max() > 0 and (values == 0).mean() >= ATOM)


def _coarse() -> np.ndarray:
    """Edges beyond the fine bins, each bin wider than the one before by the same factor."""
    return np.geomspace(REACH, GROWTH, COARSE + 1)[1:]


def _scale(middle: float, std: float) -> float:
    """The standard deviation, but as much as float32 can tell apart at `middle`; 1 where there is none."""
    return max(std, abs(middle) * 1e-4) or 1.0


def _ascending(edges: np.ndarray) -> np.ndarray:
    """As float32, within its range."""
    largest = np.finfo(np.float32).max
    if np.abs(edges).max() < largest / 4:
        return edges.astype(np.float32)
    return np.linspace(-largest / 4, largest / 4, len(edges)).astype(np.float32)
