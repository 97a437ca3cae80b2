"""What recording costs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from bnviz.plural import counted


class Cost:
    """The time that snapshots take, and all that passes; as a text, a sentence."""

    def __init__(self) -> None:
        self.snapshots, self.bytes = 0, 0
        self.seconds = 0.0  # of all snapshots
        self._began = time.perf_counter()
        self._ended: float | None = None

    @property
    def elapsed(self) -> float:
        """Seconds since the recorder was made, until it was closed."""
        return (time.perf_counter() if self._ended is None else self._ended) - self._began

    def stop(self) -> None:
        """Count no time from now on: the recording has ended."""
        self._ended = time.perf_counter()

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Count the block as a snapshot."""
        began = time.perf_counter()
        try:
            yield
        finally:
            self.seconds += time.perf_counter() - began
            self.snapshots += 1

    def __str__(self) -> str:
        each = self.seconds / max(1, self.snapshots)
        share, size = self.seconds / max(self.elapsed, 1e-9), self.bytes / max(1, self.snapshots)
        snapshots = counted(self.snapshots, "snapshots")
        return (
            f"{snapshots} took {self.seconds:.2f} s ({1e3 * each:.1f} ms and {size / 1e3:.1f} kB each), "
            f"{share:.1%} of the {self.elapsed:.1f} s since the first one."
        )

    __repr__ = __str__
