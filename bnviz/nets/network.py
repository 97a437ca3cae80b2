"""The lecture's network: hidden layers z = Wa + b, a normalizer, a nonlinearity; and an output layer.

PyTorch keeps examples in rows, so z below is [examples, units]. A new normalizer is one class and one line in `NORMALIZERS`.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

from bnviz.config.experiment import Experiment
from bnviz.data import DATA_SETS

# How statistics are chosen. TRAIN: the minibatch's own (or each ghost batch's), and running ones are updated. MEASURE: the
# batch's own as in training, but nothing is updated. EVALUATE: the running ones.
TRAIN, MEASURE, EVALUATE = "train", "measure", "evaluate"

Taps = list[tuple[Tensor, Tensor, Tensor]]  # linear, normalized, activation of one hidden layer after another

ACTIVATIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "relu": torch.relu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "identity": lambda z: z,
}


class NoNorm(nn.Module):
    """Passes z on as it is."""

    def __init__(self, width: int, momentum: float = 0.1):
        super().__init__()

    def forward(self, z: Tensor, view: str, groups: int, generator: torch.Generator | None = None) -> Tensor:
        return z


class BatchNorm(nn.Module):
    """y = γ (z - mean) / sqrt(variance + ε) + β, statistics over the batch (Ioffe & Szegedy 2015, algorithm 1).

    In TRAIN view a minibatch may be split into `groups` ghost batches that are normalized apart (Hoffer, Hubara & Soudry 2017).
    Running statistics follow PyTorch: running = (1 - momentum) running + momentum new, with the unbiased variance.
    """

    eps = 1e-5  # PyTorch's default

    def __init__(self, width: int, momentum: float = 0.1):
        super().__init__()
        self.momentum = momentum
        self.gamma = nn.Parameter(torch.ones(width))
        self.beta = nn.Parameter(torch.zeros(width))
        self.register_buffer("running_mean", torch.zeros(width))
        self.register_buffer("running_variance", torch.ones(width))

    def forward(self, z: Tensor, view: str, groups: int, generator: torch.Generator | None = None) -> Tensor:
        if groups > 1 and view != EVALUATE:
            return self._normalize_groups(z, groups, update=view == TRAIN)
        running = (None, None) if view == MEASURE else (self.running_mean, self.running_variance)
        return functional.batch_norm(
            z, *running, self.gamma, self.beta, training=view != EVALUATE, momentum=self.momentum, eps=self.eps
        )

    def _normalize_groups(self, z: Tensor, groups: int, update: bool) -> Tensor:
        normalized, means, variances = [], [], []
        for block in equal_groups(z, groups):
            mean, variance = block.mean(1, keepdim=True), block.var(1, unbiased=False, keepdim=True)
            normalized.append(((block - mean) / torch.sqrt(variance + self.eps)).flatten(0, 1))
            means.append(mean.detach())
            variances.append(variance.detach() * (block.shape[1] / (block.shape[1] - 1)))
        if update:
            self.running_mean.lerp_(torch.cat(means).mean((0, 1)), self.momentum)
            self.running_variance.lerp_(torch.cat(variances).mean((0, 1)), self.momentum)
        return self.gamma * torch.cat(normalized) + self.beta


def equal_groups(values: Tensor, groups: int) -> list[Tensor]:
    """`values` [examples, units] cut in order into `groups` groups whose sizes differ by at most one.

    Returns at most two blocks [groups of one size, size, units], the larger groups first.
    """
    size, larger = divmod(len(values), groups)
    cut = larger * (size + 1)
    blocks = [values[:cut].unflatten(0, (larger, size + 1))] if larger else []
    return [*blocks, values[cut:].unflatten(0, (groups - larger, size))]


class FixedBatchNorm(BatchNorm):
    """Batch norm that keeps γ = 1 and β = 0, as torch's `affine=False`."""

    def __init__(self, width: int, momentum: float = 0.1):
        super().__init__(width, momentum)
        self.gamma.requires_grad_(False)
        self.beta.requires_grad_(False)


class LayerNorm(nn.Module):
    """y = γ (z - mean) / sqrt(variance + ε) + β, statistics of each example over its units (Ba, Kiros & Hinton 2016)."""

    eps = 1e-5

    def __init__(self, width: int, momentum: float = 0.1):
        super().__init__()
        self.size = width  # units that are normalized together
        self.gamma = nn.Parameter(torch.ones(width))
        self.beta = nn.Parameter(torch.zeros(width))

    def forward(self, z: Tensor, view: str, groups: int, generator: torch.Generator | None = None) -> Tensor:
        parts = z.unflatten(-1, (-1, self.size))
        return self.gamma * functional.layer_norm(parts, (self.size,), eps=self.eps).flatten(-2) + self.beta


class GroupNorm(LayerNorm):
    """Layer norm over groups of 16 units apart (Wu & He 2018, whose groups of channels these are)."""

    def __init__(self, width: int, momentum: float = 0.1):
        super().__init__(width)
        self.size = math.gcd(width, 16)


