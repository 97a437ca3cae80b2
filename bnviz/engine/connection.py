"""The way to a Dask scheduler: sought, watched, and sought again when it was lost. Everything here runs on one event loop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from typing import Any

from distributed import Client, Future

CONNECT_SECONDS = 3.0
RETRY_SECONDS = 15.0  # between attempts to find a cluster that was away
WATCH_SECONDS = 0.5  # between looks at a cluster that is there
ANSWER_SECONDS = 10.0  # in which a scheduler that is there has answered, however busy it is
WORKERLESS_SECONDS = 5.0  # that a cluster may be without workers: a nanny needs a few to replace one
CLOSE_SECONDS = 1.0
_log = logging.getLogger(__name__)


class Connection:
    """A cluster that may be away. `on_event` is called with what its workers log under `topic`, in their order.

    Attributes that other threads may look at: `usable`, `trouble`, `workers`.
    """

    def __init__(self, address: str, on_event: Callable[[Any], None], retry_seconds: float = RETRY_SECONDS):
        self.address = address
        self.trouble: str | None = None  # a sentence for people
        self.workers = 0
        self.tried = asyncio.Event()  # set as soon as it is known whether the cluster is there
        self._on_event, self._retry_seconds = on_event, retry_seconds
        self._client: Client | None = None
        self._futures: set[Future] = set()
        self._last_seen_working = 0.0
        self._closing = asyncio.Event()

    @property
    def usable(self) -> bool:
        return self._client is not None and self._client.status == "running" and self.trouble is None

    @property
    def topic(self) -> str:
        """Dask forgets what was logged under a client's own name when it is gone."""
        assert self._client is not None
        return self._client.id

    def submit(self, function: Callable[..., None], *arguments: Any, **options: Any) -> Future:
        """Give the cluster a task that nobody else has asked for. It is cancelled when the cluster is lost."""
        assert self._client is not None
        self._client.subscribe_topic(self.topic, self._on_event)  # each time: a scheduler that was restarted does not know it
        future = self._client.submit(function, *arguments, pure=False, **options)
        self._futures.add(future)
        return future

    def release(self, future: Future) -> None:
        """Want a task's result no more; if it is still being computed, nobody does."""
        self._futures.discard(future)
        future.release()

    async def keep(self) -> None:
        """Find the cluster, and find it again when it was lost, until `close` is called."""
        while not self._closing.is_set():
            self._client = await self._connect()
            self.tried.set()
            if self._client is not None:
                await self._watch(self._client)
                await self._disconnect(self._client)
            await self._pause(self._retry_seconds)

    def close(self) -> None:
        """Have `keep` return soon."""
        self._closing.set()

    async def _connect(self) -> Client | None:
        client = None
        try:
            client = Client(self.address, asynchronous=True, set_as_default=False, timeout=CONNECT_SECONDS, name="bnviz")
            await asyncio.wait_for(client, CONNECT_SECONDS)
        except Exception as error:  # an address may be wrong in many ways, and anybody may be listening there
            self._say("does not answer", error)
            if client is not None:
                await self._disconnect(client)
            return None
        _log.info("the cluster at %s computes", self.address)
        self.trouble = None
        return client

    async def _watch(self, client: Client) -> None:
        """Look after the cluster; returns when it was lost for good or is not needed any more."""
        self._last_seen_working = time.monotonic()
        while not self._closing.is_set() and client.status in ("running", "connecting"):
            if client.status == "connecting":  # again, by itself; it has given up all tasks
                self._say("does not answer")
            elif not await self._answers(client):
                break
            await self._pause(WATCH_SECONDS)
        if not self._closing.is_set():
            self._say("does not answer")

    async def _answers(self, client: Client) -> bool:
        """Whether the scheduler says how many workers there are. Without any, others should compute what waits for them."""
        scheduler: Any = client.scheduler
        try:
            self.workers = (await asyncio.wait_for(scheduler.identity(n_workers=0), ANSWER_SECONDS))["n_workers"]
        except Exception:
            return client.status != "running"
        if self.workers:
            self._last_seen_working, self.trouble = time.monotonic(), None
        elif time.monotonic() - self._last_seen_working > WORKERLESS_SECONDS:
            self._say("has no workers")
            await client.cancel(list(self._futures))
        return True

    def _say(self, trouble: str, error: Exception | str = "") -> None:
        sentence = f"The cluster at {self.address} {trouble}; this machine computes instead."
        if sentence != self.trouble:
            _log.warning("%s %s", sentence, error)
        self.trouble = sentence

    async def _disconnect(self, client: Client) -> None:
        with contextlib.suppress(Exception):
            await client.cancel(list(self._futures))
        with contextlib.suppress(Exception):
            closing: Any = client.close()
            await asyncio.wait_for(closing, CLOSE_SECONDS)

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._closing.wait(), seconds)
