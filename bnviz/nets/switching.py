"""Switching a normalizer on or off in a network that has been trained: what γ, β and the weights are then."""

from __future__ import annotations

import torch
from torch import Tensor

from bnviz.config.experiment import Experiment
from bnviz.nets.layers import Layers
from bnviz.nets.network import Network, normalizers
from bnviz.nets.normalizers import MEASURE, BatchNorm, NoNorm


@torch.no_grad()
def switch(network: Network, normalizer: str, experiment: Experiment, x: Tensor) -> None:
    """Exchange the network's normalizers for new ones, a key of NORMALIZERS, in place.

    With `scale_start` "keep", what the network makes of x [examples, features], normalized with x's own statistics, stays: batch
    norm that comes has γ and β that undo it, batch norm that goes is taken into W and b. Else γ = 1 and β = 0, and what goes is
    just removed. Running statistics start from those of x. What takes each example by itself cannot be kept in that way.
    """
    before = network.normalizers
    keep, network.normalizers = experiment.scale_start == "keep", normalizers(normalizer, experiment)
    if isinstance(before[0], BatchNorm) and isinstance(network.normalizers[0], NoNorm) and keep:
        _absorb(network, before, x)
    elif isinstance(first := network.normalizers[0], BatchNorm):
        _start(network, x, keep and isinstance(before[0], NoNorm) and first.learns)


def _start(network: Network, x: Tensor, keep: bool) -> None:
    """Layer by layer: running statistics of z and, to `keep` it, γ = sqrt(variance + ε) and β = mean."""
    received = None
    for layer, (linear, normalizer) in enumerate(zip(network.linears, network.normalizers, strict=False)):
        z = linear(x)
        normalizer.running_mean.copy_(z.mean(0))
        normalizer.running_variance.copy_(z.var(0))
        if keep:
            normalizer.gamma.copy_(torch.sqrt(z.var(0, correction=0) + normalizer.eps))
            normalizer.beta.copy_(z.mean(0))
        x = received = network.hand_on(layer, network.activation(normalizer(z, MEASURE, 1)), received)


def _absorb(network: Network, before: Layers[BatchNorm], x: Tensor) -> None:
    """Layer by layer: W' = s W and b' = s (b - mean) + β with s = γ / sqrt(variance + ε)."""
    received = None
    for layer, (linear, normalizer) in enumerate(zip(network.linears, before, strict=False)):
        z = linear(x)
        scale = normalizer.gamma / torch.sqrt(z.var(0, correction=0) + normalizer.eps)
        linear.bias.copy_((linear.bias - z.mean(0)) * scale + normalizer.beta)
        linear.weight.mul_(scale[:, None])
        x = received = network.hand_on(layer, network.activation(linear(x)), received)
