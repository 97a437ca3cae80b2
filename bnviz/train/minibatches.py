"""What an experiment trains on: its data as tensors, its minibatches, and a random generator for each purpose."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn import functional

from bnviz import data
from bnviz.config.experiment import Experiment


class Tensors:
    """The experiment's data as tensors: training examples, the held-out ones, and the probe, the first 512 of these."""

    def __init__(self, experiment: Experiment):
        split = data.load(experiment.dataset, experiment.coats)
        self.x_train = torch.tensor(split.x_train[: experiment.examples])
        self.y_train = noisy_labels(experiment, torch.tensor(split.y_train[: experiment.examples]))
        self.x_test, self.y_test = torch.tensor(split.x_test), torch.tensor(split.y_test)
        self._x_test = _for_onednn(self.x_test)

    def first_linear(self, linear: nn.Linear) -> Tensor:
        """z[1] of the held-out examples: the same in every view, and most of a snapshot's work."""
        return self.test_linear(linear.weight, linear.bias)

    def test_linear(self, weight: Tensor, bias: Tensor) -> Tensor:
        """x Wᵀ + b of the held-out examples."""
        return functional.linear(self._x_test, _for_onednn(weight), _for_onednn(bias)).to_dense()


def _for_onednn(tensor: Tensor) -> Tensor:
    """`tensor` in the layout of oneDNN, whose product of large matrices is up to twice as fast as PyTorch's default here."""
    return tensor.to_mkldnn() if torch.backends.mkldnn.is_available() else tensor


def noisy_labels(experiment: Experiment, labels: Tensor) -> Tensor:
    """`labels` [examples] with a share of `label_noise` replaced by uniformly random classes; targets, by other examples'."""
    if not experiment.label_noise:
        return labels
    generator = generator_for(experiment, "labels")
    chosen = torch.rand(len(labels), generator=generator) < experiment.label_noise
    if labels.is_floating_point():
        random = labels[torch.randint(len(labels), (len(labels),), generator=generator)]
        return torch.where(chosen[:, None], random, labels)
    random = torch.randint(data.DATA_SETS[experiment.dataset].classes, labels.shape, generator=generator)
    return torch.where(chosen, random, labels)


def minibatches(experiment: Experiment) -> Iterator[Tensor]:
    """Indices [batch] of one minibatch after another, for ever. Every epoch is shuffled anew; its remainder is left out."""
    generator = generator_for(experiment, "minibatches")
    while True:
        order = torch.randperm(experiment.examples, generator=generator)
        whole = len(order) - len(order) % experiment.batch
        yield from (order[first : first + experiment.batch] for first in range(0, whole, experiment.batch))


def generator_for(experiment: Experiment, purpose: str) -> torch.Generator:
    """A generator of its own for each purpose, so that, say, dropout does not change which minibatches are drawn."""
    purposes = ("weights", "minibatches", "labels", "dropout")
    return torch.Generator().manual_seed(len(purposes) * experiment.seed + purposes.index(purpose))
