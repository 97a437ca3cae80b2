"""How loss and gradient change along the gradient (Santurkar et al. 2018, section 3, figure 4)."""

from __future__ import annotations

import copy
import math
from typing import Any

import torch
from torch import Tensor

from bnviz.nets.normalizers import MEASURE

MULTIPLES = (0.5, 1.0, 2.0, 3.0, 4.0)  # of the learning rate


def landscape(arm: Any, tensors: Any, chosen: Tensor) -> dict[str, float]:
    """On one minibatch, steps of ½ to 4 times the learning rate against its gradient g:

    `loss_range`, the largest loss found minus the smallest; `gradient_distance`, the largest ‖g(w) - g(w - η g)‖₂ (gradient
    predictiveness); `gradient_bend`, the largest ‖g(w) - g(w - η g)‖₂ / ‖η g‖₂ (effective β-smoothness).
    """
    moved, batch = copy.deepcopy(arm.network), (tensors.x_train[chosen], tensors.y_train[chosen])
    parameters = [parameter for parameter in moved.parameters() if parameter.requires_grad]
    start = [parameter.detach().clone() for parameter in parameters]
    _, here = _gradient(arm, moved, parameters, batch)
    losses, distances, bends = [], [], []
    for multiple in MULTIPLES:
        rate = multiple * arm.experiment.learning_rate
        _move(parameters, start, here, rate)
        value, there = _gradient(arm, moved, parameters, batch)
        distance, way = (there - here).norm().item(), rate * here.norm().item()
        losses.append(value)
        distances.append(distance)
        bends.append(distance / way if way else math.nan)  # a gradient of exactly 0 gives no direction
    return {"loss_range": max(losses) - min(losses), "gradient_distance": max(distances), "gradient_bend": max(bends)}


def _gradient(arm: Any, network: Any, parameters: list[Tensor], batch: tuple[Tensor, Tensor]) -> tuple[float, Tensor]:
    """The loss of the network on a minibatch (x, y), and its gradient with respect to all parameters in one vector."""
    x, y = batch
    with torch.enable_grad():
        value = arm.loss(network(x, MEASURE, arm.experiment.groups), y)
        parts = torch.autograd.grad(value, parameters)
    return value.item(), torch.cat([part.flatten() for part in parts])


def _move(parameters: list[Tensor], start: list[Tensor], gradient: Tensor, rate: float) -> None:
    """Set the parameters to `start` minus `rate` times the gradient."""
    direction = gradient.split([parameter.numel() for parameter in parameters])
    with torch.no_grad():
        for parameter, old, part in zip(parameters, start, direction, strict=True):
            parameter.copy_(old - rate * part.view_as(old))
