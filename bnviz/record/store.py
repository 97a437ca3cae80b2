"""Recordings by id: live ones, then finished ones in memory (least recently used go first), then a folder.

A line is compressed once, where it is made, and every reader is given the same compressed piece: pieces make one ordinary gzip
file between a header and a trailer (RFC 1952).
"""

from __future__ import annotations

import contextlib
import gzip
import logging
import os
import re
import struct
import tempfile
import threading
import zlib
from collections.abc import Callable, Generator, Iterable
from pathlib import Path

from cachetools import LRUCache

from bnviz.record import ndjson
from bnviz.record.piece import Piece
from bnviz.record.version import is_current, results_version

KEPT = ("finished", "diverged")
GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_LAST_BLOCK = b"\x03\x00"
_ID = re.compile(r"[0-9a-f]{16}")
_log = logging.getLogger(__name__)


def is_id(text: str) -> bool:
    """Whether `text` looks like an experiment's id, and so may touch a path."""
    return _ID.fullmatch(text) is not None


class Recording:
    """The lines of one run so far: an append-only log that any number of threads read and one at a time appends to."""

    def __init__(self, id: str):
        self.id = id
        self.status: str | None = None
        self._pieces: list[Piece] = []
        self._crc = self._size = self.nbytes = 0
        self._readers: dict[object, Callable[[], None]] = {}
        self._lock = threading.RLock()

    def __len__(self) -> int:
        """How many lines there are."""
        return len(self._pieces)

    def __bool__(self) -> bool:
        """True, even before the first line: ``if recording`` asks whether there is one."""
        return True

    @property
    def ended(self) -> bool:
        """Whether the end line is there; then nothing is ever appended."""
        return self.status is not None

    @property
    def etag(self) -> str:
        """A weak entity tag of the contents, in whatever encoding."""
        return f'W/"{self.id}-{self._crc:08x}"'

    def append(self, line: bytes) -> bool:
        """Add a line and wake the readers; False, and nothing happens, if the recording has ended."""
        with self._lock:
            return self.add(Piece.of(line, self._crc))

    def add(self, piece: Piece) -> bool:
        """Add a line that was compressed elsewhere, as `append` does."""
        with self._lock:
            if self.ended:
                return False
            # Another attempt at the same run had the same lines before; if not, its checksum is not this recording's.
            self._crc = piece.after if piece.before == self._crc else zlib.crc32(piece.line, self._crc)
            self._size += piece.size
            self._pieces.append(piece)
            self.nbytes += len(piece.packed)
            if piece.is_end:
                self.status = ndjson.status(piece.line)
            readers = list(self._readers.values())
        for wake in readers:
            wake()
        return True

    def pieces(self, start: int = 0, stop: int | None = None) -> list[Piece]:
        """Lines `start` to `stop`, compressed."""
        return self._pieces[start:stop]

    def packed(self, start: int = 0, stop: int | None = None) -> bytes:
        """Lines `start` to `stop` as a part of what stands between GZIP_HEADER and `gzip_trailer()`."""
        return b"".join(piece.packed for piece in self.pieces(start, stop))

    def lines(self, start: int = 0, stop: int | None = None) -> list[bytes]:
        """Lines `start` to `stop`."""
        return [piece.line for piece in self.pieces(start, stop)]

    def gzip_trailer(self) -> bytes:
        """What closes the gzip of all lines; only for a recording that has ended."""
        return _LAST_BLOCK + struct.pack("<II", self._crc, self._size & 0xFFFFFFFF)

    def gzip(self) -> bytes:
        """A recording that has ended, as one gzip file."""
        return b"".join([GZIP_HEADER, self.packed(), self.gzip_trailer()])

    @contextlib.contextmanager
    def subscribe(self, wake: Callable[[], None]) -> Generator[None]:
        """Call `wake` after every append, in the appending thread, until the block is left; it must not wait."""
        key = object()
        with self._lock:
            self._readers[key] = wake
        try:
            yield
        finally:
            with self._lock:
                del self._readers[key]

    @property
    def readers(self) -> int:
        """How many are subscribed."""
        return len(self._readers)


