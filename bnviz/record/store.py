"""Recordings by id: live ones, then an LRU cache of finished ones, then a storage that outlives the process.

A line is compressed once, by its worker, and all readers share the compressed piece: a header, all pieces and a trailer are one
ordinary gzip file (RFC 1952).
"""

from __future__ import annotations

import contextlib
import logging
import math
import os
import re
import struct
import threading
import time
import zlib
from collections.abc import Callable, Generator, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor

from cachetools import LRUCache

from bnviz import machine
from bnviz.record import ndjson, storage
from bnviz.record.piece import Piece
from bnviz.record.storage import RecordingStorage
from bnviz.record.version import is_current, results_version

COMPLETE_STATUSES = ("finished", "diverged")
SAVE_TIMEOUT_SECONDS = 0.5  # after which `finish` no longer waits for a slow disk
GZIP_HEADER = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
MAX_RATIO = 100  # of a recording's size to its file's, against decompression bombs; usual ratios are 3 to 10
_LAST_BLOCK = b"\x03\x00"
_ID = re.compile(r"[0-9a-f]{16}")
_log = logging.getLogger(__name__)


def memory_bytes(environment: Mapping[str, str] = os.environ) -> int:
    """BNVIZ_MEMORY_MB in bytes: how much memory recordings may take, live and finished ones together."""
    return machine.megabytes("BNVIZ_MEMORY_MB", machine.by_memory(64, small=16), environment)


def is_id(text: str) -> bool:
    """Whether `text` looks like an experiment's id, and so may touch a path."""
    return _ID.fullmatch(text) is not None


class Recording:
    """The lines of one run so far: an append-only log with many concurrent readers and one writer at a time."""

    def __init__(self, id: str):
        self.id = id
        self.status: str | None = None
        self._pieces: list[Piece] = []
        self._crc = self._size = self.nbytes = 0
        self._readers: dict[object, Callable[[], None]] = {}
        self._last_touch = self._last_append = time.monotonic()
        self.was_read = False  # whether it has ever had a reader
        self.visitors: set[str] = set()  # those who requested it while it was live, if they have names
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
            # Another attempt at the same run has the same lines; otherwise its checksum does not continue this recording's.
            self._crc = piece.after if piece.before == self._crc else zlib.crc32(piece.line, self._crc)
            self._size += piece.size
            self._pieces.append(piece)
            self._last_append = time.monotonic()
            self.nbytes += len(piece.compressed)
            if piece.is_end:
                self.status = ndjson.status(piece.line)
            readers = list(self._readers.values())
        for wake in readers:
            wake()
        return True

    def pieces(self, start: int = 0, stop: int | None = None) -> list[Piece]:
        """Lines `start` to `stop`, compressed."""
        return self._pieces[start:stop]

    def compressed(self, start: int = 0, stop: int | None = None) -> bytes:
        """Lines `start` to `stop` as a part of the stream between GZIP_HEADER and `gzip_trailer()`."""
        return b"".join(piece.compressed for piece in self.pieces(start, stop))

    def lines(self, start: int = 0, stop: int | None = None) -> list[bytes]:
        """Lines `start` to `stop`."""
        return [piece.line for piece in self.pieces(start, stop)]

    def gzip_trailer(self) -> bytes:
        """The end of the gzip file of all lines, for a recording that has ended."""
        return _LAST_BLOCK + struct.pack("<II", self._crc, self._size & 0xFFFFFFFF)

    def gzip(self) -> bytes:
        """A recording that has ended, as one gzip file."""
        return b"".join([GZIP_HEADER, self.compressed(), self.gzip_trailer()])

    @contextlib.contextmanager
    def subscribe(self, wake: Callable[[], None]) -> Generator[None]:
        """Call `wake` after every append, in the appending thread, until the block is left; it must not wait."""
        key = object()
        with self._lock:
            self._readers[key] = wake
            self.was_read = True
        try:
            yield
        finally:
            with self._lock:
                del self._readers[key]
                self.touch()

    def seconds_since_append(self) -> float:
        """Seconds since the last line, or since it was created."""
        return time.monotonic() - self._last_append

    @property
    def readers(self) -> int:
        """How many are subscribed."""
        return len(self._readers)

    def touch(self) -> None:
        """Restart the idle time: a request came in, and its reader may subscribe soon."""
        self._last_touch = time.monotonic()

    def release(self) -> None:
        """Make it idle at once unless it has readers: the visitor no longer needs it."""
        self._last_touch = -math.inf

    def idle_seconds(self) -> float:
        """Seconds since the last reader or request; 0 while it has readers."""
        return 0.0 if self._readers else time.monotonic() - self._last_touch


