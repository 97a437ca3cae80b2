"""The classes of bnviz.normalizers by key, for code that uses PyTorch; and the modes in which they are called."""

from __future__ import annotations

import importlib
from typing import Any

from torch import nn

from bnviz.normalizers import SPECS, spec_of
from bnviz.normalizers.batch.module import BatchNorm, equal_groups
from bnviz.normalizers.fixed.module import FixedBatchNorm
from bnviz.normalizers.modes import EVALUATE, MEASURE, TRAIN
from bnviz.normalizers.noisy_batch.module import noise
from bnviz.normalizers.none.module import NoNorm

__all__ = [
    "EVALUATE",
    "MEASURE",
    "NORMALIZERS",
    "TRAIN",
    "BatchNorm",
    "FixedBatchNorm",
    "NoNorm",
    "equal_groups",
    "new_normalizer",
    "noise",
]


def _class(path: str) -> type[nn.Module]:
    """What "module:Class" names."""
    module, name = path.split(":")
    return getattr(importlib.import_module(module), name)


NORMALIZERS: dict[str, type[nn.Module]] = {key: _class(spec.module) for key, spec in SPECS.items()}


def new_normalizer(key: str, width: int, momentum: float, epsilon: float) -> Any:
    """A new normalizer of one layer; raises UnknownNormalizer."""
    normalizer: Any = NORMALIZERS[spec_of(key).key](width, momentum)
    normalizer.eps = epsilon
    return normalizer
