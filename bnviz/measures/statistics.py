"""Statistics of a layer's distribution: arrays in, arrays out, plain NumPy but for PyTorch's binary search.

Most functions take values sorted along their last axis, because one sort serves all of them. NaN sorts last, so values that are
not finite are at the two ends of a row.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch

from bnviz.config.experiment import PERCENTILES


class Histogram(NamedTuple):
    """Counts [..., bins] of rows, and how many values [...] lie below, above, are not finite, or are exactly 0.

    Zeros are counted in their bin, too: `zeros` tells ReLU's atom apart. Without them the parts add up to the row's length.
    """

    counts: np.ndarray
    underflow: np.ndarray
    overflow: np.ndarray
    nonfinite: np.ndarray
    zeros: np.ndarray

    def pooled(self) -> Histogram:
        """The histogram of all rows of the last axis together."""
        counts, *tails = self
        return Histogram(counts.sum(axis=-2), *(tail.sum(axis=-1) for tail in tails))


def histogram(ordered: np.ndarray, edges: np.ndarray) -> Histogram:
    """Histogram of rows [..., P] sorted along the last axis, for edges [bins + 1].

    Bins are half open, the last one closed, as in `numpy.histogram`. Binary searches find every border.
    """
    largest, tiny = np.finfo(np.float32).max, np.finfo(np.float32).smallest_subnormal
    ends = np.array([np.nextafter(edges[-1], np.float32(np.inf)), -largest, np.inf, 0, tiny])
    borders = np.concatenate([edges[:-1], ends]).astype(ordered.dtype)
    rows = ordered.reshape(-1, ordered.shape[-1])
    ranks = _below(rows, borders).reshape(*ordered.shape[:-1], -1)
    bins = len(edges)
    below, above, zero, positive = (ranks[..., bins + index] for index in range(4))
    return Histogram(
        counts=np.diff(ranks[..., :bins], axis=-1),
        underflow=ranks[..., 0] - below,
        overflow=above - ranks[..., bins - 1],
        nonfinite=below + ordered.shape[-1] - above,
        zeros=positive - zero,
    )


def _below(rows: np.ndarray, borders: np.ndarray) -> np.ndarray:
    """How many values of each sorted row [rows, P] lie below each border: [rows, borders].

    PyTorch searches all rows in one call. Its search has no order for NaN, so NaN counts as infinite here.
    """
    if np.isnan(rows[:, -1]).any():
        rows = np.where(np.isnan(rows), np.inf, rows).astype(rows.dtype)
    in_each = torch.as_tensor(borders).expand(len(rows), -1).contiguous()
    return torch.searchsorted(torch.as_tensor(rows), in_each).numpy()


def percentiles(neighbours: np.ndarray, count: int) -> np.ndarray:
    """PERCENTILES [..., percentiles] of `count` values, linear between their neighbouring order statistics
    [..., 2, percentiles], as in `numpy.percentile`."""
    _, _, share = _percentile_ranks(count)
    low, high = neighbours[..., 0, :], neighbours[..., 1, :]
    with np.errstate(invalid="ignore"):
        return low + (high - low) * share.astype(neighbours.dtype)


def _percentile_ranks(count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The ranks of the order statistics below and above each percentile, and how far it lies between them: 0…1."""
    rank = np.asarray(PERCENTILES) / 100 * (count - 1)
    below = np.floor(rank).astype(int)
    return below, np.minimum(below + 1, count - 1), rank - below


def percentile_neighbours(values: np.ndarray, edges: np.ndarray, counts: Histogram) -> np.ndarray:
    """The order statistics [rows, 2, percentiles] below and above each percentile of rows [rows, n], sorted or not.

    Their histogram says in which bins they lie, so only these few values are put in order.
    """
    parts = zip(*counts, strict=True)
    return np.array([_neighbours(row, edges, Histogram(*part)) for row, part in zip(values, parts, strict=True)])


def _neighbours(values: np.ndarray, edges: np.ndarray, counts: Histogram) -> np.ndarray:
    """The order statistics [2, percentiles] of one row."""
    below, above, _ = _percentile_ranks(len(values))
    if counts.nonfinite:  # these are in no bin
        return np.sort(values)[np.stack([below, above])]
    upper = np.nextafter(edges[-1], np.float32(np.inf))
    borders = np.concatenate([[-np.inf], edges[:-1], [upper, np.inf]]).astype(values.dtype)
    sizes = np.concatenate([np.zeros(1, int), counts.underflow[None], counts.counts, counts.overflow[None]])
    before = np.cumsum(sizes)  # how many values lie before each border
    return np.transpose([_order_statistics(values, borders, before, pair) for pair in zip(below, above, strict=True)])


def _order_statistics(values: np.ndarray, borders: np.ndarray, before: np.ndarray, ranks: tuple[int, int]) -> np.ndarray:
    """Two neighbouring order statistics, from the values between the borders on either side of them."""
    first, last = before.searchsorted(ranks, side="right")
    between = values[(values >= borders[first - 1]) & (values < borders[last])]
    positions = np.subtract(ranks, before[first - 1])
    return np.partition(between, positions)[positions]


