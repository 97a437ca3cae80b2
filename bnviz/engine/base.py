"""The common part of all engines: requests, recordings, admission control, counters.

A subclass adds the execution backend: `_dispatch`, `_preempt`, `_stop_tasks`, `_max_stacks`, `workers` and `close`.
"""

from __future__ import annotations

import contextlib
import json
import logging
import threading
import time
from abc import ABC, abstractmethod
from collections import Counter, OrderedDict

from bnviz.config.experiment import BadField, Experiment
from bnviz.config.sweep import Sweep
from bnviz.engine.admission import Admission, Busy, Limits, QueuePosition, State, idle_timeout
from bnviz.engine.counters import Counters
from bnviz.engine.sweep_scheduler import SweepScheduler
from bnviz.engine.task import Task, experiment_payload
from bnviz.measures import budget
from bnviz.record import ndjson
from bnviz.record.piece import Piece
from bnviz.record.rows import Rows
from bnviz.record.store import COMPLETE_STATUSES, Recording, Store

MAX_REQUESTS = 4096  # LRU: experiments that can be computed again when their recording has been evicted
STOP_MESSAGE = "The run was stopped."
IDLE_MESSAGE = "The run was suspended, because it had no viewer."
CLOSE_MESSAGE = "The server was stopped."
_log = logging.getLogger(__name__)


