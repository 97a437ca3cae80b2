"""Changes on the way, against a plain loop of PyTorch that is changed by hand at the same step."""

import copy
import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from bnviz.config.experiment import PROBE_SIZE, Experiment
from bnviz.data import load
from bnviz.nets.normalizers import EVALUATE, MEASURE
from bnviz.record import ndjson
from bnviz.train import loop
from tests.train.test_loop import parameters, plain_network, plain_parameters

torch.set_num_threads(1)
SMALL = Experiment(dataset="mnist1d", width=16, hidden_layers=3, steps=40, batch_size=32, snapshot_every=3, train_size=200)
STEP = 20  # where things change


def trained(experiment):
    """The training at its end, and the lines of its snapshots."""
    training, lines = loop.Training(experiment), []
    while not training.done:
        if message := training.advance():
            lines.append(ndjson.line(message))
    return training, lines


def networks(experiment, measured=False):
    """The trained networks by arm. Snapshots, which are most of the work, are taken only if they are to be `measured`."""
    if measured:
        return {arm.name: arm.network for arm in trained(experiment)[0].arms}
    training = loop.Training(experiment)
    while training.step < experiment.steps:
        training.last_snapshot_step = training.step  # as if the snapshot had been taken
        training.advance()
    return {arm.name: arm.network for arm in training.arms}


def snapshots(experiment):
    return list(ndjson.read(trained(experiment)[1]))


def arms_at(experiment, step):
    """The training just before `step` is taken and what changes before it."""
    training = loop.Training(experiment)
    while training.step < step or training._snapshot_due:
        training.advance()
    return training


# The plain loop


class PlainOrder:
    """Shuffles from generator 4·seed + 1; `take` cuts the next so many examples, or begins a new order."""

    def __init__(self, experiment):
        self.generator = torch.Generator().manual_seed(4 * experiment.seed + 1)
        self.examples, self.left = experiment.examples, torch.tensor([], dtype=torch.long)

    def take(self, size):
        if len(self.left) < size:
            self.left = torch.randperm(self.examples, generator=self.generator)
        chosen, self.left = self.left[:size], self.left[size:]
        return chosen


def plain_loop(experiment, arm, at, change):
    """`change(state)` is called before step `at`; state has net, optimizer and batch size."""
    split = load(experiment.dataset)
    x, y = torch.tensor(split.x_train), torch.tensor(split.y_train)
    net, order = plain_network(experiment, arm), PlainOrder(experiment)
    optimizer = torch.optim.SGD(net.parameters(), lr=experiment.learning_rate, momentum=experiment.momentum)
    state = {"net": net, "optimizer": optimizer, "size": experiment.batch, "shift": 0.0}
    for step in range(experiment.steps):
        if step == at:
            change(state)
        chosen = order.take(state["size"])
        loss = functional.cross_entropy(state["net"](x[chosen] + state["shift"]), y[chosen])
        state["optimizer"].zero_grad()
        loss.backward()
        state["optimizer"].step()
    return state["net"]


def group(**values):
    return lambda state: state["optimizer"].param_groups[0].update(values)


def linears(net):
    return [layer for layer in net if isinstance(layer, nn.Linear)]


def times(state):
    with torch.no_grad():
        linears(state["net"])[1].weight.mul_(-2.5)


def freeze(state):
    layers = list(state["net"])
    place = next(number for number, layer in enumerate(layers) if layer is linears(state["net"])[1])
    for layer in layers[place : place + 2]:
        layer.requires_grad_(False)


def freeze_statistics(state):
    for layer in state["net"]:
        if isinstance(layer, nn.BatchNorm1d):
            layer.eval()


CHANGES = {
    "input_shift=0.5": lambda state: state.update(shift=0.5),
    "freeze_statistics=1": freeze_statistics,
    "learning_rate=0.5": group(lr=0.5),
    "momentum=0.9": group(momentum=0.9),
    "batch_size=7": lambda state: state.update(size=7),
    "batch_size=64": lambda state: state.update(size=64),
    "times_w2=-2.5": times,
    "freeze_layer=2": freeze,
}


@pytest.mark.parametrize("arm", ["none", "batch"])
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("momentum", [0.0, 0.5])
def test_a_change_is_what_it_is_in_a_plain_loop(change, arm, momentum):
    experiment = SMALL.replace(momentum=momentum, changes=f"{STEP}:{change}")
    expected = plain_loop(experiment, arm, STEP, CHANGES[change])
    for ours, plain in plain_parameters(networks(experiment)[arm], expected):
        assert torch.equal(ours, plain)


