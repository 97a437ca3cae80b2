"""The local backend: supervised worker processes that are restarted when they die, and their tasks with them.

Each worker has a slot with one thread, which starts the process, reads its lines and starts the next one. A viewer of a run
whose worker dies sees a pause.
"""

from __future__ import annotations

import contextlib
import json
import logging
import math
import os
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from bnviz import machine
from bnviz.data import own
from bnviz.engine.admission import Limits
from bnviz.engine.base import CLOSE_MESSAGE, BaseEngine
from bnviz.engine.task import Task
from bnviz.engine.worker import HEARTBEAT, READY, RETIRED
from bnviz.record import piece
from bnviz.record.piece import Piece
from bnviz.record.rows import Rows
from bnviz.record.store import Store

COMMAND = (sys.executable, "-m", "bnviz.engine.worker")
MAX_DEATHS_AT_LINE = 5  # of workers in a row at the same line of a task, which then counts as the cause and fails
MAX_DEATHS = 40  # of workers, at any line of a task, which then fails
MAX_FAILED_STARTS = 3  # in a row, after which the waiting tasks fail
KILLED_START_WEIGHT = 1 / 8  # of a start that was killed from outside, which says nothing about the next one
MAX_BACKOFF_SECONDS = 5.0  # between attempts to start a worker
CLOSE_SECONDS = 1.0
HEARTBEAT_TIMEOUT_SECONDS = 60.0  # after which a worker with tasks counts as hung, even on a busy machine
_ROOT = Path(__file__).resolve().parents[2]
_log = logging.getLogger(__name__)


class Slot:
    """A supervised worker: its current process and its tasks. Guarded by the engine's lock."""

    def __init__(self, background: bool = False) -> None:
        self.background = background
        self.process: subprocess.Popen | None = None
        self.thread: threading.Thread | None = None  # the supervisor; started with the first task
        self.has_computed = False  # whether this process has sent any line
        self.has_retired = False  # whether it has said that it ends because it has grown too large
        self.start_time = 0.0
        self.last_heartbeat = math.inf  # infinite until the process is ready
        self.tasks: dict[str, Task] = {}
        self.trained_ids: deque[str] = deque(maxlen=8)  # ids of runs whose networks the process may still have
        self.recent_unchanged_ids: deque[str | None] = deque(maxlen=4)  # of runs whose checkpoints it may still have

    def send(self, command: dict) -> None:
        """Send a command to the process, if there is one. A successor receives the commands of all tasks."""
        if self.process is not None and self.process.stdin is not None:
            with contextlib.suppress(OSError, ValueError):
                self.process.stdin.write(json.dumps(command).encode() + b"\n")
                self.process.stdin.flush()

    @property
    def was_healthy(self) -> bool:
        """Whether the process that ended had computed something, or had been idle for long."""
        return self.has_computed or not self.tasks and time.monotonic() - self.start_time > MAX_BACKOFF_SECONDS

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None


