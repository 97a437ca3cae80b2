"""Changes of a run while it trains: settings are edited, or something is broken, before a step; a text in a link lists them.

    200:learning_rate=1;350:batch_size=8

A change holds for the minibatch trained at its step and for all after it.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bnviz.config.arms import COMPARED
from bnviz.config.fields import BadField, Field, format_value
from bnviz.plural import counted

MAX_CHANGES = 8  # changes of one run
LAYERS = 50  # whose weights can be multiplied
KNOBS = ("learning_rate", "batch_size", "ghost_batch_size", "dropout", "momentum", "compare")  # fields of the experiment
TIMES = "times_w"
BREAKS: dict[str, Field] = {
    field.name: field
    for field in (
        *(Field(f"{TIMES}{layer}", float, 1.0, "", "", low=-1000.0, high=1000.0) for layer in range(1, LAYERS + 1)),
        Field("freeze_layer", int, 0, "", "", low=0, high=LAYERS + 1),
        Field("input_noise", float, 0.0, "", "", low=0.0, high=5.0),
        Field("input_shift", float, 0.0, "", "", low=-5.0, high=5.0),
        Field("freeze_statistics", int, 0, "", "", low=0, high=1),
    )
}
OTHERS = [name for name in BREAKS if not name.startswith(TIMES)]


@dataclass(frozen=True)
class Change:
    """Before minibatch `step`, counted from 0, `name` becomes `value`; `times_w3` multiplies W[3] by it, once."""

    step: int
    name: str
    value: float | int | str

    def __str__(self) -> str:
        return f"{self.step}:{self.name}={format_value(self.value)}"

    @property
    def layer(self) -> int:
        """Which layer it is about, counted from 1; 0 for none."""
        if self.name == "freeze_layer":
            return int(self.value)
        return int(self.name.removeprefix(TIMES)) if self.name.startswith(TIMES) else 0


def fields(experiment: Mapping[str, Field]) -> dict[str, Field]:
    """What may change, by name, and which values it takes: some of the experiment's own fields, and what breaks things."""
    normalizers = {"none": "no normalizer", **COMPARED}
    knobs = {name: experiment[name] for name in KNOBS}
    return {**knobs, "compare": dataclasses.replace(knobs["compare"], choices=normalizers), **BREAKS}


def steps(experiment: Mapping[str, Field]) -> Field:
    """The steps of the longest run before which something can change."""
    return Field("step", int, 1, "", "", low=1, high=experiment["steps"].high - 1)


def parse(text: str, fields: Mapping[str, Field], steps: Field) -> tuple[Change, ...]:
    """The changes in the order of the text; raises BadField."""
    parts = text.split(";") if text.strip() else []
    if len(parts) > MAX_CHANGES:
        raise BadField("changes", text, f"expected at most {MAX_CHANGES} changes, and these are {len(parts)}")
    try:
        return tuple(_change(part, fields, steps) for part in parts)
    except BadField as error:
        raise BadField("changes", text, error.reason) from None


def _change(text: str, fields: Mapping[str, Field], steps: Field) -> Change:
    step, colon, assignment = text.partition(":")
    name, equals, value = assignment.partition("=")
    name = name.strip()
    if not colon or not equals:
        raise _bad(text, "expected step:name=value")
    if name not in fields:
        raise _bad(text, f"expected one of {', '.join(KNOBS)}, {TIMES}1 to {TIMES}{LAYERS}, {', '.join(OTHERS)}")
    try:
        change = Change(steps.parse(step), name, fields[name].parse(value.strip()))
    except BadField as error:
        raise _bad(text, f"{error.field}: {error.reason}") from None
    if name.startswith(TIMES) and change.value == 0:
        raise _bad(text, f"{name}: expected a factor other than 0")
    return change


def _bad(part: str, reason: str) -> BadField:
    """What is wrong with a part of a text, which the reason names."""
    return BadField("changes", part, f"in {BadField('', part.strip(), '').value!r}, {reason}")


def canonical(changes: Iterable[Change]) -> str:
    """The one text for these changes: by step, then by name. Of several for one step and name, the last one counts."""
    last = {(change.step, change.name): change for change in changes}
    return ";".join(str(last[place]) for place in sorted(last))


def rejection_reason(change: Change, steps: int, hidden_layers: int) -> str | None:
    """Why a change cannot happen in a run of so many steps, in words that follow on its text; None if it can."""
    if change.step >= steps:
        return f"comes too late for a run of {counted(steps, 'steps')}"
    if change.layer > hidden_layers + 1:
        return f"means a layer that a network of {hidden_layers} hidden layers does not have"
    return None
