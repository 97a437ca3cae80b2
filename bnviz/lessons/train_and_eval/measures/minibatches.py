"""Minibatches of training examples, each normalized as in training: how their statistics scatter and lie off."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from bnviz.lessons.train_and_eval.measures import NOISE_EXAMPLES
from bnviz.measures.context import MeasureContext
from bnviz.nets.network import Network, Taps
from bnviz.nets.normalizers import MEASURE, equal_groups


class Minibatches(NamedTuple):
    """Some of a training set's `x` [examples, features] in minibatches.

    `means` [layers, minibatches, width] are of z; `variances` [layers, width] are those that normalize, which divide by the
    number of examples, averaged over all groups.
    """

    x: Tensor
    means: Tensor
    variances: Tensor

    @classmethod
    def of(cls, context: MeasureContext) -> Minibatches:
        """Minibatches as large as in training, as many as NOISE_EXAMPLES fill, or two."""
        batch, x, groups = context.experiment.batch, context.examples.x_train, context.experiment.groups
        count = max(1, min(len(x) // batch, max(2, NOISE_EXAMPLES // batch)))
        x, taps = x[: count * batch].to(context.network.linears[0].weight.dtype), Taps()
        context.network(x, MEASURE, count * groups, taps=taps)
        z = [layer.linear for layer in taps]
        means = torch.stack([one.unflatten(0, (count, batch)).mean(1) for one in z])
        return cls(x, means, torch.stack([_variance_in_groups(one, count * groups) for one in z]))

    def noise(self) -> np.ndarray:
        """Standard deviation over minibatches of `means` [layers, width]; NaN if there is only one."""
        means = self.means.numpy()
        return means.std(1, ddof=1) if means.shape[1] > 1 else np.full_like(means[:, 0], np.nan)

    def offset(self, network: Network) -> Tensor:
        """The mean of `means` minus the mean of the same examples normalized together [layers, width].

        It is 0 in layer 1 alone: what other layers receive was normalized by the minibatch's own statistics.
        """
        return self.means.mean(1) - means_together(network, self.x)

    def variance_factor(self, network: Network) -> np.ndarray:
        """Running variances over `variances`, of means over units [layers]."""
        running = torch.stack([layer.running_variance.mean() for layer in network.normalizers])
        return (running / self.variances.mean(-1)).float().numpy()


def means_together(network: Network, x: Tensor) -> Tensor:
    """Means of z over examples `x` [examples, features] that are normalized together [layers, width]."""
    taps = Taps()
    network(x, MEASURE, taps=taps)
    return torch.stack([layer.linear.mean(0) for layer in taps])


def _variance_in_groups(z: Tensor, groups: int) -> Tensor:
    """The mean over groups of examples of their variances [width], for z [examples, width]."""
    variances = [block.var(1, unbiased=False) for block in equal_groups(z, groups)]
    return torch.cat(variances).mean(0)
