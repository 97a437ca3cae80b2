"""A bar that grows on a terminal or in a notebook; elsewhere nothing is shown."""

from __future__ import annotations

import sys

WIDTH = 30


class Bar:
    """`with Bar() as bar: bar.show(0.4, "12 of 30 runs")`, on standard error."""

    def __init__(self) -> None:
        self._seen = sys.stderr.isatty() or "ipykernel" in sys.modules
        self._longest = 0

    def __enter__(self) -> Bar:
        return self

    def show(self, share: float, text: str) -> None:
        """Draw the bar anew: `share` of it is filled, from 0 to 1, and the text stands beside it."""
        if self._seen:
            self._longest = max(self._longest, len(text))  # so that nothing of a longer text stays
            print(f"\r[{'#' * round(WIDTH * share):{WIDTH}}] {text:{self._longest}}", end="", file=sys.stderr, flush=True)

    def __exit__(self, *_: object) -> None:
        if self._longest:
            print(file=sys.stderr)


def time_left(seconds: float) -> str:
    """An estimate as people say it."""
    return f"about {max(1, round(seconds))} s left" if seconds < 100 else f"about {round(seconds / 60)} min left"