class Store:
    """Recordings by id. All methods may be called from any thread; those that may touch the folder say so."""

    def __init__(self, folder: str | os.PathLike[str] | None = None, memory_bytes: int = 64 << 20):
        self._folder = Path(folder) if folder else None
        self._live: dict[str, Recording] = {}
        # The newest is kept even if it alone is over the bound, since somebody is about to ask for it: none counts for more.
        bound = max(1, memory_bytes)
        self._kept: LRUCache[str, Recording] = LRUCache(bound, lambda recording: min(recording.nbytes, bound))
        self._lock = threading.Lock()
        self.write_errors = 0

    @classmethod
    def from_environment(cls) -> Store:
        """As BNVIZ_STORE (a folder; none by default) and BNVIZ_MEMORY_MB (64) say."""
        return cls(os.environ.get("BNVIZ_STORE"), int(float(os.environ.get("BNVIZ_MEMORY_MB") or 64) * 2**20))

    def in_memory(self, id: str) -> Recording | None:
        """The live or finished recording, if it is at hand. Never waits for the folder."""
        with self._lock:
            return self._live.get(id) or self._kept.get(id)

    def get(self, id: str) -> Recording | None:
        """The live or finished recording, or None. May read the folder."""
        return self.in_memory(id) or self._load(id)

    def start(self, id: str) -> tuple[Recording, bool]:
        """The recording in memory, or a new live one; and whether it is new."""
        with self._lock:
            found = self._live.get(id) or self._kept.get(id)
            if found is None:
                self._live[id] = Recording(id)
            return found or self._live[id], found is None

    def finish(self, ended: Recording) -> None:
        """Keep a recording that ended well, forget one that was stopped or failed. May write the folder."""
        if ended.status in KEPT:
            self._keep(ended)
            self._save(ended)
        with self._lock:
            if self._live.get(ended.id) is ended:
                del self._live[ended.id]

    def live(self) -> list[Recording]:
        """The recordings that have not ended."""
        with self._lock:
            return list(self._live.values())

    @property
    def nbytes(self) -> int:
        """Memory that all recordings take, where a finished one counts for no more than the bound."""
        with self._lock:  # to look at the finished ones one by one would count as using them
            return int(self._kept.currsize) + sum(recording.nbytes for recording in self._live.values())

    def _keep(self, ended: Recording) -> None:
        with self._lock:
            self._kept[ended.id] = ended

    def _path(self, id: str) -> Path | None:
        return self._folder / f"{id}-{results_version()}.ndjson.gz" if self._folder and is_id(id) else None

    def _load(self, id: str) -> Recording | None:
        path = self._path(id)
        try:
            if path is None or not path.is_file():
                return None
            loaded = _parse(id, gzip.decompress(path.read_bytes()).splitlines(keepends=True))
        except (OSError, EOFError, ValueError, zlib.error) as error:  # gzip.BadGzipFile is an OSError
            _log.warning("ignoring %s: %s", path, error)
            return None
        self._keep(loaded)
        return loaded

    def _save(self, ended: Recording) -> None:
        path = self._path(ended.id)
        if path is None:
            return
        try:
            _write_whole(path, ended.gzip())
        except OSError as error:
            if not self.write_errors:  # once: a full disk would fill the log, too
                _log.warning("cannot write recordings to %s: %s", self._folder, error)
            self.write_errors += 1


def _parse(id: str, lines: Iterable[bytes]) -> Recording:
    """The recording of these lines; ValueError if they are not a whole one of that id and of this release that ended well."""
    loaded = Recording(id)
    for line in lines:
        if not loaded.append(line):
            raise ValueError("lines after the end")
    if loaded.status not in KEPT:
        raise ValueError(f"a recording whose status is {loaded.status}")
    header = next(ndjson.read(loaded.lines(0, 1)))
    if header.get("id") != id:
        raise ValueError("the recording of another experiment")
    if not is_current(header):
        raise ValueError("the recording of another release")
    return loaded


def _write_whole(path: Path, contents: bytes) -> None:
    """Write a file that others see whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with open(handle, "wb") as file:
            file.write(contents)
            file.flush()
            os.fsync(file.fileno())  # or a power cut could leave the name without the contents
        os.replace(temporary, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise
