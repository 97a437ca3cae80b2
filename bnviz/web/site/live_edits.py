"""Live edits: an edit of a run while it trains asks for another run with the same beginning. Experiments in, experiments out.

A setting changes "from the start", then it is the experiment's own, or "from step s on", then it is one of its `changes`. When
the compared network gets its normalizer is a setting of its own, `batch_norm_from`, and is edited like one. No Streamlit here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bnviz.config import changes, course
from bnviz.config.arms import ARMS
from bnviz.config.changes import KNOBS, Change
from bnviz.config.experiment import FIELDS, Experiment, change_fields, parse_changes
from bnviz.config.fields import LIVE, OBSERVATION, BadField, Field, format_value
from bnviz.web import words

LATE = "batch_norm_from"
STATIC_FIELDS = [name for name, field in FIELDS.items() if field.role != LIVE]


def all_changes(experiment: Experiment) -> list[Change]:
    """All changes of an experiment by step, the late start of the normalizer included."""
    late = [Change(experiment.batch_norm_from, LATE, experiment.compare)] if experiment.starts_late else []
    return sorted([*late, *experiment.possible_changes], key=lambda change: (change.step, change.name))


def differences(experiment: Experiment, other: Experiment) -> str:
    """How an experiment differs from another one, in a few words: in what is observed only if there is nothing else."""
    different = [FIELDS[name] for name in STATIC_FIELDS if getattr(experiment, name) != getattr(other, name)]
    fields = [field for field in different if field.role != OBSERVATION] or different
    labels = [f"{field.label} {_value_label(field, getattr(experiment, field.name))}" for field in fields]
    own_changes, other_changes = all_changes(experiment), all_changes(other)
    labels += [_label_at_step(change, experiment) for change in own_changes if change not in other_changes]
    names = {field.name for field in fields}
    missing = [change for change in other_changes if change not in own_changes and change.name not in names]
    return ", ".join([*labels, *sorted({_label_without(change, experiment, other) for change in missing})])


def earlier_run(experiment: Experiment, current: Experiment) -> dict[str, Any]:
    """A run that was on show before the current one, for the player: to which step they are the same, and how they differ."""
    step = course.common_prefix_step(experiment, current)
    return {"run": experiment.id, "step": step, **contrast(experiment, current)}


def contrast(experiment: Experiment, current: Experiment) -> dict[str, Any]:
    """For the player: how an experiment differs from the current one (`label`), the current one from it (`own`), how many epochs
    it takes, and of how many examples each."""
    return {
        "label": differences(experiment, current),
        "own": differences(current, experiment),
        "epochs": course.epochs(experiment),
        "examples": experiment.examples,
    }


def _label_without(change: Change, experiment: Experiment, other: Experiment) -> str:
    """What an experiment has in place of a change of another one."""
    texts = words.shared()["changes"]
    if change.name == LATE:
        return words.fill(texts["on_from_start"], norm=ARMS[experiment.compare].label)
    changes_too = any(one.name == change.name for one in all_changes(experiment))
    if change.name in KNOBS and change.name != "compare" and not changes_too:
        field = FIELDS[change.name]
        return words.fill(texts["throughout"], label=field.label, value=_value_label(field, getattr(experiment, change.name)))
    return words.fill(texts["without"], changes=_label_at_step(change, other))


def _label_at_step(change: Change, experiment: Experiment) -> str:
    """A change with its step."""
    return words.fill(words.shared()["changes"]["label_at_step"], **change_data(change, experiment))


def _value_label(field: Field, value: object) -> str:
    """A field's value as the page shows it."""
    return field.value_label(value)


def changes_data(experiment: Experiment) -> list[dict[str, Any]]:
    """All changes of an experiment, for the player (types.d.ts: Change)."""
    return [change_data(change, experiment) for change in all_changes(experiment)]


def change_data(change: Change, experiment: Experiment) -> dict[str, Any]:
    """A change for the player (types.d.ts: Change): step, name, label, and what a setting was before."""
    texts, value = words.shared()["changes"], change.value
    if change.name == LATE:
        label = words.fill(texts["batch_norm_from"], norm=ARMS[experiment.compare].label)
    elif change.name == "compare":
        norm = ARMS[experiment.compare if value == "none" else str(value)].label
        label = words.fill(texts["off" if value == "none" else "on"], norm=norm)
    elif change.name.startswith(changes.TIMES):
        label = words.fill(texts["times"], layer=change.layer, value=format_value(value))
    elif change.name == "freeze_layer":
        label = words.fill(texts["freeze" if value else "thaw"], layer=value)
    elif change.name == "input_noise":
        label = words.fill(texts["noise" if value else "clear"], value=format_value(value))
    elif change.name == "input_shift":
        label = words.fill(texts["shift" if value else "unshift"], value=format_value(value))
    elif change.name == "freeze_statistics":
        label = texts["freeze_statistics" if value else "thaw_statistics"]
    else:
        label = words.fill(texts["knob"], label=FIELDS[change.name].label, value=format_value(value))
    return {"step": change.step, "name": change.name, "label": label, **_before(change, experiment)}


