"""The trainer: both arms in lockstep, same initial weights, same minibatches, measured on a fixed probe.

`train` is the whole story; what it yields is described in docs/recording.md. Measuring changes nothing: no running statistic,
generator or gradient is touched, and a run with snapshots ends with the very weights of a run without.
"""

from __future__ import annotations

import dataclasses
import math
import platform
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import torch
from cachetools import LRUCache
from torch import Tensor
from torch.nn import functional

from bnviz import data
from bnviz.config.arms import ARMS
from bnviz.config.experiment import FORMAT, PROBE_SIZE, WATCHED_UNITS, Experiment
from bnviz.measures.probe import Probe, bin_edges
from bnviz.measures.registry import measures, questions
from bnviz.measures.statistics import PERCENTILES
from bnviz.nets.network import Network, Taps, accuracy
from bnviz.nets.normalizers import EVALUATE, MEASURE, TRAIN
from bnviz.record.ndjson import TAPS, rounded
from bnviz.record.version import versions
from bnviz.train.minibatches import Tensors, generator_for, minibatches

LOSSES = {"cross-entropy": functional.cross_entropy, "squared": functional.mse_loss}
Outcome = tuple[str, str]  # status and message of the recording's end


def header(experiment: Experiment) -> dict[str, Any]:
    """The first message of a recording."""
    return {
        "type": "header",
        "format": FORMAT,
        "id": experiment.id,
        "experiment": dataclasses.asdict(experiment),
        "arms": list(experiment.arms),
        "hidden_layers": experiment.hidden_layers,
        "taps": list(TAPS),
        "edges": bin_edges(experiment),
        "probe_size": experiment.probe_size,
        "total_steps": experiment.steps,
        "classes": data.DATA_SETS[experiment.dataset].classes,
        "watched_units": list(range(WATCHED_UNITS)),
        "percentiles": list(PERCENTILES),
        "group_size": experiment.batch / experiment.groups,
        "versions": {**versions(), "python": platform.python_version()},
    }


class Arm:
    """One of the networks, its optimizer, and what a snapshot needs to remember of it."""

    def __init__(self, experiment: Experiment, name: str):
        self.name, self.described, self.experiment, self.groups = name, ARMS[name], experiment, experiment.groups
        self.loss = LOSSES[data.DATA_SETS[experiment.dataset].loss]
        self.network = Network(experiment, self.described.normalizer, generator_for(experiment, "weights"))
        self.optimizer = torch.optim.SGD(self.network.parameters(), lr=experiment.learning_rate, momentum=experiment.momentum)
        self.has_statistics = any(True for _ in self.network.buffers())
        self.dropout = generator_for(experiment, "dropout")
        self.diverged_at: int | None = None
        self.seen = _Tally()
        self.probe = Probe(experiment)
        self.measures = [(one.every, one.function) for one in measures() if one.live and one.asked(experiment)]

    def step(self, x: Tensor, y: Tensor) -> None:
        """One step of SGD on a minibatch."""
        logits = self.network(x, TRAIN, self.groups, self.dropout)
        loss = self.loss(logits, y)
        self.optimizer.zero_grad()
        loss.backward()
        self.optimizer.step()
        self.seen.add(loss, logits, y)

    @torch.no_grad()
    def measure(self, tensors: Tensors, upcoming: Tensor, index: int, last: bool) -> dict[str, Any]:
        """Everything the `index`-th snapshot says of this arm; `upcoming` are the indices of the minibatch that comes next."""
        x, y = tensors.x_train[upcoming], tensors.y_train[upcoming]
        result = self._training(x, y)
        z, taps = tensors.first_linear(self.network.linears[0]), []
        logits = self.network.forward_from_first(z, EVALUATE, taps=taps)
        result["test_loss"] = self.loss(logits, tensors.y_test).item()
        result["test_accuracy"] = accuracy(logits, tensors.y_test)
        logits, taps = self._probe_view(z, logits, taps)
        result["probe_loss"] = self.loss(logits, tensors.y_test[:PROBE_SIZE]).item()
        result |= self.probe.measure(taps)
        result |= self.scales()
        for every, function in self.measures:
            if last or index % every == 0:
                result |= function(self, tensors, upcoming)
        return result

    def _probe_view(self, z: Tensor, logits: Tensor, taps: Taps) -> tuple[Tensor, Taps]:
        """Logits and taps of the probe, normalized with its own statistics: the evaluated ones where there are none."""
        if not self.has_statistics:
            return logits[:PROBE_SIZE], [tuple(output[:PROBE_SIZE] for output in layer) for layer in taps]
        own: Taps = []
        return self.network.forward_from_first(z[:PROBE_SIZE], MEASURE, taps=own), own

    def _training(self, x: Tensor, y: Tensor) -> dict[str, Any]:
        """Loss and accuracy on the minibatches since the last snapshot, gradient norms of the last one.

        The untrained network has seen none, so it answers for the one that comes first.
        """
        gradients = [linear.weight.grad for linear in self.network.linears]
        if self.seen.minibatches == 0:
            with torch.enable_grad():
                logits = self.network(x, MEASURE, self.groups)
                loss = self.loss(logits, y)
                gradients = torch.autograd.grad(loss, [linear.weight for linear in self.network.linears])
            self.seen.add(loss, logits, y)
        loss, share = self.seen.take()
        norms = np.array([0.0 if gradient is None else gradient.norm().item() for gradient in gradients], np.float32)
        return {"train_loss": loss, "train_accuracy": share, "gradient_norm": norms}

    def scales(self, parts: int = 128) -> dict[str, Any]:
        """γ and β [layers, width] where the arm has them, rounded to one in so many parts."""
        learnt = {name for name, _ in self.network.normalizers[0].named_parameters()}
        scales = {name: [getattr(layer, name).detach() for layer in self.network.normalizers] for name in sorted(learnt)}
        return {name: rounded(torch.stack(layers).numpy(), parts) for name, layers in scales.items()}

    def hold(self) -> None:
        """In an arm to be held, layers 1 and 2 learn no more: without a gradient, SGD leaves them alone, momentum included.

        (Their batch norm goes on using each minibatch's own statistics.)
        """
        if not self.described.held:
            return
        for module in (*self.network.linears[:2], *self.network.normalizers[:2]):
            module.requires_grad_(False)

    def check(self, step: int, loss: float) -> None:
        """Remember the first step at which a loss was no longer finite."""
        if self.diverged_at is None and not math.isfinite(loss):
            self.diverged_at = step


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
        means = self.loss / self.minibatches, accuracy(logits, y)
        self.__init__()
        return means


