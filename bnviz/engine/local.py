"""The engine on this machine: worker processes that are replaced when they die, and their runs computed again.

Each worker has a slot with one thread, which starts the process, reads its lines and starts the next one. Training is
deterministic, so a run that is computed again repeats the lines that its recording has: these are skipped, and a viewer
sees a pause.
"""

from __future__ import annotations

import contextlib
import dataclasses
import itertools
import json
import logging
import os
import subprocess
import sys
import threading
import time
from collections import Counter, OrderedDict, deque
from collections.abc import Sequence
from pathlib import Path

from bnviz import recording
from bnviz.engine import Counters
from bnviz.experiment import Experiment
from bnviz.store import Recording, Store

COMMAND = (sys.executable, "-m", "bnviz.worker")
REMEMBERED = 4096  # experiments that can be computed again when their recording is gone
DEATHS = 3  # of workers, after which a run that was on each of them counts as the cause
LONGEST_PAUSE = 5.0  # seconds between attempts to start a worker
CLOSE_SECONDS = 1.0
_ROOT = Path(__file__).resolve().parents[2]
_log = logging.getLogger(__name__)


class Run:
    """One live run. `key` names this attempt to the worker: late lines of an earlier one are never taken for it.

    With a `question` it is that question's answer which is recorded.
    """

    _numbers = itertools.count()

    def __init__(self, experiment: Experiment, lines: Recording, question: dict | None = None):
        self.experiment, self.lines, self.question = experiment, lines, question
        self.began = time.monotonic()
        self.deaths = 0
        self.restart()

    def restart(self) -> None:
        """Prepare another attempt."""
        self.key = f"{self.experiment.id}.{next(self._numbers)}"
        self.received = 0

    @property
    def command(self) -> dict:
        command = {"run": self.key, "experiment": dataclasses.asdict(self.experiment)}
        return command | {"question": self.question} if self.question else command

    def end(self, status: str, message: str) -> None:
        """Write the end line on the worker's behalf."""
        self.lines.append(recording.end(status, message, time.monotonic() - self.began))


class Slot:
    """One worker process after another, and the runs that are theirs. Guarded by the engine's lock."""

    def __init__(self) -> None:
        self.process: subprocess.Popen | None = None
        self.worked = False  # whether this process has computed anything
        self.began = 0.0
        self.runs: dict[str, Run] = {}
        self.trained: deque[str] = deque(maxlen=16)  # ids of runs whose networks the process may still have

    def send(self, command: dict) -> None:
        """Tell the process, if there is one. When one has just died, its successor is told everything."""
        if self.process is not None:
            with contextlib.suppress(OSError, ValueError):
                self.process.stdin.write(json.dumps(command).encode() + b"\n")
                self.process.stdin.flush()

    @property
    def was_healthy(self) -> bool:
        """Whether the process that ended had computed something, or had long been idle."""
        return self.worked or not self.runs and time.monotonic() - self.began > LONGEST_PAUSE

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None


