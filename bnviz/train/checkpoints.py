"""Checkpoints of the last few runs: a run with the same beginning resumes from the last one that both share.

A checkpoint is a copy of a training right after a snapshot, with the lines of the recording up to there. They lie in an LRU cache
of this process, bounded in bytes. Without one a run trains from the start, to the very same lines.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Generator, Iterator

from bnviz import machine
from bnviz.config.course import common_prefix_step
from bnviz.config.experiment import Experiment
from bnviz.record import ndjson
from bnviz.train.loop import Outcome, Training, finish

MAX_BYTES = machine.by_memory(44, small=22) * 2**20  # of a process: about two runs of the default experiment, or one
PER_RUN = 12  # checkpoints, evenly spaced over its steps


class RunCheckpoints:
    """The lines of a run so far, and its checkpoints: the number of lines at that point, and a copy of the training."""

    def __init__(self, experiment: Experiment):
        self.experiment = experiment
        self.lines: list[bytes] = []
        self.checkpoints: list[tuple[int, Training]] = []
        self.bytes = 0

    def add(self, line: bytes) -> None:
        self.lines.append(line)
        self.bytes += len(line)

    def checkpoint(self, training: Training) -> None:
        """Add a checkpoint of a training that has just taken a snapshot, if one is due."""
        due = self.checkpoints[-1][1].step + training.experiment.steps // PER_RUN if self.checkpoints else 1
        if training.step >= due:
            self._append(len(self.lines), training.copy())

    def _append(self, lines: int, copy: Training) -> None:
        self.bytes += copy.bytes + (0 if self.checkpoints else copy.shared_bytes)
        self.checkpoints.append((lines, copy))

    def count_common(self, experiment: Experiment) -> int:
        """How many checkpoints an experiment could resume from."""
        until = common_prefix_step(self.experiment, experiment)
        return sum(copy.step <= until for _, copy in self.checkpoints)

    def begin(self, experiment: Experiment) -> tuple[RunCheckpoints, Training]:
        """A run of another experiment with the checkpoints that both share, and a training that resumes from the last of them."""
        run, common = RunCheckpoints(experiment), self.checkpoints[: self.count_common(experiment)]
        lines, last = common[-1]
        for line in self.lines[:lines]:
            run.add(line)
        for checkpoint in common:
            run._append(*checkpoint)
        return run, last.resume(experiment)


class CheckpointCache:
    """An LRU cache of runs' checkpoints, bounded in bytes. Methods may be called from any thread."""

    def __init__(self, max_bytes: int = MAX_BYTES):
        self._max_bytes, self._lock = max_bytes, threading.Lock()
        self._runs: OrderedDict[str, RunCheckpoints] = OrderedDict()  # by run id, the latest last

    def begin(self, experiment: Experiment) -> tuple[RunCheckpoints, Training]:
        """A training of the experiment, resumed from the farthest checkpoint that fits, and the run with its lines so far."""
        with self._lock:
            best = max(self._runs.values(), key=lambda run: self._reach(run, experiment), default=None)
            if best is None or not best.count_common(experiment):
                run, training = RunCheckpoints(experiment), Training(experiment)
            else:
                run, training = best.begin(experiment)
                self._runs.move_to_end(best.experiment.id)
            self._runs[experiment.id] = run
            self._runs.move_to_end(experiment.id)
            return run, training

    @staticmethod
    def _reach(run: RunCheckpoints, experiment: Experiment) -> int:
        common = run.count_common(experiment)
        return run.checkpoints[common - 1][1].step if common else -1

    def add(self, run: RunCheckpoints, line: bytes, training: Training) -> None:
        """Add a run's next line, and a checkpoint if one is due. The least recently used runs are evicted first."""
        with self._lock:
            if self._runs.get(run.experiment.id) is not run:
                return  # evicted
            run.add(line)
            run.checkpoint(training)
            while self._runs and sum(run.bytes for run in self._runs.values()) > self._max_bytes:
                self._runs.popitem(last=False)


CHECKPOINTS = CheckpointCache()


def train(experiment: Experiment, checkpoints: CheckpointCache = CHECKPOINTS) -> Generator[bytes | None, None, Outcome]:
    """Lines of `bnviz.train.loop.train`'s snapshots, and None after every step that is really computed."""
    run, training = checkpoints.begin(experiment)
    yield from list(run.lines)
    yield from _resume(run, training, checkpoints)
    return finish(training)


def _resume(run: RunCheckpoints, training: Training, checkpoints: CheckpointCache) -> Iterator[bytes | None]:
    while not training.done:
        snapshot = training.advance()
        line = ndjson.line(snapshot) if snapshot else None
        if line:
            checkpoints.add(run, line, training)
        yield line
