"""Which modules normalize, which have weights, and on which axis their units lie."""

from __future__ import annotations

import re

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm, _NormBase
from torch.nn.modules.conv import _ConvNd
from torch.nn.utils import parametrize

from bnviz.recorder.preserve import tensor_of

NORMALIZERS = (_NormBase, nn.LayerNorm, nn.GroupNorm, nn.RMSNorm, nn.LocalResponseNorm)
NAME = re.compile(r"norm(\d?d)?$", re.IGNORECASE)  # of a normalizer's class that PyTorch does not know
WEIGHTED = (nn.Linear, nn.Bilinear, nn.RNNBase, nn.RNNCellBase, nn.MultiheadAttention, _ConvNd)
TABLES = (nn.Embedding, nn.EmbeddingBag)
NOT_WEIGHTED = (nn.PReLU,)  # a nonlinearity
CHANNELS_FIRST = (_NormBase, nn.GroupNorm, nn.LocalResponseNorm, _ConvNd)


class Unnormalized(nn.Identity):
    """The replacement of a normalizer by `bnviz.swap` with "none": it does nothing, but is still recorded as a layer.

    `axis` is where its units lie.
    """

    def __init__(self, axis: int = 1):
        super().__init__()
        self.axis = axis


def normalizes(module: nn.Module) -> bool:
    """Whether a module is a normalizer, or the replacement of one."""
    if isinstance(module, (*NORMALIZERS, Unnormalized)):
        return True
    if type(module).__module__.startswith("torch.nn.utils."):  # weight and spectral norm: they compute weights
        return False
    return bool(NAME.search(type(module).__name__)) and not any(normalizes(child) for child in module.children())


def normalizer_name(module: nn.Module) -> str:
    """The class of a normalizer; nothing for another module."""
    return type(module).__name__ if normalizes(module) and not isinstance(module, Unnormalized) else ""


def is_weighted(module: nn.Module) -> bool:
    """Whether a module has weights: Linear, convolutions, recurrent ones, embeddings, and any other leaf with parameters."""
    if isinstance(module, NOT_WEIGHTED) or normalizes(module):
        return False
    own = any(True for _ in module.parameters(recurse=False)) or parametrize.is_parametrized(module)
    children = [child for name, child in module.named_children() if name != "parametrizations"]
    return isinstance(module, WEIGHTED) or own and not children


def parametrizing(model: nn.Module) -> set[nn.Module]:
    """The modules within a model that compute weights of others, and so are no layers of their own."""
    lists = [module for module in model.modules() if isinstance(module, parametrize.ParametrizationList)]
    return {part for one in lists for part in one.modules()}


def has_running_statistics(module: nn.Module) -> bool:
    """Whether a normalizer keeps running averages."""
    return getattr(module, "running_mean", None) is not None


def is_batch_norm(module: nn.Module) -> bool:
    """Whether a normalizer uses statistics over examples."""
    return isinstance(module, _BatchNorm)


def subtracts_means(module: nn.Module) -> bool:
    """Whether a normalizer subtracts each unit's mean, and with it whatever was added to all of the unit's values."""
    return isinstance(module, _NormBase)


def units_axis(module: nn.Module, shape: torch.Size) -> int:
    """The axis of a module's output on which its units lie: channels of convolutions, the last axis of all else."""
    last = len(shape) - 1
    if len(shape) < 2:
        return last
    if isinstance(module, _ConvNd):  # may lack the axis of examples
        return last - len(module.kernel_size)
    if isinstance(module, Unnormalized):
        return module.axis % len(shape)
    if isinstance(module, CHANNELS_FIRST):
        return 1
    if isinstance(module, TABLES):  # whose weight has a row for each word
        return last
    width = _width(module)
    if width in (None, shape[last]) or width not in shape[1:]:
        return last if width is not None or len(shape) < 4 else 1
    return list(shape).index(width, 1)


def _width(module: nn.Module) -> int | None:
    """The number of units that a module's weight says, if it has one."""
    if isinstance(module, nn.LayerNorm | nn.RMSNorm):
        return module.normalized_shape[0]
    weight = tensor_of(module, "weight")
    return len(weight) if isinstance(weight, torch.Tensor) and weight.ndim else None