def moments(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and (population) standard deviation [...] over the last axis of [..., P], in two passes."""
    with np.errstate(over="ignore", invalid="ignore"):
        mean = values.mean(axis=-1)
        centred = values - mean[..., None]
        return mean, np.sqrt(np.einsum("...p,...p->...", centred, centred) / values.shape[-1])


def pooled_moments(mean: np.ndarray, std: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation [...] of a mixture of equally large parts with these moments [..., units]."""
    with np.errstate(over="ignore", invalid="ignore"):
        return mean.mean(axis=-1), np.sqrt((std**2).mean(axis=-1) + mean.var(axis=-1))


def shift(ordered: np.ndarray, reference: np.ndarray, reference_std: np.ndarray) -> np.ndarray:
    """How far distributions moved, dimensionless.

    Mean over units of the Wasserstein-1 distance between sorted samples [..., units, P] and sorted reference samples, divided
    by the root mean square over units of the reference's standard deviations [..., units]. For samples of one size W1 is the
    mean absolute difference of order statistics. Zero where nothing moved, even if the reference has no spread.
    """
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        difference = np.subtract(ordered, reference)
        distance = np.abs(difference, out=difference).mean(axis=(-2, -1), dtype=np.float32)
        scale = np.sqrt((reference_std**2).mean(axis=-1))
        return np.where(distance == 0, np.float32(0), distance / scale)


def mean_noise(group_mean: np.ndarray, mean: np.ndarray, std: np.ndarray) -> np.ndarray:
    """How far the means of minibatches are from the probe's: root mean square, in the probe's standard deviations.

    `group_mean` [..., groups, units] against `mean` and `std` [..., units] of the probe. Independent draws of n give √(1/n + 1/P)
    against a probe of P.
    """
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        squared = ((group_mean - mean[..., None, :]) ** 2).mean(axis=(-2, -1))
        return np.sqrt(squared / (std**2).mean(axis=-1))


def variance_noise(group_variance: np.ndarray, std: np.ndarray) -> np.ndarray:
    """How far the (unbiased) variances of minibatches are from the probe's: root mean square, relative to its variance.

    `group_variance` [..., groups, units] against `std` [..., units] of the probe. See `variance_noise_theory`.
    """
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        variance = std**2
        squared = ((group_variance - variance[..., None, :]) ** 2).mean(axis=(-2, -1))
        return np.sqrt(squared) / variance.mean(axis=-1)


def variance_noise_theory(values: np.ndarray, mean: np.ndarray, std: np.ndarray, size: float) -> np.ndarray:
    """What `variance_noise` is for independent draws of `size` against the probe's `values` [..., units, P], a draw as well.

    Var(s²) = (μ₄ - σ⁴ (n-3)/(n-1)) / n for the unbiased sample variance (Mood, Graybill & Boes 1974, VI.2), once for each sample.
    """
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        centred = values - mean[..., None]
        centred *= centred
        fourth = np.einsum("...p,...p->...", centred, centred) / values.shape[-1]
        variance = std**2
        minibatch, probe = ((fourth - variance**2 * (n - 3) / (n - 1)) / n for n in (size, values.shape[-1]))
        return np.sqrt((minibatch + probe).mean(axis=-1)) / variance.mean(axis=-1)


def scatter(values: np.ndarray) -> np.ndarray:
    """Standard deviation over draws (of n - 1), root mean square over units: [...] of values [..., draws, units]."""
    with np.errstate(over="ignore", invalid="ignore"):
        return np.sqrt(values.var(axis=-2, ddof=1, dtype=np.float64).mean(axis=-1))


def subset_mean_theory(sizes: np.ndarray, total: int) -> np.ndarray:
    """Standard deviation of the mean of so many different examples out of `total`, in standard deviations σ (of n - 1) of all.

    √(1/n - 1/N): σ/√n for a few of very many, and 0 for all of them (Cochran 1977, theorem 2.2).
    """
    return np.sqrt(1 / np.asarray(sizes) - 1 / total)


def subset_variance_theory(values: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Standard deviation of the (unbiased) variance of so many different examples out of `values` [..., units, N], relative.

    Root mean square over units, in mean variances of all: [..., sizes]. Var(s²) = κ₄ (1/n - 1/N) + 2 κ₂₂ (1/(n-1) - 1/(N-1))
    with the polykays κ₂₂ = (k₂² - k₄/N) (N-1)/(N+1) and κ₄ = k₄ of all N (Tukey 1950, "Some sampling simplified").
    """
    total, sizes = values.shape[-1], np.asarray(sizes)
    k2, k4 = (part[..., None] for part in _cumulants(values))
    pair = (k2**2 - k4 / total) * ((total - 1) / (total + 1))
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        squared = k4 * (1 / sizes - 1 / total) + 2 * pair * (1 / (sizes - 1) - 1 / (total - 1))
        return np.sqrt(np.maximum(squared.mean(axis=-2), 0)) / k2.mean(axis=-2)


def _cumulants(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The second and the fourth k-statistic [...] of values [..., N], as `scipy.stats.kstat`."""
    n = values.shape[-1]
    with np.errstate(over="ignore", invalid="ignore"):
        centred = values - values.mean(axis=-1, keepdims=True)
        second = np.einsum("...p,...p->...", centred, centred).astype(np.float64)
        centred *= centred
        fourth = np.einsum("...p,...p->...", centred, centred).astype(np.float64)
        k4 = ((n + 1) * n * fourth - 3 * (n - 1) * second**2) / ((n - 1) * (n - 2) * (n - 3))
    return second / (n - 1), k4
