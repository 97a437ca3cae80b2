"""Turning a knob while it trains asks for another run whose beginning is the same: experiments from experiments, no Streamlit.

A setting changes "from the start", then it is the experiment's own, or "from step s on", then it is one of its `changes`. When
the compared network gets its normalizer is a setting of its own, `batch_norm_from`, and is turned like one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bnviz.config import changes, course
from bnviz.config.arms import ARMS
from bnviz.config.changes import KNOBS, Change
from bnviz.config.experiment import FIELDS, Experiment
from bnviz.config.fields import LIVE, BadField, Field, written
from bnviz.web import words

LATE = "batch_norm_from"
OTHERS = [name for name, field in FIELDS.items() if field.role != LIVE]


def happenings(experiment: Experiment) -> list[Change]:
    """All that changes on the way, by step; the late start of the normalizer among it."""
    late = [Change(experiment.batch_norm_from, LATE, experiment.compare)] if experiment.starts_late else []
    return sorted([*late, *experiment.possible_changes], key=lambda change: (change.step, change.name))


def differences(experiment: Experiment, other: Experiment) -> str:
    """What an experiment has that another one has not, in a few words."""
    named = [FIELDS[name] for name in OTHERS if getattr(experiment, name) != getattr(other, name)]
    values = [f"{field.label} {_said(field, getattr(experiment, field.name))}" for field in named]
    mine, others = happenings(experiment), happenings(other)
    values += [_told(change, experiment) for change in mine if change not in others]
    own = {field.name for field in named}
    lacking = {_lacking(change, experiment, other) for change in others if change not in mine and change.name not in own}
    return ", ".join([*values, *sorted(lacking)])


def _lacking(change: Change, experiment: Experiment, other: Experiment) -> str:
    """What an experiment has in place of a change that another one knows."""
    said = words.shared()["happenings"]
    if change.name == LATE:
        return words.fill(said["on_from_start"], norm=ARMS[experiment.compare].label)
    same = [one for one in happenings(experiment) if one.name == change.name]
    if change.name in KNOBS and change.name != "compare" and not same:
        field = FIELDS[change.name]
        return words.fill(said["throughout"], label=field.label, value=_said(field, getattr(experiment, change.name)))
    return words.fill(said["without"], changes=_told(change, other))


def _told(change: Change, experiment: Experiment) -> str:
    """A change with its step."""
    return words.fill(words.shared()["happenings"]["told"], **described(change, experiment))


def _said(field: Field, value: object) -> str:
    """A field's value as people call it."""
    return field.choices[str(value)] if field.choices else written(value)


def told(experiment: Experiment) -> list[dict[str, Any]]:
    """All that changes on the way, for the player."""
    return [described(change, experiment) for change in happenings(experiment)]


def described(change: Change, experiment: Experiment) -> dict[str, Any]:
    """A change for the player, with what people call it."""
    said, value = words.shared()["happenings"], change.value
    if change.name == LATE:
        label = words.fill(said["batch_norm_from"], norm=ARMS[experiment.compare].label)
    elif change.name == "compare":
        norm = ARMS[experiment.compare if value == "none" else str(value)].label
        label = words.fill(said["off" if value == "none" else "on"], norm=norm)
    elif change.name.startswith(changes.TIMES):
        label = words.fill(said["times"], layer=change.layer, value=written(value))
    elif change.name == "freeze_layer":
        label = words.fill(said["freeze" if value else "thaw"], layer=value)
    elif change.name == "input_noise":
        label = words.fill(said["noise" if value else "clear"], value=written(value))
    else:
        label = words.fill(said["knob"], label=FIELDS[change.name].label, value=written(value))
    return {"step": change.step, "name": change.name, "label": label, **_before(change, experiment)}


def _before(change: Change, experiment: Experiment) -> dict[str, str]:
    """What a setting was until a change of it, in words; nothing of what no setting shows as a number."""
    if change.name not in KNOBS or change.name == "compare":
        return {}
    value = course.knobs(experiment, change.step - 1)[change.name]
    said = words.shared()["happenings"]
    return {"before": words.fill(said["before"], label=FIELDS[change.name].label, value=_said(FIELDS[change.name], value))}


