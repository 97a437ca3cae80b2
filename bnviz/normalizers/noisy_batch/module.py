"""Batch norm with noise after it, as a module."""

from __future__ import annotations

import torch
from torch import Tensor

from bnviz.normalizers.batch.module import BatchNorm
from bnviz.normalizers.modes import EVALUATE, MEASURE


class NoisyBatchNorm(BatchNorm):
    """Batch norm whose output is shifted and scaled at random while training: what it has just pinned moves again."""

    def forward(self, z: Tensor, mode: str, groups: int, generator: torch.Generator | None = None) -> Tensor:
        return disturb(super().forward(z, mode, groups), mode, generator)


def disturb(z: Tensor, mode: str, generator: torch.Generator | None) -> Tensor:
    """z [examples, units] with noise: in TRAIN mode, and in MEASURE mode if there is a generator to draw it from."""
    if mode == EVALUATE or (mode == MEASURE and generator is None):
        return z
    shift, scale = (values.to(z.device) for values in noise(z.shape[-1], generator))
    return z * scale + shift


def noise(width: int, generator: torch.Generator | None) -> tuple[Tensor, Tensor]:
    """A random shift in ±0.5 and scale in 1…1.25 [width] for every unit, fresh at every step (Santurkar et al. 2018, 2.1)."""
    shift = torch.empty(width).uniform_(-0.5, 0.5, generator=generator)
    return shift, torch.empty(width).uniform_(1.0, 1.25, generator=generator)
