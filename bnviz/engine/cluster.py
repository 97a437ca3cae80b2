"""The engine on a Dask cluster: Dask says which worker computes what, and begins anew what a dead one had.

Whatever talks to the cluster is a coroutine of one event loop in one thread; the other threads only hand things over to it. Each
task has a coroutine that sees it through, on the cluster or, while that is away, with the engine on this machine. Its lines come
back as Dask events, in order and before the news that the task is done.

Nobody imports this module unless BNVIZ_SCHEDULER is set. The workers' side is bnviz.engine.cluster_worker.
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
from bnviz.engine.base import CLOSED, BaseEngine
from bnviz.engine.connection import RETRY_SECONDS, Connection
from bnviz.engine.local import COMMAND, LocalEngine
from bnviz.engine.task import Task
from bnviz.record.piece import Piece
from bnviz.record.rows import Rows
from bnviz.record.store import Recording, Store

RUN_PRIORITY, STACK_PRIORITY = 10, 0
REMEMBERED = 4096  # runs whose trained networks may be asked for
STAND_IN_SECONDS = 0.5  # between looks whether this machine has to stand in
CLOSE_SECONDS = 3.0
UNEQUAL = "Two machines computed this run differently: they need equal processors and the same releases. Run it again."
_log = logging.getLogger(__name__)


def _sent_along() -> Callable[[dict[str, Any], str], None]:
    """`bnviz.engine.cluster_worker.compute` as a function that Dask sends whole.

    By name, the scheduler would look it up, too, and a worker that does so in vain ends and takes its other tasks along.
    """

    def compute(command: dict[str, Any], topic: str) -> None:
        import importlib

        importlib.import_module("bnviz.engine.cluster_worker").compute(command, topic)

    return compute


class StandIn(LocalEngine):
    """The engine on this machine while the cluster is away; another engine owns its runs."""

    def __init__(self, primary: BaseEngine, workers: int, command: Sequence[str]):
        self._primary = primary
        super().__init__(primary.store, workers, command, primary.rows)
        self.counters = primary.counters

    def _count(self, piece: Piece) -> None:
        self._primary._count(piece)

    def _begin_no_more(self) -> None:
        """Sweeps, rows and what waits are the other's."""


class Attempt(Task):
    """A task as one machine computes it, after others may have begun: of two halves that differ no run is made."""

    def receive(self, piece: Piece) -> bool:
        there = self.lines.pieces(self.received, self.received + 1) if isinstance(self.lines, Recording) else []
        if there not in ([], [piece]) and not piece.is_end:
            self.end("failed", UNEQUAL)
        return super().receive(piece)


