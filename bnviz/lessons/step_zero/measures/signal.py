"""Signal propagation: the forward signal of a network layer by layer, and the gradient of each layer."""

from __future__ import annotations

import copy
import math

import torch
from torch import Tensor

from bnviz.config.experiment import Experiment
from bnviz.judge.intervals import finite_mean
from bnviz.lessons.step_zero.measures.wide_layers import COSINE_AFTER
from bnviz.measures.context import MeasureContext
from bnviz.nets.network import Taps
from bnviz.nets.normalizers import MEASURE


def signal(context: MeasureContext) -> dict[str, list[float] | None]:
    """On one minibatch, of each hidden layer from the first on [layers]:

    `effective_rank` of what enters the nonlinearity, `cosine` between the outputs a[l] of two examples, `squared_gradient`, the
    squared norm of ∂L/∂W[l]. `wide_cosine` is what the cosine would be in infinitely wide layers without a normalizer, None
    where that has no closed form. The network stays as it is.
    """
    network, experiment, x = copy.deepcopy(context.network), context.experiment, context.x
    network.linears.requires_grad_(True)  # also of weights that do not learn
    taps: Taps = []
    with torch.enable_grad():
        loss = context.loss(network(x, MEASURE, experiment.groups, taps=taps), context.y)
        gradients = torch.autograd.grad(loss, network.hidden_weights)
    return {
        "effective_rank": [effective_rank(layer.normalized.detach()) for layer in taps],
        "cosine": [cosines(layer.activation.detach()).nanmean().item() for layer in taps],
        "wide_cosine": wide_cosines(x, experiment, len(taps)),
        "squared_gradient": [gradient.double().square().sum().item() for gradient in gradients],
    }


def activation_rank(context: MeasureContext) -> dict[str, list[float]]:
    """On one minibatch: `activation_rank`, the effective rank of the outputs a[l] of each hidden layer [layers].

    Nothing is centred, as in the code of Daneshmand et al. (2020). The network stays as it is.
    """
    taps: Taps = []
    with torch.no_grad():
        context.network(context.x, MEASURE, context.experiment.groups, taps=taps)
    return {"activation_rank": [effective_rank(layer.activation) for layer in taps]}


def effective_rank(h: Tensor) -> float:
    """(tr M)² / ‖M‖² of M = HᵀH, for H [examples, units]: from 1, all examples on one line, to as many as there are directions.

    It is a lower bound of the rank (Daneshmand et al. 2020). NaN if nothing but zeros goes in.
    """
    h = h.double()
    moments = h.mT @ h if h.shape[0] > h.shape[1] else h @ h.mT  # they share their eigenvalues
    square = moments.square().sum().item()
    return moments.trace().item() ** 2 / square if square else math.nan


def cosines(a: Tensor) -> Tensor:
    """The cosine of each pair of different examples a [examples, units]; [examples, examples].

    NaN for an example with itself, and for one that is 0, which has no direction.
    """
    a = a.double()
    unit = a / a.norm(dim=1, keepdim=True)
    return (unit @ unit.mT).clamp(-1, 1).fill_diagonal_(math.nan)


def wide_cosines(x: Tensor, experiment: Experiment, layers: int) -> list[float] | None:
    """The mean cosine after each of so many infinitely wide layers for inputs x [examples, features].

    Closed forms exist for nonlinearities that are homogeneous in the scale of the weights, without biases and skip connections.
    """
    if experiment.activation not in COSINE_AFTER or experiment.initialization == "pytorch":
        return None
    if experiment.skip_connections != "none":
        return None
    pairs, means = cosines(x).numpy(), []
    for _ in range(layers):
        pairs = COSINE_AFTER[experiment.activation](pairs)
        means.append(finite_mean(pairs))
    return means
