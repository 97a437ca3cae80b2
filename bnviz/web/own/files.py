"""Recordings on this machine; some still grow: their whole lines, from any of them on."""

from __future__ import annotations

import threading
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

PIECE = 1 << 20
LONGEST_START = 4096  # bytes of the first line, which holds the recording's id, that tell one recording from another


class GrowingFile:
    """A file of lines that others may be writing. Safe to be used from several threads."""

    def __init__(self, path: Path):
        self.path = path
        self.version = ""  # eight hexadecimal digits of the first line; "" before it is whole
        self._ends: list[int] = []  # of whole lines, in bytes from the beginning
        self._lock = threading.Lock()

    def lines(self, start: int, version: str = "") -> tuple[str, Iterator[bytes]] | None:
        """The file's version, and the whole lines that there are now, from number `start` on, in pieces.

        None if the file was rewritten: its first line is not that of `version`, or it has fewer lines. Raises OSError.
        """
        with self._lock:
            self._scan()
            if start > len(self._ends) or (start and version not in ("", self.version)):
                return None
            begin = self._ends[start - 1] if start else 0
            end = self._ends[-1] if self._ends else 0
            return self.version, _pieces(self.path.open("rb"), begin, end)

    def _scan(self) -> None:
        """Find the ends of the lines that are new; of all, if the file was rewritten."""
        with self.path.open("rb") as file:
            version = _version(file)
            known = self._ends[-1] if self._ends else 0
            if file.seek(0, 2) < known or version != self.version:
                self._ends, known = [], 0
            self.version = version
            file.seek(known)
            place = known
            while piece := file.read(PIECE):
                at = piece.find(b"\n")
                while at >= 0:
                    self._ends.append(place + at + 1)
                    at = piece.find(b"\n", at + 1)
                place += len(piece)


def _version(file: BinaryIO) -> str:
    line = file.readline(LONGEST_START)
    return f"{zlib.crc32(line):08x}" if line.endswith(b"\n") or len(line) == LONGEST_START else ""


def _pieces(file: BinaryIO, begin: int, end: int) -> Iterator[bytes]:
    """The bytes from `begin` to `end`, a few at a time: a recording may be larger than this machine's memory."""
    with file:
        file.seek(begin)
        while begin < end and (piece := file.read(min(PIECE, end - begin))):
            begin += len(piece)
            yield piece