@pytest.mark.parametrize("step", range(1, 14))
def test_a_change_of_the_batch_size_goes_on_from_the_same_place(step):
    """200 examples are six minibatches of 32 and eight left over: the peek at the next one may have shuffled already."""
    experiment = SMALL.replace(steps=20, changes=f"{step}:batch_size=8", snapshot_every=1)
    expected = plain_loop(experiment, "none", step, lambda state: state.update(size=8))
    for ours, plain in plain_parameters(networks(experiment, measured=True)["none"], expected):
        assert torch.equal(ours, plain)


def test_epochs_count_the_examples_that_were_used():
    epochs = {one["step"]: one["epoch"] for one in snapshots(SMALL.replace(changes=f"{STEP}:batch_size=8"))}
    assert epochs[STEP + 1] == (STEP * 32 + 8) / 200 and epochs[40] == (STEP * 32 + 20 * 8) / 200


def first_examples(examples):
    """The inputs from which batch norm begins: the first 512 training or test examples of the run."""
    split = load(SMALL.dataset)
    return torch.tensor(split.x_train[: SMALL.train_size] if examples == "training" else split.x_test)[:PROBE_SIZE]


def with_batch_norm(keep, examples="training"):
    """A BatchNorm1d in front of every nonlinearity; running statistics, and with `keep` γ and β, from the first examples."""

    def change(state):
        layers, x = [], first_examples(examples)
        for layer in state["net"]:
            x = layer(x)
            layers.append(layer)
            if isinstance(layer, nn.Linear) and layer is not list(state["net"])[-1]:
                norm = nn.BatchNorm1d(SMALL.width)
                with torch.no_grad():
                    norm.running_mean.copy_(x.mean(0)), norm.running_var.copy_(x.var(0))
                    if keep:
                        norm.weight.copy_((x.var(0, unbiased=False) + norm.eps).sqrt()), norm.bias.copy_(x.mean(0))
                    x = functional.batch_norm(x, None, None, norm.weight, norm.bias, training=True)
                layers.append(norm)
        state["net"] = nn.Sequential(*layers)
        parameters, old = state["net"].parameters(), state["optimizer"]
        state["optimizer"] = torch.optim.SGD(parameters, lr=SMALL.learning_rate, momentum=old.param_groups[0]["momentum"])
        for parameter in state["net"].parameters():
            if parameter in old.state:
                state["optimizer"].state[parameter] = old.state[parameter]

    return change


@pytest.mark.parametrize("start", ["one", "keep"])
@pytest.mark.parametrize("momentum", [0.0, 0.5])
@pytest.mark.parametrize(
    "how", [{"batch_norm_from": STEP}, {"batch_norm_from": 4, "changes": f"3:compare=none;{STEP}:compare=batch"}]
)
def test_batch_norm_from_a_step_on_is_a_plain_one_put_in_there(start, momentum, how):
    experiment = SMALL.replace(momentum=momentum, scale_start=start, **how)
    expected = plain_loop(experiment, "none", STEP, with_batch_norm(start == "keep"))
    for ours, plain in plain_parameters(networks(experiment)["batch"], expected):
        assert torch.equal(ours, plain)


@pytest.mark.parametrize("start", ["one", "keep"])
def test_a_run_of_an_older_release_takes_its_first_statistics_from_test_examples(start):
    """As its header is read, which has no `switch_examples`: to the bit what it was."""
    header = loop.header(SMALL.replace(batch_norm_from=STEP, scale_start=start))["experiment"]
    del header["switch_examples"]
    experiment = Experiment.of_recording(header)
    expected = plain_loop(experiment, "none", STEP, with_batch_norm(start == "keep", "test"))
    pairs = list(plain_parameters(networks(experiment)["batch"], expected))
    assert all(torch.equal(ours, plain) for ours, plain in pairs)
    new = plain_parameters(networks(SMALL.replace(batch_norm_from=STEP, scale_start=start))["batch"], expected)
    assert not all(torch.equal(ours, plain) for ours, plain in new)