def _before(change: Change, experiment: Experiment) -> dict[str, str]:
    """The value of a setting until its change, in words; nothing for what no setting shows as a number."""
    if change.name not in KNOBS or change.name == "compare":
        return {}
    value = course.knobs(experiment, change.step - 1)[change.name]
    text = words.shared()["changes"]["before"]
    return {"before": words.fill(text, label=FIELDS[change.name].label, value=_value_label(FIELDS[change.name], value))}


def set_value(experiment: Experiment, name: str, value: object, step: int = 0) -> Experiment:
    """One setting has `value` from `step` on, which replaces its later changes, or from the start (0).

    Raises BadField if it cannot be.
    """
    present = parse_changes(experiment.changes)
    rest = [change for change in present if change.name != name]
    if step < 1 or name not in change_fields():
        return experiment.replace(**{name: value, "changes": changes.canonical(rest)})
    new = Change(step, name, change_fields()[name].check(value))
    earlier = [change for change in present if change.name == name and change.step < step]
    return with_changes(experiment, [*rest, *earlier, *([] if _is_redundant(experiment, new) else [new])])


def _is_redundant(experiment: Experiment, change: Change) -> bool:
    """Whether a change sets the value that is there already; a factor never does."""
    if change.name.startswith(changes.TIMES):
        return False
    before = course.latest_value(experiment, change.name, change.step - 1)
    usual = getattr(experiment, change.name) if change.name in KNOBS else change_fields()[change.name].default
    return change.value == (usual if before is None else before)


def remove(experiment: Experiment, step: int, name: str) -> Experiment:
    """The experiment without the change of that name at that step."""
    if name == LATE:
        return experiment.replace(batch_norm_from=0)
    _, rest = _split(experiment, step, name)
    return experiment.replace(changes=changes.canonical(rest))


def move(experiment: Experiment, step: int, name: str, to: int) -> Experiment:
    """The change of that name at `step` happens at step `to`; raises BadField if it cannot."""
    to = max(1, min(to, experiment.steps - 1))
    if name == LATE:
        return experiment.replace(batch_norm_from=to)
    here, rest = _split(experiment, step, name)
    return with_changes(experiment, [*rest, *(Change(to, name, change.value) for change in here)])


def from_start(experiment: Experiment, step: int, name: str) -> Experiment:
    """The value of the change of that name at `step` holds from the start, if the experiment's own field can have it."""
    here, _ = _split(experiment, step, name)
    without = remove(experiment, step, name)
    if not here or name not in KNOBS or not FIELDS[name].accepts(here[0].value):
        return without
    return without.replace(**{name: here[0].value})


def _split(experiment: Experiment, step: int, name: str) -> tuple[list[Change], list[Change]]:
    """The changes of that name at that step, and all others."""
    present = parse_changes(experiment.changes)
    here = [change for change in present if (change.step, change.name) == (step, name)]
    return here, [change for change in present if change not in here]


def with_changes(experiment: Experiment, new: list[Change]) -> Experiment:
    """The experiment with these changes; raises BadField if it cannot have them."""
    text = changes.canonical(new)
    parse_changes(text)
    result = experiment.replace(changes=text)
    result.check_changes()
    return result


def apply(experiment: Experiment, edit: Mapping[str, Any], default: Experiment | None = None) -> Experiment:
    """The experiment after an edit in the player (types.d.ts: Edit); a whole new one starts from `default`. Raises BadField."""
    try:
        return _apply(experiment, edit, default)
    except BadField:
        raise
    except (AttributeError, KeyError, OverflowError, TypeError, ValueError) as error:  # no player sends this
        raise BadField("changes", edit, "expected one of the player's edits") from error


def _apply(experiment: Experiment, edit: Mapping[str, Any], default: Experiment | None) -> Experiment:
    step, name = int(edit.get("step", 0)), str(edit.get("name", ""))
    match edit["do"]:
        case "start":
            return start_normalizer(experiment, step)
        case "set":
            return set_value(experiment, name, edit["value"], step)
        case "remove":
            return remove(experiment, step, name)
        case "move":
            return move(experiment, step, name, int(edit["to"]))
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


def start_normalizer(experiment: Experiment, step: int) -> Experiment:
    """The normalizer is off before `step` and on from there; other changes that switch it are dropped."""
    rest = [change for change in parse_changes(experiment.changes) if change.name != "compare"]
    return experiment.replace(batch_norm_from=step, changes=changes.canonical(rest))
