"""Stochastic gradient descent, computed by PyTorch, without its optimizer objects."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.optim.sgd import sgd

from bnviz.config.experiment import Experiment
from bnviz.config.schedule import shrinkage


@dataclass(frozen=True)
class Decay:
    """Weight decay of some weights, the factor by which their rate grows at each step, and whether the rate rises in place of
    decay (`bnviz.config.schedule`)."""

    weight_decay: float = 0.0
    rate_growth: float = 1.0
    rising: bool = False

    @classmethod
    def of(cls, experiment: Experiment, rising: bool = False) -> Decay:
        return cls(experiment.weight_decay, experiment.rate_growth, rising)

    @property
    def is_idle(self) -> bool:
        """Whether there is neither decay nor growth."""
        return not self.weight_decay and self.rate_growth == 1


class SGD:
    """torch.optim.SGD, bit for bit, by the function that it calls.

    The first torch.optim.Optimizer of a process imports torch's compiler: 70 MB and seconds in every worker. A step is faster,
    too. Parameters without a gradient keep their values and velocities. `decay` applies to `hidden`, some of the parameters.
    """

    def __init__(
        self,
        parameters: Iterable[Tensor],
        learning_rate: float,
        momentum: float,
        hidden: Collection[Tensor] = (),
        decay: Decay = Decay(),
    ):
        self.parameters = list(parameters)
        self.learning_rate, self.momentum = learning_rate, momentum
        self.hidden, self.decay = set(hidden), decay
        self.velocities: dict[Tensor, Tensor] = {}  # by parameter, after their first step with momentum
        self.steps, self.scale = 0, 1.0  # steps taken; what decay alone would have made of a weight of 1

    def set_parameters(self, parameters: Iterable[Tensor]) -> None:
        """Optimize these parameters from now on. Those that stay keep their velocities; new ones have none."""
        self.parameters = list(parameters)
        remaining = set(self.parameters)
        self.velocities = {parameter: one for parameter, one in self.velocities.items() if parameter in remaining}

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for parameter in self.parameters:
            parameter.grad = None

    @property
    def hidden_rate(self) -> float:
        """The rate that the next step has for the hidden weights."""
        rate = self._grown_rate
        return rate / (self.scale**2 * self._shrinkage) if self.decay.rising else rate

    @property
    def _grown_rate(self) -> float:
        return self.learning_rate * self.decay.rate_growth ** (self.steps + 0.5)

    @property
    def _shrinkage(self) -> float:
        factor = shrinkage(self._grown_rate, self.decay.weight_decay, self.momentum)
        return math.nan if factor is None else factor  # the rate was raised while training: no such network exists any more

    @torch.no_grad()
    def step(self) -> None:
        """Take a step along the gradients."""
        parameters = [parameter for parameter in self.parameters if parameter.grad is not None]
        if self.decay.is_idle:
            return self._move(parameters, self.learning_rate, 0.0)
        hidden = [parameter for parameter in parameters if parameter in self.hidden]
        self._move([parameter for parameter in parameters if parameter not in self.hidden], self.learning_rate, 0.0)
        if self.decay.rising:
            self._rise(hidden)
        else:
            self._move(hidden, self.hidden_rate, self.decay.weight_decay)
        self.steps += 1

    def _rise(self, hidden: list[Tensor]) -> None:
        """A step at the rising rate, which replaces weight decay. Under decay a weight shrinks from the first step on; here it
        does not, so with momentum it begins with the velocity that makes up for that."""
        rate, shrinkage_factor = self.hidden_rate, self._shrinkage
        for parameter in hidden if self.momentum else ():
            if parameter not in self.velocities:
                self.velocities[parameter] = parameter * ((shrinkage_factor - 1) / (shrinkage_factor**2 * rate))
        self._move(hidden, rate, 0.0)
        self.scale *= shrinkage_factor

    def _move(self, parameters: list[Tensor], rate: float, weight_decay: float) -> None:
        velocities = [self.velocities.get(parameter) for parameter in parameters]
        gradients = [parameter.grad for parameter in parameters if parameter.grad is not None]
        sgd(
            parameters,
            gradients,
            velocities,
            foreach=True,
            lr=rate,
            momentum=self.momentum,
            weight_decay=weight_decay,
            dampening=0.0,
            nesterov=False,
            maximize=False,
        )
        self.velocities |= {parameter: one for parameter, one in zip(parameters, velocities, strict=True) if one is not None}
