"""Words by name: each lesson's catalogue (bnviz/lessons/<lesson>/words.toml), that of people's own networks
(bnviz/web/own/words.toml) and the one that all share (bnviz/web/words.toml).

A lesson's catalogue holds all that its page says, whichever side says it, so that a translation is one file more. Sentences are
templates: a run or a setting fills in the names in braces.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from bnviz.plural import filled

PACKAGE = Path(__file__).parents[1]
_BRACES = re.compile(r"\{(\w+)\}")


@cache
def catalogue(lesson: str) -> Mapping[str, Any]:
    """A lesson's words."""
    return _read(PACKAGE / "lessons" / lesson / "words.toml")


@cache
def shared() -> Mapping[str, Any]:
    """The words that belong to no lesson."""
    return _read(PACKAGE / "web" / "words.toml")


@cache
def own() -> Mapping[str, Any]:
    """The words of recordings of people's own networks."""
    return _read(PACKAGE / "web" / "own" / "words.toml")


def braces(text: str) -> list[str]:
    """What a template leaves to be filled in, each name once."""
    return list(dict.fromkeys(_BRACES.findall(text)))


def fill(text: str, /, **values: object) -> str:
    """A template with its braces filled in, nouns after a 1 in the singular; KeyError names what is missing."""
    return filled(text, _BRACES, values)


def begin_with(text: str, change: Callable[[str], str]) -> str:
    """The text with a change of its first letter: `str.upper` for a sentence, `str.lower` within one."""
    return change(text[:1]) + text[1:]


def _read(path: Path) -> dict[str, Any]:
    return _one_line(tomllib.loads(path.read_text(encoding="utf-8"))) if path.exists() else {}


def _one_line(value: Any) -> Any:
    """Texts may be broken into lines where it suits the file; paragraphs stay, and so do spaces around a text of one line."""
    if isinstance(value, dict):
        return {key: _one_line(one) for key, one in value.items()}
    if isinstance(value, str) and "\n" in value:
        return "\n\n".join(" ".join(paragraph.split()) for paragraph in value.strip().split("\n\n"))
    return value
