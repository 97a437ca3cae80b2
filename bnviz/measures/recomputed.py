"""A network whose running statistics are recomputed."""

from __future__ import annotations

import copy

import torch
from torch import Tensor

from bnviz.nets.network import Network
from bnviz.nets.normalizers import TRAIN


def with_statistics_of(network: Network, x: Tensor) -> Network:
    """A copy whose running statistics are those of `x` [examples, features], all else unchanged (Wu & Johnson 2021).

    One pass over all of `x` as one batch, with momentum 1: the inputs of each layer are normalized by the new statistics.
    """
    fresh = copy.deepcopy(network)
    fresh.dropout = 0.0
    fresh.freeze_statistics(False)
    for normalizer in fresh.normalizers:
        normalizer.momentum = 1.0
    fresh(x, TRAIN, generator=torch.Generator().manual_seed(0))  # of a normalizer that draws noise
    return fresh
