"""The data of an experiment as tensors, its minibatches, and its random generators."""

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

SPARE = 1000  # at most so many training examples beside those that are trained on: a validation set
INPUT_NOISE = 2**34  # added to the seed; PyTorch reads the lower 32 bits, so this is the seed itself, and old runs keep it
BOOTSTRAP = 2**31  # added to the seed: far from the generators below


class DataTensors:
    """The experiment's data as tensors: training examples, the held-out ones, and the probe, the first 512 of these."""

    def __init__(self, experiment: Experiment):
        coats = experiment.coats if data.DATA_SETS[experiment.dataset].has_coats else ""  # which paint nothing elsewhere
        x_train, y_train, self.x_test, self.y_test, self._x_test = _load_tensors(experiment.dataset, coats)
        self.x_train = x_train[: experiment.examples]
        self.y_train = noisy_labels(experiment, y_train[: experiment.examples])
        if experiment.bootstrap == "yes":
            drawn = bootstrap_sample(experiment)
            self.x_train, self.y_train = self.x_train[drawn], self.y_train[drawn]
        if experiment.precision == "double":
            self.x_train, self.x_test, self._x_test = self.x_train.double(), self.x_test.double(), self.x_test.double()
            self.y_train, self.y_test = (y.double() if y.is_floating_point() else y for y in (self.y_train, self.y_test))
        is_drawn, is_double = experiment.bootstrap == "yes", experiment.precision == "double"
        self._own = [self.x_train] * (is_drawn or is_double) + [self.x_test] * is_double  # what no other run shares
        self._clean, self._clean_train = self.x_test, self.x_train
        self._spare = x_train[experiment.examples :][:SPARE], y_train[experiment.examples :][:SPARE]

    def with_inputs(self, experiment: Experiment, std: float, shift: float) -> DataTensors:
        """The same with Gaussian noise of this standard deviation, seeded by the experiment, on the clean held-out inputs, and
        with `shift` added to these and to those of training."""
        noise = torch.randn(self._clean.shape, generator=torch.Generator().manual_seed(INPUT_NOISE + experiment.seed))
        other = copy.copy(self)
        other.x_test = self._clean + std * noise
        other.x_train = self._clean_train
        if shift:
            other.x_test, other.x_train = other.x_test + shift, self._clean_train + shift
        other._x_test = _for_onednn(other.x_test)
        other._own = [*self._own, other.x_test, *([other.x_train] if shift else [])]
        return other

    @property
    def bytes(self) -> int:
        """The size of what no other run shares: 100 MB of painted animals in double precision, nothing as a rule."""
        return sum(tensor.nbytes for tensor in self._own)

    def examples(self) -> Examples:
        """All of them, for measures."""
        return Examples(self.x_train, self.y_train, self.x_test, self.y_test, *self._spare, self._clean)

    def first_linear(self, linear: nn.Linear) -> Tensor:
        """z[1] of the held-out examples: the same in every view, and most of a snapshot's work."""
        return self.test_linear(linear.weight, linear.bias)

    def test_linear(self, weight: Tensor, bias: Tensor) -> Tensor:
        """x Wᵀ + b of the held-out examples."""
        z = functional.linear(self._x_test, _for_onednn(weight), _for_onednn(bias))
        return z.to_dense() if z.is_mkldnn else z


@functools.lru_cache(2)
def _load_tensors(name: str, coats: str) -> tuple[Tensor, ...]:
    """A data set, and its held-out inputs once more in oneDNN's layout. Runs of a process that use it share this memory."""
    parts = [_view_of(part) for part in data.load(name, coats)]
    return *parts, _for_onednn(parts[2])


def _view_of(array: np.ndarray) -> Tensor:
    """A tensor in the memory of a read-only array. PyTorch warns that it can be written to; nothing here writes to it."""
    with warnings.catch_warnings(action="ignore", category=UserWarning):
        return torch.from_numpy(array)


def _for_onednn(tensor: Tensor) -> Tensor:
    """`tensor` in the layout of oneDNN, whose product of large matrices is up to twice as fast as PyTorch's default here.

    oneDNN has no double precision.
    """
    return tensor.to_mkldnn() if torch.backends.mkldnn.is_available() and tensor.dtype == torch.float32 else tensor


def noisy_labels(experiment: Experiment, labels: Tensor) -> Tensor:
    """`labels` [examples] with a share of `label_noise` replaced by uniformly random classes; or targets [examples, classes],
    replaced by those of other examples."""
    if not experiment.label_noise:
        return labels
    generator = generator_for(experiment, "labels")
    mask = torch.rand(len(labels), generator=generator) < experiment.label_noise
    if labels.is_floating_point():
        random = labels[torch.randint(len(labels), (len(labels),), generator=generator)]
        return torch.where(mask[:, None], random, labels)
    random = torch.randint(data.DATA_SETS[experiment.dataset].classes, labels.shape, generator=generator)
    return torch.where(mask, random, labels)


def bootstrap_sample(experiment: Experiment) -> Tensor:
    """Indices [examples] of the training examples that the experiment draws, with replacement; each seed draws others."""
    generator = torch.Generator().manual_seed(BOOTSTRAP + experiment.seed)
    return torch.randint(experiment.examples, (experiment.examples,), generator=generator)


class Minibatches(Iterator[Tensor]):
    """Indices [size] of one minibatch after another, without end. Each epoch has an order of its own; its remainder is left out.

    When `size` changes, the next minibatch starts at the same position of the same order.
    """

    def __init__(self, examples: int, size: int, generator: torch.Generator):
        self.examples, self.size, self._generator = examples, size, generator
        self._order, self._position = self._shuffled(), 0
        self._next_order: Tensor | None = None  # the next epoch's order, once `peek` needed it

    def _shuffled(self) -> Tensor:
        return torch.randperm(self.examples, generator=self._generator)

    def peek(self) -> Tensor:
        """The next minibatch, without moving on."""
        if self._position + self.size <= self.examples:
            return self._order[self._position : self._position + self.size]
        if self._next_order is None:
            self._next_order = self._shuffled()
        return self._next_order[: self.size]

    def __next__(self) -> Tensor:
        minibatch = self.peek()
        if self._position + self.size > self.examples:
            assert self._next_order is not None  # set by `peek`
            self._order, self._next_order, self._position = self._next_order, None, 0
        self._position += self.size
        return minibatch

    def take(self, count: int) -> Tensor:
        """Indices [count × size] of the next minibatches, one after another: those of a step that accumulates gradients."""
        return next(self) if count == 1 else torch.cat([next(self) for _ in range(count)])


def minibatches(experiment: Experiment) -> Minibatches:
    """The experiment's minibatches, from the first one on."""
    return Minibatches(experiment.examples, experiment.batch, generator_for(experiment, "minibatches"))


def generator_for(experiment: Experiment, purpose: str) -> torch.Generator:
    """A random generator for each purpose, so that dropout, say, does not change which minibatches are drawn."""
    purposes = ("weights", "minibatches", "labels", "dropout")
    return torch.Generator().manual_seed(len(purposes) * experiment.seed + purposes.index(purpose))