def noise(width: int, generator: torch.Generator | None) -> tuple[Tensor, Tensor]:
    """A random shift in ±0.5 and scale in 1…1.25 [width] for every unit, fresh at every step (Santurkar et al. 2018, 2.1)."""
    shift = torch.empty(width).uniform_(-0.5, 0.5, generator=generator)
    return shift, torch.empty(width).uniform_(1.0, 1.25, generator=generator)


class NoisyBatchNorm(BatchNorm):
    """Batch norm whose output is shifted and scaled at random while training: what it has just pinned moves again."""

    def forward(self, z: Tensor, view: str, groups: int, generator: torch.Generator | None = None) -> Tensor:
        return _disturbed(super().forward(z, view, groups), view, generator)


class Noise(NoNorm):
    """The same noise on z itself."""

    def forward(self, z: Tensor, view: str, groups: int, generator: torch.Generator | None = None) -> Tensor:
        return _disturbed(z, view, generator)


def _disturbed(z: Tensor, view: str, generator: torch.Generator | None) -> Tensor:
    if view != TRAIN:
        return z
    shift, scale = noise(z.shape[-1], generator)
    return z * scale + shift


NORMALIZERS: dict[str, type[nn.Module]] = {
    "none": NoNorm,
    "batch": BatchNorm,
    "fixed": FixedBatchNorm,
    "layer": LayerNorm,
    "group": GroupNorm,
    "noisy-batch": NoisyBatchNorm,
    "noisy-none": Noise,
}


class Network(nn.Module):
    """The network of one arm, its normalizer a key of `NORMALIZERS`, its initial weights drawn from `generator`."""

    def __init__(self, experiment: Experiment, normalizer: str, generator: torch.Generator):
        super().__init__()
        data, width = DATA_SETS[experiment.dataset], experiment.width
        inputs = [data.features] + [width] * experiment.hidden_layers
        outputs = [width] * experiment.hidden_layers + [data.classes]
        # skip_init: the weights come from our own generator, and the global one is left alone
        self.linears = nn.ModuleList(nn.utils.skip_init(nn.Linear, *sizes) for sizes in zip(inputs, outputs, strict=True))
        self.normalizers = nn.ModuleList(NORMALIZERS[normalizer](width, experiment.statistics_momentum) for _ in inputs[1:])
        self.activation = ACTIVATIONS[experiment.activation]
        self.dropout = experiment.dropout
        for linear in self.linears:
            initialize(linear, experiment.initialization, generator)

    def forward(
        self, x: Tensor, view: str, groups: int = 1, generator: torch.Generator | None = None, taps: Taps | None = None
    ) -> Tensor:
        """Logits [examples, classes] of x [examples, features].

        Dropout and noise act in TRAIN view only, drawn from `generator`. Appends (linear, normalized, activation) of every
        hidden layer, each [examples, width], to `taps` if that is a list.
        """
        return self.onward(self.linears[0](x), view, groups, generator, taps)

    def onward(
        self, z: Tensor, view: str, groups: int = 1, generator: torch.Generator | None = None, taps: Taps | None = None
    ) -> Tensor:
        """`forward` from z[1] on: the one part of it that is the same in every view."""
        _, *onward = self.linears
        for normalizer, following in zip(self.normalizers, onward, strict=True):
            normalized = normalizer(z, view, groups, generator)
            a = self.activation(normalized)
            if taps is not None:
                taps.append((z, normalized, a))
            if self.dropout and view == TRAIN:
                a = a * (torch.rand(a.shape, generator=generator) >= self.dropout) / (1 - self.dropout)
            z = following(a)
        return z


def initialize(linear: nn.Linear, scheme: str, generator: torch.Generator) -> None:
    """Fill weights and biases in place: He et al. 2015 ("he"), torch.nn.Linear's own default ("pytorch"), N(0, 0.01²)
    ("small"), or Glorot & Bengio 2010 ("xavier", variance 2/(inputs + outputs), which keeps a linear net's signal its size)."""
    if scheme == "pytorch":
        bound = 1 / math.sqrt(linear.in_features)
        nn.init.uniform_(linear.weight, -bound, bound, generator=generator)
        nn.init.uniform_(linear.bias, -bound, bound, generator=generator)
        return
    inputs, outputs = linear.in_features, linear.out_features
    std = {"he": math.sqrt(2 / inputs), "small": 0.01, "xavier": math.sqrt(2 / (inputs + outputs))}[scheme]
    nn.init.normal_(linear.weight, 0.0, std, generator=generator)
    nn.init.zeros_(linear.bias)


def accuracy(logits: Tensor, y: Tensor) -> float:
    """The share of labels that are right; NaN, null in the recording, where numbers are predicted and not labels."""
    if y.is_floating_point():
        return math.nan
    return (logits.argmax(1) == y).sum().item() / len(y)
