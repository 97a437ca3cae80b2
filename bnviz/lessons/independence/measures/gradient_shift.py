"""Gradient shift: how much a layer's gradient changes when the layers below it take their step."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from bnviz.measures.context import LiveContext
from bnviz.nets.network import Network
from bnviz.nets.normalizers import TRAIN


def gradient_shift(context: LiveContext) -> dict[str, Any]:
    """Arrays [layers] of ‖G-G'‖₂, of ‖G-G'‖₂/‖G‖₂ and of the cosine of G and G', on the minibatch that comes next.

    G is the gradient of W[l] as the coming step will take it; G' is that gradient after the layers below l took this very step,
    while l and all layers above stayed where they are (Santurkar et al. 2018, definition 2.1). Nothing lies below layer 1, so
    there G' = G. NaN where a gradient is 0 or not finite. Arms whose layers are held are not measured.

    Everything happens in copies of the network. They are normalized and thinned out as training will be: by the minibatch's own
    statistics, and with the very masks that dropout draws next.
    """
    if context.spec.held:
        return {}

    def loss(network: Network) -> Tensor:
        masks = torch.Generator().set_state(context.dropout.get_state())
        return context.loss(network(context.x, TRAIN, context.experiment.groups, masks), context.y)

    with torch.enable_grad():
        before, stepped = _next_step(context, loss)
        after = _from_below(copy.deepcopy(context.network), stepped, before[0], loss)
    return _compare(before, after)


def _next_step(context: LiveContext, loss: Callable[[Network], Tensor]) -> tuple[list[Tensor], Network]:
    """The gradient of every hidden layer's W, and the network after the whole step that follows from them."""
    network, optimizer = copy.deepcopy((context.network, context.optimizer))  # together, so that the one moves the other
    optimizer.zero_grad()
    frozen = _thaw(network)
    loss(network).backward()
    gradients = [weight.grad for weight in network.hidden_weights if weight.grad is not None]
    for parameter in frozen:
        parameter.grad = None  # so that it stays where it is
    optimizer.step()
    return gradients, network


def _thaw(network: Network) -> list[nn.Parameter]:
    """Have every W of a copy ask for its gradient, in layers that do not learn, too; returns what is not to be moved."""
    frozen = [parameter for parameter in network.parameters() if not parameter.requires_grad]
    network.linears.requires_grad_(True)
    return frozen


def _from_below(network: Network, stepped: Network, first: Tensor, loss: Callable[[Network], Tensor]) -> list[Tensor]:
    """Each layer's gradient once all layers below it stand where they stand in `stepped`; `network` is changed on the way."""
    after = [first]
    _thaw(network)
    for below, linear in enumerate(network.linears[1:-1]):
        for parts in ("linears", "normalizers"):
            getattr(network, parts)[below].load_state_dict(getattr(stepped, parts)[below].state_dict())
        after += torch.autograd.grad(loss(network), linear.weight)
    return after


def _compare(before: list[Tensor], after: list[Tensor]) -> dict[str, Any]:
    g, h = (np.stack([gradient.numpy().astype(np.float64).ravel() for gradient in part[1:]]) for part in (before, after))
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        size, other, shift = (np.linalg.norm(rows, axis=1) for rows in (g, h, g - h))
        arrays = {
            "gradient_shift": np.concatenate([[0.0], shift]),
            "gradient_shift_relative": np.concatenate([[0.0], shift / size]),
            "gradient_cosine": np.concatenate([[1.0], (g * h).sum(1) / (size * other)]),
        }
        return {key: array.astype(np.float32) for key, array in arrays.items()}
