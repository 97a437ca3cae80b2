"""Rows of sweeps that a release ships, so that a page has its verdict before anything is computed, and says whose rows they are.

One file a sweep lies beside this one: `<the sweep's id>.json.xz`. `python -m bnviz.evidence` makes them.
"""

from __future__ import annotations

import json
import lzma
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from bnviz.config.sweep import Sweep, cells_by_run, row_at
from bnviz.files import atomic_write

FOLDER = Path(__file__).parent
SUFFIX = ".json.xz"
_CACHE_SIZE = 4  # sweeps whose rows stay in memory: some have megabytes of them


@dataclass(frozen=True)
class Evidence:
    """The rows of all runs of a sweep, one a run, and where they come from.

    `versions` are those of `bnviz.record.version`, `machine` is the computer in words, and `day` that of the last row (ISO 8601).
    """

    rows: tuple[Mapping[str, Any], ...]
    versions: Mapping[str, str]
    machine: str
    day: str

    def fill(self, sweep: Sweep) -> list[Mapping[str, Any]]:
        """A row for every cell of the sweep, as the sweep's recording has them."""
        cells = cells_by_run(sweep)
        return [row_at(sweep, cell, row) for row in self.rows for cell in cells[row["run"]]]


def path(sweep: Sweep) -> Path:
    """Where the rows of a sweep lie, if they are shipped."""
    return FOLDER / f"{sweep.id}{SUFFIX}"


def is_shipped(sweep: Sweep) -> bool:
    """Whether the release has the rows of this very sweep."""
    return path(sweep).exists()


def read(sweep: Sweep) -> Evidence | None:
    """The rows of this very sweep, or None. Raises OSError, lzma.LZMAError and ValueError if the file is damaged."""
    return _read(path(sweep)) if is_shipped(sweep) else None


@lru_cache(_CACHE_SIZE)
def _read(path: Path) -> Evidence:
    return Evidence(**json.loads(lzma.decompress(path.read_bytes())))


def write(sweep: Sweep, evidence: Evidence) -> Path:
    """Ship these rows of the sweep; ValueError if a run has none. The same rows make the same bytes. Raises OSError."""
    by_run = {row["run"]: row for row in evidence.rows}
    runs = sweep.runs()
    if missing := [run for run in runs if run.id not in by_run]:
        raise ValueError(f"{len(missing)} of {len(runs)} runs have no row")
    rows = [by_run[run.id] for run in runs]
    text = json.dumps({**vars(evidence), "rows": rows}, separators=(",", ":"))
    with atomic_write(path(sweep)) as file:
        file.write(lzma.compress(text.encode(), preset=9 | lzma.PRESET_EXTREME))
    _read.cache_clear()
    return path(sweep)


def prune(sweeps: Iterable[Sweep]) -> list[Path]:
    """Remove the files of all other sweeps, which nothing reads any more; returns their paths. Raises OSError."""
    needed = {path(sweep) for sweep in sweeps}
    outdated = sorted(one for one in FOLDER.glob(f"*{SUFFIX}") if one not in needed)
    for one in outdated:
        one.unlink()
    return outdated
