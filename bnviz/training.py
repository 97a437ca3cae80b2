"""The trainer: both arms in lockstep, same initial weights, same minibatches, measured on a fixed probe.

`train` is the whole story; what it yields is described in docs/recording.md. Measuring changes nothing: no running statistic,
generator or gradient is touched, and a run with snapshots ends with the very weights of a run without.
"""

from __future__ import annotations

import dataclasses
import math
import platform
from collections.abc import Generator, Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

import bnviz
from bnviz import data, measures
from bnviz.experiment import FORMAT, PROBE_SIZE, WATCHED_UNITS, Experiment
from bnviz.network import ACTIVATIONS, EVALUATE, MEASURE, TRAIN, Network, Taps, equal_groups
from bnviz.recording import TAPS, coarse, smallest

ARMS = ("none", "batch")
BINS = 48
NOISE_EVERY = 4  # snapshots between two measurements of the minibatch's noise
MINIBATCH_PARTS = 32  # precision of one minibatch's statistics, which scatter by more than that
ACTIVATION_RANGE = {"relu": (0.0, 8.0), "tanh": (-1.0, 1.0), "sigmoid": (0.0, 1.0)}
LINEAR_RANGE = (-8.0, 8.0)

Outcome = tuple[str, str]  # status and message of the recording's end


def bin_edges(experiment: Experiment) -> dict[str, np.ndarray]:
    """Histogram edges [BINS + 1] of every tap: one set for both arms and all steps, so that pictures can be compared."""
    ranges = {"linear": LINEAR_RANGE, "normalized": LINEAR_RANGE, "activation": ACTIVATION_RANGE[experiment.activation]}
    return {tap: np.linspace(*ranges[tap], BINS + 1, dtype=np.float32) for tap in TAPS}


def header(experiment: Experiment) -> dict[str, Any]:
    """The first message of a recording."""
    return {
        "type": "header",
        "format": FORMAT,
        "id": experiment.id,
        "experiment": dataclasses.asdict(experiment),
        "arms": list(ARMS),
        "hidden_layers": experiment.hidden_layers,
        "taps": list(TAPS),
        "edges": bin_edges(experiment),
        "probe_size": PROBE_SIZE,
        "total_steps": experiment.steps,
        "classes": data.DATA_SETS[experiment.dataset].classes,
        "watched_units": list(range(WATCHED_UNITS)),
        "group_size": experiment.batch / experiment.groups,
        "versions": {"bnviz": bnviz.__version__, "torch": torch.__version__, "python": platform.python_version()},
    }


class Tensors:
    """The experiment's data as tensors: training examples, the held-out ones, and the probe, the first 512 of these."""

    def __init__(self, experiment: Experiment):
        split = data.load(experiment.dataset)
        self.x_train = torch.tensor(split.x_train[: experiment.examples])
        self.y_train = noisy_labels(experiment, torch.tensor(split.y_train[: experiment.examples]))
        self.x_test, self.y_test = torch.tensor(split.x_test), torch.tensor(split.y_test)
        self._x_test = _for_onednn(self.x_test)

    def first_linear(self, linear: nn.Linear) -> Tensor:
        """z[1] of the held-out examples: the same in every view, and most of a snapshot's work."""
        weight, bias = _for_onednn(linear.weight), _for_onednn(linear.bias)
        return functional.linear(self._x_test, weight, bias).to_dense()


def _for_onednn(tensor: Tensor) -> Tensor:
    """`tensor` in the layout of oneDNN, whose product of large matrices is up to twice as fast as PyTorch's default here."""
    return tensor.to_mkldnn() if torch.backends.mkldnn.is_available() else tensor


def noisy_labels(experiment: Experiment, labels: Tensor) -> Tensor:
    """`labels` [examples] with a share of `label_noise` replaced by uniformly random classes."""
    if not experiment.label_noise:
        return labels
    generator = _generator(experiment, "labels")
    chosen = torch.rand(len(labels), generator=generator) < experiment.label_noise
    random = torch.randint(data.DATA_SETS[experiment.dataset].classes, labels.shape, generator=generator)
    return torch.where(chosen, random, labels)


