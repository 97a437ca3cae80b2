"""A run that begins like an earlier one goes on where the two part: the beginning is not trained again.

This process keeps copies of the last few runs' trainings, taken right after some of their snapshots, and the lines up to there.
What is not kept is trained again, and nobody can tell: the lines are the very same.
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

MOST_BYTES = machine.fitting(40, small=20) * 2**20  # of a process: about two runs of the default experiment, or one
PER_RUN = 12  # copies, evenly spread over its steps


class Past:
    """What is kept of a run: its lines so far, and copies by the number of lines there were."""

    def __init__(self, experiment: Experiment):
        self.experiment = experiment
        self.lines: list[bytes] = []
        self.copies: list[tuple[int, Training]] = []
        self.bytes = 0

    def add(self, line: bytes) -> None:
        self.lines.append(line)
        self.bytes += len(line)

    def copy(self, training: Training) -> None:
        """Keep a copy of a training that has just given a snapshot, if it is time for one."""
        due = self.copies[-1][1].step + training.experiment.steps // PER_RUN if self.copies else 1
        if training.step >= due:
            self._keep(len(self.lines), training.copy())

    def _keep(self, lines: int, copy: Training) -> None:
        self.bytes += copy.bytes + (0 if self.copies else copy.shared_bytes)
        self.copies.append((lines, copy))

    def shared(self, experiment: Experiment) -> int:
        """How many of the copies an experiment could go on from."""
        until = common_prefix_step(self.experiment, experiment)
        return sum(copy.step <= until for _, copy in self.copies)

    def begin(self, experiment: Experiment) -> tuple[Past, Training]:
        """The past of an experiment that shares some copies with this one, and a training that goes on from the last of them."""
        past, shared = Past(experiment), self.copies[: self.shared(experiment)]
        lines, last = shared[-1]
        for line in self.lines[:lines]:
            past.add(line)
        for kept in shared:
            past._keep(*kept)
        return past, last.resume(experiment)


class Checkpoints:
    """The pasts of the last runs, in no more than so many bytes. Methods may be called from any thread."""

    def __init__(self, most_bytes: int = MOST_BYTES):
        self._most, self._lock = most_bytes, threading.Lock()
        self._pasts: OrderedDict[str, Past] = OrderedDict()  # by run id, the latest last

    def begin(self, experiment: Experiment) -> tuple[Past, Training]:
        """A training of the experiment that is as far as an earlier one allows, and its lines up to there."""
        with self._lock:
            best = max(self._pasts.values(), key=lambda past: self._reach(past, experiment), default=None)
            if best is None or not best.shared(experiment):
                past, training = Past(experiment), Training(experiment)
            else:
                past, training = best.begin(experiment)
                self._pasts.move_to_end(best.experiment.id)
            self._pasts[experiment.id] = past
            self._pasts.move_to_end(experiment.id)
            return past, training

    @staticmethod
    def _reach(past: Past, experiment: Experiment) -> int:
        shared = past.shared(experiment)
        return past.copies[shared - 1][1].step if shared else -1

    def add(self, past: Past, line: bytes, training: Training) -> None:
        """Take a run's next line. Where there is no room for all, the runs that were not asked for longest are forgotten."""
        with self._lock:
            if self._pasts.get(past.experiment.id) is not past:
                return  # forgotten
            past.add(line)
            past.copy(training)
            while self._pasts and sum(one.bytes for one in self._pasts.values()) > self._most:
                self._pasts.popitem(last=False)


CHECKPOINTS = Checkpoints()


def train(experiment: Experiment, checkpoints: Checkpoints = CHECKPOINTS) -> Generator[bytes | None, None, Outcome]:
    """Lines of `bnviz.train.loop.train`'s snapshots, and None after every step that has really to be taken."""
    past, training = checkpoints.begin(experiment)
    yield from list(past.lines)
    yield from _go_on(past, training, checkpoints)
    return finish(training)


def _go_on(past: Past, training: Training, checkpoints: Checkpoints) -> Iterator[bytes | None]:
    while not training.done:
        snapshot = training.advance()
        line = ndjson.line(snapshot) if snapshot else None
        if line:
            checkpoints.add(past, line, training)
        yield line
