"""Bessel's correction: what running variances have and variances in training have not.

A running variance averages Σ (z − mean)² / (n − 1) over groups of n examples, while training divides by Σ (z − mean)² / n. The
correction is right for independent examples, as in layer 1. What layers above receive is not independent: batch norm below has
made each group's mean 0, so that two examples of a pair are opposites. There division by n is right. With the correction each
layer is smaller by √((n − 1) / n) in evaluation, and so are its inputs for all layers below it.
"""

from __future__ import annotations

import copy

import numpy as np
import torch

from bnviz.config.experiment import Experiment
from bnviz.nets.network import Network, Taps


def group_size(experiment: Experiment) -> float:
    """How many examples are normalized together in training, on average over groups."""
    return experiment.batch / experiment.groups


def without_correction(network: Network, size: float) -> Network:
    """A copy whose running variances have no correction for groups of `size` examples, but in layer 1, where it is right."""
    fresh = copy.deepcopy(network)
    for normalizer in list(fresh.normalizers)[1:]:
        normalizer.running_variance *= (size - 1) / size
    return fresh


def spread(running: Taps, minibatch: Taps) -> np.ndarray:
    """Standard deviations over examples of what enters the nonlinearity, in one pass over in another [layers]."""
    one, other = (torch.stack([layer.normalized.var(0).mean().sqrt() for layer in taps]) for taps in (running, minibatch))
    return (one / other).float().numpy()
