"""Noise alone, as a module."""

from __future__ import annotations

import torch
from torch import Tensor

from bnviz.normalizers.noisy_batch.module import disturb
from bnviz.normalizers.none.module import NoNorm


class Noise(NoNorm):
    """The same noise on z itself."""

    def forward(self, z: Tensor, mode: str, groups: int, generator: torch.Generator | None = None) -> Tensor:
        return disturb(z, mode, generator)
