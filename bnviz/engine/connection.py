"""The connection to a Dask scheduler: opened, monitored, and reopened when it was lost. Runs on one event loop."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from typing import Any

from distributed import Client, Future

CONNECT_SECONDS = 3.0
RETRY_SECONDS = 15.0  # between attempts to connect
WATCH_SECONDS = 0.5  # between health checks of a connected cluster
ANSWER_SECONDS = 10.0  # timeout of a health check; a busy scheduler takes long
WORKERLESS_SECONDS = 5.0  # grace period without workers: a nanny needs a few to restart one
CLOSE_SECONDS = 1.0
_log = logging.getLogger(__name__)


class Connection:
    """A cluster that may be unreachable. `on_event` receives what its workers log under `topic`, in order.

    Attributes that other threads may read: `usable`, `warning`, `workers`.
    """

    def __init__(self, address: str, on_event: Callable[[Any], None], retry_seconds: float = RETRY_SECONDS):
        self.address = address
        self.warning: str | None = None  # a sentence for people
        self.workers = 0
        self.first_attempt = asyncio.Event()  # set after the first attempt to connect
        self._on_event, self._retry_seconds = on_event, retry_seconds
        self._client: Client | None = None
        self._futures: set[Future] = set()
        self._last_time_with_workers = 0.0
        self._closing = asyncio.Event()

    @property
    def usable(self) -> bool:
        return self._client is not None and self._client.status == "running" and self.warning is None

    @property
    def topic(self) -> str:
        """The client's id: Dask discards the events of a topic with its client."""
        assert self._client is not None
        return self._client.id

    def submit(self, function: Callable[..., None], *arguments: Any, **options: Any) -> Future:
        """Submit an impure task. It is cancelled when the connection is lost."""
        assert self._client is not None
        self._client.subscribe_topic(self.topic, self._on_event)  # each time: a restarted scheduler has lost the subscription
        future = self._client.submit(function, *arguments, pure=False, **options)
        self._futures.add(future)
        return future

    def release(self, future: Future) -> None:
        """Release a task's future, which cancels it if it is still being computed."""
        self._futures.discard(future)
        future.release()

    async def maintain(self) -> None:
        """Connect, and reconnect when the connection was lost, until `close` is called."""
        while not self._closing.is_set():
            self._client = await self._connect()
            self.first_attempt.set()
            if self._client is not None:
                await self._watch(self._client)
                await self._disconnect(self._client)
            await self._pause(self._retry_seconds)

    def close(self) -> None:
        """Let `maintain` return soon."""
        self._closing.set()

    async def _connect(self) -> Client | None:
        client = None
        try:
            client = Client(self.address, asynchronous=True, set_as_default=False, timeout=CONNECT_SECONDS, name="bnviz")
            await asyncio.wait_for(client, CONNECT_SECONDS)
        except Exception as error:  # an address may be wrong in many ways, and anybody may be listening there
            self._warn("does not answer", error)
            if client is not None:
                await self._disconnect(client)
            return None
        _log.info("the cluster at %s computes", self.address)
        self.warning = None
        return client

    async def _watch(self, client: Client) -> None:
        """Monitor the cluster; returns when the connection was lost for good or `close` was called."""
        self._last_time_with_workers = time.monotonic()
        while not self._closing.is_set() and client.status in ("running", "connecting"):
            if client.status == "connecting":  # Dask reconnects by itself, and has lost all tasks
                self._warn("does not answer")
            elif not await self._answers(client):
                break
            await self._pause(WATCH_SECONDS)
        if not self._closing.is_set():
            self._warn("does not answer")

    async def _answers(self, client: Client) -> bool:
        """Whether the scheduler answers. If it has no workers, its tasks are cancelled, for the fallback to compute."""
        scheduler: Any = client.scheduler
        try:
            self.workers = (await asyncio.wait_for(scheduler.identity(n_workers=0), ANSWER_SECONDS))["n_workers"]
        except Exception:
            return client.status != "running"
        if self.workers:
            self._last_time_with_workers, self.warning = time.monotonic(), None
        elif time.monotonic() - self._last_time_with_workers > WORKERLESS_SECONDS:
            self._warn("has no workers")
            await client.cancel(list(self._futures))
        return True

    def _warn(self, problem: str, error: Exception | str = "") -> None:
        sentence = f"The cluster at {self.address} {problem}; this machine computes instead."
        if sentence != self.warning:
            _log.warning("%s %s", sentence, error)
        self.warning = sentence

    async def _disconnect(self, client: Client) -> None:
        with contextlib.suppress(Exception):
            await client.cancel(list(self._futures))
        with contextlib.suppress(Exception):
            closing: Any = client.close()
            await asyncio.wait_for(closing, CLOSE_SECONDS)

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._closing.wait(), seconds)
