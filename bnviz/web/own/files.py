"""Recordings on this machine, some of which still grow: their whole lines, from any of them on."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

PIECE = 1 << 20


class GrowingFile:
    """A file of lines that others may be writing. Safe to be used from several threads."""

    def __init__(self, path: Path):
        self.path = path
        self._ends: list[int] = []  # of whole lines, in bytes from the beginning
        self._lock = threading.Lock()

    def lines(self, start: int) -> Iterator[bytes] | None:
        """The whole lines that there are now, from number `start` on, in pieces; None if the file has fewer: it was written anew.

        Raises OSError.
        """
        with self._lock:
            self._scan()
            if start > len(self._ends):
                return None
            begin = self._ends[start - 1] if start else 0
            end = self._ends[-1] if self._ends else 0
        return _pieces(self.path.open("rb"), begin, end)

    def _scan(self) -> None:
        """Find the ends of the lines that are new."""
        with self.path.open("rb") as file:
            known = self._ends[-1] if self._ends else 0
            if file.seek(0, 2) < known:
                self._ends, known = [], 0
            file.seek(known)
            place = known
            while piece := file.read(PIECE):
                at = piece.find(b"\n")
                while at >= 0:
                    self._ends.append(place + at + 1)
                    at = piece.find(b"\n", at + 1)
                place += len(piece)


def _pieces(file: BinaryIO, begin: int, end: int) -> Iterator[bytes]:
    """The bytes from `begin` to `end`, a few at a time: a recording may be larger than this machine's memory."""
    with file:
        file.seek(begin)
        while begin < end and (piece := file.read(min(PIECE, end - begin))):
            begin += len(piece)
            yield piece
