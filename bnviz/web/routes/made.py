"""What is made of runs: in a thread, one at a time, so that a core is left for the rest, and kept for those who ask next."""

from __future__ import annotations

from collections.abc import Callable, Hashable

from anyio import CapacityLimiter, to_thread
from cachetools import LRUCache

from bnviz.engine.admission import Busy


class Workshop:
    """It keeps so many bytes of what it made, and lets so many wait."""

    def __init__(self, memory: int, waiting: int):
        self._turn, self._waiting, self._there = CapacityLimiter(1), waiting, 0
        self.kept: LRUCache[Hashable, bytes] = LRUCache(memory, len)

    async def get(self, key: Callable[[], Hashable], make: Callable[[], bytes], spend: Callable[[], None]) -> bytes:
        """What is kept by that key, or else what `make` makes, before which `spend` is called. Raises what they do, and Busy.

        All three are called in the thread.
        """
        if self._there > self._waiting:
            raise Busy("Too many files and pictures are asked for at the moment; ask again soon.")
        self._there += 1
        try:
            return await to_thread.run_sync(self._get, key, make, spend, limiter=self._turn)
        finally:
            self._there -= 1

    def _get(self, key: Callable[[], Hashable], make: Callable[[], bytes], spend: Callable[[], None]) -> bytes:
        name = key()
        if (known := self.kept.get(name)) is None:
            spend()
            known = make()
            if len(known) <= self.kept.maxsize:
                self.kept[name] = known
        return known
