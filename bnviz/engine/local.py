"""The engine on this machine: worker processes that are replaced when they die, and their runs computed again.

Each worker has a slot with one thread, which starts the process, reads its lines and starts the next one. A viewer of a run
whose worker dies sees a pause.
"""

from __future__ import annotations

import contextlib
import json
import logging
import math
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import IO

from bnviz.engine.admission import Limits
from bnviz.engine.base import CLOSED, BaseEngine
from bnviz.engine.task import Task
from bnviz.engine.worker import ALIVE, READY
from bnviz.record import piece
from bnviz.record.piece import Piece
from bnviz.record.rows import Rows
from bnviz.record.store import Store

COMMAND = (sys.executable, "-m", "bnviz.engine.worker")
DEATHS = 5  # of workers in a row at the same line of a task, after which it counts as the cause: who kills at random does not
MOST_DEATHS = 40  # of workers, wherever a task was: then it is given up all the same
STARTS = 3  # in a row that come to nothing, after which those who wait are told
KILLED = 1 / 8  # what a start counts that was killed from outside, which says nothing of the next one
LONGEST_PAUSE = 5.0  # seconds between attempts to start a worker
CLOSE_SECONDS = 1.0
HANGING_SECONDS = 60.0  # in which a worker with something to do has taken a step, on however busy a machine
_ROOT = Path(__file__).resolve().parents[2]
_log = logging.getLogger(__name__)


class Slot:
    """One worker process after another, and the tasks that are theirs. Guarded by the engine's lock."""

    def __init__(self, background: bool = False) -> None:
        self.background = background
        self.process: subprocess.Popen | None = None
        self.thread: threading.Thread | None = None  # which keeps a process alive; none before the first task needs it
        self.worked = False  # whether this process has computed anything
        self.began = 0.0
        self.heard = math.inf  # when the process last said anything; it says so when it is ready
        self.tasks: dict[str, Task] = {}
        self.trained: deque[str] = deque(maxlen=8)  # ids of runs whose networks the process may still have
        self.begun: deque[str | None] = deque(maxlen=4)  # what its last runs would be without changes on the way

    def send(self, command: dict) -> None:
        """Tell the process, if there is one. When one has just died, its successor is told everything."""
        if self.process is not None and self.process.stdin is not None:
            with contextlib.suppress(OSError, ValueError):
                self.process.stdin.write(json.dumps(command).encode() + b"\n")
                self.process.stdin.flush()

    @property
    def was_healthy(self) -> bool:
        """Whether the process that ended had computed something, or had long been idle."""
        return self.worked or not self.tasks and time.monotonic() - self.began > LONGEST_PAUSE

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None