def minibatches(experiment: Experiment) -> Iterator[Tensor]:
    """Indices [batch] of one minibatch after another, for ever. Every epoch is shuffled anew; its remainder is left out."""
    generator = _generator(experiment, "minibatches")
    while True:
        order = torch.randperm(experiment.examples, generator=generator)
        yield from order[: len(order) // experiment.batch * experiment.batch].split(experiment.batch)


def _generator(experiment: Experiment, purpose: str) -> torch.Generator:
    """A generator of its own for each purpose, so that, say, dropout does not change which minibatches are drawn."""
    purposes = ("weights", "minibatches", "labels", "dropout")
    return torch.Generator().manual_seed(len(purposes) * experiment.seed + purposes.index(purpose))


class Arm:
    """One of the networks, its optimizer, and what a snapshot needs to remember of it."""

    def __init__(self, experiment: Experiment, name: str):
        self.name, self.groups = name, experiment.groups
        self.network = Network(experiment, name, _generator(experiment, "weights"))
        self.optimizer = torch.optim.SGD(self.network.parameters(), lr=experiment.learning_rate, momentum=experiment.momentum)
        self.has_statistics = any(True for _ in self.network.buffers())
        self.dropout = _generator(experiment, "dropout")
        self.diverged_at: int | None = None
        self.seen = _Tally()
        self.probe = _Probe(experiment)

    def step(self, x: Tensor, y: Tensor) -> None:
        """One step of SGD on a minibatch."""
        logits = self.network(x, TRAIN, self.groups, self.dropout)
        loss = functional.cross_entropy(logits, y)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.seen.add(loss, logits, y)

    @torch.no_grad()
    def measure(self, tensors: Tensors, upcoming: Tensor, noise: bool) -> dict[str, Any]:
        """Everything a snapshot says of this arm; `upcoming` are the indices of the minibatch it will train on next."""
        x, y = tensors.x_train[upcoming], tensors.y_train[upcoming]
        result = self._training(x, y)
        z, taps = tensors.first_linear(self.network.linears[0]), []
        logits = self.network.onward(z, EVALUATE, taps=taps)
        result["test_loss"] = functional.cross_entropy(logits, tensors.y_test).item()
        result["test_accuracy"] = _accuracy(logits, tensors.y_test)
        logits, taps = self._probe_view(z, logits, taps)
        result["probe_loss"] = functional.cross_entropy(logits, tensors.y_test[:PROBE_SIZE]).item()
        result |= self.probe.measure(taps)
        result |= self._scales()
        if noise:
            result |= self._noise(x)
        return result

    def _probe_view(self, z: Tensor, logits: Tensor, taps: Taps) -> tuple[Tensor, Taps]:
        """Logits and taps of the probe, normalized with its own statistics: the evaluated ones where there are none."""
        if not self.has_statistics:
            return logits[:PROBE_SIZE], [tuple(output[:PROBE_SIZE] for output in layer) for layer in taps]
        own: Taps = []
        return self.network.onward(z[:PROBE_SIZE], MEASURE, taps=own), own

    def _training(self, x: Tensor, y: Tensor) -> dict[str, Any]:
        """Loss and accuracy on the minibatches since the last snapshot, gradient norms of the last one.

        The untrained network has seen none, so it answers for the one that comes first.
        """
        gradients = [linear.weight.grad for linear in self.network.linears]
        if self.seen.minibatches == 0:
            with torch.enable_grad():
                logits = self.network(x, MEASURE, self.groups)
                loss = functional.cross_entropy(logits, y)
                gradients = torch.autograd.grad(loss, [linear.weight for linear in self.network.linears])
            self.seen.add(loss, logits, y)
        loss, accuracy = self.seen.take()
        norms = np.array([gradient.norm().item() for gradient in gradients], np.float32)
        return {"train_loss": loss, "train_accuracy": accuracy, "gradient_norm": norms}

    def _noise(self, x: Tensor) -> dict[str, Any]:
        """How far the statistics of the minibatch x lie from the probe's, in every group that is normalized apart."""
        taps: Taps = []
        self.network(x, MEASURE, self.groups, taps=taps)
        stacked = torch.stack([torch.stack(outputs) for outputs in zip(*taps, strict=True)])  # [taps, layers, batch, width]
        blocks = equal_groups(stacked.movedim(2, 0), self.groups)  # [groups, size, taps, layers, width] each
        mean = np.concatenate([block.numpy().mean(1) for block in blocks])
        variance = np.concatenate([block.numpy().var(1, ddof=1) for block in blocks])
        return self.probe.noise(np.moveaxis(mean, 0, 2), np.moveaxis(variance, 0, 2), len(x) / self.groups)

    def _scales(self) -> dict[str, Any]:
        """γ and β [layers, width] where the arm has them."""
        normalizers = [layer for layer in self.network.normalizers if hasattr(layer, "gamma")]
        if not normalizers:
            return {}
        scales = {name: torch.stack([getattr(layer, name) for layer in normalizers]).numpy() for name in ("gamma", "beta")}
        return {name: coarse(array) for name, array in scales.items()}

    def check(self, step: int, loss: float) -> None:
        """Remember the first step at which a loss was no longer finite."""
        if self.diverged_at is None and not math.isfinite(loss):
            self.diverged_at = step


def _accuracy(logits: Tensor, y: Tensor) -> float:
    return (logits.argmax(1) == y).sum().item() / len(y)


class _Tally:
    """Mean loss and accuracy over minibatches."""

    def __init__(self) -> None:
        self.minibatches, self.loss, self.last_loss = 0, 0.0, 0.0
        self.answers: list[tuple[Tensor, Tensor]] = []

    def add(self, loss: Tensor, logits: Tensor, y: Tensor) -> None:
        self.last_loss = loss.item()
        self.minibatches += 1
        self.loss += self.last_loss
        self.answers.append((logits.detach(), y))

    def take(self) -> tuple[float, float]:
        """The means since the last call, or since the beginning."""
        logits, y = map(torch.cat, zip(*self.answers, strict=True))
        means = self.loss / self.minibatches, _accuracy(logits, y)
        self.__init__()
        return means


class _Probe:
    """Distributions of one arm on the probe, normalized with the probe's own statistics (the training view)."""

    def __init__(self, experiment: Experiment):
        edges = bin_edges(experiment)
        self.edges = [edges[tap] for tap in TAPS]
        self.shape = experiment.hidden_layers, experiment.width, PROBE_SIZE
        self.activation = ACTIVATIONS[experiment.activation]
        self.first: tuple[np.ndarray, np.ndarray] | None = None
        self.previous: tuple[np.ndarray, np.ndarray] | None = None

    def measure(self, taps: Taps) -> dict[str, Any]:
        """All measures of a forward pass over the probe, for the taps that differ (see `_by_tap`)."""
        linear, normalized, _ = taps[0]
        self.same = linear.data_ptr() == normalized.data_ptr()  # nothing is normalized: the two taps are one
        inputs = 1 if self.same else 2  # taps before the nonlinearity
        ordered = np.empty((inputs + 1, *self.shape), np.float32)
        for layer, outputs in enumerate(taps):
            for tap in range(inputs):
                ordered[tap, layer] = outputs[tap].numpy().T
        self._sort(ordered)
        pooled = ordered.reshape(*ordered.shape[:2], -1).copy()
        self._sort(pooled)
        edges = [self.edges[tap] for tap in self._kept()]
        return self._shapes(ordered) | self._histograms(ordered, pooled, edges)

    def _sort(self, values: np.ndarray) -> None:
        """Sort [taps, ..., P] along the last axis in place. Nonlinearities are monotone, so the last tap needs no sort."""
        values[:-1].sort(axis=-1)
        values[-1] = self.activation(torch.from_numpy(values[-2])).numpy()

    def _kept(self) -> list[int]:
        return [0, 2] if self.same else [0, 1, 2]

    def _shapes(self, ordered: np.ndarray) -> dict[str, Any]:
        """Moments and shifts of values [taps, layers, width, probe] sorted along the last axis."""
        self.mean, self.std = measures.moments(ordered)
        now = ordered, self.std
        self.first, previous, self.previous = self.first or now, self.previous or now, now
        mean, std = measures.pooled_moments(self.mean, self.std)
        arrays = {
            "mean": mean,
            "std": std,
            "shift_from_first": measures.shift(ordered, *self.first),
            "shift_step": measures.shift(ordered, *previous),
            "unit_mean": coarse(self.mean),
            "unit_std": coarse(self.std),
        }
        return {key: self._by_tap(array.astype(np.float32)) for key, array in arrays.items()}

    def _histograms(self, ordered: np.ndarray, pooled: np.ndarray, edges: list[np.ndarray]) -> dict[str, Any]:
        whole = [measures.histogram(*pair) for pair in zip(pooled, edges, strict=True)]
        watched = [measures.histogram(*pair) for pair in zip(ordered[:, :, :WATCHED_UNITS], edges, strict=True)]
        count = np.uint16 if pooled.shape[-1] <= np.iinfo(np.uint16).max else np.uint32
        result = {
            key: self._by_tap([getattr(part, key).astype(count) for part in whole])
            for key in ("counts", "underflow", "overflow", "nonfinite", "zeros")
        }
        result["percentiles"] = self._by_tap(measures.percentiles(pooled).astype(np.float32))
        result["unit_counts"] = self._by_tap([smallest(part.counts) for part in watched])
        result["unit_zeros"] = self._by_tap([part.zeros.astype(np.uint16) for part in watched])
        return result

    def noise(self, group_mean: np.ndarray, group_variance: np.ndarray, size: float) -> dict[str, Any]:
        """Scatter of minibatch statistics [taps, layers, groups, width] around the probe's, all and the first group's."""
        group_mean, group_variance = group_mean[self._kept()], group_variance[self._kept()]
        arrays = {
            "mean_noise": measures.mean_noise(group_mean, self.mean, self.std),
            "variance_noise": measures.variance_noise(group_variance, self.std),
            "variance_noise_theory": measures.variance_noise_theory(self.previous[0], self.mean, self.std, size),
            "minibatch_mean": coarse(group_mean[:, :, 0], MINIBATCH_PARTS),
            "minibatch_std": coarse(np.sqrt(group_variance[:, :, 0]), MINIBATCH_PARTS),
        }
        return {key: self._by_tap(array.astype(np.float32)) for key, array in arrays.items()}

    def _by_tap(self, arrays: Sequence[np.ndarray]) -> dict[str, np.ndarray]:
        """Arrays named by tap; what holds for `linear` holds for `normalized` where they are the same."""
        first, *rest = arrays
        return dict(zip(TAPS, (first, first, *rest) if self.same else arrays, strict=True))


def train(experiment: Experiment) -> Generator[dict[str, Any] | None, None, Outcome]:
    """Train both arms and yield a snapshot whenever one is due, and None after every step (a place to take turns).

    Returns the recording's status and a sentence that explains it.
    """
    tensors = Tensors(experiment)
    arms = [Arm(experiment, name) for name in ARMS]
    batches = minibatches(experiment)
    upcoming, index = next(batches), 0
    for step in range(experiment.steps + 1):
        if experiment.snapshot_due(step):
            measured = {arm.name: arm.measure(tensors, upcoming, noise=index % NOISE_EVERY == 0) for arm in arms}
            for arm in arms:
                arm.check(step, measured[arm.name]["probe_loss"])  # the last step's damage shows here only
            epoch = step * experiment.batch / experiment.examples
            yield {"type": "snapshot", "index": index, "step": step, "epoch": epoch, "arms": measured}
            index += 1
        if step < experiment.steps:
            x, y = tensors.x_train[upcoming], tensors.y_train[upcoming]
            for arm in arms:
                arm.step(x, y)
                arm.check(step, arm.seen.last_loss)
            upcoming = next(batches)
            yield None
    return outcome(arms)


def outcome(arms: list[Arm]) -> Outcome:
    """The status and message of a run that came to its end."""
    names = {"none": "without batch norm", "batch": "with batch norm"}
    lost = [f"The network {names[arm.name]} diverged at step {arm.diverged_at}." for arm in arms if arm.diverged_at is not None]
    return ("diverged", " ".join(lost)) if lost else ("finished", "")
