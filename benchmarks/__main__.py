"""Run benchmarks and print their table as it grows.

python -m benchmarks [NAME ...] [--all] [--write]

NAME is a module of this folder ("visitors"). Without one, those run that are done in some minutes together; with --all, all do.
The rows are kept in docs/benchmarks.json, and each is printed with what it was the last time. With --write, they are kept, and
the tables in docs/benchmarks.md are made anew.
"""

from __future__ import annotations

import argparse
import datetime
import importlib
import json
import os
import pkgutil
import platform
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

import benchmarks
from benchmarks import Row, row_of_table, table

DOCUMENT = Path(__file__).parent.parent / "docs" / "benchmarks.md"
RESULTS = DOCUMENT.with_suffix(".json")
LONG = ("cluster", "faults", "fuzz", "lecture", "soak", "sweeps", "vmap", "worker")  # minutes each, or a question once
BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"


def names() -> list[str]:
    """The modules of this folder that have rows."""
    results = sorted(module.name for module in pkgutil.iter_modules(benchmarks.__path__) if module.name != "__main__")
    return [name for name in results if hasattr(importlib.import_module(f"benchmarks.{name}"), "rows")]


def machine() -> str:
    """Processor, cores and Python, in words."""
    models = [line.split(":")[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")]
    model = models[0] if models else platform.processor() or platform.machine()
    return f"{model}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8").splitlines()
    except OSError:
        return []


def load_results() -> dict[str, dict]:
    """What was measured last: for each module when, on what machine, and its rows."""
    return json.loads(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else {}


def measure(name: str, before: dict) -> Iterator[Row]:
    """A module's rows, each with what it was before."""
    last = {row["what"]: row["ours"] for row in before.get("rows", ())}
    for row in importlib.import_module(f"benchmarks.{name}").rows():
        yield row._replace(before=last.get(row.what, "–"))


def render(results: dict[str, dict]) -> str:
    """One table a module."""
    parts = []
    for name, one in sorted(results.items()):
        caption = f"`python -m benchmarks {name} --write`, {one['date']}: {one['machine']}; {one['seconds']:.0f} s."
        parts.append(f"## {name.capitalize()}\n\n{caption}\n\n{table([Row(**row) for row in one['rows']])}")
    return "\n\n".join(parts)


def write(text: str) -> None:
    """Put `text` between the markers of docs/benchmarks.md; without markers, at its end."""
    old = DOCUMENT.read_text(encoding="utf-8") if DOCUMENT.exists() else "# Benchmarks\n"
    before, _, tail = old.partition(BEGIN)
    _, _, after = tail.partition(END)
    DOCUMENT.parent.mkdir(exist_ok=True)
    DOCUMENT.write_text(f"{before.rstrip()}\n\n{BEGIN}\n{text}\n{END}\n{after.lstrip(chr(10))}", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Run benchmarks and print their table.")
    which = f"of {', '.join(names())}; without one, all but {', '.join(LONG)}"
    parser.add_argument("names", nargs="*", metavar="NAME", help=which)
    parser.add_argument("--all", action="store_true", help="run every one")
    parser.add_argument("--write", action="store_true", help="keep the rows, and make the tables in docs/benchmarks.md anew")
    arguments = parser.parse_args()
    if unknown := set(arguments.names) - set(names()):
        parser.error(f"there is no {', '.join(sorted(unknown))}: choose from {', '.join(names())}")
    results = load_results()
    print(table([]), flush=True)
    for name in arguments.names or [name for name in names() if arguments.all or name not in LONG]:
        start, rows = perf_counter(), []
        for row in measure(name, results.get(name, {})):
            print(row_of_table(row), flush=True)
            rows.append(row._asdict())
        today = f"{datetime.date.today():%d %B %Y}"
        results[name] = {"date": today, "machine": machine(), "seconds": perf_counter() - start, "rows": rows}
        if arguments.write:
            RESULTS.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if arguments.write:
        write(render(results))


if __name__ == "__main__":
    main()
