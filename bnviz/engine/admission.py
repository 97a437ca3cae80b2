"""Admission control: a bounded number of runs at a time, one queue a visitor, served round-robin; idle runs are suspended.

A run without readers is suspended after an idle timeout: its worker stops, its lines stay, and the next request resumes it. The
worker then continues from a checkpoint if it still has one, or from the start: it repeats the same lines, which are skipped.
"""

from __future__ import annotations

import logging
import math
import os
import time
from collections import OrderedDict, deque
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal, NamedTuple

from bnviz import machine
from bnviz.engine.task import Task
from bnviz.record import store

State = Literal["computing", "waiting", "resting", "ended"]
UNREAD_TIMEOUT_SECONDS = 3.0  # idle timeout of a run that has had no reader yet
READ_TIMEOUT_SECONDS = 0.5  # idle timeout after the last reader has left
QUESTION_TIMEOUT_SECONDS = 10.0  # idle timeout of a question: a page repeats it every two seconds
MAX_SUSPENDED_SECONDS = 120.0  # after which a suspended run is evicted
MAX_SUSPENDED = 64
DURATION_SAMPLES = 20  # runs whose mean duration estimates the wait
_log = logging.getLogger(__name__)


class Busy(Exception):
    """The queue is full; the message is a sentence for people."""


class QueuePosition(NamedTuple):
    """A run's state; while it waits, how many come before it, and the estimated wait in seconds if there is an estimate."""

    state: State
    before: int = 0
    seconds: float | None = None


@dataclass(frozen=True)
class Limits:
    """How many runs are computed at a time, and how many may wait; how many bytes the recordings of live runs may take. No limits
    by default, for a program with one user."""

    max_running: float = math.inf
    max_waiting: float = math.inf
    max_bytes: float = math.inf

    @classmethod
    def from_environment(cls, workers: float, environment: Mapping[str, str] = os.environ) -> Limits:
        """BNVIZ_RUNS, BNVIZ_QUEUE and BNVIZ_MEMORY_MB.

        By default there are four runs a worker, two on a machine with little memory, and 200 may wait. `workers` is infinite for
        a cluster, which has a queue of its own.
        """
        default = workers * machine.by_memory(4, small=2)
        runs, queue = _number("BNVIZ_RUNS", default, 1, environment), _number("BNVIZ_QUEUE", 200, 0, environment)
        return cls(runs, queue, store.memory_bytes(environment))


def _number(setting: str, default: float, least: int, environment: Mapping[str, str]) -> float:
    text = environment.get(setting, "").strip()
    if not text:
        return default
    if text.isdecimal() and int(text) >= least:
        return int(text)
    _log.warning("%s = %r is not an integer of at least %d; %s is used", setting, text, least, default)
    return default


