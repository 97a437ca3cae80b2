"""What `bnviz check` prints: the findings in a file, as a table for a terminal."""

from __future__ import annotations

import json
import shutil
import textwrap
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from bnviz.judge.network import find, looked_for
from bnviz.judge.network.finding import Finding
from bnviz.plural import counted
from bnviz.record import ndjson

WIDEST = 120  # columns
INDENT = "    "


class Unreadable(ValueError):
    """A file that is no recording of a network of one's own; the text says what it is."""


def check(path: Path) -> tuple[list[Finding], str]:
    """The findings in a file that `bnviz.record` writes or has written, and the report. Raises Unreadable and OSError."""
    counts = {"snapshots": 0, "step": 0, "layers": 0}
    found = find(_counting(read_messages(path), counts))
    size = f"{counted(counts['layers'], 'layers')}, {counted(counts['snapshots'], 'snapshots')}"
    return found, f"{path}: {size}, the last one at step {counts['step']}\n{_table(found) if found else _nothing()}"


def read_messages(path: Path) -> Iterator[dict[str, Any]]:
    """The messages in a file, up to its last whole line. Raises Unreadable and OSError."""
    with path.open("rb") as file:
        for number, line in enumerate(file):
            if number and not line.endswith(b"\n"):
                return  # it is being written, or its training was killed
            try:
                message = next(ndjson.read([line]))
                _check(message, number)
            except (json.JSONDecodeError, UnicodeDecodeError, KeyError, TypeError, ValueError) as error:
                if isinstance(error, Unreadable):
                    raise
                raise Unreadable(f"line {number + 1} is no line of a recording") from None
            yield message


def _check(message: dict[str, Any], number: int) -> None:
    if number == 0 and message["type"] != "header":
        raise Unreadable("it does not begin with a recording's header")
    if number == 0 and "layers" not in message:
        raise Unreadable("it is a recording of the lab; `check` reads those that bnviz.record writes of your own network")


def _counting(messages: Iterator[dict[str, Any]], counts: dict[str, int]) -> Iterator[dict[str, Any]]:
    """The same messages, while counting what they hold."""
    for message in messages:
        if message["type"] == "header":
            counts["layers"] = len(message["layers"])
        elif message["type"] == "snapshot":
            counts["snapshots"] += 1
            counts["step"] = message["step"]
        yield message
    if not counts["layers"]:
        raise Unreadable("it is empty")


def _table(findings: list[Finding]) -> str:
    """A row for each finding, and its sentence below."""
    head = ("finding", "arm", "layer", "step")
    rows = [(_kind(one), one.arm, one.layer or "all", str(one.step)) for one in findings]
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = [_row(head, widths)]
    for row, finding in zip(rows, findings, strict=True):
        lines += [_row(row, widths), _wrapped(str(finding))]
    return "\n".join(lines)


def _kind(finding: Finding) -> str:
    return finding.kind.replace("_", " ") + (" (note)" if finding.severity == "note" else "")


def _row(cells: tuple[str, ...], widths: list[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def _nothing() -> str:
    return _wrapped(f"Nothing found. Looked for: {'; '.join(looked_for())}.")


def _wrapped(text: str) -> str:
    columns = min(WIDEST, shutil.get_terminal_size().columns)
    return textwrap.fill(text, columns, initial_indent=INDENT, subsequent_indent=INDENT)