def train(experiment: Experiment) -> Generator[dict[str, Any] | None, None, Outcome]:
    """Train both arms and yield a snapshot whenever one is due, and None after every step (a place to take turns).

    Returns the recording's status and a sentence that explains it.
    """
    tensors = Tensors(experiment)
    arms = [Arm(experiment, name) for name in experiment.arms]
    batches = minibatches(experiment)
    upcoming, index = next(batches), 0
    for step in range(experiment.steps + 1):
        if step == experiment.hold_from:
            for arm in arms:
                arm.hold()
        if experiment.snapshot_due(step):
            measured = measure_arms(arms, tensors, upcoming, index, last=step == experiment.steps)
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
    _remember(experiment, arms)
    return outcome(arms)


# Arms share nothing that is written, so they are measured side by side. (PyTorch keeps its number of threads a thread.)
_beside = ThreadPoolExecutor(1, "measuring", initializer=torch.set_num_threads, initargs=(1,))


def measure_arms(arms: list[Arm], tensors: Tensors, upcoming: Tensor, index: int, last: bool) -> dict[str, Any]:
    """What a snapshot says of every arm, by name: the first arm measured in this thread, the others in another one."""
    others = [_beside.submit(arm.measure, tensors, upcoming, index, last) for arm in arms[1:]]
    results = [arms[0].measure(tensors, upcoming, index, last), *(other.result() for other in others)]
    return {arm.name: result for arm, result in zip(arms, results, strict=True)}


def answer(experiment: Experiment, name: str, values: dict[str, Any]) -> Generator[dict[str, Any] | None, None, Outcome]:
    """Yield the answer to the question `name` about the trained network of the compared arm.

    A network that is not at hand is trained again, which gives the very same one; then None is yielded after every step.
    Questions that wait for one network share its training: whoever has a turn helps it along.
    """
    if experiment.id not in TRAINED:
        try:
            for _ in _again.setdefault(experiment.id, train(experiment)):
                yield None
        finally:
            _again.pop(experiment.id, None)
    loss = LOSSES[data.DATA_SETS[experiment.dataset].loss]
    yield {"type": "answer", **questions()[name].function(TRAINED[experiment.id], experiment, loss, **values)}
    return "finished", ""


TRAINED: LRUCache[str, Network] = LRUCache(16)  # compared arms of this process's last finished runs, by id
_again: dict[str, Generator] = {}  # by id: trainings that were begun for a question


def _remember(experiment: Experiment, arms: list[Arm]) -> None:
    TRAINED[experiment.id] = next(arm.network for arm in arms if arm.name == experiment.arms[1])


def outcome(arms: list[Arm]) -> Outcome:
    """The status and message of a run that came to its end."""
    lost = [arm for arm in arms if arm.diverged_at is not None]
    said = [f"The network {arm.described.name} diverged at step {arm.diverged_at}." for arm in lost]
    return ("diverged", " ".join(said)) if lost else ("finished", "")
