"""A finding: a problem in the recording of a network, in numbers and in a sentence."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

from bnviz.plural import filled

Severity = Literal["warning", "note"]  # a note: training hardly suffers
Certainty = Literal["certain", "likely", "possible"]
ONLY_ARM = "model"  # the arm of a recording of one network
BRACES = re.compile(r"\{(\w+)\}")
WORDS = Path(__file__).with_name("words.toml")


@dataclass(frozen=True)
class Finding:
    """What was found. As a text it is the sentence.

    `kind` is a table of words.toml; `arm`, `layer` (as in `named_modules`; nothing if it is of all) and `step` say where. The
    `numbers` say so, as they are written; `certainty` is that of the meaning.
    """

    kind: str
    arm: str
    layer: str
    step: int | None
    certainty: Certainty
    numbers: Mapping[str, Any] = field(default_factory=dict)
    cause: str = ""  # a part of the kind's words that say more
    severity: Severity = "warning"

    @property
    def measured(self) -> str:
        """What was measured."""
        return self._words("measured")

    @property
    def meaning(self) -> str:
        """What it may mean, and how certain that is."""
        return f"{self._words('meaning')} {catalogue()['certainty'][self.certainty]}"

    @property
    def remedy(self) -> str:
        """What to try."""
        return self._words("remedy")

    def __str__(self) -> str:
        arm = "" if self.arm == ONLY_ARM else f"{self.arm}: "
        return f"{arm}{self.measured} {self.meaning} {self.remedy}"

    def _words(self, part: str) -> str:
        words = catalogue()[self.kind]
        template = words.get(f"{part}_{self.cause}", words[part]) if self.cause else words[part]
        values = {"arm": self.arm, "layer": self.layer, "step": self.step, **self.numbers}
        return filled(template, BRACES, {name: str(value) for name, value in values.items()})

    def as_json(self) -> dict[str, Any]:
        """As a recording's end has it."""
        names = ("kind", "arm", "layer", "step", "certainty", "cause", "severity")
        return {**{name: getattr(self, name) for name in names}, "numbers": dict(self.numbers), "sentence": str(self)}


@cache
def catalogue() -> dict[str, dict[str, str]]:
    """All words of findings, by kind."""
    return tomllib.loads(WORDS.read_text(encoding="utf-8"))
