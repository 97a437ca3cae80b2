"""The trainer: both arms in lockstep, same initial weights, same minibatches, measured on a fixed probe.

`Training.advance` is the whole story; what it gives is described in docs/recording.md. Measuring changes nothing: no running
statistic, generator or gradient is touched, and a run with snapshots ends with the very weights of a run without. What changes
on the way holds for the minibatch trained at its step: the snapshot of that step shows the networks before.
"""

from __future__ import annotations

import copy
import dataclasses
import platform
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import torch
from cachetools import LRUCache
from torch import Tensor

from bnviz import data, machine
from bnviz.config import course
from bnviz.config.experiment import FORMAT, PERCENTILES, PROBE_SIZE, WATCHED_UNITS, Experiment
from bnviz.measures.probe import bin_edges
from bnviz.measures.registry import questions
from bnviz.nets.network import Network
from bnviz.record.ndjson import TAPS
from bnviz.record.version import versions
from bnviz.train.arm import LOSSES, ArmTrainer
from bnviz.train.minibatches import DataTensors, minibatches

Outcome = tuple[str, str]  # status and message of the recording's end


def header(experiment: Experiment) -> dict[str, Any]:
    """The first message of a recording."""
    data_set = data.DATA_SETS[experiment.dataset]
    return {
        "type": "header",
        "format": FORMAT,
        "id": experiment.id,
        "experiment": dataclasses.asdict(experiment),
        **({"contents": data_set.sha256} if data_set.sha256 else {}),
        "arms": list(experiment.arms),
        "hidden_layers": experiment.hidden_layers,
        "taps": list(TAPS),
        "edges": bin_edges(experiment),
        "probe_size": experiment.probe_size,
        "total_steps": experiment.steps,
        "classes": data_set.classes,
        "watched_units": list(range(WATCHED_UNITS)),
        "percentiles": list(PERCENTILES),
        "group_size": experiment.batch / experiment.groups,
        "versions": {**versions(), "python": platform.python_version()},
    }


class Training:
    """The state of a run while it trains."""

    def __init__(self, experiment: Experiment):
        self.experiment = experiment
        self.tensors = DataTensors(experiment)
        self.arms = [ArmTrainer(experiment, name) for name in experiment.arms]
        self.batches = minibatches(experiment)
        self.step = self.index = self.example_count = 0  # steps, snapshots and training examples so far
        self.last_snapshot_step = -1

    @property
    def done(self) -> bool:
        return self.step == self.experiment.steps and not self._snapshot_due

    @property
    def _snapshot_due(self) -> bool:
        return self.last_snapshot_step < self.step and self.experiment.snapshot_due(self.step)

    def advance(self) -> dict[str, Any] | None:
        """A snapshot if one is due; else take a step, after the changes that are due before it, and return None."""
        if self.step == self.experiment.hold_from:
            for arm in self.arms:
                arm.hold()
        if self._snapshot_due:
            return self._snapshot()
        if self.step in self.experiment.change_steps:
            self._apply_changes()
        self._train()
        return None

    def _snapshot(self) -> dict[str, Any]:
        last = self.step == self.experiment.steps
        arms = measure_arms(self.arms, self.tensors, self.batches.peek(), self.index, last)
        for arm in self.arms:
            arm.check_divergence(self.step, arms[arm.name]["probe_loss"])  # the last step's damage shows only here
            if arm.diverged_at is not None:
                arms[arm.name]["diverged_at"] = arm.diverged_at
        epoch = self.example_count / self.experiment.examples
        group = self.batches.size / self.arms[0].groups
        position = {"index": self.index, "step": self.step, "epoch": epoch, "group_size": group}
        snapshot = {"type": "snapshot", **position, "arms": arms}
        self.last_snapshot_step, self.index = self.step, self.index + 1
        return snapshot

    def _apply_changes(self) -> None:
        """Apply the changes before this step. The next minibatch, so far only peeked at, gets the new size."""
        current = course.experiment_at(self.experiment, self.step)
        self.batches.size = current.batch
        for arm in self.arms:
            arm.apply_changes(current, self.step, self._switch_examples)
        inputs = course.input_noise(current, self.step), course.input_shift(current, self.step)
        self.tensors = self.tensors.with_inputs(current, *inputs)

    @property
    def _switch_examples(self) -> Tensor:
        """Inputs [examples, features] from which a normalizer that is switched on takes its first statistics."""
        is_training = self.experiment.switch_examples == "training"
        return (self.tensors.x_train if is_training else self.tensors.x_test)[:PROBE_SIZE]

    def _train(self) -> None:
        chosen = self.batches.take(self.experiment.accumulate)
        x, y = self.tensors.x_train[chosen], self.tensors.y_train[chosen]
        for arm in self.arms:
            arm.step(x, y)
            arm.check_divergence(self.step, arm.train_metrics.last_loss)
        self.step, self.example_count = self.step + 1, self.example_count + len(chosen)

    @property
    def bytes(self) -> int:
        """About the size of a copy, without what all copies of a run share."""
        return sum(arm.bytes for arm in self.arms)

    @property
    def shared_bytes(self) -> int:
        """The size of what all copies of a run share, but no other run: the distributions of the untrained networks, and data
        that only it has."""
        return self.tensors.bytes + sum(arm.probe.first.nbytes for arm in self.arms if arm.probe.first)

    def copy(self) -> Training:
        """A checkpoint, without what `resume` can compute again. Only right after a snapshot."""
        again = [one for arm in self.arms for one in (arm.probe, arm.values)]
        memo = {id(shared): shared for shared in (self.experiment, self.tensors, *again)}
        other = copy.deepcopy(self, memo)
        for arm in other.arms:
            arm.probe, arm.values = arm.probe.from_first(), None
            arm.optimizer.zero_grad()
        return other

    def resume(self, experiment: Experiment) -> Training:
        """A training that continues as a run of `experiment`, which is the same up to this step. This one stays as it is."""
        other = self.copy()
        other.experiment = experiment
        for arm in other.arms:
            arm.experiment = course.experiment_at(experiment, self.step - 1)
        _map_arms(other.arms, lambda arm: arm.observe(other.tensors, other.batches.peek(), other.index - 1))
        return other


