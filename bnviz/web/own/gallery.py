"""The gallery of the page: recordings of the programs in `examples/`, which play without any training, and the programs.

`make gallery` runs all programs and writes their recordings again; `python -m bnviz.web.own.gallery NAME…` some of them.
"""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bnviz.record import ndjson
from bnviz.web import words

FOLDER = Path(__file__).with_name("gallery")
ROOT = Path(__file__).parents[3]  # of the repository, which has the programs; a package that is installed has copies of them
WATCHED = 3  # units of a layer that keep a histogram of their own: most bytes are theirs
OF_WATCHED = ("unit_counts", "unit_zeros")  # [layers, watched, …], a tap each


def entries() -> list[dict[str, str]]:
    """What the page is told of each recording: its key, its name, what to see in it, and among the browser's files the `file` of
    the recording and the `program` that made it.
    """
    gallery = words.own()["gallery"]["examples"]
    paths = {"file": path_of, "program": program_of}
    return [
        {"key": key, **texts, **{name: f"web/own/gallery/{path(key).name}" for name, path in paths.items()}}
        for key, texts in gallery.items()
    ]


def path_of(key: str) -> Path:
    """The file of a recording, packed with gzip."""
    return FOLDER / f"{key}.ndjson.gz"


def program_of(key: str) -> Path:
    """The copy of a program that visitors may save. It is no module of the package."""
    return FOLDER / f"{key}.py.txt"


def thinned(messages: Iterable[Mapping[str, Any]]) -> Iterator[dict[str, Any]]:
    """A recording with histograms of its first WATCHED watched units alone."""
    for message in messages:
        if message["type"] == "header":
            yield {**message, "watched_units": message["watched_units"][:WATCHED]}
        elif message["type"] == "snapshot":
            yield {**message, "arms": {arm: _thin_part(part) for arm, part in message["arms"].items()}}
        else:
            yield dict(message)


def _thin_part(part: Mapping[str, Any]) -> dict[str, Any]:
    cut = {key: {tap: array[:, :WATCHED] for tap, array in part[key].items()} for key in OF_WATCHED if part.get(key)}
    return {**part, **cut}


def record(key: str) -> bytes:
    """Run a program of `examples/`, and return its recording, thinned and packed. Raises CalledProcessError and OSError."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        subprocess.run([sys.executable, ROOT / "examples" / f"{key}.py"], cwd=folder, env=environment, check=True)
        lines = ndjson.split_lines((Path(folder) / f"{key}.ndjson").read_bytes())
    recording = b"".join(map(ndjson.line, thinned(ndjson.read(lines))))
    return gzip.compress(recording, 9, mtime=0)


def main(keys: Sequence[str]) -> None:
    """Write the recordings of these programs, or of all, and copies of the programs."""
    for key in keys or list(words.own()["gallery"]["examples"]):
        program_of(key).write_bytes((ROOT / "examples" / f"{key}.py").read_bytes())
        path_of(key).write_bytes(record(key))


if __name__ == "__main__":
    main(sys.argv[1:])
