"""Texts of which a file is made, without what it does not need.

A line that ends in `#? a b` stays if `a` or `b` is true, and so does a block from `#[ a b` to `#]`; `$name` gives way to a value.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from string import Template

FOLDER = Path(__file__).parent
_MARK = re.compile(r"\s*#([?\[\]])\s?(.*)$")


def made(name: str, true: set[str], values: Mapping[str, object]) -> str:
    """The text of the template `name`, a file of this folder; KeyError names what is missing."""
    text = (FOLDER / name).read_text(encoding="utf-8")
    return Template("\n".join(needed(text, true)) + "\n").substitute(values)


def needed(text: str, true: set[str]) -> Iterator[str]:
    """The lines that stay where these words are true, without their marks."""
    blocks: list[bool] = []
    for line in text.splitlines():
        mark = _MARK.search(line)
        kind, asked = (mark[1], bool(true & set(mark[2].split()))) if mark else ("", True)
        if kind == "[":
            blocks.append(asked)
        elif kind == "]":
            blocks.pop()
        elif asked and all(blocks):
            yield line[: mark.start()] if mark else line
