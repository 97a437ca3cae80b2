"""Layer norm as a module."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional


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

    def statistics(self, z: Tensor, units: int, examples: int) -> dict[str, Any]:
        """Mean and biased variance of each example over each part of the layer: see `BatchNorm.statistics`."""
        parts = parts_of(z, self.size, units, examples)
        return {"example_mean": parts.mean(-1), "example_variance": parts.var(-1, unbiased=False), "together": self.size}


def parts_of(z: Tensor, size: int, units: int, examples: int) -> Tensor:
    """z [layers, examples, width] as [layers, parts, examples, size]: the first examples, the parts that hold the first units."""
    parts = -(-units // size)
    return z[:, :examples, : parts * size].unflatten(-1, (parts, size)).transpose(1, 2)
