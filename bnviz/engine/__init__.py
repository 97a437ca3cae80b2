"""Execution backends: worker processes on this machine, or a Dask cluster.

Pages and routes share one engine, `shared()`. It never trains in its own process and never imports torch.
"""

from __future__ import annotations

import atexit
import logging
import math
import os
import sys
import threading
from types import ModuleType
from typing import Any, Protocol

from bnviz import machine
from bnviz.config.experiment import Experiment
from bnviz.config.sweep import Sweep
from bnviz.engine.admission import Limits, QueuePosition, State
from bnviz.engine.counters import Counters as Counters
from bnviz.record.rows import Rows
from bnviz.record.store import Recording, Store

NO_DASK = "BNVIZ_SCHEDULER is set, but Dask is not installed (pip install -e '.[cluster]');"


class Engine(Protocol):
    """All methods may be called from any thread."""

    store: Store
    counters: Counters
    endings: dict[str, int]  # runs that ended, by status

    def request(self, experiment: Experiment, visitor: str = "") -> str:
        """Find the experiment's recording, or enqueue its run; returns its id.

        Visitors are served round-robin. Raises TooExpensive, and Busy if the queue is full.
        """
        ...

    def release(self, id: str) -> None:
        """The visitor no longer needs this run: unless it has readers, it may be suspended at once."""
        ...

    def queue_position(self, id: str) -> QueuePosition | None:
        """State and position of a run or an answer that has not ended; None for others."""
        ...

    def state_counts(self) -> dict[State, int]:
        """The number of live runs and answers in each state."""
        ...

    def stall_seconds(self) -> float:
        """Seconds since the last new line of the task that has stalled longest; 0 if nothing is computed."""
        ...

    def suspend_idle(self) -> None:
        """Suspend the runs without readers or recent requests; a new request resumes them. A server calls it a few times a
        second."""
        ...

    def sweep(self, sweep: Sweep) -> str:
        """Find or start the sweep's recording; returns its id. Raises TooExpensive.

        Stored rows, also those of a sweep that was stopped, are there at once.
        """
        ...

    def recording(self, id: str) -> Recording | None:
        """The recording of a recently requested experiment or sweep, or from the store. May start a run, may read a file.

        Raises Busy.
        """
        ...

    def experiment(self, id: str) -> Experiment | None:
        """The experiment of a run that `recording` would find. May read a file."""
        ...

    def ask(self, experiment: Experiment, question: dict[str, Any]) -> Recording:
        """The recording, soon to end, of the answer to a question about the trained network: its name and its values, see
        `bnviz.measures.registry.Question`.

        Equal questions are computed once. Returns at once; a worker that dies is replaced, and the question is repeated.
        """
        ...

    def stop(self, id: str) -> None:
        """End a live run or sweep now, for everybody who watches it; the next request starts over."""
        ...

    def notice(self) -> str | None:
        """A sentence for people if the execution backend is degraded."""
        ...

    def workers(self) -> tuple[int, int]:
        """How many workers are alive, and how many there should be."""
        ...

    def close(self) -> None:
        """End the workers and every live recording. Calling it twice is fine."""
        ...


def _process_state() -> Any:
    """A module that holds the shared engine.

    Streamlit reimports edited modules while the routes still hold their old copies. It leaves a module without a file alone, so
    there is always one engine a process.
    """
    state: Any = ModuleType("bnviz.engine._process")
    state.engine, state.lock = None, threading.Lock()
    return sys.modules.setdefault(state.__name__, state)


def shared() -> Engine:
    """The process-wide engine, created on first use and closed with the process."""
    state = _process_state()
    with state.lock:
        if state.engine is None:
            limits = Limits.from_environment(math.inf if scheduler() else worker_count())
            state.engine = make(Store.from_environment(), Rows.from_environment(), limits=limits)
            atexit.register(state.engine.close)
        return state.engine


def make(store: Store, rows: Rows, workers: int | None = None, ready: bool = True, limits: Limits | None = None) -> Engine:
    """A new engine; the caller closes it. If `ready`, local workers for live runs are started at once.

    It is a DaskEngine if BNVIZ_SCHEDULER names a scheduler, or else has so many local workers, `worker_count()` by default.
    """
    from bnviz.engine.local import LocalEngine

    warning = None
    if address := scheduler():
        try:
            from bnviz.engine.cluster import DaskEngine

            return DaskEngine(store, address, workers or worker_count(), rows=rows, limits=limits)
        except ImportError as error:
            warning = f"{NO_DASK} this machine computes instead."
            logging.getLogger(__name__).warning("%s (%s)", warning, error)
    local = LocalEngine(store, workers or worker_count(), rows=rows, ready=ready, limits=limits)
    local.warning = warning
    return local


def scheduler() -> str:
    """The address of a Dask cluster that is to compute; empty if there is none."""
    return os.environ.get("BNVIZ_SCHEDULER", "").strip()


def close_shared() -> None:
    """Close the process-wide engine if there is one; `shared()` would start another."""
    state = _process_state()
    with state.lock:
        engine, state.engine = state.engine, None
    if engine is not None:
        atexit.unregister(engine.close)
        engine.close()


def worker_count() -> int:
    """BNVIZ_WORKERS, or as many as there are cores, four at most; one where there is little memory."""
    text = os.environ.get("BNVIZ_WORKERS", "")
    return max(1, int(text) if text.strip().isdigit() else min(int(machine.cores()), machine.by_memory(4, small=1)))
