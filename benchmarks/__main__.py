"""Run all benchmarks and print their table.

python -m benchmarks [--write]

With --write, the table in docs/benchmarks.md is replaced, with the command, the machine and the date.
"""

from __future__ import annotations

import argparse
import datetime
import importlib
import os
import pkgutil
import platform
from pathlib import Path

import benchmarks
from benchmarks import Row, table

DOCUMENT = Path(__file__).parent.parent / "docs" / "benchmarks.md"
BEGIN, END = "<!-- table: begin -->", "<!-- table: end -->"
COMMAND = "python -m benchmarks --write"


def all_rows() -> list[Row]:
    """The rows of every module in this folder, by name."""
    names = sorted(module.name for module in pkgutil.iter_modules(benchmarks.__path__) if module.name != "__main__")
    modules = [importlib.import_module(f"benchmarks.{name}") for name in names]
    return [row for module in modules if hasattr(module, "rows") for row in module.rows()]


def machine() -> str:
    """Processor, cores and Python, in words."""
    models = [line.split(":")[1].strip() for line in _lines("/proc/cpuinfo") if line.startswith("model name")]
    model = models[0] if models else platform.processor() or platform.machine()
    return f"{model}, {os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []


def write(text: str) -> None:
    """Put `text` between the markers of docs/benchmarks.md; without markers, at its end."""
    old = DOCUMENT.read_text() if DOCUMENT.exists() else "# Benchmarks\n"
    before, _, rest = old.partition(BEGIN)
    _, _, after = rest.partition(END)
    DOCUMENT.parent.mkdir(exist_ok=True)
    DOCUMENT.write_text(f"{before.rstrip()}\n\n{BEGIN}\n{text}\n{END}\n{after.lstrip(chr(10))}")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="Run all benchmarks and print their table.")
    parser.add_argument("--write", action="store_true", help="replace the table in docs/benchmarks.md")
    arguments = parser.parse_args()
    text = table(all_rows())
    print(text)
    if arguments.write:
        write(f"Made by `{COMMAND}` on {datetime.date.today():%d %B %Y}: {machine()}.\n\n{text}")


if __name__ == "__main__":
    main()