def turned(experiment: Experiment, name: str, value: object, step: int = 0) -> Experiment:
    """With one setting changed: from `step` on, whatever was to come of it later, or from the start.

    Raises BadField if it cannot be.
    """
    known = changes.parse(experiment.changes)
    rest = [change for change in known if change.name != name]
    if step < 1 or name not in changes.fields():
        return experiment.replace(**{name: value, "changes": changes.canonical(rest)})
    fresh = Change(step, name, changes.fields()[name].check(value))
    earlier = [change for change in known if change.name == name and change.step < step]
    lasting = [] if _is_so(experiment, fresh) else [fresh]
    return checked(experiment, [*rest, *earlier, *lasting])


def _is_so(experiment: Experiment, change: Change) -> bool:
    """Whether a change changes nothing, because it is so already; a factor always does."""
    if change.name.startswith(changes.TIMES):
        return False
    before = course.latest(experiment, change.name, change.step - 1)
    usual = getattr(experiment, change.name) if change.name in KNOBS else changes.fields()[change.name].default
    return change.value == (usual if before is None else before)


def removed(experiment: Experiment, step: int, name: str) -> Experiment:
    """Without the change of that name at that step."""
    if name == LATE:
        return experiment.replace(batch_norm_from=0)
    _, rest = _parted(experiment, step, name)
    return experiment.replace(changes=changes.canonical(rest))


def moved(experiment: Experiment, step: int, name: str, to: int) -> Experiment:
    """With the change of that name at `step` at another one; raises BadField if it cannot be."""
    to = max(1, min(to, experiment.steps - 1))
    if name == LATE:
        return experiment.replace(batch_norm_from=to)
    found, rest = _parted(experiment, step, name)
    return checked(experiment, [*rest, *(Change(to, name, change.value) for change in found)])


def from_start(experiment: Experiment, step: int, name: str) -> Experiment:
    """With the change of that name at `step` made from the start, where it is one that can be."""
    found, _ = _parted(experiment, step, name)
    without = removed(experiment, step, name)
    if not found or name not in KNOBS or not FIELDS[name].takes(found[0].value):
        return without
    return without.replace(**{name: found[0].value})


def _parted(experiment: Experiment, step: int, name: str) -> tuple[list[Change], list[Change]]:
    """The changes of that name at that step, and all others."""
    known = changes.parse(experiment.changes)
    found = [change for change in known if (change.step, change.name) == (step, name)]
    return found, [change for change in known if change not in found]


def checked(experiment: Experiment, wanted: list[Change]) -> Experiment:
    """The experiment with these changes; raises BadField if it cannot have them."""
    text = changes.canonical(wanted)
    changes.parse(text)
    result = experiment.replace(changes=text)
    result.check_changes()
    return result


def edited(experiment: Experiment, edit: Mapping[str, Any], default: Experiment | None = None) -> Experiment:
    """What somebody asks for in the player, by `do` (types.d.ts: Edit); one changes the page's `default`. Raises BadField."""
    try:
        return _edited(experiment, edit, default)
    except BadField:
        raise
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:  # no player sends this
        raise BadField("changes", edit, "expected one of the player's edits") from error


def _edited(experiment: Experiment, edit: Mapping[str, Any], default: Experiment | None) -> Experiment:
    step, name = int(edit.get("step", 0)), str(edit.get("name", ""))
    match edit["do"]:
        case "start":
            return started(experiment, step)
        case "set":
            return turned(experiment, name, edit["value"], step)
        case "remove":
            return removed(experiment, step, name)
        case "move":
            return moved(experiment, step, name, int(edit["to"]))
        case "from_start":
            return from_start(experiment, step, name)
        case "scales":
            return experiment.replace(scale_start=str(edit["value"]))
        case "experiment":
            return with_values(default or Experiment(), edit["values"])
    raise KeyError(edit["do"])


def with_values(default: Experiment, values: Mapping[str, Any]) -> Experiment:
    """The default with other values of some fields; raises BadField for one that there is not, or cannot be."""
    for name, value in values.items():
        if name not in FIELDS:
            raise BadField(name, value, "there is no such setting")
    experiment = default.replace(**values)
    experiment.check_changes()
    return experiment


def started(experiment: Experiment, step: int) -> Experiment:
    """With the normalizer on from `step` on and off before; whatever else switched it on or off is dropped."""
    kept = [change for change in changes.parse(experiment.changes) if change.name != "compare"]
    return experiment.replace(batch_norm_from=step, changes=changes.canonical(kept))
