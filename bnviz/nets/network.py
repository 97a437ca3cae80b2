"""The lecture's network: hidden layers z = Wa + b, a normalizer, a nonlinearity; and an output layer.

PyTorch keeps examples in rows, so z below is [examples, units]. Normalizers have a file of their own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn

from bnviz.config.experiment import Experiment
from bnviz.data import DATA_SETS
from bnviz.nets.layers import Layers
from bnviz.nets.normalizers import TRAIN, new_normalizer


class LayerTaps(NamedTuple):
    """The outputs of one hidden layer, each [examples, width]: z, what enters the nonlinearity, and what leaves it."""

    linear: Tensor
    normalized: Tensor
    activation: Tensor


Taps = list[LayerTaps]  # of one hidden layer after another

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": torch.relu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "identity": lambda z: z,
}


class Network(nn.Module):
    """The network of one arm, its normalizer a key of `NORMALIZERS`, its initial weights drawn from `generator`."""

    def __init__(self, experiment: Experiment, normalizer: str, generator: torch.Generator):
        super().__init__()
        data, width = DATA_SETS[experiment.dataset], experiment.width
        inputs = [data.features] + [width] * experiment.hidden_layers
        outputs = [width] * experiment.hidden_layers + [data.classes]
        # skip_init: the weights come from our own generator, and the global one is left alone
        linears = (nn.utils.skip_init(nn.Linear, *sizes) for sizes in zip(inputs, outputs, strict=True))
        self.linears: Layers[nn.Linear] = Layers(linears)
        self.normalizers = normalizers(normalizer, experiment)
        self.has_skips = experiment.skip_connections != "none"
        scaled = experiment.hidden_layers - 1 if experiment.skip_connections == "skipinit" else 0
        self.skip_scales = nn.ParameterList(nn.Parameter(torch.zeros(())) for _ in range(scaled))  # α of the second layer first
        self.activation = ACTIVATIONS[experiment.activation]
        self.dropout, self.trainable = experiment.dropout, experiment.trainable
        for linear in self.linears:
            initialize(linear, experiment.initialization, generator)
        if experiment.precision == "double":  # drawn in single precision all the same, so both begin alike
            self.double()
        self.let_learn()

    def let_learn(self, but: Collection[int] = ()) -> None:
        """Turn gradients on for what `Experiment.trainable` names and off for the rest; the layers `but`, from 0 on, stay off,
        with their α of SkipInit."""
        for layer, linear in enumerate(self.linears):
            learns = self.trainable == "all" or self.trainable == "output" and layer == len(self.normalizers)
            linear.requires_grad_(learns and layer not in but)
        for layer, normalizer in enumerate(self.normalizers):
            normalizer.requires_grad_(normalizer.learns and self.trainable != "output" and layer not in but)
        for layer, scale in enumerate(self.skip_scales, 1):
            scale.requires_grad_(self.trainable == "all" and layer not in but)

    def freeze_statistics(self, frozen: bool) -> None:
        """Have batch norm normalize with its running statistics in every mode, and keep them; or as in training again."""
        for normalizer in self.normalizers:
            normalizer.frozen = frozen

    @property
    def hidden_weights(self) -> list[Tensor]:
        """W[l] [width, inputs] of each hidden layer."""
        return [linear.weight for linear in self.linears[:-1]]

    @property
    def has_running_statistics(self) -> bool:
        """Whether it is normalized with statistics of the minibatch, and so has running ones."""
        return any(True for _ in self.buffers())

    def forward(
        self, x: Tensor, mode: str, groups: int = 1, generator: torch.Generator | None = None, taps: Taps | None = None
    ) -> Tensor:
        """Logits [examples, classes] of x [examples, features].

        Dropout acts in TRAIN mode only, drawn from `generator`; noise in MEASURE mode, too, if there is one. Appends the
        LayerTaps of every hidden layer to `taps` if that is a list.
        """
        return self.forward_from_first(self.linears[0](x), mode, groups, generator, taps)

    def forward_from_first(
        self, z: Tensor, mode: str, groups: int = 1, generator: torch.Generator | None = None, taps: Taps | None = None
    ) -> Tensor:
        """`forward` from z[1] on: the one part of it that is the same in every mode."""
        _, *onward = self.linears
        received = None
        for layer, (normalizer, following) in enumerate(zip(self.normalizers, onward, strict=True)):
            normalized = normalizer(z, mode, groups, generator)
            a = self.activation(normalized)
            if taps is not None:
                taps.append(LayerTaps(z, normalized, a))
            if self.dropout and mode == TRAIN:
                a = a * (torch.rand(a.shape, generator=generator) >= self.dropout) / (1 - self.dropout)
            received = self.hand_on(layer, a, received)
            z = following(received)
        return z

    def hand_on(self, layer: int, a: Tensor, received: Tensor | None) -> Tensor:
        """What a hidden layer, counted from 0, hands to the next one: a [examples, width], added to what it `received` from the
        one before if there are skip connections. The first one's inputs are of another size, so it has none."""
        if not self.has_skips or received is None:
            return a
        return received + (self.skip_scales[layer - 1] * a if len(self.skip_scales) else a)


def normalizers(key: str, experiment: Experiment) -> Layers[Any]:
    """New ones, a key of `NORMALIZERS`, for every hidden layer; raises UnknownNormalizer."""
    sizes = experiment.width, experiment.statistics_momentum, experiment.epsilon
    layers: Layers[Any] = Layers(new_normalizer(key, *sizes) for _ in range(experiment.hidden_layers))
    return layers.to(torch.float64 if experiment.precision == "double" else torch.get_default_dtype())


def initialize(linear: nn.Linear, scheme: str, generator: torch.Generator) -> None:
    """Fill weights and biases in place: He et al. 2015 ("he"), torch.nn.Linear's own default ("pytorch"), N(0, 0.01²)
    ("small"), Glorot & Bengio 2010 ("xavier", variance 2/(inputs + outputs), which keeps a linear net's signal its size), or a
    random orthogonal matrix (Saxe, McClelland & Ganguli 2014; orthonormal rows or columns where it is not square)."""
    if scheme == "pytorch":
        bound = 1 / math.sqrt(linear.in_features)
        nn.init.uniform_(linear.weight, -bound, bound, generator=generator)
        nn.init.uniform_(linear.bias, -bound, bound, generator=generator)
        return
    nn.init.zeros_(linear.bias)
    if scheme == "orthogonal":
        nn.init.orthogonal_(linear.weight, generator=generator)
        return
    inputs, outputs = linear.in_features, linear.out_features
    std = {"he": math.sqrt(2 / inputs), "small": 0.01, "xavier": math.sqrt(2 / (inputs + outputs))}[scheme]
    nn.init.normal_(linear.weight, 0.0, std, generator=generator)


def accuracy(logits: Tensor, y: Tensor) -> float:
    """The share of labels that are right; NaN, null in the recording, where numbers are predicted and not labels."""
    if y.is_floating_point():
        return math.nan
    return (logits.argmax(1) == y).sum().item() / len(y)
