"""The arithmetic of normalization in numbers: what it makes of a few examples of the next minibatch, unit by unit."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from bnviz.config.experiment import WATCHED_UNITS
from bnviz.nets.network import Taps
from bnviz.nets.normalizers import MEASURE, BatchNorm, LayerNorm, RMSNorm
from bnviz.record.ndjson import rounded

EXAMPLES = 8
PARTS = 256  # to which z is rounded: a page shows three digits of it


def unit_examples(arm: Any, tensors: Any, upcoming: Tensor) -> dict[str, Any]:
    """z of the first examples of the next minibatch and what normalizes them, of the watched units of the arms that are compared.

    The first group that is normalized together passes through the network alone, as it does in training: groups do not see each
    other. From what is returned follow ẑ = (z - mean) / sqrt(variance + ε), γẑ+β and a. See the keys in the registry.
    """
    if arm.name not in arm.experiment.arms[:2]:
        return {}
    taps: Taps = []
    size = -(-len(upcoming) // arm.groups)  # larger groups come first: `equal_groups`
    arm.network(tensors.x_train[upcoming[:size]], MEASURE, 1, taps=taps)
    z = torch.stack([linear for linear, _, _ in taps])  # [layers, examples, width]
    shown = z[:, :EXAMPLES, :WATCHED_UNITS].transpose(1, 2).numpy()
    found = {"z": rounded(shown, PARTS)}
    if taps[0][0].data_ptr() != taps[0][1].data_ptr():  # otherwise nothing is normalized
        found |= _normalizing(list(arm.network.normalizers), z)
    return {"unit_examples": found}


def _normalizing(normalizers: list[nn.Module], z: Tensor) -> dict[str, Any]:
    """The statistics that normalize z [layers, examples, width], and what the normalizers themselves hold."""
    found: dict[str, Any] = _statistics(normalizers[0], z) | {"epsilon": getattr(normalizers[0], "eps", 0.0)}
    for name in ("gamma", "beta", "running_mean", "running_variance"):
        if hasattr(normalizers[0], name):
            rows = [getattr(one, name).detach()[:WATCHED_UNITS] for one in normalizers]
            found[name] = torch.stack(rows).numpy()
    return found


def _statistics(normalizer: nn.Module, z: Tensor) -> dict[str, Any]:
    """Mean and biased variance of each unit over the group, or of each example over its units, as the normalizer takes them."""
    match normalizer:
        case BatchNorm():
            variance, mean = torch.var_mean(z[..., :WATCHED_UNITS], 1, unbiased=False)
            return _arrays({"mean": mean, "variance": variance}) | {"together": z.shape[1]}
        case LayerNorm():
            parts = _parts(z, normalizer.size)
            each = {"example_mean": parts.mean(-1), "example_variance": parts.var(-1, unbiased=False)}
            return _arrays(each) | {"together": normalizer.size}
        case RMSNorm():
            parts = _parts(z, z.shape[-1])
            return _arrays({"example_square": (parts**2).mean(-1)}) | {"together": z.shape[-1]}
    raise TypeError(f"it is not known what a {type(normalizer).__name__} normalizes with")


def _parts(z: Tensor, size: int) -> Tensor:
    """z [layers, parts, examples, size] of the shown examples, cut into the parts of a layer that hold watched units."""
    parts = -(-WATCHED_UNITS // size)
    return z[:, :EXAMPLES, : parts * size].unflatten(-1, (parts, size)).transpose(1, 2)


def _arrays(tensors: dict[str, Tensor]) -> dict[str, np.ndarray]:
    return {name: tensor.numpy() for name, tensor in tensors.items()}
