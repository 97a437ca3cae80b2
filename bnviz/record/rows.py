"""A cache of sweeps' rows by run: no run is computed twice, not even after a stop, in another sweep, or after a restart.

One SQLite table, in memory or in a folder, where several servers may share it.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import sqlite3
import threading
from collections.abc import Generator, Iterable
from pathlib import Path
from typing import Any

from bnviz.config.sweep import Run
from bnviz.record import storage
from bnviz.record.version import results_version

FILE = "rows.sqlite"
MAX_ROWS = 100_000  # then the oldest are evicted
_TABLE = "create table if not exists rows (key text primary key, row text not null)"
_log = logging.getLogger(__name__)


class Rows:
    """All methods may be called from any thread. If its folder fails, the table falls back to memory."""

    def __init__(self, folder: str | os.PathLike[str] | None = None):
        self._lock = threading.Lock()
        self._table = self._memory()
        if folder:
            with self._fall_back():
                Path(folder).mkdir(parents=True, exist_ok=True)
                self._table = self._open(Path(folder) / FILE)

    @classmethod
    def from_environment(cls) -> Rows:
        """Beside the recordings, or in memory; if those are in a bucket, in this user's cache, for SQLite wants a folder."""
        return cls(storage.rows_folder())

    def find(self, runs: Iterable[Run], measures: tuple[str, ...] = ()) -> dict[str, dict[str, Any]]:
        """The rows there are of these runs, by run id."""
        rows: dict[str, dict[str, Any]] = {}
        with self._lock, self._fall_back():
            for run in runs:
                for (text,) in self._table.execute("select row from rows where key = ?", [_key(run.id, measures)]):
                    rows[run.id] = json.loads(text)
        return rows

    def put(self, row: dict[str, Any], measures: tuple[str, ...] = ()) -> None:
        """Keep a row under its run's id."""
        with self._lock, self._fall_back(), self._table:
            entry = [_key(row["run"], measures), json.dumps(row)]
            self._table.execute("insert or replace into rows values (?, ?)", entry)
            self._table.execute("delete from rows where rowid <= (select max(rowid) from rows) - ?", [MAX_ROWS])

    def close(self) -> None:
        with self._lock:
            self._table.close()
            self._table = self._memory()

    @contextlib.contextmanager
    def _fall_back(self) -> Generator[None]:
        try:
            yield
        except (sqlite3.Error, OSError, ValueError) as error:
            _log.warning("rows of sweeps are kept in memory only: %s", error)
            self._table = self._memory()

    def _memory(self) -> sqlite3.Connection:
        return self._open(":memory:")

    @staticmethod
    def _open(path: str | Path) -> sqlite3.Connection:
        table = sqlite3.connect(path, check_same_thread=False, timeout=10)
        table.execute(_TABLE)
        return table


def _key(run: str, measures: tuple[str, ...]) -> str:
    return " ".join([results_version(), run, *measures])
