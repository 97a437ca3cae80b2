"""Where a recording goes: a file that grows by whole lines, or memory."""

from __future__ import annotations

import contextlib
import os
from io import RawIOBase
from pathlib import Path

from bnviz.files import check_regular
from bnviz.record import ndjson

ENDING = ".ndjson"


class Output:
    """The lines of a recording. Every line is written at once, so that a training that is killed leaves whole lines."""

    def __init__(self, place: str | os.PathLike[str] | None):
        """`place` is a file's name, or None: then lines are kept in memory. A recording that lies there is replaced.

        Raises ValueError for a file that holds something else, and OSError.
        """
        self.path = None if place is None else Path(place)
        self._lines: list[bytes] = []
        self._file = None
        self._whole = 0  # bytes of the file that are whole lines
        self._header = b""  # until it is written: no recording begins without it
        self._is_torn = False  # whether a part of a line may lie behind them
        if self.path is not None:
            _check_replaceable(self.path)
            self._file = self.path.open("wb", buffering=0)

    def write(self, line: bytes) -> None:
        """Add a line. Raises OSError; then the file ends with its last whole line, and lines that follow may find room again."""
        if self._file is None:
            self._lines.append(line)
            return
        if not self._whole and not self._header:
            self._header, line = line, b""
        line = self._header + line
        try:
            self._cut(self._file)
            _write_all(self._file.fileno(), line)
        except OSError:
            self._is_torn = True
            with contextlib.suppress(OSError):  # it is tried again before the next line
                self._cut(self._file)
            raise
        self._whole, self._header = self._whole + len(line), b""

    def _cut(self, file: RawIOBase) -> None:
        """Cut off what is there of a line that did not fit. Raises OSError."""
        if self._is_torn:
            file.truncate(self._whole)
            file.seek(self._whole)
            self._is_torn = False

    def lines(self) -> list[bytes]:
        """All whole lines so far. May read the file, and raise OSError."""
        if self.path is None:
            return list(self._lines)
        return [line for line in ndjson.split_lines(self.path.read_bytes()) if line.endswith(b"\n")]

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()


def _write_all(file: int, line: bytes) -> None:
    """In one call of the system, unless the disk takes less."""
    rest = memoryview(line)
    while rest:
        rest = rest[os.write(file, rest) :]


def _check_replaceable(path: Path) -> None:
    if path.suffix != ENDING:
        raise ValueError(f"out: expected a file name that ends in {ENDING}, and got {str(path)!r}")
    check_regular(path)
    if path.exists() and path.stat().st_size:
        with path.open("rb") as file:
            if ndjson.kind(file.read(100)) != "header":
                raise ValueError(f"out: {path} holds something that is no recording, and is left as it is")
