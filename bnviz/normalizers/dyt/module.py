"""Dynamic tanh as a module."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class DyT(nn.Module):
    """y = γ tanh(α z) + β with one α a layer, without statistics (Zhu, Chen, He, LeCun & Liu 2025, algorithm 1)."""

    learns = True

    def __init__(self, width: int, momentum: float = 0.1):
        super().__init__()
        self.alpha = nn.Parameter(torch.tensor(0.5))  # the paper's initial value
        self.gamma = nn.Parameter(torch.ones(width))
        self.beta = nn.Parameter(torch.zeros(width))

    def forward(self, z: Tensor, mode: str, groups: int, generator: torch.Generator | None = None) -> Tensor:
        return self.gamma * torch.tanh(self.alpha * z) + self.beta