@pytest.mark.parametrize(
    ("settings", "compare"), [({}, "batch"), ({"momentum": 0.9, "learning_rate": 0.02}, "rms"), ({"dropout": 0.3}, "batch")]
)
def test_both_networks_are_one_until_the_normalizer_comes(settings, compare):
    looking = {"look_inside": "yes", "gradient_shift": "yes"}
    experiment = SMALL.replace(batch_norm_from=STEP, steps=STEP + 5, snapshot_every=1, compare=compare, **looking, **settings)
    none, other = ({line["step"]: ndjson.line(line["arms"][arm]) for line in snapshots(experiment)} for arm in ("none", compare))
    assert all(none[step] == other[step] for step in range(STEP + 1))
    assert all(none[step] != other[step] for step in range(STEP + 1, STEP + 6))


def test_a_snapshot_says_which_normalizer_is_in_force():
    experiment = SMALL.replace(batch_norm_from=4, fixed_scales="yes", hold_from=8, changes="10:compare=none;20:compare=rms")
    expected = {4: ("none", "none"), 5: ("batch", "fixed"), 10: ("batch", "fixed"), 11: ("none", "fixed"), 21: ("rms", "fixed")}
    for snapshot in snapshots(experiment):
        arms = {name: part["normalizer"] for name, part in snapshot["arms"].items()}
        assert arms["none"] == arms["none-held"] == "none" and arms["batch"] == arms["batch-held"]
        assert (arms["batch"], arms["fixed"]) == expected.get(snapshot["step"], (arms["batch"], arms["fixed"]))
        for name, part in snapshot["arms"].items():
            assert ("gamma" in part, "beta" in part) == (arms[name] != "none", arms[name] in ("batch", "fixed")), name


# Keeping what is computed


def kept_logits(training, arm, mode=MEASURE):
    network = next(one for one in training.arms if one.name == arm).network
    with torch.no_grad():
        return network(training.tensors.x_train[:PROBE_SIZE], mode)


@pytest.mark.slow
@pytest.mark.parametrize("activation", ["relu", "tanh"])
@pytest.mark.parametrize(
    "how", [{"batch_norm_from": STEP}, {"changes": f"{STEP}:compare=none"}, {"compare": "noisy-batch", "batch_norm_from": STEP}]
)
@pytest.mark.parametrize("skips", ["none", "skipinit"])
def test_what_is_kept_stays_within_rounding(how, activation, skips):
    experiment = SMALL.replace(scale_start="keep", activation=activation, skip_connections=skips, **how)
    training = arms_at(experiment, STEP)
    before = kept_logits(training, experiment.compare)
    training._apply_changes()
    assert (kept_logits(training, experiment.compare) - before).abs().max() < 1e-5
    one = arms_at(experiment.replace(scale_start="one"), STEP)
    one._apply_changes()
    assert (kept_logits(one, experiment.compare) - before).abs().max() > 0.1


@pytest.mark.parametrize("start", ["one", "keep"])
def test_evaluation_means_something_at_once(start):
    training = arms_at(SMALL.replace(batch_norm_from=STEP, scale_start=start), STEP)
    training._apply_changes()
    views = [kept_logits(training, "batch", mode) for mode in (MEASURE, EVALUATE)]
    assert torch.allclose(*views, rtol=0.01, atol=0.01)


def test_gamma_and_beta_start_at_one_and_zero_or_where_they_keep():
    for start, keeps in (("one", False), ("keep", True)):
        training = arms_at(SMALL.replace(batch_norm_from=STEP, scale_start=start), STEP)
        training._apply_changes()
        first = training.arms[1].network.normalizers[0]
        z = training.arms[1].network.linears[0](training.tensors.x_train[:PROBE_SIZE]).detach()
        assert torch.allclose(first.beta, z.mean(0) if keeps else torch.zeros(16), atol=1e-6)
        assert torch.allclose(first.gamma, torch.sqrt(z.var(0, correction=0) + 1e-5) if keeps else torch.ones(16), rtol=1e-5)


# What breaks


def test_a_frozen_layer_learns_again():
    at = {}
    training = loop.Training(SMALL.replace(momentum=0.9, changes="10:freeze_layer=2;20:freeze_layer=4;30:freeze_layer=0"))
    while not training.done:
        at.setdefault(training.step, [copy.deepcopy(arm.network.state_dict()) for arm in training.arms])
        training.advance()
    for arm in (0, 1):
        for begin, end, frozen in ((5, 9, 0), (11, 19, 2), (21, 29, 4), (31, 39, 0)):
            same = {name for name, value in at[begin][arm].items() if torch.equal(value, at[end][arm][name])}
            learnt = (
                "linears.{}.weight",
                "linears.{}.bias",
                *(("normalizers.{}.gamma", "normalizers.{}.beta") if arm and frozen < 4 else ()),
            )
            assert same == {name.format(frozen - 1) for name in learnt if frozen}


