"""What a measure may use: the only argument of every measure.

A measure of a live run gets a `LiveContext`, a measure of a sweep a `MeasureContext`, the part that both have. Measures only
read: copy a network before you change it, and a generator before you draw from it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

import numpy as np
import torch
from torch import Tensor

from bnviz.config.arms import ARMS, ArmSpec
from bnviz.config.experiment import Experiment
from bnviz.nets.network import Network, Taps
from bnviz.normalizers import SPECS
from bnviz.record.ndjson import TAPS

Loss = Callable[..., Tensor]  # of logits and labels, as torch.nn.functional.cross_entropy


class Examples(NamedTuple):
    """A run's examples: inputs x [examples, features] and labels y [examples], or targets y [examples, classes].

    `train` are those that it trains on, labelled as it is trained on them (`label_noise` included); `test` are held out, and the
    first `PROBE_SIZE` of them are the probe; `spare` are up to 1,000 training examples that it does not train on. `x_clean` are
    the held-out inputs as they are before a change of the run adds noise or a shift.
    """

    x_train: Tensor
    y_train: Tensor
    x_test: Tensor
    y_test: Tensor
    x_spare: Tensor
    y_spare: Tensor
    x_clean: Tensor = torch.empty(0)


class Optimizer(Protocol):
    """The part of `bnviz.train.sgd.SGD` that measures use; it moves the parameters of the network that it is copied with."""

    @property
    def hidden_rate(self) -> float: ...
    def zero_grad(self) -> None: ...
    def step(self) -> None: ...


@dataclass(frozen=True)
class Distributions:
    """An arm's values on the probe at one snapshot, in the training view: normalized with the probe's own statistics, and with
    the noise that training adds, as in training; without dropout.

    `values` [taps, layers, width, probe] are sorted along the last axis, `mean` and (population) `std` [taps, layers, width] are
    theirs. There are three taps, or two where nothing is normalized: `linear` and `normalized` are the same values then.
    """

    values: np.ndarray
    mean: np.ndarray
    std: np.ndarray

    def tap(self, name: str) -> np.ndarray:
        """Sorted values [layers, width, probe] of "linear", "normalized" or "activation"."""
        return self.by_tap(self.values)[name]

    @property
    def tap_indices(self) -> list[int]:
        """The taps along the first axis of every array."""
        return [0, 2] if len(self.values) == 2 else [0, 1, 2]

    def by_tap(self, arrays: np.ndarray | Sequence[np.ndarray]) -> dict[str, np.ndarray]:
        """Arrays, one for each of `tap_indices`, by the name of their tap, as a recording has them."""
        first, *rest = arrays
        return dict(zip(TAPS, (first, first, *rest) if len(self.values) == 2 else arrays, strict=True))

    @property
    def nbytes(self) -> int:
        return self.values.nbytes + self.mean.nbytes + self.std.nbytes

    def with_all_taps(self) -> Distributions:
        """The same with three taps, though two of them may be equal."""
        return self if len(self.values) == 3 else Distributions(*(part[[0, 0, 1]] for part in (self.values, self.mean, self.std)))


class Draw(NamedTuple):
    """What the next step of training draws at random: a `minibatch` [batch] of training examples, by their indices, `groups` of
    which are normalized apart, and noise, by the state of the generator that it comes from. `turn` counts snapshots."""

    minibatch: Tensor
    groups: int
    noise: Tensor
    turn: int

    @property
    def first_group(self) -> int:
        """How many examples are normalized with the minibatch's first one: larger groups come first (`equal_groups`)."""
        return -(-len(self.minibatch) // self.groups)

    @property
    def generator(self) -> torch.Generator:
        """A generator that draws the same noise."""
        generator = torch.Generator()
        generator.set_state(self.noise)
        return generator


def probe_noise(experiment: Experiment, normalizer: str, generator: torch.Generator) -> torch.Generator | None:
    """A generator of the noise that `normalizer` adds to the probe in the training view: a copy of the one that training draws
    from, so that it is the noise of the next step, and training draws it all the same. None if there is none."""
    if not SPECS[normalizer].noisy or experiment.probe_noise == "omitted":
        return None
    return torch.Generator().set_state(generator.get_state())


class ExampleValues(NamedTuple):
    """An arm's values of examples of the probe at a snapshot, in the order of the probe.

    `probe` are its taps [probe, width] in the training view, all of the probe normalized together. `minibatch`
    [taps, layers, examples, width] are the first of these examples in the minibatch of `draw`: `example_values.in_minibatch`.
    """

    probe: Taps
    minibatch: Tensor
    draw: Draw


@dataclass(frozen=True)
class MeasureContext:
    """A network while it trains, and the examples to measure it on.

    `experiment` has the settings in force at this step. `minibatch` [batch] are indices of training examples: in a live run those
    of the minibatch that comes next; in a sweep those of one drawn for each checkpoint, the same for all runs. `earlier` is the
    network as it was some steps before the end, if this is a sweep's last checkpoint and the measure looks back that far.
    """

    network: Network
    experiment: Experiment
    loss: Loss
    examples: Examples
    minibatch: Tensor
    earlier: Network | None = field(default=None, kw_only=True)

    @property
    def x(self) -> Tensor:
        """Inputs [batch, features] of the minibatch."""
        return self.examples.x_train[self.minibatch]

    @property
    def y(self) -> Tensor:
        """Labels [batch], or targets [batch, classes], of the minibatch."""
        return self.examples.y_train[self.minibatch]


@dataclass(frozen=True)
class LiveContext(MeasureContext):
    """One arm of a live run at a snapshot.

    `arm` is a key of `ARMS`; `normalizer` is what normalizes it now, a key of `bnviz.normalizers.SPECS`. `optimizer`, and the
    generator of dropout's masks, `dropout`, are as the next step will find them. `taps` are the outputs [probe, width] of each
    hidden layer on the probe, in the order of its examples: linear, normalized, activation. `first`, `previous` and `current` are
    the arm's distributions: of the untrained network, at the snapshot before this one, and now. At the first snapshot all three
    are the same. `values_before` and `values` are those of the same examples at the snapshot before and now, of the two arms that
    are compared; None of others.
    """

    arm: str
    normalizer: str
    optimizer: Optimizer
    dropout: torch.Generator
    taps: Taps
    first: Distributions
    previous: Distributions
    current: Distributions
    values_before: ExampleValues | None = None
    values: ExampleValues | None = None

    @property
    def noise(self) -> torch.Generator | None:
        """What draws the noise that is on the probe: `probe_noise`."""
        return probe_noise(self.experiment, self.normalizer, self.dropout)

    @property
    def is_compared(self) -> bool:
        """Whether the arm is one of the two that are compared, and no companion of theirs."""
        return self.arm in self.experiment.arms[:2]

    @property
    def spec(self) -> ArmSpec:
        """What the arm is."""
        return ARMS[self.arm]
