"""Which runs are computed: so many at a time, only those that somebody wants, and visitors take turns.

A run that nobody watches rests: its worker is told to stop, its lines stay, and whoever asks for it again wakes it. It is then
computed from a checkpoint that its worker may still have, or from the start: the same lines come again and are passed over.
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

State = Literal["computing", "waiting", "resting", "ended"]
COMING_SECONDS = 3.0  # in which a reader comes to a run that was asked for
LEFT_SECONDS = 0.5  # without a reader, after there was one
ASKING_SECONDS = 10.0  # without anybody who waits for the answer to a question: a page asks again after two
REST_SECONDS = 120.0  # after which a run that rests is forgotten
MOST_RESTING = 64
REMEMBERED = 20  # runs whose durations make the estimate
_log = logging.getLogger(__name__)


class Busy(Exception):
    """More runs wait than may; a sentence for people."""


class QueuePosition(NamedTuple):
    """Where a run is; while it waits, how many come before it, and in about how many seconds its turn comes, if that is known."""

    state: State
    before: int = 0
    seconds: float | None = None


@dataclass(frozen=True)
class Limits:
    """How many runs are computed at a time, and how many may wait: without a limit for a program that asks for itself alone."""

    at_once: float = math.inf
    waiting: float = math.inf

    @classmethod
    def from_environment(cls, workers: float, environment: Mapping[str, str] = os.environ) -> Limits:
        """As BNVIZ_RUNS and BNVIZ_QUEUE say; else four runs a worker, two where there is little memory, and 200 that wait.

        A cluster has any number of workers, and a queue of its own.
        """
        usual = workers * machine.fitting(4, small=2)
        return cls(_number("BNVIZ_RUNS", usual, 1, environment), _number("BNVIZ_QUEUE", 200, 0, environment))


def _number(setting: str, default: float, least: int, environment: Mapping[str, str]) -> float:
    text = environment.get(setting, "").strip()
    if not text:
        return default
    if text.isdecimal() and int(text) >= least:
        return int(text)
    _log.warning("%s = %r is no whole number from %d on; %s is used", setting, text, least, default)
    return default


class Admission:
    """The tasks of runs and questions that have not ended. Nothing here is safe for threads: the engine's lock guards it."""

    def __init__(self, limits: Limits):
        self.limits = limits
        self.computing: dict[str, Task] = {}  # this and the others by the id of the recording
        self._resting: OrderedDict[str, Task] = OrderedDict()  # the one that has rested longest first
        self._waiting: OrderedDict[str, deque[Task]] = OrderedDict()  # by visitor, the one whose turn it is first
        self._took: deque[float] = deque(maxlen=REMEMBERED)  # seconds from a run's beginning to its end

    @property
    def waiting(self) -> list[Task]:
        return [task for tasks in self._waiting.values() for task in tasks]

    @property
    def resting(self) -> list[Task]:
        return list(self._resting.values())

    def check(self) -> None:
        """Raise Busy if nobody else may wait."""
        there = len(self.waiting)
        if there >= self.limits.waiting and len(self.computing) >= self.limits.at_once:
            raise Busy(f"As many runs wait to be computed as this server allows ({there}).")

    def enter(self, task: Task, visitor: str) -> None:
        """Let a task wait for its turn among those of its visitor."""
        self._waiting.setdefault(visitor, deque()).append(task)

    def wake(self, id: str, visitor: str) -> bool:
        """Let a task that rests wait again; whether there is one. Raises Busy, and it goes on resting."""
        if id not in self._resting:
            return False
        self.check()
        self.enter(self._resting.pop(id), visitor)
        return True

    def admitted(self) -> Iterator[Task]:
        """The tasks whose turn it is now, one visitor's after another's."""
        while self._waiting and len(self.computing) < self.limits.at_once:
            visitor, tasks = self._waiting.popitem(last=False)
            task = tasks.popleft()
            if tasks:
                self._waiting[visitor] = tasks
            self.computing[task.recording.id] = task
            yield task

    def rest(self, task: Task) -> list[Task]:
        """Let a task rest; returns those that are forgotten for it."""
        self.leave(task)
        task.rested = time.monotonic()
        self._resting[task.recording.id] = task
        return [self._resting.popitem(last=False)[1] for _ in range(len(self._resting) - MOST_RESTING)]

    def leave(self, task: Task) -> None:
        """Take a task off the books, wherever it is."""
        for there in (self.computing, self._resting):
            if there.get(task.recording.id) is task:
                del there[task.recording.id]
        for visitor, tasks in list(self._waiting.items()):
            if task in tasks:
                tasks.remove(task)
            if not tasks:
                del self._waiting[visitor]

    def overdue(self) -> list[Task]:
        """What has rested long enough."""
        return [task for task in self._resting.values() if time.monotonic() - task.rested > REST_SECONDS]

    def took(self, seconds: float) -> None:
        """A run has come to its end, so long after it was begun."""
        self._took.append(seconds)

    def close(self) -> list[Task]:
        """What is not being computed, off the books from now on."""
        idle = [*self.waiting, *self.resting]
        self._waiting.clear()
        self._resting.clear()
        return idle

    def census(self) -> dict[State, int]:
        """How many there are in each state."""
        return {"computing": len(self.computing), "waiting": len(self.waiting), "resting": len(self._resting)}

    def queue_position(self, id: str) -> QueuePosition | None:
        """Where a run is, or None if it is not here."""
        if id in self.computing:
            return QueuePosition("computing")
        if id in self._resting:
            return QueuePosition("resting")
        for number, tasks in enumerate(self._waiting.values()):
            for index, task in enumerate(tasks):
                if task.recording.id == id:
                    return self._waiting_position(number, index)
        return None

    def _waiting_position(self, number: int, index: int) -> QueuePosition:
        """The place of the `index`-th task of the `number`-th visitor: a task of each of the others comes before each."""
        before = sum(min(len(tasks), index + (one < number)) for one, tasks in enumerate(self._waiting.values()))
        if not self._took:
            return QueuePosition("waiting", before)
        seconds = (before + 1) * sum(self._took) / len(self._took) / self.limits.at_once
        return QueuePosition("waiting", before, seconds)


def patience(task: Task) -> float:
    """How many seconds a task goes on without anybody who reads it or asks for it."""
    if not task.is_run:
        return ASKING_SECONDS
    return LEFT_SECONDS if task.recording.was_read else COMING_SECONDS
