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

    G is the gradient of W[l] that the next step uses; G' is the gradient after the layers below l took that step, with l and all
    layers above unchanged (Santurkar et al. 2018, definition 2.1). Layer 1 has no layers below, so there G' = G. NaN where a
    gradient is 0 or not finite. Held arms are not measured.

    All passes are through copies of the network, with the minibatch's own statistics and with the dropout masks of the next step.
    """
    if context.spec.held:
        return {}

    def loss(network: Network) -> Tensor:
        masks = torch.Generator().set_state(context.dropout.get_state())
        return context.loss(network(context.x, TRAIN, context.experiment.groups, masks), context.y)

    with torch.enable_grad():
        before, next_network = _next_step(context, loss)
        after = _from_below(copy.deepcopy(context.network), next_network, before[0], loss)
    return _compare(before, after)


def _next_step(context: LiveContext, loss: Callable[[Network], Tensor]) -> tuple[list[Tensor], Network]:
    """The gradient of every hidden layer's W, and a copy of the network after the next step."""
    network, optimizer = copy.deepcopy((context.network, context.optimizer))  # the copy of one steps the other's
    optimizer.zero_grad()
    frozen = _require_gradients(network)
    loss(network).backward()
    gradients = [weight.grad for weight in network.hidden_weights if weight.grad is not None]
    for parameter in frozen:
        parameter.grad = None  # so that the step leaves it unchanged
    optimizer.step()
    return gradients, network


def _require_gradients(network: Network) -> list[nn.Parameter]:
    """Turn gradients on for every W of a copy. Returns the parameters that do not learn."""
    frozen = [parameter for parameter in network.parameters() if not parameter.requires_grad]
    network.linears.requires_grad_(True)
    return frozen


def _from_below(network: Network, next_network: Network, first: Tensor, loss: Callable[[Network], Tensor]) -> list[Tensor]:
    """Each layer's gradient with the parameters of `next_network` in all layers below it. Changes `network`."""
    after = [first]
    _require_gradients(network)
    for below, linear in enumerate(network.linears[1:-1]):
        for parts in ("linears", "normalizers"):
            getattr(network, parts)[below].load_state_dict(getattr(next_network, parts)[below].state_dict())
        if below and len(network.skip_scales):
            network.skip_scales[below - 1].data.copy_(next_network.skip_scales[below - 1])
        after += torch.autograd.grad(loss(network), linear.weight)
    return after


def _compare(before: list[Tensor], after: list[Tensor]) -> dict[str, Any]:
    g, h = (np.stack([gradient.numpy().astype(np.float64).ravel() for gradient in part[1:]]) for part in (before, after))
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        norm, next_norm, shift = (np.linalg.norm(rows, axis=1) for rows in (g, h, g - h))
        arrays = {
            "gradient_shift": np.concatenate([[0.0], shift]),
            "gradient_shift_relative": np.concatenate([[0.0], shift / norm]),
            "gradient_cosine": np.concatenate([[1.0], (g * h).sum(1) / (norm * next_norm)]),
        }
        return {key: array.astype(np.float32) for key, array in arrays.items()}
