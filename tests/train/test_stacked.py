"""Stacked training against the plain trainer, run by run, and rows against what the plain networks say."""

import functools
import math

import numpy as np
import pytest
import torch
from torch.nn import functional

from bnviz.config.arms import ARMS
from bnviz.config.experiment import FIELDS, Experiment
from bnviz.config.fields import OBSERVATION, RUN, SHAPE
from bnviz.config.sweep import Run, canonical_run, trainable_arms
from bnviz.lessons.does_it_hold.measures.landscape import landscape
from bnviz.nets.network import accuracy
from bnviz.nets.normalizers import EVALUATE
from bnviz.train import loop
from bnviz.train.stacked import Normalizers, Stack, StackedBatchNorm, StackLog, drawn_examples, train_stack
from tests.measures import live_context

BASE = Experiment(steps=8, batch_size=32, learning_rate=0.02, width=16, train_size=200)
TOLERANCE = {"rtol": 1e-4, "atol": 1e-4}
EXACT = {"rtol": 1e-6, "atol": 1e-6}  # in double precision, for tiny groups amplify rounding some ten times a step


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


@pytest.fixture
def double():
    torch.set_default_dtype(torch.float64)
    yield
    torch.set_default_dtype(torch.float32)


def trained_plainly(run, steps=None):
    """The arm after its training, or so many steps of it, as in a live run, and its data; nobody changes them."""
    return _trained_plainly(run, steps, torch.get_default_dtype())


@functools.lru_cache(maxsize=256)
def _trained_plainly(run, steps, _default_dtype):
    tensors, arm = loop.DataTensors(run.experiment), loop.ArmTrainer(run.experiment, run.arm)
    batches = loop.minibatches(run.experiment)
    for step in range(run.experiment.steps if steps is None else steps):
        chosen = batches.take(run.experiment.accumulate)
        arm.step(tensors.x_train[chosen].to(dtype_of(run)), tensors.y_train[chosen])
        arm.check_divergence(step, arm.train_metrics.last_loss)
    return arm, tensors


def trained_together(runs, steps=None):
    """The stack after its training, or so many steps of it."""
    stack = Stack(runs)
    log, batches = StackLog(stack), [loop.minibatches(experiment) for experiment in stack.experiments]
    for _ in range(steps or stack.shared.steps):
        x, y = log.minibatch(torch.stack([one.take(stack.shared.accumulate) for one in batches]))
        stack.step(x.to(dtype_of(stack.runs[0])), y)
    return stack


def dtype_of(run):
    """Of a run's numbers, whichever a test makes usual."""
    return torch.float64 if run.experiment.precision == "double" else torch.get_default_dtype()


def rows_of(runs, measures=()):
    return {row["run"]: row for row in train_stack(runs, measures) if row}


def assert_same_networks(runs, steps=None, **tolerance):
    stack = trained_together(runs, steps)
    assert sorted(run.id for run in stack.runs) == sorted(run.id for run in runs)
    for run, network in zip(stack.runs, stack.unstack(), strict=True):
        plain = trained_plainly(run, steps)[0].network
        expected, initial = plain.state_dict(), loop.ArmTrainer(run.experiment, run.arm).network.state_dict()
        for name, values in network.state_dict().items():
            np.testing.assert_allclose(values, expected[name], err_msg=f"{run.arm} {name}", **tolerance)
        moved = {name for name, _ in plain.named_parameters() if not torch.equal(expected[name], initial[name])}
        learning = {name for name, one in plain.named_parameters() if one.requires_grad}
        assert moved <= learning and bool(moved) == bool(learning)  # there was something to compare


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_every_arm_in_one_stack_ends_as_it_does_alone(momentum):
    base = BASE.replace(momentum=momentum)
    assert_same_networks(
        [canonical_run(base.replace(seed=seed), arm) for seed in (0, 7) for arm in trainable_arms()], **TOLERANCE
    )


VALUES = {  # of fields whose first other choice or mark would not do for runs as short and small as BASE
    "learning_rate": (0.005, 0.03), "label_noise": (0.5,), "dropout": (0.3,), "ghost_batch_size": (10, 16),
    "statistics_momentum": (0.5,), "seed": (3, 7),
    "batch_size": (2, 16, 1000), "train_size": (40,), "steps": (10,), "width": (8, 24),
    "hidden_layers": (2,), "momentum": (0.9,), "hold_from": (3,), "example": (7,), "snapshot_every": (1,),
    "weight_decay": (0.5, 2.0), "rate_growth": (1.03, 0.95), "epsilon": (1e-3, 1e-30),
}  # fmt: skip
WORLDS = {  # what a field needs beside it to mean something
    "coats": {"dataset": "cats", "train_size": 100}, "example": {"microscope": "yes"}, "rising": {"weight_decay": 0.5},
}  # fmt: skip


