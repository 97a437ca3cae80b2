"""An LRU cache of files and pictures rendered from runs: in a thread, one at a time, so that one core is left for the rest."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from anyio import CapacityLimiter, to_thread
from cachetools import LRUCache

from bnviz.engine.admission import Busy


class RenderCache:
    """Holds up to `memory` bytes of results, and lets up to `waiting` requests wait for theirs."""

    def __init__(self, memory: int, waiting: int):
        self._limiter, self._waiting, self._requests = CapacityLimiter(1), waiting, 0
        self.entries: LRUCache[Hashable, bytes] = LRUCache(memory, len)

    async def get(self, key: Callable[[], Hashable], render: Callable[[], bytes], spend: Callable[[], None]) -> bytes:
        """The entry of that key, or else what `render` gives, before which `spend` is called. Raises what they do, and Busy.

        All three are called in the thread.
        """
        if self._requests > self._waiting:
            raise Busy("Too many files and pictures are requested at the moment. Try again soon.")
        self._requests += 1
        try:
            return await to_thread.run_sync(self._get, key, render, spend, limiter=self._limiter)
        finally:
            self._requests -= 1

    def _get(self, key: Callable[[], Hashable], render: Callable[[], bytes], spend: Callable[[], None]) -> bytes:
        name = key()
        if (contents := self.entries.get(name)) is None:
            spend()
            contents = render()
            if len(contents) <= self.entries.maxsize:
                self.entries[name] = contents
        return contents
