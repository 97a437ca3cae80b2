"""Stochastic gradient descent, computed by PyTorch, without its optimizer objects."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor
from torch.optim.sgd import sgd


class SGD:
    """What torch.optim.SGD does, bit for bit, by the function that it calls.

    The first torch.optim.Optimizer of a process imports torch's compiler: 70 MB and seconds in every worker. A step is quicker,
    too. Of parameters without a gradient, values and velocities stay as they are.
    """

    def __init__(self, parameters: Iterable[Tensor], learning_rate: float, momentum: float):
        self.parameters = list(parameters)
        self.learning_rate, self.momentum = learning_rate, momentum
        self.velocities: dict[Tensor, Tensor] = {}  # by parameter, of those that have moved with momentum

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for parameter in self.parameters:
            parameter.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """Take a step along the gradients."""
        moving = [parameter for parameter in self.parameters if parameter.grad is not None]
        velocities = [self.velocities.get(parameter) for parameter in moving]
        gradients = [parameter.grad for parameter in moving if parameter.grad is not None]
        sgd(
            moving,
            gradients,
            velocities,
            foreach=True,
            lr=self.learning_rate,
            momentum=self.momentum,
            weight_decay=0.0,
            dampening=0.0,
            nesterov=False,
            maximize=False,
        )
        self.velocities |= {parameter: one for parameter, one in zip(moving, velocities, strict=True) if one is not None}
