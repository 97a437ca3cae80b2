"""Batch norm as a module, with ghost batches."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from bnviz.normalizers.modes import EVALUATE, MEASURE, TRAIN


class BatchNorm(nn.Module):
    """y = γ (z - mean) / sqrt(variance + ε) + β, statistics over the batch (Ioffe & Szegedy 2015, algorithm 1).

    In TRAIN mode a minibatch may be split into `groups` ghost batches that are normalized apart (Hoffer, Hubara & Soudry 2017).
    Running statistics follow PyTorch: running = (1 - momentum) running + momentum new, with the unbiased variance. While they are
    `frozen` they stay, and normalize in every mode.
    """

    eps = 1e-5  # PyTorch's default
    learns = True
    frozen = False
    running_mean: Tensor
    running_variance: Tensor

    def __init__(self, width: int, momentum: float = 0.1):
        super().__init__()
        self.momentum = momentum
        self.gamma = nn.Parameter(torch.ones(width))
        self.beta = nn.Parameter(torch.zeros(width))
        self.register_buffer("running_mean", torch.zeros(width))
        self.register_buffer("running_variance", torch.ones(width))

    def forward(self, z: Tensor, mode: str, groups: int, generator: torch.Generator | None = None) -> Tensor:
        mode = EVALUATE if self.frozen else mode
        if groups > 1 and mode == MEASURE and len(z) % groups == 0:
            return self._measure_groups(z, groups)
        if groups > 1 and mode != EVALUATE:
            return self._normalize_groups(z, groups, update=mode == TRAIN)
        running = (None, None) if mode == MEASURE else (self.running_mean, self.running_variance)
        return functional.batch_norm(
            z, *running, self.gamma, self.beta, training=mode != EVALUATE, momentum=self.momentum, eps=self.eps
        )

    def _measure_groups(self, z: Tensor, groups: int) -> Tensor:
        """The same for equally large groups when nothing is updated, several times as fast: a unit of each group as a channel."""
        channels = z.unflatten(0, (groups, -1)).transpose(0, 1).flatten(1)  # [size, groups * units]
        scales = (parameter.repeat(groups) for parameter in (self.gamma, self.beta))
        normalized = functional.batch_norm(channels, None, None, *scales, training=True, eps=self.eps)
        return normalized.unflatten(1, (groups, -1)).transpose(0, 1).flatten(0, 1)

    def _normalize_groups(self, z: Tensor, groups: int, update: bool) -> Tensor:
        normalized, means, variances = [], [], []
        for block in equal_groups(z, groups):
            mean, variance = block.mean(1, keepdim=True), block.var(1, unbiased=False, keepdim=True)
            normalized.append(((block - mean) / torch.sqrt(variance + self.eps)).flatten(0, 1))
            means.append(mean.detach())
            variances.append(variance.detach() * (block.shape[1] / (block.shape[1] - 1)))
        if update:
            self.running_mean.lerp_(torch.cat(means).mean((0, 1)), self.momentum)
            self.running_variance.lerp_(torch.cat(variances).mean((0, 1)), self.momentum)
        return self.gamma * torch.cat(normalized) + self.beta

    def statistics(self, z: Tensor, units: int, examples: int) -> dict[str, Any]:
        """What normalizes z [layers, examples, width]: how many values `together`, and the statistics that the SPEC declares.

        Those of units are [layers, units], for the first `units` of them; those of examples [layers, parts, examples].
        """
        variance, mean = torch.var_mean(z[..., :units], 1, unbiased=False)
        return {"mean": mean, "variance": variance, "together": z.shape[1]}


def equal_groups(values: Tensor, groups: int) -> list[Tensor]:
    """`values` [examples, units] cut in order into `groups` groups whose sizes differ by at most one.

    Returns at most two blocks [groups of one size, size, units], the larger groups first.
    """
    size, larger = divmod(len(values), groups)
    cut = larger * (size + 1)
    blocks = [values[:cut].unflatten(0, (larger, size + 1))] if larger else []
    return [*blocks, values[cut:].unflatten(0, (groups - larger, size))]