def values_of(field):
    """Values to try: those above, or all other choices, or the first other mark; so a new field is tried, too."""
    others = [value for value in field.choices or field.marks if value != field.default]
    return VALUES.get(field.name) or (others if field.choices else others[:1])


def variants(name):
    """Experiments that differ in this one field, the unchanged one first."""
    base = BASE.replace(**WORLDS.get(name, {}))
    return [base, *(base.replace(**{name: value}) for value in values_of(FIELDS[name]))]


def fields_with(role):
    return [name for name, field in FIELDS.items() if field.role == role]


def ends(run):
    """The weights after plain training, as one array."""
    return weights(trained_plainly(run)[0].network)


def weights(network):
    return np.concatenate([values.numpy().ravel() for values in network.state_dict().values()])


def arms_of(name):
    """The two arms of the lecture, and two others, which every next field chooses anew."""
    others = [arm for arm in trainable_arms() if arm not in ("none", "batch")]
    place = 2 * list(FIELDS).index(name)
    return ["none", "batch", *(others[(place + step) % len(others)] for step in range(2))]


@pytest.mark.parametrize(("name", "arm"), [(name, arm) for name in fields_with(RUN) for arm in arms_of(name)])
def test_runs_that_differ_in_a_field_train_together(name, arm, double):
    runs = list(dict.fromkeys(canonical_run(experiment, arm) for experiment in variants(name)))
    assert len({run.shape for run in runs}) == 1
    assert_same_networks(runs, **EXACT)


@pytest.mark.slow
@pytest.mark.parametrize("arm", trainable_arms())
@pytest.mark.parametrize("name", fields_with(SHAPE))
def test_runs_that_share_any_value_of_a_field_train_together(name, arm, double):
    """Each arm tries one of the field's values, the next arm the next one: every value is tried, by some arm."""
    first, *others = variants(name)
    assert len(others) <= len(trainable_arms())
    experiment = others[trainable_arms().index(arm) % len(others)]
    runs = [canonical_run(experiment.replace(seed=seed), arm) for seed in (0, 1)]
    assert runs[0].shape == runs[1].shape != canonical_run(first, arm).shape
    assert_same_networks(runs, **EXACT)


@pytest.mark.parametrize("arm", ["none", "batch", "noisy-batch"])
@pytest.mark.parametrize("name", fields_with(OBSERVATION))
def test_what_is_looked_at_changes_no_network(name, arm):
    first, *others = variants(name)
    plain_run = canonical_run(first, arm)
    for experiment in others:
        assert canonical_run(experiment, arm) == plain_run
        np.testing.assert_array_equal(ends(Run(experiment, arm)), ends(plain_run))
        (ours,), (expected,) = (trained_together([run]).unstack() for run in (Run(experiment, arm), plain_run))
        np.testing.assert_array_equal(weights(ours), weights(expected))


@pytest.mark.parametrize("name", [*fields_with(RUN), *fields_with(SHAPE)])
def test_every_other_field_changes_some_network(name):
    first, *others = variants(name)
    for experiment in others:
        assert any(not np.array_equal(ends(Run(first, arm)), ends(Run(experiment, arm))) for arm in ("batch", "none"))


@pytest.mark.parametrize("name", FIELDS)
def test_what_only_batch_statistics_know_changes_no_other_network(name):
    for experiment in variants(name)[1:] if FIELDS[name].only_with_statistics else ():
        for arm in trainable_arms():
            alike = np.array_equal(ends(Run(BASE, arm)), ends(Run(experiment, arm)))
            assert alike == (not ARMS[arm].statistics) == (canonical_run(experiment, arm) == canonical_run(BASE, arm)), arm


@pytest.mark.parametrize("arm", ["none", "batch", "dyt"])
@pytest.mark.parametrize("trainable", ["scales", "output"])
def test_only_what_is_trainable_learns(trainable, arm, double):
    run = canonical_run(BASE.replace(trainable=trainable, momentum=0.9, weight_decay=0.5), arm)
    assert_same_networks([run], **EXACT)
    learning = {name for name, one in trained_plainly(run)[0].network.named_parameters() if one.requires_grad}
    output = {f"linears.{BASE.hidden_layers}.{part}" for part in ("weight", "bias")}
    own = {name for name, _ in trained_plainly(run)[0].network.named_parameters() if name.startswith("normalizers")}
    assert learning == (output if trainable == "output" else own) and bool(own) == (arm != "none")


