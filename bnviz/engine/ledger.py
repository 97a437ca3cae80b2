"""What every engine keeps: which experiments and sweeps are known, where recordings grow, what has happened.

An engine adds who computes: `_begin`, `_stop_tasks`, `_stacks_at_once`, `workers` and `close`.
"""

from __future__ import annotations

import json
import threading
from abc import ABC, abstractmethod
from collections import Counter, OrderedDict

from bnviz.config.experiment import BadField, Experiment
from bnviz.config.sweep import Sweep
from bnviz.engine import Counters
from bnviz.engine.sweeping import Sweeping
from bnviz.engine.task import Task, of_experiment
from bnviz.measures import budget
from bnviz.record import ndjson
from bnviz.record.piece import Piece
from bnviz.record.rows import Rows
from bnviz.record.store import Recording, Store

REMEMBERED = 4096  # experiments that can be computed again when their recording is gone
STOPPED = "The run was stopped."
CLOSED = "The server was stopped."


class Ledger(ABC):
    """The part of an Engine that does not depend on who computes; see bnviz.engine.Engine for the methods."""

    def __init__(self, store: Store, rows: Rows | None = None):
        self.store, self.rows = store, rows or Rows()
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
    def _stop_tasks(self, name: str, message: str) -> None:
        """End the tasks of that name now, with this message."""

    @abstractmethod
    def _stacks_at_once(self) -> int:
        """How many of one sweep's stacks should be with the workers."""

    def request(self, experiment: Experiment) -> str:
        budget.check(experiment)
        self._know(experiment)
        self._find_or_start(experiment)
        return experiment.id

    def sweep(self, sweep: Sweep) -> str:
        sweep.check_cost()
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
        self._stop_tasks(id, STOPPED)

    def notice(self) -> str | None:
        return self.trouble

    def _find_or_start(self, wanted: Experiment | Sweep, question: dict | None = None) -> Recording:
        id = f"{wanted.id} {json.dumps(question, sort_keys=True)}" if question else wanted.id
        if (found := self.store.get(id)) is None:
            found, new = self.store.start(id)
            if new:
                self._start(wanted, found, question)
                return found
        with self._lock:
            self.counters.store_hits += found.ended and not question
        return found

    def _start(self, wanted: Experiment | Sweep, lines: Recording, question: dict | None) -> None:
        with self._lock:
            self.counters.started += question is None
        if isinstance(wanted, Sweep):
            sweeping = Sweeping(wanted, lines, self.rows, self._begin, self._stacks_at_once, self._sweep_ended, self._lock)
            self._sweeps[wanted.id] = sweeping
            sweeping.start()
        else:
            self._begin(Task(wanted.id, of_experiment(wanted, question), lines, self._run_ended))

    def _run_ended(self, task: Task) -> None:
        """The store first, so that nobody finds neither."""
        assert isinstance(task.lines, Recording) and task.lines.status
        self.store.finish(task.lines)
        with self._lock:
            self.endings[task.lines.status] += task.is_run

    def _sweep_ended(self, sweeping: Sweeping) -> None:
        self.store.finish(sweeping.lines)
        assert sweeping.lines.status
        with self._lock:
            self._sweeps.pop(sweeping.sweep.id, None)
            self.endings[sweeping.lines.status] += 1

    def _stop_sweeps(self) -> None:
        """For `close`: no stack is begun any more."""
        for sweeping in list(self._sweeps.values()):
            sweeping.stop(CLOSED)
        self.rows.close()

    def _count(self, piece: Piece) -> None:
        """Count a new line that a worker sent."""
        with self._lock:
            self.counters.snapshots += piece.kind == "snapshot"
            self.counters.bytes += piece.size
