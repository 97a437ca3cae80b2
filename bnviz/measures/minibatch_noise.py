"""How noisy one minibatch's statistics are: the noise that batch norm puts into training."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from bnviz.measures import statistics
from bnviz.measures.context import Distributions, LiveContext
from bnviz.nets.network import Taps
from bnviz.nets.normalizers import MEASURE, equal_groups
from bnviz.record.ndjson import rounded

PARTS = 32  # rounding of one minibatch's statistics, whose noise is larger


def minibatch_noise(context: LiveContext) -> dict[str, Any]:
    """How far statistics of the next minibatch are from the probe's, over all groups (ghost batches).

    Noise that training adds is that of the probe.
    """
    taps: Taps = []
    groups = context.experiment.groups
    context.network(context.x, MEASURE, groups, context.noise, taps)
    stacked = torch.stack([torch.stack(outputs) for outputs in zip(*taps, strict=True)])  # [taps, layers, batch, width]
    blocks = equal_groups(stacked.movedim(2, 0), groups)  # [groups, size, taps, layers, width] each
    with np.errstate(over="ignore", invalid="ignore"):  # of a network that diverges
        mean = np.concatenate([block.numpy().mean(1) for block in blocks])
        variance = np.concatenate([block.numpy().var(1, ddof=1) for block in blocks])
    size = len(context.minibatch) / groups
    return _compare(context.current, np.moveaxis(mean, 0, 2), np.moveaxis(variance, 0, 2), size)


def _compare(probe: Distributions, group_mean: np.ndarray, group_variance: np.ndarray, size: float) -> dict[str, Any]:
    """Noise of the groups' statistics [taps, layers, groups, width] around the probe's, and the first group's statistics."""
    group_mean, group_variance = group_mean[probe.tap_indices], group_variance[probe.tap_indices]
    arrays = {
        "mean_noise": statistics.mean_noise(group_mean, probe.mean, probe.std),
        "variance_noise": statistics.variance_noise(group_variance, probe.std),
        "variance_noise_theory": statistics.variance_noise_theory(probe.values, probe.mean, probe.std, size),
        "minibatch_mean": rounded(group_mean[:, :, 0], PARTS),
        "minibatch_std": rounded(np.sqrt(group_variance[:, :, 0]), PARTS),
    }
    return {key: probe.by_tap(array.astype(np.float32)) for key, array in arrays.items()}