@pytest.mark.parametrize("arm", ["none", "batch", "noisy-batch"])
def test_accumulated_gradients_train_together(arm, double):
    experiment = BASE.replace(accumulate=3, batch_size=8, momentum=0.9, dropout=0.2, ghost_batch_size=4, rate_growth=1.02)
    assert_same_networks([canonical_run(experiment.replace(seed=seed), arm) for seed in (0, 1)], steps=6, **EXACT)


def test_without_statistics_accumulated_minibatches_are_one(double):
    """SGD sees the mean gradient of the same examples; batch norm sees other minibatches."""
    whole, parts = BASE.replace(batch_size=32, train_size=192), BASE.replace(batch_size=8, train_size=192, accumulate=4)
    for arm in ("none", "layer"):
        np.testing.assert_allclose(ends(canonical_run(parts, arm)), ends(canonical_run(whole, arm)), **EXACT)
    assert not np.allclose(ends(canonical_run(parts, "batch")), ends(canonical_run(whole, "batch")), atol=0.01)


def test_with_momentum_the_velocity_grows_along_with_the_rate(double):
    special = [
        BASE.replace(momentum=0.9, rate_growth=growth, weight_decay=decay)
        for growth, decay in ((1.1, 0.5), (0.9, 0.0), (1.0, 2.0))
    ]
    assert_same_networks([canonical_run(experiment, arm) for experiment in special for arm in ("none", "batch")], **EXACT)


def test_regression_trains_together():
    base = BASE.replace(dataset="linear-map", activation="identity")
    assert_same_networks(
        [canonical_run(base.replace(seed=seed), arm) for seed in (0, 1) for arm in ("none", "batch")], **TOLERANCE
    )


def test_tiny_ghost_batches_agree_as_far_as_numbers_reach(double):
    """Groups of 4 amplify rounding some ten times a step: single precision agrees for three steps, double for many more."""
    runs = [canonical_run(BASE.replace(ghost_batch_size=4, seed=seed), "batch") for seed in (0, 1)]
    assert_same_networks(runs, steps=5, rtol=1e-6, atol=1e-6)


def test_batch_norm_is_stacked_where_it_can_be():
    pairs = ((0, "batch"), (16, "batch"), (10, "batch"), (0, "layer"))
    runs = [canonical_run(BASE.replace(ghost_batch_size=size), arm) for size, arm in pairs]
    kinds = {(run.arm, run.experiment.ghost_batch_size): None for run in runs}
    stack = Stack(runs)
    for part, normalizers in zip(stack.parts, stack.normalizers[0], strict=True):
        (run,) = stack.runs[part]
        kinds[run.arm, run.experiment.ghost_batch_size] = type(normalizers)
    assert kinds == {
        ("batch", 0): StackedBatchNorm,
        ("batch", 16): StackedBatchNorm,
        ("batch", 10): Normalizers,
        ("layer", 0): Normalizers,
    }


@pytest.mark.parametrize("arm", ["none", "batch", "layer"])
def test_a_row_says_what_the_plain_network_says(arm):
    variants = ({"seed": 0}, {"seed": 1}, {"seed": 1, "bootstrap": "yes"})
    runs = [canonical_run(BASE.replace(label_noise=0.2, **changes), arm) for changes in variants]
    rows = rows_of(runs)
    for run in runs:
        (network, tensors), row = (lambda pair: (pair[0].network, pair[1]))(trained_plainly(run)), rows[run.id]
        with torch.no_grad():
            test, train = network(tensors.x_test, EVALUATE), network(tensors.x_train, EVALUATE)
        assert row["arm"] == arm and row["seed"] == run.experiment.seed and row["diverged_at"] is None
        assert row["test_accuracy"] == pytest.approx(accuracy(test, tensors.y_test), abs=0.002)
        assert row["train_accuracy"] == pytest.approx(accuracy(train, tensors.y_train), abs=0.006)
        assert row["test_loss"] == pytest.approx(functional.cross_entropy(test, tensors.y_test).item(), rel=1e-3)


def test_each_seed_draws_a_training_set_of_its_own_with_replacement():
    """63 % of the examples, some several times; a measure is told of these, and of nothing else."""
    runs = [canonical_run(BASE.replace(seed=seed, bootstrap="yes", train_size=2000), "none") for seed in (0, 1)]
    first, second = drawn_examples([run.experiment for run in runs])
    assert len(first) == 2000 and first.unique().numel() / 2000 == pytest.approx(1 - 1 / math.e, abs=0.03)
    assert not torch.equal(first, second) and first.max() < 2000
    tensors = loop.DataTensors(runs[0].experiment)
    plain = loop.DataTensors(runs[0].experiment.replace(bootstrap="no"))
    assert torch.equal(tensors.x_train, plain.x_train[first]) and torch.equal(tensors.y_train, plain.y_train[first])
    assert tensors.bytes - plain.bytes == plain.x_train.nbytes


