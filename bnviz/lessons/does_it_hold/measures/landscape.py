"""How loss and gradient change along the gradient (Santurkar et al. 2018, section 3, figure 4)."""

from __future__ import annotations

import copy
import math
from collections.abc import Sequence

import torch
from torch import Tensor

from bnviz.measures.context import MeasureContext
from bnviz.nets.network import Network
from bnviz.nets.normalizers import MEASURE

MULTIPLES = (0.5, 1.0, 2.0, 3.0, 4.0)  # of the learning rate


def landscape(context: MeasureContext) -> dict[str, float]:
    """On one minibatch, steps of ½ to 4 times the learning rate against its gradient g:

    `loss_range`, the largest loss found minus the smallest; `gradient_distance`, the largest ‖g(w) - g(w - η g)‖₂ (gradient
    predictiveness); `gradient_bend`, the largest ‖g(w) - g(w - η g)‖₂ / ‖η g‖₂ (effective β-smoothness).

    The gradient is that of what learns; all are NaN where nothing does.
    """
    network = copy.deepcopy(context.network)
    parameters = [parameter for parameter in network.parameters() if parameter.requires_grad]
    if not parameters:
        return dict.fromkeys(("loss_range", "gradient_distance", "gradient_bend"), math.nan)
    start = [parameter.detach().clone() for parameter in parameters]
    _, here = _gradient(context, network, parameters)
    losses, distances, bends = [], [], []
    for multiple in MULTIPLES:
        rate = multiple * context.experiment.learning_rate
        _move(parameters, start, here, rate)
        value, there = _gradient(context, network, parameters)
        distance, length = (there - here).norm().item(), rate * here.norm().item()
        losses.append(value)
        distances.append(distance)
        bends.append(distance / length if length else math.nan)  # a gradient of exactly 0 gives no direction
    return {"loss_range": max(losses) - min(losses), "gradient_distance": max(distances), "gradient_bend": max(bends)}


def _gradient(context: MeasureContext, network: Network, parameters: Sequence[Tensor]) -> tuple[float, Tensor]:
    """The loss of a network on the minibatch, and its gradient with respect to all parameters in one vector."""
    with torch.enable_grad():
        value = context.loss(network(context.x, MEASURE, context.experiment.groups), context.y)
        parts = torch.autograd.grad(value, parameters)
    return value.item(), torch.cat([part.flatten() for part in parts])


def _move(parameters: Sequence[Tensor], start: list[Tensor], gradient: Tensor, rate: float) -> None:
    """Set the parameters to `start` minus `rate` times the gradient."""
    direction = gradient.split([parameter.numel() for parameter in parameters])
    with torch.no_grad():
        for parameter, old, part in zip(parameters, start, direction, strict=True):
            parameter.copy_(old - rate * part.view_as(old))