class LocalEngine(BaseEngine):
    """An Engine of `workers` processes that run `command`, and as many more for sweeps.

    The former are started at once if `ready`, or else by the first run; those for sweeps by the first sweep. These take only what
    processor time the others leave: the operating system knows best who is waiting for whom. See bnviz.engine.Engine for the
    methods.
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
        """Start the slot's first process, and the thread that looks after it."""
        slot.thread = threading.Thread(target=self._keep_alive, args=(slot,), daemon=True)
        self._start_process(slot)
        slot.thread.start()

    def workers(self) -> tuple[int, int]:
        opened = [slot for slot in self._slots if slot.thread]
        return sum(slot.alive for slot in opened), len(opened)

    def processes(self, background: bool = False) -> list[int]:
        """The process ids of the workers that are alive."""
        return [slot.process.pid for slot in self._slots if slot.process and slot.alive and slot.background == background]

    def tend(self) -> None:
        self._kill_hanging()
        super().tend()

    def _kill_hanging(self) -> None:
        """End the workers that have something to do and have not said for long that they are at it; others take their place."""
        with self._lock:
            long_ago = time.monotonic() - HANGING_SECONDS
            for slot in self._slots:
                if slot.process and slot.tasks and slot.heard < long_ago:
                    _log.warning("a worker has taken no step for %d seconds; it is ended", HANGING_SECONDS)
                    slot.heard = math.inf
                    slot.process.kill()

    def close(self) -> None:
        self._begin_no_more()
        with self._lock:
            self._closed.set()
            for slot in self._slots:
                for task in list(slot.tasks.values()):
                    self._end(slot, task, "stopped", CLOSED)
            processes = [slot.process for slot in self._slots if slot.process is not None]
        _end_processes(processes)
        for slot in self._slots:
            if slot.thread not in (None, threading.current_thread()):
                slot.thread.join(CLOSE_SECONDS)

    def _withdraw(self, task: Task) -> None:
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

    def _stacks_at_once(self) -> int:
        return sum(slot.background for slot in self._slots)

    def _begin(self, task: Task) -> None:
        """Give a new task to the worker that has the fewest, a question to one that has trained the network.

        A run goes to one that may have trained its beginning, unless others have clearly less to do.
        """
        with self._lock:
            slots = [slot for slot in self._slots if slot.background == task.background]
            knowing = [slot for slot in slots if "question" in task.subject and task.name in slot.trained]
            slot = min(knowing or slots, key=lambda slot: (len(slot.tasks) + (task.beginning not in slot.begun), len(slot.tasks)))
            if not slot.tasks and slot.heard < math.inf:
                slot.heard = time.monotonic()  # it had nothing to do, and so nothing to say
            slot.tasks[task.key] = task
            if task.is_run and task.beginning not in slot.begun:
                slot.begun.append(task.beginning)
            if self._closed.is_set():
                self._end(slot, task, "stopped", CLOSED)
            elif slot.thread is None:
                self._open(slot)
            else:
                slot.send(task.command)

    def _end(self, slot: Slot, task: Task, status: str, message: str) -> None:
        """End a task from here, not from its worker."""
        task.end(status, message)
        self._finished(slot, task)

    def _finished(self, slot: Slot, task: Task) -> None:
        """Take a task whose lines have ended out of the queue."""
        with self._lock:
            mine = slot.tasks.pop(task.key, None)
            if mine and "experiment" in task.subject and task.name not in slot.trained:
                slot.trained.append(task.name)
        if mine:
            task.settle()

    def _keep_alive(self, slot: Slot) -> None:
        """Runs in the slot's own thread until the engine is closed."""
        failures = 0.0  # starts in a row that came to nothing
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
                failures = 0.0 if slot.was_healthy else failures + (KILLED if _killed(process) else 1)
                self.counters.worker_restarts += 1
                self._recover(slot, failures)
            _log.warning("a worker ended (%s); starting another", process and process.returncode)
            self._closed.wait(min(LONGEST_PAUSE, 0.1 * 2**failures) if failures else 0)
            self._start_process(slot)

    def _close_input(self, process: subprocess.Popen[bytes]) -> None:
        """Give up the way to a process that has ended; what it had not read yet cannot be flushed."""
        assert process.stdin is not None
        with self._lock, contextlib.suppress(OSError):  # nobody writes to it meanwhile
            process.stdin.close()

    def _start_process(self, slot: Slot) -> None:
        """Start a process and send it all the slot's tasks; if it cannot be started, the slot has none."""
        with self._lock:
            slot.process, slot.worked, slot.began, slot.heard = None, False, time.monotonic(), math.inf
            slot.trained.clear()
            slot.begun.clear()
            if self._closed.is_set():
                return
            try:
                slot.process = start_worker((*self._command, *(["--background"] if slot.background else [])))
            except OSError as error:
                _log.error("cannot start a worker: %s", error)
            for task in slot.tasks.values():
                slot.send(task.command)

    def _read(self, slot: Slot, pipe: IO[bytes]) -> None:
        """Take pieces until the process has ended. A last one that was cut off does not count."""
        for head in pipe:
            slot.heard = time.monotonic()
            if head.endswith(b"\n") and head not in (READY, ALIVE) and (found := piece.read(pipe, head)):
                self._receive(slot, *found)

    def _receive(self, slot: Slot, key: str, line: Piece) -> None:
        with self._lock:  # a task that is withdrawn between the two would count this line in its next attempt
            task = slot.tasks.get(key)
            if task is None:  # stopped or withdrawn meanwhile
                return
            slot.worked = True
            new = task.receive(line)
        if new:
            self._count(line)
        if task.lines.ended:
            self._finished(slot, task)

    def _recover(self, slot: Slot, failures: float) -> None:
        """After a death: fail the tasks that have seen too many, prepare the others for the next worker."""
        for task in list(slot.tasks.values()):
            if task.suspect() >= DEATHS or task.deaths >= MOST_DEATHS:
                self._end(slot, task, "failed", f"The worker that computed this run ended unexpectedly {task.deaths} times.")
            elif failures >= STARTS:
                self._end(slot, task, "failed", "No worker could be started; the server's log says why.")
        tasks = list(slot.tasks.values())
        for task in tasks:
            task.restart()
        slot.tasks = {task.key: task for task in tasks}


def start_worker(command: Sequence[str]) -> subprocess.Popen:
    """A worker that finds this very package, wherever the server was started."""
    paths = [str(_ROOT), os.environ.get("PYTHONPATH", "")]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
        "MALLOC_ARENA_MAX": "2",  # threads that share heaps leave fewer holes in them
    }
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=_ROOT, env=environment)


def _killed(process: subprocess.Popen[bytes] | None) -> bool:
    """Whether somebody else has ended it, a person or an operating system that is short of memory."""
    return process is not None and process.returncode == -signal.SIGKILL


def _end_processes(processes: Sequence[subprocess.Popen]) -> None:
    """Close their inputs, which ends a healthy worker at once; then insist."""
    for process in processes:
        with contextlib.suppress(OSError):
            assert process.stdin is not None
            process.stdin.close()
    deadline = time.monotonic() + CLOSE_SECONDS
    for insist in (subprocess.Popen.terminate, subprocess.Popen.kill):
        for process in processes:
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                insist(process)
        deadline += CLOSE_SECONDS