def test_a_row_follows_the_training():
    (run,) = runs = [canonical_run(BASE.replace(steps=30), "batch")]
    row = rows_of(runs)[run.id]
    assert row["checkpoints"][0] == 0 and row["checkpoints"][-1] == 30 and sorted(set(row["checkpoints"])) == row["checkpoints"]
    assert len(row["test_accuracies"]) == len(row["train_losses"]) == len(row["checkpoints"])
    assert row["test_accuracy"] == row["test_accuracies"][-1] and row["best_test_accuracy"] == max(row["test_accuracies"])
    snapshots = [snapshot for snapshot in loop.train(run.experiment.replace(snapshot_every=1)) if snapshot]
    by_step = {snapshot["step"]: snapshot["arms"]["batch"] for snapshot in snapshots}
    for step, accuracy_there in zip(row["checkpoints"], row["test_accuracies"], strict=True):
        assert accuracy_there == pytest.approx(by_step[step]["test_accuracy"], abs=0.003)
    assert math.isnan(row["train_losses"][0])
    last, before = row["checkpoints"][-1], row["checkpoints"][-2]
    losses = [by_step[step]["train_loss"] for step in range(before + 1, last + 1)]
    assert row["train_losses"][-1] == pytest.approx(np.mean(losses), rel=1e-3)


def test_a_run_that_diverges_leaves_the_others_alone():
    wild, tame = canonical_run(BASE.replace(learning_rate=10.0, steps=40), "none"), canonical_run(BASE.replace(steps=40), "none")
    together, alone = rows_of([wild, tame]), rows_of([tame])
    assert together[tame.id]["diverged_at"] is None
    assert together[tame.id]["test_accuracies"] == pytest.approx(alone[tame.id]["test_accuracies"], abs=0.002)
    assert together[wild.id]["diverged_at"] == trained_plainly(wild)[0].diverged_at is not None


def test_a_row_does_not_depend_on_the_stack_that_it_is_in():
    runs = [canonical_run(BASE.replace(seed=seed), arm) for seed in range(3) for arm in ("none", "batch", "group")]
    together = rows_of(runs)
    for run in runs[:3]:
        alone = rows_of([run])[run.id]
        assert together[run.id]["test_loss"] == pytest.approx(alone["test_loss"], rel=1e-4)
        assert together[run.id]["train_losses"][1:] == pytest.approx(alone["train_losses"][1:], rel=1e-4)


def test_it_yields_after_every_step_and_says_how_it_ended():
    steps, rows = train_stack([canonical_run(BASE, "none")]), []
    while True:
        try:
            rows.append(next(steps))
        except StopIteration as done:
            assert done.value == ("finished", "")
            break
    assert [row is None for row in rows] == [True] * BASE.steps + [False]


def test_runs_of_different_shapes_are_refused():
    with pytest.raises(ValueError, match="shapes"):
        Stack([canonical_run(BASE, "none"), canonical_run(BASE.replace(width=8), "none")])


def test_regression_has_no_accuracy():
    run = canonical_run(BASE.replace(dataset="linear-map", activation="identity"), "batch")
    row = rows_of([run])[run.id]
    assert math.isnan(row["test_accuracy"]) and math.isnan(row["train_accuracy"]) and row["test_loss"] > 0


def test_measures_are_taken_of_the_networks_on_their_way_and_change_nothing():
    runs = [canonical_run(BASE.replace(seed=seed), arm) for seed in (0, 1) for arm in ("none", "batch")]
    without, with_it = rows_of(runs), rows_of(runs, ("landscape",))
    for run in runs:
        row = with_it[run.id]
        assert row["test_loss"] == without[run.id]["test_loss"]
        assert len(row["loss_range"]) == len(row["checkpoints"]) and min(row["loss_range"]) > 0


def test_the_untrained_networks_are_measured_first():
    run = Run(BASE, "none")
    measured = rows_of([run], ("landscape",))[run.id]
    tensors, arm = loop.DataTensors(BASE), loop.ArmTrainer(BASE, "none")
    chosen = torch.randperm(BASE.examples, generator=torch.Generator().manual_seed(0))[: BASE.batch]
    expected = landscape(live_context(arm, tensors, chosen))
    assert measured["loss_range"][0] == pytest.approx(expected["loss_range"], rel=1e-4)
