"""Normalizers: what stands between z = Wa + b and the nonlinearity. A new one is one class and one line in `NORMALIZERS`.

Each is made as normalizer(width, momentum) and called as normalizer(z, mode, groups, generator) with z [examples, units], in one
of three modes, and returns the same shape. Its parameters, if it has any, learn unless `learns` says otherwise.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional

# Which statistics are used. TRAIN: the minibatch's own (or each ghost batch's), and running ones are updated. MEASURE: the
# batch's own as in training, but nothing is updated. EVALUATE: the running ones.
TRAIN, MEASURE, EVALUATE = "train", "measure", "evaluate"


class NoNorm(nn.Module):
    """Passes z on as it is."""

    learns = True

    def __init__(self, width: int, momentum: float = 0.1):
        super().__init__()

    def forward(self, z: Tensor, mode: str, groups: int, generator: torch.Generator | None = None) -> Tensor:
        return z


class BatchNorm(nn.Module):
    """y = γ (z - mean) / sqrt(variance + ε) + β, statistics over the batch (Ioffe & Szegedy 2015, algorithm 1).

    In TRAIN mode a minibatch may be split into `groups` ghost batches that are normalized apart (Hoffer, Hubara & Soudry 2017).
    Running statistics follow PyTorch: running = (1 - momentum) running + momentum new, with the unbiased variance.
    """

    eps = 1e-5  # PyTorch's default
    learns = True
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
        if groups > 1 and mode != EVALUATE:
            return self._normalize_groups(z, groups, update=mode == TRAIN)
        running = (None, None) if mode == MEASURE else (self.running_mean, self.running_variance)
        return functional.batch_norm(
            z, *running, self.gamma, self.beta, training=mode != EVALUATE, momentum=self.momentum, eps=self.eps
        )

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


def equal_groups(values: Tensor, groups: int) -> list[Tensor]:
    """`values` [examples, units] cut in order into `groups` groups whose sizes differ by at most one.

    Returns at most two blocks [groups of one size, size, units], the larger groups first.
    """
    size, larger = divmod(len(values), groups)
    cut = larger * (size + 1)
    blocks = [values[:cut].unflatten(0, (larger, size + 1))] if larger else []
    return [*blocks, values[cut:].unflatten(0, (groups - larger, size))]


class FixedBatchNorm(BatchNorm):
    """Batch norm that keeps γ = 1 and β = 0, as torch's `affine=False`."""

    learns = False

    def __init__(self, width: int, momentum: float = 0.1):
        super().__init__(width, momentum)
        self.gamma.requires_grad_(False)
        self.beta.requires_grad_(False)


class LayerNorm(nn.Module):
    """y = γ (z - mean) / sqrt(variance + ε) + β, statistics of each example over its units (Ba, Kiros & Hinton 2016)."""

    eps = 1e-5
    learns = True

    def __init__(self, width: int, momentum: float = 0.1):
        super().__init__()
        self.size = width  # units that are normalized together
        self.gamma = nn.Parameter(torch.ones(width))
        self.beta = nn.Parameter(torch.zeros(width))

    def forward(self, z: Tensor, mode: str, groups: int, generator: torch.Generator | None = None) -> Tensor:
        parts = z.unflatten(-1, (-1, self.size))
        return self.gamma * functional.layer_norm(parts, (self.size,), eps=self.eps).flatten(-2) + self.beta


class RMSNorm(nn.Module):
    """y = γ z / sqrt(mean of z² + ε), the mean of each example over its units; there is no β (Zhang & Sennrich 2019)."""

    eps = 1e-5
    learns = True

    def __init__(self, width: int, momentum: float = 0.1):
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(width))

    def forward(self, z: Tensor, mode: str, groups: int, generator: torch.Generator | None = None) -> Tensor:
        return functional.rms_norm(z, (z.shape[-1],), self.gamma, self.eps)


class GroupNorm(LayerNorm):
    """Layer norm over groups of 16 units apart (Wu & He 2018, whose groups of channels these are)."""

    def __init__(self, width: int, momentum: float = 0.1):
        super().__init__(width)
        self.size = math.gcd(width, 16)


def noise(width: int, generator: torch.Generator | None) -> tuple[Tensor, Tensor]:
    """A random shift in ±0.5 and scale in 1…1.25 [width] for every unit, fresh at every step (Santurkar et al. 2018, 2.1)."""
    shift = torch.empty(width).uniform_(-0.5, 0.5, generator=generator)
    return shift, torch.empty(width).uniform_(1.0, 1.25, generator=generator)


class NoisyBatchNorm(BatchNorm):
    """Batch norm whose output is shifted and scaled at random while training: what it has just pinned moves again."""

    def forward(self, z: Tensor, mode: str, groups: int, generator: torch.Generator | None = None) -> Tensor:
        return _disturbed(super().forward(z, mode, groups), mode, generator)


class Noise(NoNorm):
    """The same noise on z itself."""

    def forward(self, z: Tensor, mode: str, groups: int, generator: torch.Generator | None = None) -> Tensor:
        return _disturbed(z, mode, generator)


def _disturbed(z: Tensor, mode: str, generator: torch.Generator | None) -> Tensor:
    if mode != TRAIN:
        return z
    shift, scale = (drawn.to(z.device) for drawn in noise(z.shape[-1], generator))
    return z * scale + shift


NORMALIZERS: dict[str, type[nn.Module]] = {
    "none": NoNorm,
    "batch": BatchNorm,
    "fixed": FixedBatchNorm,
    "layer": LayerNorm,
    "group": GroupNorm,
    "rms": RMSNorm,
    "noisy-batch": NoisyBatchNorm,
    "noisy-none": Noise,
}
