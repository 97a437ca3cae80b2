"""The Dask backend: Dask schedules tasks on a cluster's workers, and restarts the tasks of a dead one.

All communication with the cluster runs on one event loop in one thread; other threads only submit calls to it. Each task has a
coroutine that completes it, on the cluster or, while that is unreachable, with the local fallback. Its lines return as Dask
events, in order and before the task's completion.

This module is imported only if BNVIZ_SCHEDULER is set. The workers' side is bnviz.engine.cluster_worker.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
import threading
import uuid
from collections.abc import Callable, Sequence
from typing import Any

from cachetools import LRUCache
from distributed import Future, KilledWorker

from bnviz.engine.admission import Limits
from bnviz.engine.base import CLOSE_MESSAGE, BaseEngine
from bnviz.engine.connection import RETRY_SECONDS, Connection
from bnviz.engine.local import COMMAND, LocalEngine
from bnviz.engine.task import Task
from bnviz.record.piece import Piece
from bnviz.record.rows import Rows
from bnviz.record.store import Recording, Store

RUN_PRIORITY, STACK_PRIORITY = 10, 0
MAX_TRAINED = 4096  # LRU: runs whose trained networks may be asked about
FALLBACK_POLL_SECONDS = 0.5  # between checks whether the fallback is needed
CLOSE_SECONDS = 3.0
MISMATCH_MESSAGE = "Two machines computed this run differently: they need equal processors and the same releases. Run it again."
_log = logging.getLogger(__name__)


def _serializable_compute() -> Callable[[dict[str, Any], str], None]:
    """`bnviz.engine.cluster_worker.compute` as a function that Dask pickles by value.

    By reference, the scheduler would import it, too, and a worker where that fails dies together with its other tasks.
    """

    def compute(command: dict[str, Any], topic: str) -> None:
        import importlib

        importlib.import_module("bnviz.engine.cluster_worker").compute(command, topic)

    return compute


class FallbackEngine(LocalEngine):
    """The local backend while the cluster is unreachable; `primary` owns its runs."""

    def __init__(self, primary: BaseEngine, workers: int, command: Sequence[str]):
        self._primary = primary
        super().__init__(primary.store, workers, command, primary.rows)
        self.counters = primary.counters

    def _count(self, piece: Piece) -> None:
        self._primary._count(piece)

    def _stop_dispatch(self) -> None:
        """Sweeps, rows and the queue belong to `primary`."""


class Attempt(Task):
    """A task on one machine, after others may have begun it: it fails if its lines differ from theirs."""

    def receive(self, piece: Piece) -> bool:
        earlier = self.lines.pieces(self.line_count, self.line_count + 1) if isinstance(self.lines, Recording) else []
        if earlier not in ([], [piece]) and not piece.is_end:
            self.end("failed", MISMATCH_MESSAGE)
        return super().receive(piece)


class DaskEngine(BaseEngine):
    """An Engine on the cluster whose scheduler is at `address`, with `workers` local processes as its fallback.

    See bnviz.engine.Engine for the methods.
    """

    def __init__(
        self,
        store: Store,
        address: str,
        workers: int = 1,
        command: Sequence[str] = COMMAND,
        rows: Rows | None = None,
        retry_seconds: float = RETRY_SECONDS,
        limits: Limits | None = None,
    ):
        super().__init__(store, rows, limits)
        self._create_fallback = lambda: FallbackEngine(self, workers, command)
        self._fallback_workers = workers
        self._tasks: set[Task] = set()  # not settled yet; guarded by the lock
        self._closed = False
        # The rest belongs to the loop's thread.
        self._cluster = Connection(address, self._on_event, retry_seconds)
        self._coroutines: dict[str, asyncio.Task] = {}  # by a task's key, since a preempted task may be dispatched again at once
        self._on_cluster: dict[str, Attempt] = {}  # by Dask's key
        self._fallback: FallbackEngine | None = None
        self._fallback_slots = asyncio.Semaphore(workers)  # for stacks, or all that wait would be in memory at once
        self._workers_by_run: LRUCache[str, str] = LRUCache(MAX_TRAINED)  # by run id: the worker that may still have the network
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="bnviz-cluster", daemon=True)
        self._thread.start()

    def notice(self) -> str | None:
        return self._cluster.warning

    def workers(self) -> tuple[int, int]:
        if self._cluster.usable:
            return self._cluster.workers, self._cluster.workers
        fallback = self._fallback
        return fallback.workers() if fallback else (0, self._fallback_workers)

    def close(self) -> None:
        self._stop_dispatch()
        with self._lock:
            self._closed, tasks = True, list(self._tasks)
        self._end(tasks, CLOSE_MESSAGE)
        self._call_in_loop(self._cluster.close)
        if self._thread is not threading.current_thread():
            self._thread.join(CLOSE_SECONDS)
        if self._fallback is not None:
            self._fallback.close()

    def _dispatch(self, task: Task) -> None:
        with self._lock:
            self._tasks.add(task)
            closed = self._closed
        if closed:
            self._end([task], CLOSE_MESSAGE)
        else:
            self._call_in_loop(self._schedule, task, task.key)

    def _preempt(self, task: Task) -> None:
        with self._lock:
            self._tasks.discard(task)
        self._call_in_loop(self._abandon, task.key)

    def _stop_tasks(self, name: str, message: str) -> None:
        with self._lock:
            tasks = [task for task in self._tasks if task.name == name]
        self._end(tasks, message)
        for task in tasks:
            self._call_in_loop(self._abandon, task.key)

    def _max_stacks(self) -> int:
        """Unlimited: Dask has a queue of its own."""
        return sys.maxsize

    def _end(self, tasks: list[Task], message: str) -> None:
        for task in tasks:
            task.end("stopped", message)
            self._remove(task)

    def _remove(self, task: Task) -> None:
        """Remove a task whose lines have ended, and settle it."""
        with self._lock:
            is_pending = task in self._tasks
            self._tasks.discard(task)
        if is_pending:
            task.settle()

    def _call_in_loop(self, function: Callable[..., Any], *arguments: Any) -> None:
        """Call a function in the loop's thread; without effect after the end."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(function, *arguments)

    # The following methods run in the loop's thread.

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        try:
            self._loop.run_until_complete(self._serve())
            self._loop.run_until_complete(self._loop.shutdown_asyncgens())
        except Exception:
            _log.exception("the engine's thread ended")
        finally:
            self._loop.close()

    async def _serve(self) -> None:
        """Until the engine is closed."""
        watcher = self._loop.create_task(self._watch_fallback())
        await self._cluster.maintain()
        pending = [watcher, *self._coroutines.values()]
        for coroutine in pending:
            coroutine.cancel()
        await asyncio.gather(*pending, return_exceptions=True)

    async def _watch_fallback(self) -> None:
        """Start the fallback as soon as the cluster is unreachable, and close it when it is back and has all tasks."""
        await self._cluster.first_attempt.wait()
        while True:
            if not self._cluster.usable:
                self._ensure_fallback()
            elif self._fallback is not None and len(self._on_cluster) == len(self._coroutines):
                fallback, self._fallback = self._fallback, None
                await asyncio.to_thread(fallback.close)
            await asyncio.sleep(FALLBACK_POLL_SECONDS)

    def _ensure_fallback(self) -> FallbackEngine:
        if self._fallback is None:
            self._fallback = self._create_fallback()
        return self._fallback

    def _schedule(self, task: Task, key: str) -> None:
        self._coroutines[key] = self._loop.create_task(self._complete(task))
        self._coroutines[key].add_done_callback(lambda _: self._coroutines.pop(key))

    def _abandon(self, key: str) -> None:
        if key in self._coroutines:
            self._coroutines[key].cancel()

    async def _complete(self, task: Task) -> None:
        """Complete a task, on whichever backend is available."""
        try:
            await self._cluster.first_attempt.wait()
            while not task.lines.ended:
                await (self._compute_on_cluster(task) if self._cluster.usable else self._compute_locally(task))
        except Exception as error:
            _log.exception("this task cannot be computed")
            task.end("failed", f"{type(error).__name__}: {error}")
        self._remove(task)

    async def _compute_on_cluster(self, task: Task) -> None:
        """Compute a task on the cluster. Returns before its lines have ended if the connection was lost."""
        future = self._submit(task)
        key = str(future.key)
        self._on_cluster[key] = Attempt(task.name, task.payload, task.lines)
        try:
            error = await future.exception()  # waits for the end without fetching a result that a dying worker could lose
            if error is not None:
                task.end("failed", _error_message(error))
            elif future.status == "finished" and not task.lines.ended:
                task.end("failed", "The cluster lost what it had computed; its logs may say why.")
        finally:
            del self._on_cluster[key]
            self._cluster.release(future)

    def _submit(self, task: Task) -> Future:
        """Submit a task. Keys share a prefix, so Dask sees one group of tasks, and queues by priority what waits for a thread."""
        options = {"key": f"bnviz-{uuid.uuid4()}", "priority": STACK_PRIORITY if task.background else RUN_PRIORITY}
        if "question" in task.payload and task.name in self._workers_by_run:
            options |= {"workers": [self._workers_by_run[task.name]], "allow_other_workers": True}
        return self._cluster.submit(_serializable_compute(), task.command, self._cluster.topic, **options)

    def _on_event(self, event: tuple[float, Any]) -> None:
        """Receive lines that a worker logged; a worker that takes over repeats earlier ones."""
        if isinstance(event[1], dict):  # Dask's own events about its client
            return
        key, first, pieces, worker = event[1]
        attempt = self._on_cluster.get(key)
        if attempt is None or first > len(attempt.lines):
            return
        attempt.line_count = first
        for piece in (Piece(*parts) for parts in pieces):
            if attempt.receive(piece):
                self._count(piece)
        if attempt.lines.ended and "experiment" in attempt.payload:
            self._workers_by_run[attempt.name] = worker

    async def _compute_locally(self, task: Task) -> None:
        """Compute a task with the fallback. Returns before its lines have ended if the cluster is back before it began."""
        async with self._fallback_slots if task.background else contextlib.nullcontext():
            if self._cluster.usable:
                return
            end, fallback = asyncio.Event(), self._ensure_fallback()
            attempt = Attempt(task.name, task.payload, task.lines, lambda _: self._call_in_loop(end.set))
            fallback._dispatch(attempt)
            try:
                await end.wait()
            except asyncio.CancelledError:
                fallback._preempt(attempt)
                raise


def _error_message(error: BaseException) -> str:
    """Dask's error in a sentence for people."""
    if isinstance(error, KilledWorker):
        return f"The workers that computed this ended unexpectedly {error.allowed_failures + 1} times."
    return f"The cluster cannot compute this: {type(error).__name__}: {' '.join(str(error).split())[:300]}"