class DaskEngine(BaseEngine):
    """An Engine on the cluster whose scheduler is at `address`; `workers` processes of this machine stand in while it is away.

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
        self._make_stand_in = lambda: StandIn(self, workers, command)
        self._stand_in_workers = workers
        self._tasks: set[Task] = set()  # that have not been settled; guarded by the lock
        self._closed = False
        # What follows belongs to the loop's thread.
        self._cluster = Connection(address, self._take, retry_seconds)
        self._coroutines: dict[str, asyncio.Task] = {}  # by a task's key: one that was withdrawn may be begun again at once
        self._on_cluster: dict[str, Attempt] = {}  # what is with the cluster, by Dask's key
        self._stand_in: StandIn | None = None
        self._stand_in_room = asyncio.Semaphore(workers)  # for stacks: all that wait would be in memory at once
        self._trained: LRUCache[str, str] = LRUCache(REMEMBERED)  # ids of runs, and the worker that may still have the networks
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._run, name="bnviz-cluster", daemon=True)
        self._thread.start()

    def notice(self) -> str | None:
        return self._cluster.trouble

    def workers(self) -> tuple[int, int]:
        if self._cluster.usable:
            return self._cluster.workers, self._cluster.workers
        stand_in = self._stand_in
        return stand_in.workers() if stand_in else (0, self._stand_in_workers)

    def close(self) -> None:
        self._begin_no_more()
        with self._lock:
            self._closed, tasks = True, list(self._tasks)
        self._end(tasks, CLOSED)
        self._call_in_loop(self._cluster.close)
        if self._thread is not threading.current_thread():
            self._thread.join(CLOSE_SECONDS)
        if self._stand_in is not None:
            self._stand_in.close()

    def _begin(self, task: Task) -> None:
        with self._lock:
            self._tasks.add(task)
            closed = self._closed
        if closed:
            self._end([task], CLOSED)
        else:
            self._call_in_loop(self._schedule, task, task.key)

    def _withdraw(self, task: Task) -> None:
        with self._lock:
            self._tasks.discard(task)
        self._call_in_loop(self._abandon, task.key)

    def _stop_tasks(self, name: str, message: str) -> None:
        with self._lock:
            tasks = [task for task in self._tasks if task.name == name]
        self._end(tasks, message)
        for task in tasks:
            self._call_in_loop(self._abandon, task.key)

    def _stacks_at_once(self) -> int:
        """All of a sweep's stacks go to the cluster: it knows best what comes next."""
        return sys.maxsize

    def _end(self, tasks: list[Task], message: str) -> None:
        for task in tasks:
            task.end("stopped", message)
            self._finished(task)

    def _finished(self, task: Task) -> None:
        """Take a task whose lines have ended out of the queue."""
        with self._lock:
            mine = task in self._tasks
            self._tasks.discard(task)
        if mine:
            task.settle()

    def _call_in_loop(self, function: Callable[..., Any], *arguments: Any) -> None:
        """Have the loop's thread call a function; after the end nothing happens."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(function, *arguments)

    # What follows runs in the loop's thread.

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
        standing_by = self._loop.create_task(self._stand_by())
        await self._cluster.keep()
        left = [standing_by, *self._coroutines.values()]
        for coroutine in left:
            coroutine.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def _stand_by(self) -> None:
        """Have workers on this machine while they are needed: the first visitor should not wait for them."""
        await self._cluster.tried.wait()
        while True:
            if not self._cluster.usable:
                self._open_stand_in()
            elif self._stand_in is not None and len(self._on_cluster) == len(self._coroutines):
                stand_in, self._stand_in = self._stand_in, None
                await asyncio.to_thread(stand_in.close)
            await asyncio.sleep(STAND_IN_SECONDS)

    def _open_stand_in(self) -> StandIn:
        if self._stand_in is None:
            self._stand_in = self._make_stand_in()
        return self._stand_in

    def _schedule(self, task: Task, key: str) -> None:
        self._coroutines[key] = self._loop.create_task(self._complete(task))
        self._coroutines[key].add_done_callback(lambda _: self._coroutines.pop(key))

    def _abandon(self, key: str) -> None:
        if key in self._coroutines:
            self._coroutines[key].cancel()

    async def _complete(self, task: Task) -> None:
        """Have a task computed, whatever happens."""
        try:
            await self._cluster.tried.wait()
            while not task.lines.ended:
                await (self._compute_on_cluster(task) if self._cluster.usable else self._compute_locally(task))
        except Exception as error:
            _log.exception("this task cannot be computed")
            task.end("failed", f"{type(error).__name__}: {error}")
        self._finished(task)

    async def _compute_on_cluster(self, task: Task) -> None:
        """Have the cluster compute a task. Returns before its lines have ended if the cluster was lost."""
        future = self._submit(task)
        key = str(future.key)
        self._on_cluster[key] = Attempt(task.name, task.subject, task.lines)
        try:
            error = (
                await future.exception()
            )  # waits for the end and fetches nothing, so a worker that dies now takes nothing along
            if error is not None:
                task.end("failed", _why(error))
            elif future.status == "finished" and not task.lines.ended:
                task.end("failed", "The cluster lost what it had computed; its logs may say why.")
        finally:
            del self._on_cluster[key]
            self._cluster.release(future)

    def _submit(self, task: Task) -> Future:
        """All keys begin alike, so Dask sees one group of tasks and keeps those that no thread is free for, best ones first."""
        options = {"key": f"bnviz-{uuid.uuid4()}", "priority": STACK_PRIORITY if task.background else RUN_PRIORITY}
        if "question" in task.subject and task.name in self._trained:
            options |= {"workers": [self._trained[task.name]], "allow_other_workers": True}
        return self._cluster.submit(_sent_along(), task.command, self._cluster.topic, **options)

    def _take(self, event: tuple[float, Any]) -> None:
        """Take lines that a worker sent; those of a worker that took over repeat what is there."""
        if isinstance(event[1], dict):  # Dask's own notes about its client
            return
        key, first, pieces, worker = event[1]
        attempt = self._on_cluster.get(key)
        if attempt is None or first > len(attempt.lines):
            return
        attempt.received = first
        for piece in (Piece(*parts) for parts in pieces):
            if attempt.receive(piece):
                self._count(piece)
        if attempt.lines.ended and "experiment" in attempt.subject:
            self._trained[attempt.name] = worker

    async def _compute_locally(self, task: Task) -> None:
        """Compute a task on this machine. Returns before its lines have ended if the cluster is back before it began."""
        async with self._stand_in_room if task.background else contextlib.nullcontext():
            if self._cluster.usable:
                return
            ended, stand_in = asyncio.Event(), self._open_stand_in()
            attempt = Attempt(task.name, task.subject, task.lines, lambda _: self._call_in_loop(ended.set))
            stand_in._begin(attempt)
            try:
                await ended.wait()
            except asyncio.CancelledError:
                stand_in._withdraw(attempt)
                raise


def _why(error: BaseException) -> str:
    """Why Dask could not compute a task, in a sentence."""
    if isinstance(error, KilledWorker):
        return f"The workers that computed this ended unexpectedly {error.allowed_failures + 1} times."
    return f"The cluster cannot compute this: {type(error).__name__}: {' '.join(str(error).split())[:300]}"