class LocalEngine:
    """An Engine of `workers` processes that run `command`, started at once; see bnviz.engine.Engine for the methods."""

    def __init__(self, store: Store, workers: int = 1, command: Sequence[str] = COMMAND):
        self.store, self.counters, self.endings = store, Counters(), Counter()
        self._command = tuple(command)
        self._known: OrderedDict[str, Experiment] = OrderedDict()
        self._lock = threading.RLock()
        self._closed = threading.Event()
        self._slots = [Slot() for _ in range(workers)]
        self._threads = [threading.Thread(target=self._keep_alive, args=(slot,), daemon=True) for slot in self._slots]
        for slot, thread in zip(self._slots, self._threads, strict=True):
            self._start(slot)
            thread.start()

    def request(self, experiment: Experiment) -> str:
        experiment.check_cost()
        with self._lock:
            self.counters.requested += 1
            self._known[experiment.id] = experiment
            self._known.move_to_end(experiment.id)
            if len(self._known) > REMEMBERED:
                self._known.popitem(last=False)
        self._find_or_start(experiment)
        return experiment.id

    def recording(self, id: str) -> Recording | None:
        experiment = self._known.get(id)
        return self._find_or_start(experiment) if experiment else self.store.get(id)

    def experiment(self, id: str) -> Experiment | None:
        if known := self._known.get(id):
            return known
        stored = self.store.get(id)
        header = next(recording.read(stored.lines(0, 1)), None) if stored else None
        return Experiment(**header["experiment"]) if header else None

    def ask(self, experiment: Experiment, question: dict) -> Recording:
        return self._find_or_start(experiment, question)

    def stop(self, id: str) -> None:
        with self._lock:
            for slot in self._slots:
                for run in [run for run in slot.runs.values() if run.experiment.id == id]:
                    slot.send({"stop": run.key})
                    self._end(slot, run, "stopped", "The run was stopped.")

    def workers(self) -> tuple[int, int]:
        return sum(slot.alive for slot in self._slots), len(self._slots)

    def processes(self) -> list[int]:
        """The process ids of the workers that are alive."""
        return [slot.process.pid for slot in self._slots if slot.alive]

    def close(self) -> None:
        with self._lock:
            self._closed.set()
            for slot in self._slots:
                for run in list(slot.runs.values()):
                    self._end(slot, run, "stopped", "The server was stopped.")
            processes = [slot.process for slot in self._slots if slot.process is not None]
        _end_processes(processes)
        for thread in self._threads:
            if thread is not threading.current_thread():
                thread.join(CLOSE_SECONDS)

    def _find_or_start(self, experiment: Experiment, question: dict | None = None) -> Recording:
        id = f"{experiment.id} {json.dumps(question, sort_keys=True)}" if question else experiment.id
        if (found := self.store.get(id)) is None:
            found, new = self.store.start(id)
            if new:
                self._assign(Run(experiment, found, question))
                return found
        with self._lock:
            self.counters.store_hits += found.ended and not question
        return found

    def _assign(self, run: Run) -> None:
        """Give a new run to the worker that has the fewest, a question to one that has trained the network."""
        with self._lock:
            self.counters.started += run.question is None
            knowing = [slot for slot in self._slots if run.question and run.experiment.id in slot.trained]
            slot = min(knowing or self._slots, key=lambda slot: len(slot.runs))
            slot.runs[run.key] = run
            if self._closed.is_set():
                self._end(slot, run, "stopped", "The server was stopped.")
            else:
                slot.send(run.command)

    def _end(self, slot: Slot, run: Run, status: str, message: str) -> None:
        """End a run from here, not from its worker."""
        run.end(status, message)
        self._finished(slot, run)

    def _finished(self, slot: Slot, run: Run) -> None:
        """Take a run whose recording has ended off the books. The store first, so that nobody finds neither."""
        self.store.finish(run.lines)
        with self._lock:
            if slot.runs.pop(run.key, None):
                self.endings[run.lines.status] += run.question is None
                if run.experiment.id not in slot.trained:
                    slot.trained.append(run.experiment.id)

    def _keep_alive(self, slot: Slot) -> None:
        """Runs in the slot's own thread until the engine is closed."""
        failures = 0  # starts in a row that came to nothing
        while not self._closed.is_set():
            if (process := slot.process) is not None:
                with process.stdout:
                    self._read(slot, process)
                process.wait()
            with self._lock:
                if self._closed.is_set():
                    return
                failures = 0 if slot.was_healthy else failures + 1
                self.counters.worker_restarts += 1
                self._recover(slot, failures)
            _log.warning("a worker ended (%s); starting another", process and process.returncode)
            self._closed.wait(min(LONGEST_PAUSE, 0.1 * 2**failures) if failures else 0)
            self._start(slot)

    def _start(self, slot: Slot) -> None:
        """Start a process and send it all the slot's runs; if it cannot be started, the slot has none."""
        with self._lock:
            slot.process, slot.worked, slot.began = None, False, time.monotonic()
            slot.trained.clear()
            if self._closed.is_set():
                return
            try:
                slot.process = start_worker(self._command)
            except OSError as error:
                _log.error("cannot start a worker: %s", error)
            for run in slot.runs.values():
                slot.send(run.command)

    def _read(self, slot: Slot, process: subprocess.Popen) -> None:
        """Take lines until the process has ended. A last line without its newline was cut off and does not count."""
        for line in process.stdout:
            if line.endswith(b"\n") and line != b"ready\n":
                self._receive(slot, *line.split(b" ", 1))

    def _receive(self, slot: Slot, key: bytes, line: bytes) -> None:
        run = slot.runs.get(key.decode())
        if run is None:  # stopped meanwhile
            return
        run.received += 1
        slot.worked = True
        ended = recording.is_end(line)
        if (ended or run.received > len(run.lines)) and run.lines.append(line):
            self._count(line)
        if ended:
            self._finished(slot, run)

    def _count(self, line: bytes) -> None:
        with self._lock:
            self.counters.snapshots += line.startswith(b'{"type":"snapshot"')
            self.counters.bytes += len(line)

    def _recover(self, slot: Slot, failures: int) -> None:
        """After a death: fail the runs that have seen too many, prepare the others for the next worker."""
        for run in list(slot.runs.values()):
            run.deaths += run.received > 0
            if run.deaths >= DEATHS:
                self._end(slot, run, "failed", f"The worker that computed this run ended unexpectedly {DEATHS} times.")
            elif failures >= DEATHS:
                self._end(slot, run, "failed", "No worker could be started; the server's log says why.")
        runs = list(slot.runs.values())
        for run in runs:
            run.restart()
        slot.runs = {run.key: run for run in runs}


def start_worker(command: Sequence[str]) -> subprocess.Popen:
    """A worker that finds this very package, wherever the server was started."""
    paths = [str(_ROOT), os.environ.get("PYTHONPATH", "")]
    environment = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join(filter(None, paths)),
        "OMP_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
    }
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=_ROOT, env=environment)


def _end_processes(processes: Sequence[subprocess.Popen]) -> None:
    """Close their inputs, which ends a healthy worker at once; then insist."""
    for process in processes:
        with contextlib.suppress(OSError):
            process.stdin.close()
    deadline = time.monotonic() + CLOSE_SECONDS
    for insist in (subprocess.Popen.terminate, subprocess.Popen.kill):
        for process in processes:
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                insist(process)
        deadline += CLOSE_SECONDS
