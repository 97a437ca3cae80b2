"""The course of a run with changes: which settings are in force at a step, and up to which step two runs are equal."""

from __future__ import annotations

from typing import Any

from bnviz.config.arms import ARMS, original
from bnviz.config.changes import KNOBS, TIMES, Change
from bnviz.config.experiment import FIELDS, Experiment
from bnviz.config.fields import LIVE


def without_changes(experiment: Experiment) -> Experiment:
    """The experiment without changes."""
    return experiment.replace(**{field.name: field.default for field in FIELDS.values() if field.role == LIVE})


def experiment_at(experiment: Experiment, step: int) -> Experiment:
    """The experiment with its knobs as they are for the minibatch trained at `step`.

    The compared arm keeps its name, so `compare` stays; `normalizer` says what it has.
    """
    return experiment.replace(**{**knobs(experiment, step), "compare": experiment.compare})


def knobs(experiment: Experiment, step: int) -> dict[str, Any]:
    """The value of every knob for the minibatch trained at `step`; `compare` may be "none"."""
    changed_values = {name: latest_value(experiment, name, step) for name in KNOBS}
    return {name: getattr(experiment, name) if value is None else value for name, value in changed_values.items()}


def normalizer(experiment: Experiment, arm: str, step: int) -> str:
    """What normalizes an arm for the minibatch trained at `step`: a key of NORMALIZERS."""
    if step < experiment.batch_norm_from:
        return "none"
    name = latest_value(experiment, "compare", step) if original(arm) == experiment.compare else None
    return ARMS[name or arm].normalizer


def normalizers(experiment: Experiment) -> set[str]:
    """All that ever normalize an arm: keys of NORMALIZERS."""
    return {name for arm in experiment.arms for name in arm_normalizers(experiment, arm)}


def arm_normalizers(experiment: Experiment, arm: str) -> set[str]:
    """All that ever normalize one arm: keys of NORMALIZERS."""
    return {normalizer(experiment, arm, step) for step in (0, *experiment.change_steps)}


def frozen_layer(experiment: Experiment, step: int) -> int:
    """Which layer does not learn from the minibatch trained at `step`, counted from 1; 0 for none."""
    return latest_value(experiment, "freeze_layer", step) or 0


def input_noise(experiment: Experiment, step: int) -> float:
    """Standard deviation of the noise on the test inputs once the minibatch at `step` is trained."""
    return latest_value(experiment, "input_noise", step) or 0.0


def input_shift(experiment: Experiment, step: int) -> float:
    """What is added to all inputs, of training and of the test, from the minibatch at `step` on."""
    return latest_value(experiment, "input_shift", step) or 0.0


def has_frozen_statistics(experiment: Experiment, step: int) -> bool:
    """Whether batch norm uses its running statistics in training, too, and keeps them, for the minibatch trained at `step`."""
    return bool(latest_value(experiment, "freeze_statistics", step))


def factors(experiment: Experiment, step: int) -> dict[int, float]:
    """By layer, counted from 1: what its weights are multiplied by just before the minibatch at `step` is trained."""
    changes = [change for change in experiment.possible_changes if change.step == step and change.name.startswith(TIMES)]
    return {change.layer: float(change.value) for change in changes}


def latest_value(experiment: Experiment, name: str, step: int) -> Any:
    """The value that the last change of this name up to `step` brought; None if there was none."""
    values = [change.value for change in experiment.possible_changes if change.name == name and change.step <= step]
    return values[-1] if values else None


def stages(experiment: Experiment) -> list[tuple[int, Experiment]]:
    """What trains for how many steps, one stage between changes after another."""
    starts = [0, *experiment.change_steps]
    ends = [*experiment.change_steps, experiment.steps]
    return [(end - start, experiment_at(experiment, start)) for start, end in zip(starts, ends, strict=True)]


def examples_seen(experiment: Experiment) -> int:
    """Examples that a network trains on in the whole run, each as often as it is used."""
    return sum(steps * stage.batch * stage.accumulate for steps, stage in stages(experiment))


def epochs(experiment: Experiment) -> float:
    """The same in passes over the training set, as recordings count epochs."""
    return examples_seen(experiment) / experiment.examples


def common_prefix_step(one: Experiment, other: Experiment) -> int:
    """The last step whose snapshot both runs share; -1 if they share none.

    They do up to the first change that only one of them knows, which the snapshot at its step does not show yet.
    """
    if without_changes(one) != without_changes(other):
        return -1
    different = _change_keys(one) ^ _change_keys(other)
    return min((step - (step == 0) for step, *_ in different), default=one.steps)


def _change_keys(experiment: Experiment) -> set[tuple]:
    """Everything that happens, each with its step first; how normalizers start, and are measured, is a part of their being
    switched."""
    start = min(experiment.batch_norm_from, experiment.steps)
    return {(start, "batch_norm_from", _start(experiment, start))} | {
        _change_key(experiment, change) for change in experiment.possible_changes
    }


def _change_key(experiment: Experiment, change: Change) -> tuple:
    start = _start(experiment, change.step) if change.name == "compare" else ""
    return change.step, change.name, change.value, start


def _start(experiment: Experiment, step: int) -> str:
    """How a normalizer starts that is switched on at a step, and whether its noise is on the probe. Without statistics
    `switch_examples`, and without noise `probe_noise`, is the same for all."""
    return f"{experiment.scale_start} {experiment.switch_examples} {experiment.probe_noise}" if step else ""
