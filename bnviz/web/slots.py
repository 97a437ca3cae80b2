"""Slots for page scripts: one runs at a time, the others wait in line.

Streamlit gives every session's script a thread and lets all of them run at once, on one interpreter lock. With fifty, each takes
fifty times as long; its visitor has changed another setting by then, so it ends early, and none comes to its end. Routes wait for
the lock, too. In line, a script costs nothing, and its visitor's newest settings are taken up when its turn comes.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator

from bnviz.web.compat import RerunException
from bnviz.web.metrics import script_wait_seconds

COUNT = 1  # with two, the event loop has less of the interpreter's lock: at 50 changes a second answers took half as long again
HUNG_SECONDS = 2.0  # after which a script that still runs, or waits for a disk, no longer takes a slot away from others


class Slots:
    """First come, first served; but a script that makes way for its visitor's newer settings goes to the front with these, once.

    Methods may be called from any thread; a thread that has a slot keeps it through whatever it calls.
    """

    def __init__(self, count: int = COUNT, hung_seconds: float = HUNG_SECONDS, now: Callable[[], float] = time.monotonic):
        self._count, self._hung_seconds, self._now = count, hung_seconds, now
        self._lock = threading.Lock()
        self._waiting: deque[threading.Event] = deque()
        self._taken: dict[threading.Event, float] = {}  # since when
        self._thread = threading.local()

    @property
    def waiting(self) -> int:
        """How many scripts are in line."""
        return len(self._waiting)

    @contextlib.contextmanager
    def slot(self) -> Iterator[None]:
        """Wait for a slot, and have it for the block. Also a decorator."""
        if getattr(self._thread, "inside", False):
            yield
            return
        first = getattr(self._thread, "first", False)
        turn = self._wait(first)
        self._thread.inside, self._thread.first = True, False
        try:
            yield
        except RerunException:
            self._thread.first = not first  # again and again, it would keep the others waiting
            raise
        finally:
            self._thread.inside = False
            self._give_back(turn)

    def _wait(self, first: bool) -> threading.Event:
        begin, turn = self._now(), threading.Event()
        with self._lock:
            (self._waiting.appendleft if first else self._waiting.append)(turn)
            self._admit()
        while not turn.wait(self._hung_seconds):
            with self._lock:
                self._admit()
        script_wait_seconds.observe(self._now() - begin)
        return turn

    def _give_back(self, turn: threading.Event) -> None:
        with self._lock:
            del self._taken[turn]
            self._admit()

    def _admit(self) -> None:
        """Let in as many as there are slots for. The lock is held."""
        long_ago = self._now() - self._hung_seconds
        busy = sum(since > long_ago for since in self._taken.values())
        while self._waiting and busy < self._count:
            turn = self._waiting.popleft()
            self._taken[turn] = self._now()
            busy += 1
            turn.set()


slots = Slots()