def train(experiment: Experiment) -> Generator[dict[str, Any] | None, None, Outcome]:
    """Train both arms and yield a snapshot whenever one is due, and None after every step, so that others can take a turn.

    Returns the recording's status and a sentence that explains it.
    """
    training = Training(experiment)
    while not training.done:
        yield training.advance()
    return finish(training)


def finish(training: Training) -> Outcome:
    """The outcome of a run. Its trained network is cached for questions."""
    _cache_network(training.experiment, training.arms)
    return outcome(training.arms)


# Arms share nothing that is written, so they are measured in parallel. (PyTorch's number of threads is thread-local.)
_executor = ThreadPoolExecutor(1, "measuring", initializer=torch.set_num_threads, initargs=(1,))


def measure_arms(arms: list[ArmTrainer], tensors: DataTensors, minibatch: Tensor, index: int, last: bool) -> dict[str, Any]:
    """Each arm's part of a snapshot, by name. The first arm is measured in this thread, the others in another one."""
    results = _map_arms(arms, lambda arm: arm.measure(tensors, minibatch, index, last))
    return {arm.name: result for arm, result in zip(arms, results, strict=True)}


def _map_arms(arms: list[ArmTrainer], function: Callable[[ArmTrainer], Any]) -> list[Any]:
    """`function` of every arm, always in the same threads: another number of threads would round differently."""
    others = [_executor.submit(function, arm) for arm in arms[1:]]
    return [function(arms[0]), *(other.result() for other in others)]


def answer(experiment: Experiment, name: str, values: dict[str, Any]) -> Generator[dict[str, Any] | None, None, Outcome]:
    """Yield the answer to the question `name` about the trained network of the compared arm.

    A network that is not cached is trained again, which gives the very same one; then None is yielded after every step. Questions
    about one network share its training: each advances it.
    """
    if experiment.id not in TRAINED_NETWORKS:
        try:
            for _ in _retraining.setdefault(experiment.id, train(experiment)):
                yield None
        finally:
            _retraining.pop(experiment.id, None)
    loss = LOSSES[data.DATA_SETS[experiment.dataset].loss]
    yield {"type": "answer", **questions()[name].answer(TRAINED_NETWORKS[experiment.id], experiment, loss, values)}
    return "finished", ""


# The compared arm's network of this process's last finished runs, by run id.
TRAINED_NETWORKS: LRUCache[str, Network] = LRUCache(machine.by_memory(8, small=2))
_retraining: dict[str, Generator[dict[str, Any] | None, None, Outcome]] = {}  # by run id: for questions


def _cache_network(experiment: Experiment, arms: list[ArmTrainer]) -> None:
    TRAINED_NETWORKS[experiment.id] = next(arm.network for arm in arms if arm.name == experiment.arms[1])


def outcome(arms: list[ArmTrainer]) -> Outcome:
    """The status and message of a run that came to its end."""
    diverging = [arm for arm in arms if arm.diverged_at is not None]
    sentences = [f"The network {arm.spec.name} diverged at step {arm.diverged_at}." for arm in diverging]
    return ("diverged", " ".join(sentences)) if diverging else ("finished", "")
