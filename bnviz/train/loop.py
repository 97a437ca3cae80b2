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
from bnviz.train.minibatches import Tensors, minibatches

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


class Training:
    """A run on its way: all that changes while it trains."""

    def __init__(self, experiment: Experiment):
        self.experiment = experiment
        self.tensors = Tensors(experiment)
        self.arms = [ArmTrainer(experiment, name) for name in experiment.arms]
        self.batches = minibatches(experiment)
        self.step = self.index = self.used = 0  # steps taken, snapshots taken, examples trained on
        self.seen = -1  # the step of the last snapshot

    @property
    def done(self) -> bool:
        return self.step == self.experiment.steps and not self._snapshot_due

    @property
    def _snapshot_due(self) -> bool:
        return self.seen < self.step and self.experiment.snapshot_due(self.step)

    def advance(self) -> dict[str, Any] | None:
        """A snapshot if one is due; else take a step, with whatever changes before it, and return None."""
        if self.step == self.experiment.hold_from:
            for arm in self.arms:
                arm.hold()
        if self._snapshot_due:
            return self._snapshot()
        if self.step in self.experiment.change_steps:
            self._turn()
        self._train()
        return None

    def _snapshot(self) -> dict[str, Any]:
        last = self.step == self.experiment.steps
        measured = measure_arms(self.arms, self.tensors, self.batches.peek(), self.index, last)
        for arm in self.arms:
            arm.check(self.step, measured[arm.name]["probe_loss"])  # the last step's damage shows here only
        epoch = self.used / self.experiment.examples
        group = self.batches.size / self.arms[0].groups
        place = {"index": self.index, "step": self.step, "epoch": epoch, "group_size": group}
        snapshot = {"type": "snapshot", **place, "arms": measured}
        self.seen, self.index = self.step, self.index + 1
        return snapshot

    def _turn(self) -> None:
        """What changes before this step. The minibatch that was only looked at is cut anew."""
        now = course.in_force(self.experiment, self.step)
        self.batches.size = now.batch
        for arm in self.arms:
            arm.turn(now, self.step, self.tensors.x_test[:PROBE_SIZE])
        self.tensors = self.tensors.with_input_noise(now, course.input_noise(now, self.step))

    def _train(self) -> None:
        chosen = next(self.batches)
        x, y = self.tensors.x_train[chosen], self.tensors.y_train[chosen]
        for arm in self.arms:
            arm.step(x, y)
            arm.check(self.step, arm.seen.last_loss)
        self.step, self.used = self.step + 1, self.used + len(chosen)

    @property
    def bytes(self) -> int:
        """What a copy takes, about, beside what all copies of a run share."""
        return sum(arm.bytes for arm in self.arms)

    @property
    def shared_bytes(self) -> int:
        """What all copies of a run share: the data aside, the distributions of the untrained networks."""
        return sum(arm.probe.first.nbytes for arm in self.arms if arm.probe.first)

    def copy(self) -> Training:
        """A copy that rests: `resume` wakes it. Only right after a snapshot; what can be made again is left out."""
        memo = {id(shared): shared for shared in (self.experiment, self.tensors, *(arm.probe for arm in self.arms))}
        other = copy.deepcopy(self, memo)
        for arm in other.arms:
            arm.probe = arm.probe.from_first()
            arm.optimizer.zero_grad()
        return other

    def resume(self, experiment: Experiment) -> Training:
        """One that goes on as a run of `experiment`, which up to here is the same; this one goes on resting."""
        other = self.copy()
        other.experiment = experiment
        for arm in other.arms:
            arm.experiment = course.in_force(experiment, self.step - 1)
        _of_all(other.arms, lambda arm: arm.observe(other.tensors))
        return other


def train(experiment: Experiment) -> Generator[dict[str, Any] | None, None, Outcome]:
    """Train both arms and yield a snapshot whenever one is due, and None after every step (a place to take turns).

    Returns the recording's status and a sentence that explains it.
    """
    training = Training(experiment)
    while not training.done:
        yield training.advance()
    return finish(training)


def finish(training: Training) -> Outcome:
    """How a run came to its end; questions may be asked about its networks from now on."""
    _remember(training.experiment, training.arms)
    return outcome(training.arms)


# Arms share nothing that is written, so they are measured side by side. (PyTorch keeps its number of threads a thread.)
_beside = ThreadPoolExecutor(1, "measuring", initializer=torch.set_num_threads, initargs=(1,))


def measure_arms(arms: list[ArmTrainer], tensors: Tensors, minibatch: Tensor, index: int, last: bool) -> dict[str, Any]:
    """What a snapshot says of every arm, by name: the first arm measured in this thread, the others in another one."""
    results = _of_all(arms, lambda arm: arm.measure(tensors, minibatch, index, last))
    return {arm.name: result for arm, result in zip(arms, results, strict=True)}


def _of_all(arms: list[ArmTrainer], take: Callable[[ArmTrainer], Any]) -> list[Any]:
    """What `take` says of every arm, always in the same threads: another number of threads would round otherwise."""
    others = [_beside.submit(take, arm) for arm in arms[1:]]
    return [take(arms[0]), *(other.result() for other in others)]


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
    yield {"type": "answer", **questions()[name].answer(TRAINED[experiment.id], experiment, loss, values)}
    return "finished", ""


# Compared arms of this process's last finished runs, by id.
TRAINED: LRUCache[str, Network] = LRUCache(machine.fitting(8, small=2))
_again: dict[str, Generator[dict[str, Any] | None, None, Outcome]] = {}  # by id: trainings that were begun for a question


def _remember(experiment: Experiment, arms: list[ArmTrainer]) -> None:
    TRAINED[experiment.id] = next(arm.network for arm in arms if arm.name == experiment.arms[1])


def outcome(arms: list[ArmTrainer]) -> Outcome:
    """The status and message of a run that came to its end."""
    lost = [arm for arm in arms if arm.diverged_at is not None]
    said = [f"The network {arm.spec.name} diverged at step {arm.diverged_at}." for arm in lost]
    return ("diverged", " ".join(said)) if lost else ("finished", "")
