"""What the loop of a script says of an experiment that changes on the way."""

from __future__ import annotations

from collections.abc import Iterator

from bnviz.config import course
from bnviz.config.arms import ARMS
from bnviz.config.experiment import Experiment
from bnviz.normalizers import SPECS

STATISTICS = {key for key, spec in SPECS.items() if spec.statistics == "batch"}  # normalizers that use those of the minibatch
INPUT_NOISE = 2**34  # is added to the seed, as in bnviz.train.minibatches
HELD = {1, 2}  # the layers that a held network stops training


def has_ghosts(experiment: Experiment) -> bool:
    """Whether a minibatch is ever normalized in groups."""
    return bool(course.normalizers(experiment) & STATISTICS) and any(stage.groups > 1 for _, stage in course.stages(experiment))


def fully_frozen(experiment: Experiment) -> bool:
    """Whether a network ever has no parameter that learns."""
    if experiment.trainable == "scales":
        return True  # the network without a normalizer
    layers = set(range(1, experiment.hidden_layers + 2))
    return any(_frozen_layers(experiment, arm, step) == layers for arm in experiment.arms for step in _steps(experiment))


def change_lines(experiment: Experiment) -> Iterator[str]:
    """Lines of the loop, with their indentation."""
    for step in _steps(experiment):
        if lines := list(_changes_at(experiment, step)):
            yield f"    if step == {step}:"
            yield from (f"        {line}" for line in lines)


def _steps(experiment: Experiment) -> list[int]:
    """Before which something changes."""
    held = {experiment.hold_from} if 0 < experiment.hold_from < experiment.steps else set()
    return sorted({*experiment.change_steps, *held})


def _changes_at(experiment: Experiment, step: int) -> Iterator[str]:
    """What changes before a step, in the order of `bnviz.train.arm.ArmTrainer.turn`."""
    for arm in experiment.arms:
        yield from _switching(experiment, arm, step)
    for layer, factor in course.factors(experiment, step).items():
        yield "for network in networks.values():"
        yield f"    network.linears[{layer - 1}].weight.data.mul_({factor})"
    yield from _statistics(experiment, step)
    yield from _learning(experiment, step)
    yield from _knobs(experiment, step)
    yield from _inputs(experiment, step)


def _statistics(experiment: Experiment, step: int) -> Iterator[str]:
    """Whether normalizers use running statistics in training, where that changes or a new normalizer does not know it."""
    before, now = (course.has_frozen_statistics(experiment, one) for one in (step - 1, step))
    switched = any(line for arm in experiment.arms for line in _switching(experiment, arm, step))
    if before != now or (now and switched):
        yield "for network in networks.values():"
        yield f"    network.normalizers.train({not now})"


def _inputs(experiment: Experiment, step: int) -> Iterator[str]:
    """What is added to inputs from here on."""
    (noise_before, shift_before), (noise, shift) = (
        (course.input_noise(experiment, one), course.input_shift(experiment, one)) for one in (step - 1, step)
    )
    shifted = f" + {shift}" if shift else ""
    if (noise, shift) != (noise_before, shift_before):
        generator = f"torch.Generator().manual_seed({INPUT_NOISE + experiment.seed})"
        noisy = f" + {noise} * torch.randn(clean.shape, generator={generator})" if noise else ""
        yield f"x_test = clean{noisy}{shifted}"
    if shift != shift_before:
        yield f"x_train = clean_train{shifted}"


def _switching(experiment: Experiment, arm: str, step: int) -> Iterator[str]:
    """How a network gets another normalizer: see `bnviz.nets.switching.switch`."""
    before, now = (course.normalizer(experiment, arm, one) for one in (step - 1, step))
    if before == now:
        return
    keep = experiment.scale_start == "keep"
    if keep and before in STATISTICS and now == "none":
        yield f'absorb("{arm}")'
    keeps = keep and before == "none" and now in STATISTICS - {"fixed"}
    yield f'switch("{arm}", "{now}"{", keep=True" if keeps else ""})'


def _learning(experiment: Experiment, step: int) -> Iterator[str]:
    """Which layers learn from here on, where that is another set or a new normalizer needs it again."""
    frozen = {arm: _frozen_layers(experiment, arm, step) for arm in experiment.arms}
    for arm, layers in frozen.items():
        if layers != _frozen_layers(experiment, arm, step - 1) or (layers and any(_switching(experiment, arm, step))):
            yield f'let_learn("{arm}", but={sorted(layers)})'


def _frozen_layers(experiment: Experiment, arm: str, step: int) -> set[int]:
    """The layers, counted from 1, that do not learn from the minibatch trained at `step`."""
    held = HELD if ARMS[arm].held and 0 < experiment.hold_from <= step else set()
    return (held | {course.frozen_layer(experiment, step)}) - {0}


def _knobs(experiment: Experiment, step: int) -> Iterator[str]:
    """The settings that have another value from here on."""
    before, now = (course.experiment_at(experiment, one) for one in (step - 1, step))
    if (before.learning_rate, before.momentum) != (now.learning_rate, now.momentum):
        yield "for optimizer in optimizers.values():"
        yield f"    optimizer.param_groups[0].update(lr={now.learning_rate}, momentum={now.momentum})"
    if before.batch != now.batch:
        yield f"batch_size = {now.batch}"
    if before.dropout != now.dropout:
        yield f"dropout = {now.dropout}"
    if before.groups != now.groups and has_ghosts(experiment):
        yield f"GhostBatchNorm.groups = {now.groups}"
