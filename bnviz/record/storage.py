"""Where recordings outlive the server: a folder, or a bucket of an object store, reached through fsspec.

Several servers may share one storage. Writes are atomic. Over the size limit, the least recently used files are evicted first; in
a bucket, which keeps no time of use, the oldest ones.
"""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
from fsspec.core import strip_protocol
from fsspec.utils import get_protocol

from bnviz import machine
from bnviz.files import atomic_write

SETTING, SIZE_SETTING = "BNVIZ_STORE", "BNVIZ_STORE_MB"
SIZE_LIMIT = 500 * 2**20  # bytes: about 150 default runs
EVICT_TO = 0.9  # share of the size limit in use after an eviction, so that not every write evicts
WRITE_SECONDS = 120  # a temporary file so much older than the newest file belongs to a server that was killed
_FILE_NAMES = re.compile(r"[.]?[0-9a-f]{16}-.*[.]ndjson[.]gz.*")  # or the temporary file of a write


def configured_address() -> str | None:
    """The address that BNVIZ_STORE names: by default a folder in this user's cache; None if it is set to nothing."""
    text = os.environ.get(SETTING)
    return _default_address() if text is None else text.strip() or None


def _default_address() -> str | None:
    try:
        return str(machine.cache_folder("bnviz") / "recordings")
    except RuntimeError:  # a user without a home
        return None


def rows_folder() -> str | None:
    """The folder on this machine for what cannot be in a bucket."""
    address = configured_address()
    return str(folder) if address and (folder := local_folder(address)) else address and _default_address()


def local_folder(address: str) -> Path | None:
    """The folder at an address, if it is on this machine."""
    return Path(str(strip_protocol(address))) if get_protocol(address) in ("file", "local") else None


class RecordingStorage:
    """Files by name at a folder's path or an fsspec address, as ``s3://bucket/folder``, in about `size_limit` bytes.

    Raises ValueError for an address of an unknown protocol, ImportError if the protocol needs a package that is not installed.
    Methods raise OSError, or what the bucket's own client raises. `write` may be called from one thread at a time.
    """

    def __init__(self, address: str | os.PathLike[str], size_limit: int = SIZE_LIMIT):
        self._files: Any
        self._files, self._root = fsspec.url_to_fs(os.fspath(address))
        self.folder = local_folder(os.fspath(address))
        self._size_limit, self._used = size_limit, size_limit  # so the first write lists the files

    def read(self, name: str) -> bytes | None:
        """What a file holds, or None if there is none. Counts as a use."""
        path = f"{self._root}/{name}"
        try:
            contents = self._files.cat_file(path)
        except FileNotFoundError:
            return None
        with contextlib.suppress(Exception):  # a bucket cannot, and a folder may be read-only
            self._files.touch(path, truncate=False)
        return contents

    def write(self, name: str, contents: bytes) -> None:
        """Write a file, and evict others if that exceeds the size limit."""
        if len(contents) > self._size_limit:
            return
        self._put(name, contents)
        self._used += len(contents)
        if self._used > self._size_limit:
            self._evict()

    def _put(self, name: str, contents: bytes) -> None:
        if self.folder:
            self.folder.mkdir(parents=True, exist_ok=True)
            with atomic_write(self.folder / name) as file:
                file.write(contents)
            return
        try:
            self._files.pipe_file(f"{self._root}/{name}", contents)
        except FileNotFoundError:  # some protocols need the folder first
            self._files.makedirs(self._root, exist_ok=True)
            self._files.pipe_file(f"{self._root}/{name}", contents)

    def _evict(self) -> None:
        """Sum up the files of all servers, and remove the least recently used ones over the size limit."""
        files = sorted(self._files_by_use())
        self._used = sum(size for _, size, _ in files)
        excess = self._used - EVICT_TO * self._size_limit if self._used > self._size_limit else 0
        for used, size, path in files:
            if excess <= 0:
                return
            if _is_temporary(path) and files[-1][0] - used < WRITE_SECONDS:
                continue  # another server is writing it
            with contextlib.suppress(FileNotFoundError):  # another server was quicker
                self._files.rm_file(path)
            self._used -= size
            excess -= size

    def _files_by_use(self) -> Iterator[tuple[float, int, str]]:
        """Last use in seconds, size in bytes and path of each of our files."""
        self._files.invalidate_cache()
        for entry in self._files.ls(self._root, detail=True):
            path = entry["name"]
            if _FILE_NAMES.fullmatch(path.rpartition("/")[2]):
                with contextlib.suppress(FileNotFoundError):
                    yield self._files.modified(path).timestamp(), entry["size"], path


def _is_temporary(path: str) -> bool:
    return path.rpartition("/")[2].startswith(".")
