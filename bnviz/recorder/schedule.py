"""When snapshots are taken."""

from __future__ import annotations

from collections.abc import Callable

Every = int | Callable[[int], bool]


def schedule(every: Every) -> Callable[[int], bool]:
    """Whether a snapshot is due after so many steps: every so many, and at first after 1, 2, 4, 8, … steps, because networks move
    fastest then; or as a function says. Raises ValueError and TypeError."""
    if callable(every):
        return every
    if isinstance(every, bool) or not isinstance(every, int):
        raise TypeError(f"every: expected a number of steps, or a function of the step, and got {every!r}")
    if every < 1:
        raise ValueError(f"every: expected 1 or more, and got {every}")
    return lambda step: step % every == 0 or (step < every and step & (step - 1) == 0)
