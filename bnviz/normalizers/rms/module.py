"""RMS norm as a module."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from bnviz.normalizers.layer.module import parts_of


class RMSNorm(nn.Module):
    """y = γ z / sqrt(mean of z² + ε), the mean of each example over its units; there is no β (Zhang & Sennrich 2019)."""

    eps = 1e-5
    learns = True

    def __init__(self, width: int, momentum: float = 0.1):
        super().__init__()
        self.gamma = nn.Parameter(torch.ones(width))

    def forward(self, z: Tensor, mode: str, groups: int, generator: torch.Generator | None = None) -> Tensor:
        return functional.rms_norm(z, (z.shape[-1],), self.gamma, self.eps)

    def statistics(self, z: Tensor, units: int, examples: int) -> dict[str, Any]:
        """The mean of z² of each example over its units: see `BatchNorm.statistics`."""
        width = z.shape[-1]
        return {"example_square": (parts_of(z, width, units, examples) ** 2).mean(-1), "together": width}