def test_a_layer_that_is_held_or_frozen_keeps_its_alpha():
    at = {}
    training = loop.Training(
        SMALL.replace(skip_connections="skipinit", momentum=0.9, hold_from=10, changes="20:freeze_layer=3;30:freeze_layer=0")
    )
    while not training.done:
        at.setdefault(training.step, {arm.name: [one.item() for one in arm.network.skip_scales] for arm in training.arms})
        training.advance()
    for arm in ("none", "batch", "none-held", "batch-held"):
        for begin, end, frozen in ((5, 9, set()), (11, 19, set()), (21, 29, {3}), (31, 39, set())):
            pairs = zip(at[begin][arm], at[end][arm], strict=True)
            same = {layer for layer, (before, after) in enumerate(pairs, 2) if before == after}
            assert same == frozen | ({2} if arm.endswith("held") and begin > 10 else set())


def test_a_network_of_which_nothing_learns_stays_as_it_is():
    experiment = SMALL.replace(hidden_layers=2, hold_from=5, changes="10:freeze_layer=3;10:compare=none", gradient_shift="yes")
    arms_by_step = {one["step"]: one["arms"] for one in snapshots(experiment)}
    for arm in ("none-held", "batch-held"):
        assert arms_by_step[11][arm]["probe_loss"] == arms_by_step[40][arm]["probe_loss"]
        assert (arms_by_step[40][arm]["gradient_norm"] == 0).all()
    assert arms_by_step[11]["none"]["probe_loss"] != arms_by_step[40]["none"]["probe_loss"]


def test_gradient_shift_is_measured_where_a_layer_is_frozen():
    parts = [
        one["arms"]["none"]
        for one in snapshots(SMALL.replace(changes="10:freeze_layer=1", gradient_shift="yes"))
        if one["step"] > 10
    ]
    assert all(part["gradient_shift"][1] == 0 for part in parts), "nothing below layer 2 moves"
    assert all(part["gradient_shift"][2] > 0 for part in parts)


def test_input_noise_is_on_the_test_inputs_alone_and_always_the_same():
    clean, noisy = (SMALL.replace(changes=changes) for changes in ("", f"{STEP}:input_noise=0.5;30:input_noise=0"))
    training = arms_at(noisy, STEP)
    x_train, x_test = training.tensors.x_train.clone(), training.tensors.x_test.clone()
    training.advance()
    added = training.tensors.x_test - x_test
    assert torch.equal(training.tensors.x_train, x_train) and added.std() == pytest.approx(0.5, rel=0.02)
    again = arms_at(noisy.replace(changes="7:input_noise=1"), 8).tensors.x_test - x_test
    assert torch.allclose(2 * added, again, atol=1e-5)
    for arm in ("none", "batch"):
        assert all(map(torch.equal, *(parameters(networks(one, measured=True)[arm]) for one in (clean, noisy))))
    losses = [{one["step"]: one["arms"]["none"]["test_loss"] for one in snapshots(each)} for each in (clean, noisy)]
    steps = losses[0].keys() & losses[1].keys()
    assert {step for step in steps if losses[0][step] != losses[1][step]} == {step for step in steps if STEP < step <= 30}


def test_dropout_and_ghost_batches_change_from_their_step_on():
    for change in ("dropout=0.5", "ghost_batch_size=8"):
        one, other = networks(SMALL), networks(SMALL.replace(changes=f"39:{change}"))
        assert not all(map(torch.equal, parameters(one["batch"]), parameters(other["batch"])))
        same = all(map(torch.equal, parameters(one["none"]), parameters(other["none"])))
        assert same == change.startswith("ghost")


# What runs share