class Store:
    """Recordings by id. All methods may be called from any thread; those that may read or write the storage say so.

    `address` and `size_limit` (bytes) are those of `RecordingStorage`, and so are the errors. Without an address there is only
    memory.
    """

    def __init__(
        self, address: str | os.PathLike[str] | None = None, memory_bytes: int = 64 << 20, size_limit: int = storage.SIZE_LIMIT
    ):
        self._storage = RecordingStorage(address, size_limit) if address else None
        self._writer = ThreadPoolExecutor(1, "storing")
        self._live: dict[str, Recording] = {}
        # The newest one is cached even if it alone exceeds the bound, since a request for it follows: so none counts for more.
        self._bound = bound = max(1, memory_bytes)
        self._cache: LRUCache[str, Recording] = LRUCache(bound, lambda recording: min(recording.nbytes, bound))
        self._lock = threading.Lock()
        self.write_errors = self.read_errors = 0

    @classmethod
    def from_environment(cls) -> Store:
        """As BNVIZ_STORE and BNVIZ_STORE_MB say (`bnviz.record.storage`), and BNVIZ_MEMORY_MB."""
        address = storage.configured_address()
        try:
            return cls(address, memory_bytes(), machine.megabytes(storage.SIZE_SETTING, storage.SIZE_LIMIT >> 20))
        except (ImportError, ValueError) as error:
            _log.warning("%s = %r: %s; recordings are kept in memory only", storage.SETTING, address, error)
            return cls(None, memory_bytes())

    def in_memory(self, id: str) -> Recording | None:
        """The live or finished recording, if it is in memory. Never waits for the storage."""
        with self._lock:
            return self._live.get(id) or self._cache.get(id)

    def get(self, id: str) -> Recording | None:
        """The live or finished recording, or None. May read a file."""
        return self.in_memory(id) or self._load(id)

    def start(self, id: str) -> tuple[Recording, bool]:
        """The recording in memory, or a new live one; and whether it is new."""
        with self._lock:
            recording = self._live.get(id) or self._cache.get(id)
            if recording is None:
                self._live[id] = Recording(id)
            return recording or self._live[id], recording is None

    def finish(self, recording: Recording) -> None:
        """Cache and save a complete recording, drop one that was stopped or failed. May write a file."""
        if recording.status in COMPLETE_STATUSES:
            self._cache_recording(recording)
            self._save_soon(recording)
        with self._lock:
            if self._live.get(recording.id) is recording:
                del self._live[recording.id]

    def live(self) -> list[Recording]:
        """The recordings that have not ended."""
        with self._lock:
            return list(self._live.values())

    @property
    def nbytes(self) -> int:
        """Memory that all recordings take, where a finished one counts for no more than the bound."""
        with self._lock:  # to look at the finished ones one by one would count as using them
            return int(self._cache.currsize) + sum(recording.nbytes for recording in self._live.values())

    def _cache_recording(self, recording: Recording) -> None:
        with self._lock:
            self._cache[recording.id] = recording

    def make_room(self) -> None:
        """Evict finished recordings, the least recently used first, until they and the live ones are within the bound."""
        with self._lock:
            live = sum(recording.nbytes for recording in self._live.values())
            while len(self._cache) > 1 and self._cache.currsize + live > self._bound:
                self._cache.popitem()

    def flush(self) -> None:
        """Wait until everything that was finished is written."""
        self._writer.submit(int).result()

    def _load(self, id: str) -> Recording | None:
        if not self._storage or not is_id(id):
            return None
        name = _name(id)
        try:
            if (contents := self._storage.read(name)) is None:
                return None
            recording = _parse(id, ndjson.split_lines(_decompress(contents)))
        except (ValueError, zlib.error) as error:
            _log.warning("ignoring %s: %s", name, error)
            return None
        except Exception as error:  # a disk's error, or of whatever kind a bucket's client has
            self.read_errors += 1
            if self.read_errors == 1:  # once: it would fill the log
                _log.warning("cannot read recordings that were kept: %s", error)
            return None
        self._cache_recording(recording)
        return recording

    def _save_soon(self, recording: Recording) -> None:
        """Written in the writer's thread: a bucket some time, a folder by the time this returns, unless its disk is slow."""
        if not self._storage or not is_id(recording.id):
            return
        future = self._writer.submit(self._save, self._storage, recording)
        if self._storage.folder:
            with contextlib.suppress(TimeoutError):
                future.result(SAVE_TIMEOUT_SECONDS)

    def _save(self, storage: RecordingStorage, recording: Recording) -> None:
        try:
            storage.write(_name(recording.id), recording.gzip())
        except Exception as error:  # a disk's error, or of whatever kind a bucket's client has
            self.write_errors += 1
            if self.write_errors == 1:  # once: a full disk would fill the log, too
                _log.warning("recordings are kept in memory only, since they cannot be written: %s", error)


def _name(id: str) -> str:
    return f"{id}-{results_version()}.ndjson.gz"


def _decompress(contents: bytes) -> bytes:
    """What is in a gzip file; ValueError if it is cut off, followed by more, or would take more memory than any recording."""
    decompressor = zlib.decompressobj(zlib.MAX_WBITS | 16)
    lines = decompressor.decompress(contents, MAX_RATIO * len(contents))
    if not decompressor.eof or decompressor.unused_data:
        raise ValueError("not a complete gzip file of a recording")
    return lines


def _parse(id: str, lines: Iterable[bytes]) -> Recording:
    """The recording of these lines; ValueError if they are not a whole one of that id and of this release that ended well."""
    recording = Recording(id)
    for line in lines:
        if not recording.append(line):
            raise ValueError("lines after the end")
    if recording.status not in COMPLETE_STATUSES:
        raise ValueError(f"a recording whose status is {recording.status}")
    header = next(ndjson.read(recording.lines(0, 1)))
    if header.get("id") != id:
        raise ValueError("the recording of another experiment")
    if not is_current(header):
        raise ValueError("the recording of another release")
    return recording
