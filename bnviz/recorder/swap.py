"""`bnviz.swap`: the same network with other normalizers, or with none, for a comparison in the same architecture.

models = {"batch": model, "none": bnviz.swap(model, "none")}
"""

from __future__ import annotations

import copy
import math
import re
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm, _NormBase

from bnviz.recorder import kinds
from bnviz.recorder.kinds import Unnormalized

MOST_GROUPS = 32  # as Wu & He 2018
CHANNELS_OF_A_GROUP = 8  # about so many


class AnyBatchNorm(_BatchNorm):
    """Batch norm of inputs [examples, units, …] with any number of axes."""

    def _check_input_dim(self, input: Tensor) -> None:
        """Every number will do."""


class ChannelRMSNorm(nn.Module):
    """y = γ x / √(mean of x² + eps), the mean over all axes of an example [units, …] (Zhang & Sennrich 2019)."""

    def __init__(self, width: int, eps: float = 1e-5):
        super().__init__()
        self.weight: nn.Parameter | None = nn.Parameter(torch.ones(width))
        self.eps = eps

    def forward(self, x: Tensor) -> Tensor:
        """Of x [examples, units, …]."""
        mean_square = x.square().mean(dim=tuple(range(1, x.ndim)), keepdim=True)
        normalized = x * torch.rsqrt(mean_square + self.eps)
        return normalized if self.weight is None else normalized * self.weight.view(-1, *[1] * (x.ndim - 2))


class LastAxis(nn.Module):
    """A normalizer of inputs [examples, units, …], used where units are on the last axis: tokens."""

    def __init__(self, norm: nn.Module):
        super().__init__()
        self.norm = norm

    def forward(self, x: Tensor) -> Tensor:
        """Of x [examples, …, units]."""
        return self.norm(x.movedim(-1, 1)).movedim(1, -1)


def group_count(width: int) -> int:
    """Into how many groups group norm splits so many channels: 2 to MOST_GROUPS, of one size, as near as can be to groups of
    CHANNELS_OF_A_GROUP. Up to 3 channels, and prime numbers of them, are 1 group, as in layer norm: others would have 1 channel.
    """
    counts = [count for count in range(2, min(MOST_GROUPS, width // 2) + 1) if width % count == 0]
    return min(counts, key=lambda count: abs(math.log(count * CHANNELS_OF_A_GROUP / width)), default=1)


CHANNELS = {  # by kind: a normalizer of inputs [examples, units, …]
    "batch": AnyBatchNorm,
    "group": lambda width: nn.GroupNorm(group_count(width), width),
    "instance": lambda width: nn.GroupNorm(width, width),
    "layer": lambda width: nn.GroupNorm(1, width),
    "rms": ChannelRMSNorm,
}
BATCH_NORM = re.compile(r"Batch_?Norm", re.IGNORECASE)  # also in names of classes that PyTorch does not know, frozen ones
TOKENS = {"layer": nn.LayerNorm, "rms": nn.RMSNorm}  # of inputs [examples, …, units]
Make = Callable[[int], nn.Module]  # of a width


def swap(model: nn.Module, normalizer: str | Make) -> nn.Module:
    """A copy of the model whose normalizers are of another kind.

    `normalizer` is "batch", "group", "instance", "layer", "rms" or "none", or a function that makes one for a width. All weights
    are copied. What both kinds have is kept: γ and β, whether they learn or are missing, and eps; batch norm that shall become
    batch norm stays as it is, running statistics and momentum included. With "none" each normalizer's place is kept, so that
    recordings of both match.

    Raises ValueError for another kind, and for a model without normalizers.
    """
    if isinstance(normalizer, str) and normalizer not in (*CHANNELS, "none"):
        raise ValueError(f"normalizer: expected {', '.join(CHANNELS)}, none or a function of a width, and got {normalizer!r}")
    model = copy.deepcopy(model)
    children = [(parent, name, child) for parent in model.modules() for name, child in parent._modules.items()]
    places = [(parent, name, child) for parent, name, child in children if child is not None and kinds.normalizes(child)]
    if not places:
        raise ValueError("the model has no normalizer that could be swapped")
    substitutes: dict[int, nn.Module] = {}  # a module that is used in several places stays one
    for parent, name, old in places:
        if id(old) not in substitutes:
            substitutes[id(old)] = _substitute(old, normalizer, model)
        setattr(parent, name, substitutes[id(old)])
    _switch_fast_paths_off(model)
    return model


def _switch_fast_paths_off(model: nn.Module) -> None:
    """In evaluation, layers of a transformer may compute LayerNorm themselves and never call their normalizers."""
    for module in model.modules():
        if isinstance(module, nn.TransformerEncoderLayer):
            module.activation_relu_or_gelu = 0  # which their code takes for an activation that it has no fast path for
        elif isinstance(module, nn.TransformerEncoder):
            module.use_nested_tensor = False


def _substitute(old: nn.Module, normalizer: str | Make, model: nn.Module) -> nn.Module:
    if normalizer == "batch" and BATCH_NORM.search(type(old).__name__):
        return old
    width = _width(old)
    if normalizer == "none":
        new: nn.Module = Unnormalized(-1 if _is_of_tokens(old) else 1)
    elif width is None:
        raise ValueError(f"{type(old).__name__} does not say how many units it has, so it cannot become another normalizer")
    else:
        new = _made(old, normalizer, width)
    if isinstance(normalizer, str):
        _copy_settings(old, new)
    _copy_scales(old, new)
    reference = next(old.parameters(), next(model.parameters()))
    return new.to(reference.device, reference.dtype).train(old.training)


def _made(old: nn.Module, normalizer: str | Make, width: int) -> nn.Module:
    """A normalizer of this width, for inputs as `old` has."""
    if not isinstance(normalizer, str):
        return normalizer(width)
    if not _is_of_tokens(old):
        return CHANNELS[normalizer](width)
    return TOKENS[normalizer](width) if normalizer in TOKENS else LastAxis(CHANNELS[normalizer](width))


def _is_of_tokens(module: nn.Module) -> bool:
    """Whether a normalizer's units are on the last axis."""
    return isinstance(module, nn.LayerNorm | nn.RMSNorm) and len(module.normalized_shape) == 1


def _width(module: nn.Module) -> int | None:
    """The number of a normalizer's units, if it says so."""
    if isinstance(module, _NormBase):
        return module.num_features
    if isinstance(module, nn.GroupNorm):
        return module.num_channels
    if isinstance(module, nn.LayerNorm | nn.RMSNorm):
        return module.normalized_shape[0]
    weight = getattr(module, "weight", None)
    return len(weight) if isinstance(weight, Tensor) and weight.ndim == 1 else None


def _copy_settings(old: nn.Module, new: nn.Module) -> None:
    """Copy eps, and leave out γ and β where `old` knows of them and has none."""
    target = new.norm if isinstance(new, LastAxis) else new
    if hasattr(target, "eps") and getattr(old, "eps", None) is not None:
        target.eps = old.eps
    for name in ("weight", "bias"):
        if hasattr(old, name) and getattr(old, name) is None and name in target._parameters:
            target.register_parameter(name, None)


def _copy_scales(old: nn.Module, new: nn.Module) -> None:
    """Copy γ and β where both have them, of one shape."""
    target = new.norm if isinstance(new, LastAxis) else new
    for name in ("weight", "bias"):
        source, destination = getattr(old, name, None), getattr(target, name, None)
        if isinstance(source, Tensor) and isinstance(destination, Tensor) and source.shape == destination.shape:
            with torch.no_grad():
                destination.copy_(source)
            destination.requires_grad_(source.requires_grad)
