"""Make the rows that the release ships of sweeps: those of all claims, and of the other lessons' sweeps as their pages open.

python -m bnviz.evidence [--stored] [LESSON …]

Rows that BNVIZ_STORE has are not computed again. With --stored nothing is: sweeps whose rows are not all there keep the file that
they have, or none. A file whose rows are the same keeps its day.
"""

from __future__ import annotations

import argparse
import datetime
from collections.abc import Iterable, Iterator
from importlib import import_module
from typing import Any

from bnviz import api, machine
from bnviz.config.sweep import Sweep
from bnviz.lessons import LESSONS, SWEEPING
from bnviz.record import evidence
from bnviz.record.evidence import Evidence
from bnviz.record.rows import Rows
from bnviz.record.store import Store
from bnviz.record.version import versions

PLACE = ("curve", "point", "value")  # what a row has of its place in a sweep, and not of its run


def sweeps(lessons: Iterable[str] = LESSONS) -> list[Sweep]:
    """The sweeps of these lessons' pages, each once: of claims, presets, and what a page computes on request."""
    return list(dict.fromkeys(sweep for lesson in lessons for sweep in _of(lesson)))


def _of(lesson: str) -> Iterator[Sweep]:
    page = import_module(f"bnviz.lessons.{lesson}.page").PAGE
    if lesson in SWEEPING:
        yield from (scene.sweep for scene in page.scenes())
    elif page.sweep:
        yield page.sweep(page.default)


def rows_of_runs(messages: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """A row for each run, of the row messages of a sweep, which has one for each place."""
    rows = ({key: value for key, value in message.items() if key not in PLACE} for message in messages)
    return list({row["run"]: row for row in rows}.values())


def ship(sweep: Sweep, rows: list[dict]) -> None:
    """Write the sweep's file, unless it has these very rows already."""
    new = Evidence(tuple(rows), versions(), machine.in_words(), datetime.date.today().isoformat())
    old = evidence.read(sweep)
    if old is None or _by_run(old) != _by_run(new) or old.versions != new.versions:
        evidence.write(sweep, new)


def _by_run(one: Evidence) -> dict[str, object]:
    return {row["run"]: row for row in one.rows}


def main(arguments: Iterable[str] | None = None) -> None:
    parser = argparse.ArgumentParser(prog="python -m bnviz.evidence", description="Make the rows that the release ships.")
    parser.add_argument("lessons", nargs="*", metavar="LESSON", help=f"some of {', '.join(LESSONS)}; all if none is named")
    parser.add_argument("--stored", action="store_true", help="compute nothing: ship what BNVIZ_STORE has all rows of")
    options = parser.parse_args(arguments)
    if unknown := [name for name in options.lessons if name not in LESSONS]:
        parser.error(f"there is no lesson {', '.join(unknown)}; there are {', '.join(LESSONS)}")
    stored, lacking = Rows.from_environment(), 0
    with api.computing(Store()) as engine:
        for sweep in sweeps(options.lessons or LESSONS):
            runs = sweep.runs()
            if options.stored and len(stored.find(runs, sweep.measures)) < len(runs):
                lacking += 1
            else:
                ship(sweep, rows_of_runs(api.compute_rows(engine, sweep, sweep.id)))
    evidence.prune(sweeps())
    files = [path for sweep in sweeps() if (path := evidence.path(sweep)).exists()]
    size = sum(path.stat().st_size for path in files)
    print(f"{len(files)} sweeps, {size / 1e6:.2f} MB" + (f"; of {lacking} not all rows are stored" if lacking else ""))


if __name__ == "__main__":
    main()
