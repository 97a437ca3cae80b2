"""Where recordings outlive the server: a folder, or a bucket of an object store, reached through fsspec.

Several servers may share one place. A file is seen whole or not at all, and where the room ends, those that were not used for
longest go first. (Buckets keep no time of use: there, those that were written first.)
"""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import fsspec
from fsspec.core import strip_protocol
from fsspec.utils import get_protocol

from bnviz import machine

SETTING, ROOM_SETTING = "BNVIZ_STORE", "BNVIZ_STORE_MB"
ROOM = 500 * 2**20  # bytes: about 150 default runs
LEFT = 0.9  # of the room, after files were removed: so that this is not done for every file
_OURS = re.compile(r"[.]?[0-9a-f]{16}-.*[.]ndjson[.]gz.*")  # a recording, or what is left of one that was being written


def wanted() -> str | None:
    """The address that BNVIZ_STORE names: by default a folder in this user's cache; None if it is set to nothing."""
    text = os.environ.get(SETTING)
    return _usual() if text is None else text.strip() or None


def _usual() -> str | None:
    try:
        return str(machine.cache_folder("bnviz") / "recordings")
    except RuntimeError:  # a user without a home
        return None


def rows_folder() -> str | None:
    """The folder on this machine for what cannot be in a bucket."""
    address = wanted()
    return str(folder) if address and (folder := local(address)) else address and _usual()


def local(address: str) -> Path | None:
    """The folder at an address, if it is on this machine."""
    return Path(str(strip_protocol(address))) if get_protocol(address) in ("file", "local") else None


class Place:
    """Files by name at a folder's path or an fsspec address, as ``s3://bucket/folder``, in about `room` bytes.

    Raises ValueError for an address that nothing is known of, ImportError if its kind wants a package that is not installed.
    Methods raise OSError, or what the bucket's own client raises. `write` may be called from one thread at a time.
    """

    def __init__(self, address: str | os.PathLike[str], room: int = ROOM):
        self._files: Any
        self._files, self._root = fsspec.url_to_fs(os.fspath(address))
        self.folder = local(os.fspath(address))
        self._room, self._taken = room, room  # that is, look before the first file is written

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
        """Put a file there, and remove others if there is too little room."""
        if len(contents) > self._room:
            return
        self._put(name, contents)
        self._taken += len(contents)
        if self._taken > self._room:
            self._make_room()

    def _put(self, name: str, contents: bytes) -> None:
        if self.folder:
            return _write_whole(self.folder / name, contents)
        try:
            self._files.pipe_file(f"{self._root}/{name}", contents)
        except FileNotFoundError:  # some kinds have folders that must be made
            self._files.makedirs(self._root, exist_ok=True)
            self._files.pipe_file(f"{self._root}/{name}", contents)

    def _make_room(self) -> None:
        """Look how much is there, from all servers, and remove files if that is too much."""
        there = sorted(self._listed())
        self._taken = sum(size for _, size, _ in there)
        excess = self._taken - LEFT * self._room if self._taken > self._room else 0
        for _, size, path in there:
            if excess <= 0:
                return
            with contextlib.suppress(FileNotFoundError):  # another server was quicker
                self._files.rm_file(path)
            self._taken -= size
            excess -= size

    def _listed(self) -> Iterator[tuple[float, int, str]]:
        """Our files: when they were last used, in seconds, how large they are, in bytes, and their paths."""
        self._files.invalidate_cache()
        for entry in self._files.ls(self._root, detail=True):
            path = entry["name"]
            if _OURS.fullmatch(path.rpartition("/")[2]):
                with contextlib.suppress(FileNotFoundError):
                    yield self._files.modified(path).timestamp(), entry["size"], path


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
