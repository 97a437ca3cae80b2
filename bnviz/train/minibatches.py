"""What an experiment trains on: its data as tensors, its minibatches, and a random generator for each purpose."""

from __future__ import annotations

import copy
import functools
import warnings
from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from bnviz import data
from bnviz.config.experiment import Experiment
from bnviz.measures.context import Examples

SPARE = 1000  # training examples to choose by, where so many are not trained on
INPUT_NOISE = 2**34  # added to the seed: far from the generators below


class Tensors:
    """The experiment's data as tensors: training examples, the held-out ones, and the probe, the first 512 of these."""

    def __init__(self, experiment: Experiment):
        x_train, y_train, self.x_test, self.y_test, self._x_test = _whole(experiment.dataset, experiment.coats)
        self.x_train = x_train[: experiment.examples]
        self.y_train = noisy_labels(experiment, y_train[: experiment.examples])
        if experiment.precision == "double":
            self.x_train, self.x_test, self._x_test = self.x_train.double(), self.x_test.double(), self.x_test.double()
            self.y_train, self.y_test = (y.double() if y.is_floating_point() else y for y in (self.y_train, self.y_test))
        self._clean = self.x_test
        self._spare = x_train[experiment.examples :][:SPARE], y_train[experiment.examples :][:SPARE]

    def with_input_noise(self, experiment: Experiment, spread: float) -> Tensors:
        """The same with Gaussian noise of this standard deviation, the experiment's own, on the clean held-out inputs."""
        noise = torch.randn(self._clean.shape, generator=torch.Generator().manual_seed(INPUT_NOISE + experiment.seed))
        other = copy.copy(self)
        other.x_test = self._clean + spread * noise
        other._x_test = _for_onednn(other.x_test)
        return other

    def examples(self) -> Examples:
        """All of them, for measures."""
        return Examples(self.x_train, self.y_train, self.x_test, self.y_test, *self._spare)

    def first_linear(self, linear: nn.Linear) -> Tensor:
        """z[1] of the held-out examples: the same in every view, and most of a snapshot's work."""
        return self.test_linear(linear.weight, linear.bias)

    def test_linear(self, weight: Tensor, bias: Tensor) -> Tensor:
        """x Wᵀ + b of the held-out examples."""
        z = functional.linear(self._x_test, _for_onednn(weight), _for_onednn(bias))
        return z.to_dense() if z.is_mkldnn else z


@functools.cache
def _whole(name: str, coats: str) -> tuple[Tensor, ...]:
    """A data set, and its held-out inputs once more for oneDNN: the same memory for every run that a process keeps."""
    parts = [_of_the_same_memory(part) for part in data.load(name, coats)]
    return *parts, _for_onednn(parts[2])


def _of_the_same_memory(array: np.ndarray) -> Tensor:
    """A tensor of an array that is read-only; PyTorch warns of that, for it could be written to, which nobody does."""
    with warnings.catch_warnings(action="ignore", category=UserWarning):
        return torch.from_numpy(array)


def _for_onednn(tensor: Tensor) -> Tensor:
    """`tensor` in the layout of oneDNN, whose product of large matrices is up to twice as fast as PyTorch's default here.

    It knows no double precision.
    """
    return tensor.to_mkldnn() if torch.backends.mkldnn.is_available() and tensor.dtype == torch.float32 else tensor


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


class Minibatches(Iterator[Tensor]):
    """Indices [size] of one minibatch after another, for ever. Every epoch is shuffled anew; its remainder is left out.

    `size` may change on the way: what comes next is then cut from the same place of the same order.
    """

    def __init__(self, examples: int, size: int, generator: torch.Generator):
        self.examples, self.size, self._generator = examples, size, generator
        self._order, self._place = self._shuffled(), 0
        self._following: Tensor | None = None  # the next epoch's order, if somebody has looked that far

    def _shuffled(self) -> Tensor:
        return torch.randperm(self.examples, generator=self._generator)

    def peek(self) -> Tensor:
        """The next minibatch, which stays the next."""
        if self._place + self.size <= self.examples:
            return self._order[self._place : self._place + self.size]
        if self._following is None:
            self._following = self._shuffled()
        return self._following[: self.size]

    def __next__(self) -> Tensor:
        chosen = self.peek()
        if self._place + self.size > self.examples:
            assert self._following is not None  # `peek` has just seen to it
            self._order, self._following, self._place = self._following, None, 0
        self._place += self.size
        return chosen


def minibatches(experiment: Experiment) -> Minibatches:
    """The experiment's minibatches, from the first one on."""
    return Minibatches(experiment.examples, experiment.batch, generator_for(experiment, "minibatches"))


def generator_for(experiment: Experiment, purpose: str) -> torch.Generator:
    """A generator of its own for each purpose, so that, say, dropout does not change which minibatches are drawn."""
    purposes = ("weights", "minibatches", "labels", "dropout")
    return torch.Generator().manual_seed(len(purposes) * experiment.seed + purposes.index(purpose))
