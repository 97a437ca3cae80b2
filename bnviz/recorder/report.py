"""What `bnviz check` prints: the findings in a file, as a table for a terminal."""

from __future__ import annotations

import shutil
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from bnviz.judge.network import Judgement, judge, looked_for, not_looked_for
from bnviz.judge.network.finding import Finding
from bnviz.plural import counted
from bnviz.record.check import ERRORS, Damaged, one_line
from bnviz.record.own_check import NOTHING_RECORDED, OtherFile, read_own
from bnviz.terminal import printable

WIDEST = 120  # columns
INDENT = "    "


class Unreadable(ValueError):
    """A file that is no recording of an own network; the text says what it is."""


def check(path: Path) -> tuple[list[Finding], str]:
    """The findings in a file that `bnviz.record` writes or has written, and the report. Raises Unreadable and OSError."""
    counts = {"snapshots": 0, "step": 0, "layers": 0}
    try:
        judgement = judge(_counting(read_messages(path), counts))
        text = _text(judgement)
    except Unreadable:
        raise
    except ERRORS as error:  # a damaged file may look whole, and still make no sense
        raise Unreadable(f"this recording cannot be judged ({type(error).__name__}: {one_line(error)})") from None
    size = f"{counted(counts['layers'], 'layers')}, {counted(counts['snapshots'], 'snapshots')}"
    return judgement.findings, f"{printable(str(path))}: {size}, the last one at step {counts['step']}\n{text}"


def read_messages(path: Path) -> Iterator[Mapping[str, Any]]:
    """The messages in a file, up to its last whole line. Raises Unreadable and OSError."""
    with path.open("rb") as file:
        try:
            yield from read_own(file)
        except (Damaged, OtherFile) as error:
            raise Unreadable(str(error)) from None


def _counting(messages: Iterator[Mapping[str, Any]], counts: dict[str, int]) -> Iterator[Mapping[str, Any]]:
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
    if not counts["snapshots"]:
        raise Unreadable(NOTHING_RECORDED)


def _text(judgement: Judgement) -> str:
    """What was found or looked for, and what could not be looked for."""
    found, reasons = judgement
    missing = not_looked_for(reasons)
    if found:
        return "\n".join([_table(found), *([_wrapped(missing)] if missing else [])])
    return _wrapped(f"Nothing found. Looked for: {looked_for(reasons)}. {missing}")


def _table(findings: list[Finding]) -> str:
    """A row for each finding, and its sentence below."""
    head = ("finding", "arm", "layer", "step")
    rows = [tuple(map(printable, (_kind(one), one.arm, one.layer or "all", str(one.step)))) for one in findings]
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    lines = [_row(head, widths)]
    for row, finding in zip(rows, findings, strict=True):
        lines += [_row(row, widths), _wrapped(printable(str(finding)))]
    return "\n".join(lines)


def _kind(finding: Finding) -> str:
    return finding.kind.replace("_", " ") + (" (note)" if finding.severity == "note" else "")


def _row(cells: Sequence[str], widths: list[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()


def _wrapped(text: str) -> str:
    columns = min(WIDEST, shutil.get_terminal_size().columns)
    return textwrap.fill(text, columns, initial_indent=INDENT, subsequent_indent=INDENT)
