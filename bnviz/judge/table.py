"""Numbers that a sentence would string together."""

from __future__ import annotations

from typing import NamedTuple


class Table(NamedTuple):
    """A small table of texts: `head` names the columns, and the first cell of each of its `rows` names the row."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
