"""What every engine keeps: which experiments and sweeps are known, where recordings grow, what has happened.

An engine adds who computes: `_begin`, `_withdraw`, `_stop_tasks`, `_stacks_at_once`, `workers` and `close`.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from abc import ABC, abstractmethod
from collections import Counter, OrderedDict

from bnviz.config.experiment import BadField, Experiment
from bnviz.config.sweep import Sweep
from bnviz.engine import Counters
from bnviz.engine.admission import Admission, Busy, Limits, QueuePosition, State, patience
from bnviz.engine.sweeping import Sweeping
from bnviz.engine.task import Task, of_experiment
from bnviz.measures import budget
from bnviz.record import ndjson
from bnviz.record.piece import Piece
from bnviz.record.rows import Rows
from bnviz.record.store import KEPT, Recording, Store

REMEMBERED = 4096  # experiments that can be computed again when their recording is gone
STOPPED = "The run was stopped."
NEGLECTED = "The run was set aside, because nobody watched it."
CLOSED = "The server was stopped."
_log = logging.getLogger(__name__)


class BaseEngine(ABC):
    """The part of an Engine that does not depend on who computes; see bnviz.engine.Engine for the methods."""

    def __init__(self, store: Store, rows: Rows | None = None, limits: Limits | None = None):
        self.store, self.rows = store, rows or Rows()
        self.admission = Admission(limits or Limits())
        self.counters = Counters()
        self.endings: dict[str, int] = Counter()
        self.trouble: str | None = None  # what `notice` says
        self._known: OrderedDict[str, Experiment | Sweep] = OrderedDict()
        self._sweeps: dict[str, Sweeping] = {}
        self._lock = threading.RLock()

    @abstractmethod
    def _begin(self, task: Task) -> None:
        """Have a new task computed. Its lines get an end, whatever happens, and then it is settled (`_settle`)."""

    @abstractmethod
    def _withdraw(self, task: Task) -> None:
        """Have a task computed no more that may be begun again later. Its lines get no end."""

    @abstractmethod
    def _stop_tasks(self, name: str, message: str) -> None:
        """End the tasks of that name now, with this message."""

    @abstractmethod
    def _stacks_at_once(self) -> int:
        """How many of one sweep's stacks should be with the workers."""

    def request(self, experiment: Experiment, visitor: str = "") -> str:
        budget.check(experiment)
        self._know(experiment)
        self._find_or_start(experiment, visitor=visitor)
        return experiment.id

    def leave(self, id: str) -> None:
        if (found := self.store.in_memory(id)) and not found.ended:
            found.leave()

    def queue_position(self, id: str) -> QueuePosition | None:
        with self._lock:
            return self.admission.queue_position(id)

    def census(self) -> dict[State, int]:
        with self._lock:
            return self.admission.census()

    def silence(self) -> float:
        with self._lock:
            now, tasks = time.monotonic(), self.admission.computing.values()
            return max((min(task.recording.silent(), now - task.began) for task in tasks), default=0.0)

    def sweep(self, sweep: Sweep) -> str:
        sweep.check_cost(budget.measuring(sweep))
        self._know(sweep)
        self._find_or_start(sweep)
        return sweep.id

    def _know(self, wanted: Experiment | Sweep) -> None:
        with self._lock:
            self.counters.requested += 1
            self._known[wanted.id] = wanted
            self._known.move_to_end(wanted.id)
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)

    def recording(self, id: str) -> Recording | None:
        known = self._known.get(id)
        return self._find_or_start(known) if known else self.store.get(id)

    def experiment(self, id: str) -> Experiment | None:
        if known := self._known.get(id):
            return known if isinstance(known, Experiment) else None
        stored = self.store.get(id)
        header = next(ndjson.read(stored.lines(0, 1)), {}) if stored else {}
        try:
            return Experiment(**header["experiment"])
        except (KeyError, TypeError, BadField):  # a sweep, or fields that this release does not know
            return None

    def ask(self, experiment: Experiment, question: dict) -> Recording:
        return self._find_or_start(experiment, question)

    def stop(self, id: str) -> None:
        if sweeping := self._sweeps.get(id):
            sweeping.stop("The sweep was stopped; its finished rows are kept.")
        with self._lock:
            idle = [task for task in (*self.admission.waiting, *self.admission.resting) if task.name == id]
        self._dismiss(idle, STOPPED)
        self._stop_tasks(id, STOPPED)

    def notice(self) -> str | None:
        return self.trouble

    def _find_or_start(self, wanted: Experiment | Sweep, question: dict | None = None, visitor: str = "") -> Recording:
        id = f"{wanted.id} {json.dumps(question, sort_keys=True)}" if question else wanted.id
        if (found := self.store.get(id)) is None or not found.ended:
            return self._attend(id, wanted, question, visitor)
        with self._lock:
            self.counters.store_hits += not question
        return found

    def _attend(self, id: str, wanted: Experiment | Sweep, question: dict | None, visitor: str) -> Recording:
        """The recording that has not ended, or a new one, and see to it that it is computed. Raises Busy."""
        with self._lock:
            try:
                if not self.store.in_memory(id) and isinstance(wanted, Experiment):
                    self.admission.check()
                found, new = self.store.start(id)
                found.look()
                found.visitors.update({visitor} - {""})
                if new and isinstance(wanted, Experiment):
                    self.admission.enter(Task(wanted.id, of_experiment(wanted, question), found, self._run_ended), visitor)
                elif not new:
                    self.admission.wake(id, visitor)
            except Busy:
                self.counters.rejected += 1
                raise
            self.counters.started += new and question is None
        if new and isinstance(wanted, Sweep):
            self._start_sweep(wanted, found)
        self._admit()
        return found

    def _start_sweep(self, sweep: Sweep, lines: Recording) -> None:
        sweeping = Sweeping(sweep, lines, self.rows, self._begin, self._stacks_at_once, self._sweep_ended, self._lock)
        self._sweeps[sweep.id] = sweeping
        sweeping.start()

    def _admit(self) -> None:
        """Have those computed whose turn it is."""
        with self._lock:
            for task in self.admission.admitted():
                task.began = time.monotonic()
                self._begin(task)

    def tend(self) -> None:
        """Let runs rest that nobody watches, and forget those that have rested long. Whoever serves visitors calls it often."""
        with self._lock:
            forgotten = self.admission.overdue()
            for task in (*self.admission.computing.values(), *self.admission.waiting):
                if task.recording.unwatched() > patience(task):
                    forgotten += self._rest(task)
        self._dismiss(forgotten, NEGLECTED)
        self._admit()

    def _rest(self, task: Task) -> list[Task]:
        if task.recording.id in self.admission.computing:
            self._withdraw(task)
            task.restart()
        self.counters.rested += 1
        return self.admission.rest(task)

    def _dismiss(self, tasks: list[Task], message: str) -> None:
        """End tasks that are not being computed."""
        for task in tasks:
            task.end("stopped", message)
            task.settle()

    def _run_ended(self, task: Task) -> None:
        """The store first, so that nobody finds neither."""
        lines = task.recording
        assert lines.status
        self.store.finish(lines)
        with self._lock:
            self.admission.leave(task)
            self.endings[lines.status] += task.is_run
            seconds = time.monotonic() - task.began
            if task.is_run and lines.status in KEPT:
                self.admission.took(seconds)
        if task.is_run:
            told = {"run": lines.id, "status": lines.status, "lines": len(lines), "seconds": round(seconds, 3)}
            _log.info("a run has ended", extra=told)
        self._admit()

    def _sweep_ended(self, sweeping: Sweeping) -> None:
        self.store.finish(sweeping.lines)
        assert sweeping.lines.status
        with self._lock:
            self._sweeps.pop(sweeping.sweep.id, None)
            self.endings[sweeping.lines.status] += 1

    def _begin_no_more(self) -> None:
        """For `close`: no stack is begun any more, and no run that waits."""
        with self._lock:
            idle = self.admission.close()
        self._dismiss(idle, CLOSED)
        for sweeping in list(self._sweeps.values()):
            sweeping.stop(CLOSED)
        self.rows.close()

    def _count(self, piece: Piece) -> None:
        """Count a new line that a worker sent."""
        with self._lock:
            self.counters.snapshots += piece.kind == "snapshot"
            self.counters.bytes += piece.size