class Admission:
    """The queue of all runs and questions that have not ended. Not thread-safe: the engine's lock guards it."""

    def __init__(self, limits: Limits):
        self.limits = limits
        self.computing: dict[str, Task] = {}  # by the id of the recording
        self._suspended: OrderedDict[str, Task] = OrderedDict()  # by id, the longest suspended first
        self._waiting: OrderedDict[str, deque[Task]] = OrderedDict()  # by visitor, the next one to be served first
        self._durations: deque[float] = deque(maxlen=DURATION_SAMPLES)  # seconds of the last runs

    @property
    def waiting(self) -> list[Task]:
        return [task for tasks in self._waiting.values() for task in tasks]

    @property
    def suspended(self) -> list[Task]:
        return list(self._suspended.values())

    def check(self) -> None:
        """Raise Busy if the queue is full."""
        count = len(self.waiting)
        full = len(self.computing) >= self.limits.max_running or (self._waiting and not self._has_room())
        if full and count >= self.limits.max_waiting:
            raise Busy(f"The queue of this server is full (waiting runs: {count}).")

    def enqueue(self, task: Task, visitor: str) -> None:
        """Append a task to its visitor's queue."""
        self._waiting.setdefault(visitor, deque()).append(task)

    def resume(self, id: str, visitor: str) -> bool:
        """Enqueue a suspended task again; returns whether there is one. Raises Busy, and the task stays suspended."""
        if id not in self._suspended:
            return False
        self.check()
        self.enqueue(self._suspended.pop(id), visitor)
        return True

    def admit(self) -> Iterator[Task]:
        """The tasks to begin now, visitors round-robin. One whose recording memory has no room for waits, and all after it."""
        while self._waiting and len(self.computing) < self.limits.max_running and self._has_room():
            visitor, tasks = self._waiting.popitem(last=False)
            task = tasks.popleft()
            if tasks:
                self._waiting[visitor] = tasks
            self.computing[task.recording.id] = task
            yield task

    def _has_room(self) -> bool:
        """Whether there is memory for the recording of the next task; there always is for a single one."""
        tasks = next(iter(self._waiting.values()))
        return not self.computing or self._computing_bytes() + tasks[0].bytes <= self.limits.max_bytes

    def _computing_bytes(self) -> float:
        """Estimated size of the recordings that are being computed, once they are complete."""
        return sum(task.bytes for task in self.computing.values())

    def suspend(self, task: Task) -> list[Task]:
        """Suspend a task; returns the tasks evicted for it."""
        self.remove(task)
        task.suspended_at = time.monotonic()
        self._suspended[task.recording.id] = task
        return [self._suspended.popitem(last=False)[1] for _ in range(len(self._suspended) - MAX_SUSPENDED)]

    def remove(self, task: Task) -> None:
        """Remove a task, whatever its state."""
        for tasks_by_id in (self.computing, self._suspended):
            if tasks_by_id.get(task.recording.id) is task:
                del tasks_by_id[task.recording.id]
        for visitor, tasks in list(self._waiting.items()):
            if task in tasks:
                tasks.remove(task)
            if not tasks:
                del self._waiting[visitor]

    def expired(self) -> list[Task]:
        """The tasks that have been suspended for longer than MAX_SUSPENDED_SECONDS, or whose lines memory has no room for."""
        room = self.limits.max_bytes - self._computing_bytes()
        expired = []
        for task in reversed(self._suspended.values()):  # the latest first: it is the likeliest to be resumed
            room -= task.recording.nbytes
            if room < 0 or time.monotonic() - task.suspended_at > MAX_SUSPENDED_SECONDS:
                expired.append(task)
        return expired

    def record_duration(self, seconds: float) -> None:
        """Add a finished run's duration to the estimate of the wait."""
        self._durations.append(seconds)

    def close(self) -> list[Task]:
        """Remove and return all tasks that are not being computed."""
        idle = [*self.waiting, *self.suspended]
        self._waiting.clear()
        self._suspended.clear()
        return idle

    def state_counts(self) -> dict[State, int]:
        """The number of tasks in each state."""
        return {"computing": len(self.computing), "waiting": len(self.waiting), "resting": len(self._suspended)}

    def queue_position(self, id: str) -> QueuePosition | None:
        """A run's state and its position in the queue; None for an unknown run."""
        if id in self.computing:
            return QueuePosition("computing")
        if id in self._suspended:
            return QueuePosition("resting")
        for number, tasks in enumerate(self._waiting.values()):
            for index, task in enumerate(tasks):
                if task.recording.id == id:
                    return self._waiting_position(number, index)
        return None

    def _waiting_position(self, number: int, index: int) -> QueuePosition:
        """The position of the `index`-th task of the `number`-th visitor, with visitors served round-robin."""
        before = sum(min(len(tasks), index + (other < number)) for other, tasks in enumerate(self._waiting.values()))
        if not self._durations:
            return QueuePosition("waiting", before)
        seconds = (before + 1) * sum(self._durations) / len(self._durations) / self.limits.max_running
        return QueuePosition("waiting", before, seconds)


def idle_timeout(task: Task) -> float:
    """Seconds without a reader or a request after which a task is suspended."""
    if not task.is_run:
        return QUESTION_TIMEOUT_SECONDS
    return READ_TIMEOUT_SECONDS if task.recording.was_read else UNREAD_TIMEOUT_SECONDS