PREFIXES = {
    "learning rate": ({}, {"changes": f"{STEP}:learning_rate=2"}),
    "two of three": ({"changes": "5:batch_size=8;21:dropout=0.5"}, {"changes": "5:batch_size=8;21:dropout=0.4;30:compare=none"}),
    "normalizer": ({"batch_norm_from": 23}, {"batch_norm_from": 31}),
    "start": ({"batch_norm_from": 23}, {"batch_norm_from": 23, "scale_start": "keep"}),
    "examples": ({"batch_norm_from": 23}, {"batch_norm_from": 23, "switch_examples": "test"}),
    "noise on the probe": tuple({"changes": "22:compare=noisy-batch", "probe_noise": noise} for noise in ("included", "omitted")),
    "noise": ({}, {"changes": "22:input_noise=1;22:times_w1=9;22:freeze_layer=1"}),
}
LOOKING = {"gradient_shift": "yes", "look_inside": "yes", "microscope": "yes", "fixed_scales": "yes", "hold_from": 10}
LOOKED_AT = ("normalizer", "noise")


@pytest.mark.parametrize(
    ("name", "looking"),
    [*((name, {}) for name in PREFIXES), *(pytest.param(name, LOOKING, marks=pytest.mark.slow) for name in LOOKED_AT)],
    ids=[*PREFIXES, *(f"{name}-looking" for name in LOOKED_AT)],
)
def test_runs_share_every_line_up_to_the_step_at_which_they_part(name, looking):
    one, other = (SMALL.replace(**changes, **looking) for changes in PREFIXES[name])
    until = loop.course.common_prefix_step(one, other)
    lines = [trained(each)[1] for each in (one, other)]
    shared = sum(one.snapshot_due(step) for step in range(until + 1))
    assert shared > 8 and lines[0][:shared] == lines[1][:shared]
    assert all(a != b for a, b in zip(lines[0][shared:], lines[1][shared:], strict=False))


@pytest.mark.parametrize(
    ("compare", "looking"),
    [("batch", {}), ("rms", {}), ("noisy-batch", {}), pytest.param("layer", LOOKING, marks=pytest.mark.slow)],
    ids=["batch", "rms", "noisy-batch", "layer-looking"],
)
def test_a_copy_goes_on_as_if_it_had_been_trained_from_the_start(compare, looking):
    changes = "6:times_w1=2;8:compare=none;10:input_noise=0.3;12:freeze_layer=2;14:momentum=0.8;15:batch_size=9;18:compare=batch"
    experiment = SMALL.replace(compare=compare, batch_norm_from=4, dropout=0.2, momentum=0.5, changes=changes, **looking)
    expected, training, copies = trained(experiment)[1], loop.Training(experiment), []
    while not training.done:
        if training.advance():
            copies.append(training.copy())
    for number, copy_ in list(enumerate(copies[:-1], 1))[:: 4 if looking else 2]:  # measuring takes its time
        for _ in range(2 if number == 9 else 1):  # a training that goes on leaves the copy as it is
            rest = expected[number:] if number == 1 else expected[number : number + 2]
            assert lines_from(copy_.resume(experiment), len(rest)) == rest


def lines_from(training, count):
    """The lines of so many snapshots, the next ones."""
    lines = []
    while len(lines) < count:
        if message := training.advance():
            lines.append(ndjson.line(message))
    return lines


def test_a_change_that_is_none_changes_nothing():
    plain = trained(SMALL)[0].arms
    same = trained(
        SMALL.replace(changes=f"{STEP}:learning_rate=0.1;{STEP}:compare=batch;{STEP}:times_w1=1;{STEP}:freeze_layer=0")
    )[0].arms
    for one, other in zip(plain, same, strict=True):
        assert all(map(torch.equal, parameters(one.network), parameters(other.network)))


def test_distributions_are_compared_with_those_before_the_normalizer_came():
    """The shift of what enters the nonlinearity from the last snapshot: from z, which was the same, to γẑ + β."""
    experiment = SMALL.replace(batch_norm_from=STEP, snapshot_every=1)
    arm = next(one for one in snapshots(experiment) if one["step"] == STEP + 1)["arms"]["batch"]
    before, after = (arms_at(experiment, step).arms[1].network for step in (STEP, STEP + 1))
    x, taps = torch.tensor(load(SMALL.dataset).x_test)[:PROBE_SIZE], ([], [])
    with torch.no_grad():
        before(x, MEASURE, taps=taps[0]), after(x, MEASURE, taps=taps[1])
    for place, tap in enumerate(ndjson.TAPS):
        old, new = (np.sort(part[1][place].numpy(), axis=0) for part in taps)
        expected = np.abs(old - new).mean() / math.sqrt((old.std(0) ** 2).mean())
        assert arm["shift_step"][tap][1] == pytest.approx(expected, rel=1e-3)
