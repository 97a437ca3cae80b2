"""Who is reading live recordings. Runs on the event loop unless it says so."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Generator

from bnviz.record.store import Recording


class Viewers:
    """All readers of live recordings: how many there are, and events that wake them when the server goes."""

    def __init__(self) -> None:
        self._woken: set[asyncio.Event] = set()
        self.closing = False

    def __len__(self) -> int:
        return len(self._woken)

    @contextlib.contextmanager
    def watch(self, recording: Recording) -> Generator[asyncio.Event]:
        """An event that is set whenever the recording has grown; runs in any thread that appends."""
        loop, change_event = asyncio.get_running_loop(), asyncio.Event()

        def wake() -> None:
            with contextlib.suppress(RuntimeError):  # the loop has been closed
                loop.call_soon_threadsafe(change_event.set)

        self._woken.add(change_event)
        try:
            with recording.subscribe(wake):
                yield change_event
        finally:
            self._woken.discard(change_event)

    def close(self) -> None:
        """End all streams soon."""
        self.closing = True
        for change_event in self._woken:
            change_event.set()


viewers = Viewers()


async def has_ended(recording: Recording, seconds: float) -> bool:
    """Wait for a recording's end, but no longer than that."""
    with contextlib.suppress(TimeoutError), viewers.watch(recording) as change_event:
        async with asyncio.timeout(seconds):
            while not recording.ended and not viewers.closing:
                await change_event.wait()
                change_event.clear()
    return recording.ended