class LocalEngine(BaseEngine):
    """An Engine of `workers` processes that run `command`, and as many more for sweeps.

    The first `workers` are started at once if `ready`, or else by the first run; those for sweeps by the first sweep, at the
    lowest priority (niceness 19). See bnviz.engine.Engine for the methods.
    """

    def __init__(
        self,
        store: Store,
        workers: int = 1,
        command: Sequence[str] = COMMAND,
        rows: Rows | None = None,
        ready: bool = True,
        limits: Limits | None = None,
    ):
        super().__init__(store, rows, limits)
        self._command = tuple(command)
        self._closed = threading.Event()
        self._slots = [Slot(background) for background in (False, True) for _ in range(workers)]
        for slot in self._slots:
            if ready and not slot.background:
                self._open(slot)

    def _open(self, slot: Slot) -> None:
        """Start the slot's first process and its supervisor."""
        slot.thread = threading.Thread(target=self._supervise, args=(slot,), daemon=True)
        self._start_process(slot)
        slot.thread.start()

    def workers(self) -> tuple[int, int]:
        slots = [slot for slot in self._slots if slot.thread]
        return sum(slot.alive for slot in slots), len(slots)

    def processes(self, background: bool = False) -> list[int]:
        """The process ids of the workers that are alive."""
        return [slot.process.pid for slot in self._slots if slot.process and slot.alive and slot.background == background]

    def suspend_idle(self) -> None:
        self._kill_unresponsive()
        super().suspend_idle()

    def _kill_unresponsive(self) -> None:
        """Kill the workers that have tasks and whose heartbeat has timed out; their supervisors restart them."""
        with self._lock:
            deadline = time.monotonic() - HEARTBEAT_TIMEOUT_SECONDS
            for slot in self._slots:
                if slot.process and slot.tasks and slot.last_heartbeat < deadline:
                    _log.warning("a worker has taken no step for %d seconds; it is ended", HEARTBEAT_TIMEOUT_SECONDS)
                    slot.last_heartbeat = math.inf
                    slot.process.kill()

    def close(self) -> None:
        self._stop_dispatch()
        with self._lock:
            self._closed.set()
            for slot in self._slots:
                for task in list(slot.tasks.values()):
                    self._end(slot, task, "stopped", CLOSE_MESSAGE)
            processes = [slot.process for slot in self._slots if slot.process is not None]
        _end_processes(processes)
        for slot in self._slots:
            if slot.thread not in (None, threading.current_thread()):
                slot.thread.join(CLOSE_SECONDS)

    def _preempt(self, task: Task) -> None:
        with self._lock:
            for slot in self._slots:
                if slot.tasks.pop(task.key, None):
                    slot.send({"stop": task.key})

    def _stop_tasks(self, name: str, message: str) -> None:
        with self._lock:
            for slot in self._slots:
                for task in [task for task in slot.tasks.values() if task.name == name]:
                    slot.send({"stop": task.key})
                    self._end(slot, task, "stopped", message)

    def _max_stacks(self) -> int:
        return sum(slot.background for slot in self._slots)

    def _dispatch(self, task: Task) -> None:
        """Give a task to the worker that has the fewest, a question to one that may still have the trained network.

        A run goes to a worker that may have a checkpoint of its beginning, unless others have clearly fewer tasks.
        """
        with self._lock:
            slots = [slot for slot in self._slots if slot.background == task.background]
            candidates = [slot for slot in slots if "question" in task.payload and task.name in slot.trained_ids]
            slot = min(candidates or slots, key=lambda slot: self._load(slot, task))
            if not slot.tasks and slot.last_heartbeat < math.inf:
                slot.last_heartbeat = time.monotonic()  # an idle worker sends no heartbeat
            slot.tasks[task.key] = task
            if task.is_run and task.unchanged_id not in slot.recent_unchanged_ids:
                slot.recent_unchanged_ids.append(task.unchanged_id)
            if self._closed.is_set():
                self._end(slot, task, "stopped", CLOSE_MESSAGE)
            elif slot.thread is None:
                self._open(slot)
            else:
                slot.send(task.command)

    @staticmethod
    def _load(slot: Slot, task: Task) -> tuple[int, int]:
        """The order in which slots are chosen for a task, least first: a missing checkpoint counts as one more task."""
        return len(slot.tasks) + (task.unchanged_id not in slot.recent_unchanged_ids), len(slot.tasks)

    def _end(self, slot: Slot, task: Task, status: str, message: str) -> None:
        """End a task on its worker's behalf."""
        task.end(status, message)
        self._remove(slot, task)

    def _remove(self, slot: Slot, task: Task) -> None:
        """Remove a task whose lines have ended from its slot, and settle it."""
        with self._lock:
            own_task = slot.tasks.pop(task.key, None)
            if own_task and "experiment" in task.payload and task.name not in slot.trained_ids:
                slot.trained_ids.append(task.name)
        if own_task:
            task.settle()

    def _supervise(self, slot: Slot) -> None:
        """Restart the slot's process with exponential backoff, in the slot's own thread, until the engine is closed."""
        failures = 0.0  # failed starts in a row
        while not self._closed.is_set():
            if (process := slot.process) is not None:
                assert process.stdout is not None
                with process.stdout as pipe:
                    self._read(slot, pipe)
                process.wait()
                self._close_input(process)
            with self._lock:
                if self._closed.is_set():
                    return
                if slot.has_retired:
                    failures = 0.0
                    self.counters.worker_retirements += 1
                    _log.info("a worker has grown beyond its share of memory; starting another")
                else:
                    was_killed = process is not None and machine.was_killed(process.returncode)
                    failures = 0.0 if slot.was_healthy else failures + (KILLED_START_WEIGHT if was_killed else 1)
                    self.counters.worker_restarts += 1
                    self._fail_repeated(slot, failures)
                    _log.warning("a worker ended (%s); starting another", process and process.returncode)
                self._restart_tasks(slot)
            self._closed.wait(min(MAX_BACKOFF_SECONDS, 0.1 * 2**failures) if failures else 0)
            self._start_process(slot)

    def _close_input(self, process: subprocess.Popen[bytes]) -> None:
        """Close the pipe to a process that has ended; what it has not read cannot be flushed."""
        assert process.stdin is not None
        with self._lock, contextlib.suppress(OSError):  # nothing else writes to it meanwhile
            process.stdin.close()

    def _start_process(self, slot: Slot) -> None:
        """Start a process and send it all the slot's tasks; if it cannot be started, the slot's process is None."""
        with self._lock:
            slot.process, slot.has_computed, slot.has_retired = None, False, False
            slot.start_time, slot.last_heartbeat = time.monotonic(), math.inf
            slot.trained_ids.clear()
            slot.recent_unchanged_ids.clear()
            if self._closed.is_set():
                return
            try:
                slot.process = start_worker((*self._command, *(["--background"] if slot.background else [])))
            except OSError as error:
                _log.error("cannot start a worker: %s", error)
            for task in slot.tasks.values():
                slot.send(task.command)

    def _read(self, slot: Slot, pipe: IO[bytes]) -> None:
        """Receive pieces until the process has ended. A truncated last one does not count."""
        for head in pipe:
            slot.last_heartbeat = time.monotonic()
            if head == RETIRED:
                slot.has_retired = True
            elif head.endswith(b"\n") and head not in (READY, HEARTBEAT) and (message := piece.read(pipe, head)):
                self._receive(slot, *message)

    def _receive(self, slot: Slot, key: str, line: Piece) -> None:
        with self._lock:  # or a task that is preempted meanwhile would count this line in its next attempt
            task = slot.tasks.get(key)
            if task is None:  # stopped or preempted meanwhile
                return
            slot.has_computed = True
            new = task.receive(line)
        if new:
            self._count(line)
        if task.lines.ended:
            self._remove(slot, task)

    def _fail_repeated(self, slot: Slot, failures: float) -> None:
        """After a death: fail the tasks with too many deaths."""
        for task in list(slot.tasks.values()):
            if task.count_repeated_deaths() >= MAX_DEATHS_AT_LINE or task.deaths >= MAX_DEATHS:
                self._end(slot, task, "failed", f"The worker that computed this run ended unexpectedly {task.deaths} times.")
            elif failures >= MAX_FAILED_STARTS:
                self._end(slot, task, "failed", "No worker could be started; the server's log says why.")

    def _restart_tasks(self, slot: Slot) -> None:
        """Prepare the tasks of a worker that has ended for its successor."""
        tasks = list(slot.tasks.values())
        for task in tasks:
            task.restart()
        slot.tasks = {task.key: task for task in tasks}


def start_worker(command: Sequence[str]) -> subprocess.Popen:
    """A worker that finds this very package, wherever the server was started."""
    paths = [str(_ROOT), os.environ.get("PYTHONPATH", "")]
    environment = {
        **os.environ,
        own.SETTING: own.configured_folder(),
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "2",  # threads that share heaps leave fewer holes in them
    }
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=_ROOT, env=environment)


def _end_processes(processes: Sequence[subprocess.Popen]) -> None:
    """Close their inputs, which ends a healthy worker at once; then terminate, then kill."""
    for process in processes:
        with contextlib.suppress(OSError):
            assert process.stdin is not None
            process.stdin.close()
    deadline = time.monotonic() + CLOSE_SECONDS
    for terminate in (subprocess.Popen.terminate, subprocess.Popen.kill):
        for process in processes:
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                terminate(process)
        deadline += CLOSE_SECONDS
