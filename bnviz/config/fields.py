"""A field: one setting of an experiment, how it is shown, read and checked, and its role in a stack of runs."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Role = Literal["shape", "run", "observation", "live"]
SHAPE: Role = "shape"  # runs that train stacked must share it
RUN: Role = "run"  # may differ from run to run within a stack
OBSERVATION: Role = "observation"  # only what is looked at: no network trains otherwise, and a stacked run does not know it
LIVE: Role = "live"  # what happens to networks while a live run trains: stacks and sweeps refuse all but the default


class BadField(ValueError):
    """A value that a field cannot take. `field` names it, `reason` is one clause for people."""

    def __init__(self, field: str, value: object, reason: str):
        text = _excerpt(value)
        self.field, self.value, self.reason = field, text if len(text) <= 40 else text[:39] + "…", reason
        super().__init__(f"{field} = {self.value!r}: {reason}")


def _excerpt(value: object) -> str:
    try:
        return str(value)
    except ValueError:  # Python prints no more than 4300 digits
        return "a huge number"


@dataclass(frozen=True)
class Field:
    """One row of the table. `choices` maps values to labels; `marks` are a slider's stops; numbers lie in [low, high].

    A field that people write as they like has `canonical`, which gives the one way in which a text is kept, or raises BadField;
    `example` is such a text.

    `late`: it was added when there were recordings already, whose ids stay the same, because it counts only where it is not what
    those did: its default, or `formerly` where that is another value. `only_with_statistics`: it means nothing to arms that do
    not normalize with statistics of the minibatch. What is no field of an experiment (a flag of the command line, a part of a
    question) has no role.
    """

    name: str
    kind: type
    default: Any
    label: str
    help: str
    choices: Mapping[str, str] | None = None
    low: float = -math.inf
    high: float = math.inf
    marks: tuple = ()
    role: Role | None = None
    only_with_statistics: bool = False
    late: bool = False
    formerly: str = ""
    canonical: Callable[[str], str] | None = None
    example: str = ""

    def value_label(self, value: object) -> str:
        """What people call a value: the choice's label, or the number as it is written in links."""
        return (self.choices or {}).get(str(value), format_value(value))

    def check(self, value: object) -> Any:
        """`value` as this field's type; raises BadField if it is of another type or outside the range."""
        if self.canonical is not None:
            if not isinstance(value, str):
                raise BadField(self.name, value, f"expected a text such as {self.example}")
            return self.canonical(value)
        if self.choices is not None:
            if not isinstance(value, str) or value not in self.choices:
                raise BadField(self.name, value, f"expected one of {', '.join(self.choices)}")
            return value
        if isinstance(value, bool) or not isinstance(value, (int, float) if self.kind is float else int):
            raise BadField(self.name, value, f"expected {self._expected()}")
        if not self.low <= value <= self.high:  # false for NaN, too
            raise BadField(self.name, value, f"expected {self._expected()}")
        return self.kind(value) + 0  # no -0.0, which would be another id

    @property
    def unsaid(self) -> Any:
        """The value of a late field that recordings from before have, which do not name it, and which ids leave out."""
        return self.formerly or self.default

    def accepts(self, value: object) -> bool:
        """Whether it can have this value."""
        try:
            self.check(value)
        except BadField:
            return False
        return True

    def parse(self, text: str) -> Any:
        """The value written in `text`; raises BadField."""
        if self.choices is not None or self.canonical is not None:
            return self.check(text)
        try:
            if "_" in text or not text.isascii():  # Python would read 1_000 and ٣
                raise ValueError
            return self.check(self.kind(text.strip()))
        except ValueError:  # BadField is one: name the text as it was written, not what it was read as
            raise BadField(self.name, text, f"expected {self._expected()}") from None

    @property
    def range(self) -> str:
        """What it can take, for people who look it up."""
        if self.canonical is not None:
            return f"Such as {self.example}"
        return f"One of {', '.join(self.choices)}" if self.choices else f"{self.low:g} to {self.high:g}"

    def _expected(self) -> str:
        return f"{'a whole number' if self.kind is int else 'a number'} from {self.low:g} to {self.high:g}"


def choice(
    role: Role, default: str, choices: Mapping[str, str], label: str, help: str, late: bool = False, formerly: str = ""
) -> Any:
    """Declare a field that takes one of `choices`."""
    metadata = {"role": role, "choices": choices, "label": label, "help": help, "late": late, "formerly": formerly}
    return dataclasses.field(default=default, metadata=metadata)


def number(
    role: Role,
    default: float,
    low: float,
    high: float,
    label: str,
    help: str,
    marks: tuple = (),
    only_with_statistics: bool = False,
    late: bool = False,
) -> Any:
    """Declare a field that takes a number from `low` to `high`, whole if it is annotated as int."""
    metadata = {"role": role, "low": low, "high": high, "label": label, "help": help, "marks": marks}
    return dataclasses.field(default=default, metadata=metadata | {"only_with_statistics": only_with_statistics, "late": late})


def text(role: Role, default: str, canonical: Callable[[str], str], example: str, label: str, help: str) -> Any:
    """Declare a field that takes a text which `canonical` can read."""
    metadata = {"role": role, "canonical": canonical, "example": example, "label": label, "help": help}
    return dataclasses.field(default=default, metadata=metadata)


def format_value(value: object) -> str:
    """How a value is written in texts that links hold: as short as is exact."""
    return str(value).removesuffix(".0") if isinstance(value, float) else str(value)