class BaseEngine(ABC):
    """The part of an Engine that does not depend on the backend; see bnviz.engine.Engine for the methods."""

    def __init__(self, store: Store, rows: Rows | None = None, limits: Limits | None = None):
        self.store, self.rows = store, rows or Rows()
        self.admission = Admission(limits or Limits())
        self.counters = Counters()
        self.endings: dict[str, int] = Counter()
        self.warning: str | None = None  # what `notice` returns
        self._requests: OrderedDict[str, Experiment | Sweep] = OrderedDict()
        self._sweeps: dict[str, SweepScheduler] = {}
        self._lock = threading.RLock()

    @abstractmethod
    def _dispatch(self, task: Task) -> None:
        """Begin to compute a task. Its lines get an end, whatever happens, and then it is settled (`Task.settle`)."""

    @abstractmethod
    def _preempt(self, task: Task) -> None:
        """Stop computing a task that may be dispatched again later. Its lines get no end."""

    @abstractmethod
    def _stop_tasks(self, name: str, message: str) -> None:
        """End the tasks of that name now, with this message."""

    @abstractmethod
    def _max_stacks(self) -> int:
        """How many stacks of one sweep may be with the workers at a time."""

    def request(self, experiment: Experiment, visitor: str = "") -> str:
        budget.check(experiment)
        self._register(experiment)
        self._find_or_start(experiment, visitor=visitor)
        return experiment.id

    def release(self, id: str) -> None:
        if (recording := self.store.in_memory(id)) and not recording.ended:
            recording.release()

    def queue_position(self, id: str) -> QueuePosition | None:
        with self._lock:
            return self.admission.queue_position(id)

    def state_counts(self) -> dict[State, int]:
        with self._lock:
            return self.admission.state_counts()

    def stall_seconds(self) -> float:
        with self._lock:
            now, tasks = time.monotonic(), self.admission.computing.values()
            return max((min(task.recording.seconds_since_append(), now - task.start_time) for task in tasks), default=0.0)

    def sweep(self, sweep: Sweep) -> str:
        sweep.check_cost(budget.measuring(sweep))
        self._register(sweep)
        self._find_or_start(sweep)
        return sweep.id

    def _register(self, spec: Experiment | Sweep) -> None:
        with self._lock:
            self.counters.requested += 1
            self._requests[spec.id] = spec
            self._requests.move_to_end(spec.id)
            if len(self._requests) > MAX_REQUESTS:
                self._requests.popitem(last=False)

    def recording(self, id: str) -> Recording | None:
        spec = self._requests.get(id)
        return self._find_or_start(spec) if spec else self.store.get(id)

    def experiment(self, id: str) -> Experiment | None:
        if spec := self._requests.get(id):
            return spec if isinstance(spec, Experiment) else None
        stored = self.store.get(id)
        header = next(ndjson.read(stored.lines(0, 1)), {}) if stored else {}
        try:
            experiment = Experiment.of_recording(header["experiment"])
        except (KeyError, TypeError, BadField):  # a sweep, or fields that this release does not know
            return None
        return experiment if experiment.id == id else None  # its data set may have other contents now

    def ask(self, experiment: Experiment, question: dict) -> Recording:
        return self._find_or_start(experiment, question)

    def stop(self, id: str) -> None:
        if scheduler := self._sweeps.get(id):
            scheduler.stop("The sweep was stopped; its finished rows are kept.")
        with self._lock:
            idle = [task for task in (*self.admission.waiting, *self.admission.suspended) if task.name == id]
        self._end_idle(idle, STOP_MESSAGE)
        self._stop_tasks(id, STOP_MESSAGE)

    def notice(self) -> str | None:
        return self.warning

    def _find_or_start(self, spec: Experiment | Sweep, question: dict | None = None, visitor: str = "") -> Recording:
        id = f"{spec.id} {json.dumps(question, sort_keys=True)}" if question else spec.id
        if (recording := self.store.get(id)) is None or not recording.ended:
            return self._start_or_resume(id, spec, question, visitor)
        with self._lock:
            self.counters.store_hits += not question
        return recording

    def _start_or_resume(self, id: str, spec: Experiment | Sweep, question: dict | None, visitor: str) -> Recording:
        """The live recording, or a new one; its task is enqueued or resumed. Raises Busy."""
        with self._lock:
            try:
                if not self.store.in_memory(id) and isinstance(spec, Experiment):
                    self.admission.check()
                recording, new = self.store.start(id)
                recording.touch()
                recording.visitors.update({visitor} - {""})
                if new and isinstance(spec, Experiment):
                    task = Task(spec.id, experiment_payload(spec, question), recording, self._on_run_end)
                    self.admission.enqueue(task, visitor)
                elif not new:
                    self.admission.resume(id, visitor)
            except Busy:
                self.counters.rejected += 1
                raise
            self.counters.started += new and question is None
        if new and isinstance(spec, Sweep):
            self._start_sweep(spec, recording)
        self._admit()
        return recording

    def _start_sweep(self, sweep: Sweep, lines: Recording) -> None:
        scheduler = SweepScheduler(sweep, lines, self.rows, self._dispatch, self._max_stacks, self._on_sweep_end, self._lock)
        self._sweeps[sweep.id] = scheduler
        scheduler.start()

    def _admit(self) -> None:
        """Dispatch the tasks that admission control admits now."""
        with self._lock:
            for task in self.admission.admit():
                task.start_time = time.monotonic()
                self._dispatch(task)

    def suspend_idle(self) -> None:
        """Suspend idle runs, and evict those that have been suspended for long. A server calls it a few times a second."""
        with self._lock:
            evicted = self.admission.expired()
            for task in (*self.admission.computing.values(), *self.admission.waiting):
                if task.recording.idle_seconds() > idle_timeout(task):
                    evicted += self._suspend(task)
            self._resume_read()
        self._end_idle(evicted, IDLE_MESSAGE)
        self.store.make_room()
        self._admit()

    def _resume_read(self) -> None:
        """Resume suspended runs that have readers: they subscribed just after their run was suspended."""
        with contextlib.suppress(Busy):  # the queue is full: next time
            for task in self.admission.suspended:
                if task.recording.readers:
                    self.admission.resume(task.recording.id, "")

    def _suspend(self, task: Task) -> list[Task]:
        if task.recording.id in self.admission.computing:
            self._preempt(task)
            task.restart()
        self.counters.suspended += 1
        return self.admission.suspend(task)

    def _end_idle(self, tasks: list[Task], message: str) -> None:
        """End tasks that are not being computed."""
        for task in tasks:
            task.end("stopped", message)
            task.settle()

    def _on_run_end(self, task: Task) -> None:
        """Finish the recording in the store before the task leaves the queue, so that it is always in one of them."""
        lines = task.recording
        assert lines.status
        self.store.finish(lines)
        with self._lock:
            self.admission.remove(task)
            self.endings[lines.status] += task.is_run
            seconds = time.monotonic() - task.start_time
            if task.is_run and lines.status in COMPLETE_STATUSES:
                self.admission.record_duration(seconds)
        if task.is_run:
            details = {"run": lines.id, "status": lines.status, "lines": len(lines), "seconds": round(seconds, 3)}
            _log.info("a run has ended", extra=details)
        self._admit()

    def _on_sweep_end(self, scheduler: SweepScheduler) -> None:
        self.store.finish(scheduler.lines)
        assert scheduler.lines.status
        with self._lock:
            self._sweeps.pop(scheduler.sweep.id, None)
            self.endings[scheduler.lines.status] += 1

    def _stop_dispatch(self) -> None:
        """For `close`: dispatch no more runs and stacks."""
        with self._lock:
            idle = self.admission.close()
        self._end_idle(idle, CLOSE_MESSAGE)
        for scheduler in list(self._sweeps.values()):
            scheduler.stop(CLOSE_MESSAGE)
        self.rows.close()

    def _count(self, piece: Piece) -> None:
        """Count a new line that a worker sent."""
        with self._lock:
            self.counters.snapshots += piece.kind == "snapshot"
            self.counters.bytes += piece.size
