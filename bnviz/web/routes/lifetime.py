"""How the server begins and ends."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
import threading
from collections.abc import AsyncGenerator, Generator
from types import FrameType

from anyio import to_thread

from bnviz import engine, machine
from bnviz.data import OWN
from bnviz.data.own import log_problems
from bnviz.web.logs import set_up
from bnviz.web.routes.sockets import send_at_once
from bnviz.web.routes.viewers import viewers
from bnviz.web.site.watch import stop_neglected

SHUTDOWN_SECONDS = 2.0
SUSPEND_INTERVAL_SECONDS = 0.25
SWITCH_SECONDS = 0.0005  # a tenth of the usual: after each packet the event loop waits for so long until a script lets it go on
_log = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def lifespan(app: object) -> AsyncGenerator[None]:
    """Start the workers with the server, before the first visitor comes, and end them with it."""
    viewers.closing = False
    set_up()
    log_problems(OWN.problems)
    machine.allow_files()
    send_at_once()
    sys.setswitchinterval(SWITCH_SECONDS)
    engine.shared()
    suspender = asyncio.create_task(_suspend_periodically())
    try:
        with _on_exit_signals(asyncio.get_running_loop()):
            yield
    finally:
        suspender.cancel()
        viewers.close()
        await to_thread.run_sync(engine.close_shared)


async def _suspend_periodically() -> None:
    """Again and again, suspend runs and sweeps without viewers."""
    while True:
        await asyncio.sleep(SUSPEND_INTERVAL_SECONDS)
        try:
            await to_thread.run_sync(_suspend_once)
        except Exception:  # the next look may find things in order
            _log.exception("suspending runs without viewers failed")


def _suspend_once() -> None:
    shared = engine.shared()
    shared.suspend_idle()
    stop_neglected(shared)


@contextlib.contextmanager
def _on_exit_signals(loop: asyncio.AbstractEventLoop) -> Generator[None]:
    """End streams as soon as the server is told to go.

    uvicorn waits for open responses before it ends the lifespan, without a limit, so the lifespan alone comes too late;
    and a reader that has stopped reading could hold up the server for ever, so there is a limit.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    previous = {int(number): handler for number, handler in handlers.items() if callable(handler)}

    def handle(number: int, frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(viewers.close)
        last_resort = threading.Timer(SHUTDOWN_SECONDS, os._exit, [128 + number])
        last_resort.daemon = True
        last_resort.start()
        previous[number](number, frame)

    for number in previous:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
