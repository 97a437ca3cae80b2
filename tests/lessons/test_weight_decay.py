"""The page /weight-decay: two ways to train against a plain double-precision loop, scale invariance, and what the page says."""

import json
import math
import re
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.nn import functional

from bnviz.config.experiment import Experiment, parse_changes
from bnviz.lessons.weight_decay import scale
from bnviz.lessons.weight_decay.measures import MEASURES
from bnviz.lessons.weight_decay.page import PAGE
from bnviz.lessons.weight_decay.panels import panels
from bnviz.measures import budget
from bnviz.record import ndjson
from bnviz.train import loop
from bnviz.train.arm import ArmTrainer
from bnviz.web import words
from bnviz.web.player import messages
from bnviz.web.site import links
from tests.runs import trained

SMALL = PAGE.default.replace(
    dataset="mnist1d", width=16, hidden_layers=3, batch_size=32, train_size=400, steps=40, snapshot_every=10
)
TEXTS = words.catalogue("weight_decay")


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


def training_and_losses(experiment):
    """A training that has come to its end, and the loss of every step [steps] by arm."""
    training, losses, _ = trained(experiment)
    return training, {name: np.array(values) for name, values in losses.items()}


def arms_of(training):
    return {arm.name: arm for arm in training.arms}


# two ways


def plainly(experiment, rising):
    """Losses of batch norm's network, written out: θ ← θ − η v, v ← m v + ∂L/∂θ + λ θ for the weights of hidden layers; or
    without λ, at the rate η α^(−2t − 1)."""
    arm, tensors, batches = ArmTrainer(experiment, "batch"), loop.DataTensors(experiment), loop.minibatches(experiment)
    network, losses = arm.network, []
    hidden = [linear.weight for linear in network.linears[:-1]]
    eta, decay = experiment.learning_rate, experiment.weight_decay
    alpha = 1 - eta * decay
    for step in range(experiment.steps):
        indices = next(batches)
        loss = functional.cross_entropy(network(tensors.x_train[indices], "train"), tensors.y_train[indices])
        losses.append(loss.item())
        gradients = torch.autograd.grad(loss, list(network.parameters()))
        with torch.no_grad():
            for one, gradient in zip(network.parameters(), gradients, strict=True):
                special = any(one is weight for weight in hidden)
                rate = eta * alpha ** (-2 * step - 1) if special and rising else eta
                one -= rate * (gradient + decay * one if special and not rising else gradient)
    return np.array(losses), [weight.detach().clone() for weight in hidden]


@pytest.mark.parametrize("rising, name", [(False, "batch"), (True, "batch-rising")])
def test_each_way_is_what_li_and_arora_write(rising, name):
    training, losses = training_and_losses(SMALL)
    expected, weights = plainly(SMALL, rising)
    np.testing.assert_allclose(losses[name], expected, rtol=1e-9)
    for linear, weight in zip(arms_of(training)[name].network.linears, weights, strict=False):
        np.testing.assert_allclose(linear.weight.detach(), weight, rtol=1e-7, atol=1e-12)


WAYS = {
    "default": {},
    "momentum": {"momentum": 0.9, "learning_rate": 0.01},
    "another rate on the way": {"changes": "10:learning_rate=0.3;25:learning_rate=0.02"},
    "weights multiplied on the way": {"changes": "20:times_w2=1000"},
    "a growing rate, too": {"rate_growth": 1.02},
    "ghost batches": {"ghost_batch_size": 8},
}


@pytest.mark.parametrize("name", WAYS)
def test_with_batch_norm_both_ways_are_one_to_rounding(name):
    """Also where rate or weights change on the way. Weights are apart by what decay alone would have made of them."""
    experiment = SMALL.replace(**WAYS[name])
    training, losses = training_and_losses(experiment)
    np.testing.assert_allclose(losses["batch-rising"], losses["batch"], rtol=1e-9)
    arms = arms_of(training)
    scale = arms["batch-rising"].optimizer.scale
    assert scale < 0.99
    for one, other in zip(arms["batch"].network.linears[:-1], arms["batch-rising"].network.linears, strict=False):
        np.testing.assert_allclose(one.weight.detach(), scale * other.weight.detach(), rtol=1e-5, atol=1e-9)


@pytest.mark.parametrize("changes", ["20:learning_rate=0.02", "20:times_w2=10"])
def test_with_momentum_they_part_where_rate_or_weights_change(changes):
    """Up to there they are one."""
    _, losses = training_and_losses(SMALL.replace(momentum=0.9, learning_rate=0.01, changes=changes))
    gaps = np.abs(losses["batch-rising"] - losses["batch"]) / losses["batch"]
    assert gaps[:20].max() < 1e-12 and gaps[22:].max() > 1e-6


@pytest.mark.parametrize("activation, jumps", [("relu", True), ("tanh", False)])
def test_a_sum_near_0_with_another_sign_is_a_jump_with_relu_alone(activation, jumps):
    """The gradient for one example in two networks that differ by 10⁻¹² in one bias."""

    def gradients(sign):
        arm, tensors = ArmTrainer(SMALL.replace(activation=activation), "none"), loop.DataTensors(SMALL)
        x, y, (first, second, *_) = tensors.x_train[:1], tensors.y_train[:1], arm.network.linears
        a = arm.network.activation(first(x)).detach()
        second.bias.data[0] = sign * 0.5e-12 - (second.weight[0] @ a[0]).item()
        loss = functional.cross_entropy(arm.network(x, "measure"), y)
        return torch.autograd.grad(loss, first.weight)[0]

    one, other = gradients(1), gradients(-1)
    change = ((one - other).norm() / one.norm()).item()
    assert change > 1e-3 if jumps else change < 1e-9


def test_without_batch_norm_they_are_not():
    _, losses = training_and_losses(SMALL)
    gaps = np.abs(losses["none-rising"] - losses["none"]) / losses["none"]
    assert gaps[1] > 1e-6 and not gaps[-1] < 1e-2  # NaN if it diverged


def test_an_epsilon_that_is_not_tiny_parts_them_and_single_precision_does():
    for changes in ({"epsilon": 1e-3}, {"precision": "single"}):
        _, losses = training_and_losses(SMALL.replace(**changes))
        gaps = np.abs(losses["batch-rising"] - losses["batch"]) / losses["batch"]
        assert gaps.max() > 1e-8, changes


def test_only_the_weights_of_hidden_layers_decay():
    """Without a gradient, in exact arithmetic, they are multiplied by 1 − ηλ in each step, and nothing else moves."""
    arm = ArmTrainer(SMALL.replace(weight_decay=0.5), "batch")
    before = {name: one.detach().clone() for name, one in arm.network.named_parameters()}
    for one in arm.network.parameters():
        one.grad = torch.zeros_like(one)
    arm.optimizer.step()
    for name, one in arm.network.named_parameters():
        shrunk = name.startswith("linears") and name.endswith("weight") and not name.startswith("linears.3")
        assert torch.allclose(one, before[name] * (0.95 if shrunk else 1), rtol=1e-12, atol=0), name


def test_multiplied_weights_change_no_output_and_divide_the_gradient():
    arm, tensors = ArmTrainer(SMALL, "batch"), loop.DataTensors(SMALL)
    x, y, weight = tensors.x_train[:32], tensors.y_train[:32], arm.network.linears[1].weight

    def look():
        logits = arm.network(x, "measure")
        return logits.detach(), torch.autograd.grad(functional.cross_entropy(logits, y), weight)[0]

    logits, gradient = look()
    weight.data.mul_(1000)
    again, smaller = look()
    np.testing.assert_allclose(again, logits, rtol=1e-10)
    np.testing.assert_allclose(1000 * smaller, gradient, rtol=1e-8, atol=1e-15)
    assert (weight * gradient).sum().item() == pytest.approx(0, abs=1e-9)  # so steps only ever make it longer


# what is recorded


def test_sizes_and_rates_are_recorded_as_they_are():
    training = loop.Training(SMALL)
    while not training.done:
        if (snapshot := training.advance()) is None:
            continue
        for arm in training.arms:
            values = snapshot["arms"][arm.name]
            norms = [linear.weight.norm().item() for linear in arm.network.linears[:-1]]
            assert values["weight_norm"] == pytest.approx(norms)
            rise = (1 - 0.005) ** (-2 * training.step - 1) if "rising" in arm.name else 1
            assert values["hidden_rate"] == pytest.approx(0.1 * rise)


def test_other_experiments_are_not_measured():
    assert not MEASURES[0].applies_to(Experiment(weight_decay=0.1)) and MEASURES[0].applies_to(SMALL)


@pytest.mark.slow
def test_a_run_goes_on_from_a_checkpoint_where_its_rate_had_risen_to():
    from bnviz.train.checkpoints import CheckpointCache, train

    first, later = SMALL.replace(steps=40), SMALL.replace(steps=40, changes="30:times_w2=2")
    cache = CheckpointCache()
    list(train(first, cache))
    resumed = [line for line in train(later, cache) if line]
    assert resumed == [line for line in train(later, CheckpointCache()) if line]


@pytest.mark.parametrize("name", PAGE.presets)
def test_every_preset_may_be_asked_for(name):
    experiment = PAGE.default.replace(**PAGE.presets[name])
    budget.check(experiment)
    assert [panel["id"] for panel in panels(experiment)] == ["losses", "gap", "evaluation", "rates", "sizes", "learning"]


def test_the_rate_of_the_default_rises_some_four_hundredfold():
    default = PAGE.default
    assert default.shrinkage ** (-2 * default.steps) == pytest.approx(409, abs=1)


def test_without_a_second_training_only_learning_is_shown():
    assert [panel["id"] for panel in panels(SMALL.replace(rising="no"))] == ["learning"]


# what is said


def test_losses_part_where_numpy_says(desk):
    """On the last snapshot of a run."""
    frame = json.loads(trained(SMALL)[2].splitlines()[-2])
    own, other = (frame["arms"][name]["train_loss"] for name in ("batch", "batch-rising"))
    assert desk.call("lessons/weight_decay/losses.js", "gapOf", frame, "batch") == pytest.approx(abs(other - own) / own)
    assert desk.call("lessons/weight_decay/losses.js", "gapOf", frame, "nothing") is None
    plain = {"arms": {"batch": {"hidden_rate": 0.1, "weight_norm": [2.0, 4.0]}}}
    assert desk.call("lessons/weight_decay/losses.js", "effectiveRate", plain, "batch", 2) == pytest.approx(0.1 / 16)
    assert desk.call("lessons/weight_decay/losses.js", "effectiveRate", {"arms": {}}, "batch", 2) is None


def view_of(losses, rising, precision="double", statistics="batch", **experiment):
    """As much of a view as losses.js asks for."""
    frames = [
        {"step": step, "arms": {"batch": {"train_loss": one}, "batch-rising": {"train_loss": other}}}
        for step, (one, other) in enumerate(zip(losses, rising, strict=True))
    ]
    settings = {"epsilon": 1e-30, "momentum": 0.0, "changes": "", **experiment}
    header = {"experiment": {"precision": precision, **settings}}
    changes = [{"name": change.name} for change in parse_changes(settings["changes"])]
    about = {"header": header, "changes": changes, "normalizers": {"batch": {"statistics": statistics}}}
    return {"frames": frames, "frame": frames[-1], "frameIndex": len(frames) - 1, **about}


@pytest.mark.parametrize(
    "losses, rising, gap",
    [([2, 1], [2, 1.5], 0.5), ([2, 1, 1], [2.2, 1, 1], 0.1), ([1, 1], [1, 1], 0), ([1, None], [1, None], None)],
)
def test_the_largest_gap_so_far(desk, losses, rising, gap):
    result = desk.call("lessons/weight_decay/losses.js", "largestGap", view_of(losses, rising), "batch")
    assert result == (None if gap is None else pytest.approx(gap))


def test_the_step_at_which_losses_part(desk):
    view = view_of([1, 1, 1, 1], [1, 1.0005, 1.2, 1])
    assert desk.call("lessons/weight_decay/losses.js", "partsAt", view, "batch", 1e-3) == 2
    assert desk.call("lessons/weight_decay/losses.js", "partsAt", view, "batch", 0.5) is None


def test_rounding_is_that_of_the_precision(desk):
    for precision, dtype in (("single", np.float32), ("double", np.float64)):
        assert desk.call("lessons/weight_decay/losses.js", "roundingOf", view_of([1], [1], precision)) == np.finfo(dtype).eps
    assert math.isclose(np.finfo(np.float64).eps, 2.0**-52)


ROUNDING_SHOWS = [1.0] * 5, [1.0, 1.0, 1 + 1e-15, 1 + 1e-14, 1.2]
OTHERWISE = [1.0] * 5, [1.0, 1.0, 1.01, 1.1, 1.2]  # step 0 and step 1 are of the same networks


@pytest.mark.parametrize(
    "setting, alone",
    [
        ({}, True),
        ({"changes": "2:learning_rate=0.3;3:times_w2=1000"}, True),
        ({"changes": "2:batch_size=8;3:dropout=0.1", "momentum": 0.9}, True),
        ({"changes": "2:learning_rate=0.3", "momentum": 0.9}, False),
        ({"changes": "2:times_w2=1000", "momentum": 0.9}, False),
        ({"changes": "2:momentum=0.5"}, False),
        ({"changes": "2:compare=none"}, False),
        ({"changes": "2:freeze_layer=1"}, False),
        ({"epsilon": 1e-5}, False),
        ({"statistics": "example"}, False),
    ],
)
def test_it_is_rounding_alone_only_where_nothing_else_parts_them(desk, setting, alone):
    early = desk.call("lessons/weight_decay/losses.js", "roundedUpTo", view_of(*ROUNDING_SHOWS, **setting), "batch")
    assert early == ({"step": 3, "gap": pytest.approx(1e-14, rel=0.1)} if alone else None)
    assert desk.call("lessons/weight_decay/losses.js", "roundedUpTo", view_of(*OTHERWISE, **setting), "batch") is None


@pytest.mark.parametrize(("settings", "rounding"), [({"precision": "single"}, True), ({"epsilon": 1e-5}, False)])
def test_it_is_said_whether_rounding_alone_brought_the_losses_apart(desk, recorded, tmp_path, settings, rounding):
    """Of a recording in which the losses of batch norm's two ways lie apart by rounding up to step 20, and then by a half."""
    experiment, path = SMALL.replace(**settings), tmp_path / "apart.ndjson"
    lines = list(ndjson.read(Path(recorded(experiment)).read_bytes().splitlines(keepends=True)))
    for line in lines:
        if line["type"] == "snapshot":
            one = line["arms"]["batch"]
            line["arms"]["batch-rising"]["train_loss"] = one["train_loss"] * (1 + 1e-8 if line["step"] <= 20 else 1.5)
    path.write_bytes(b"".join(map(ndjson.line, lines)))
    data = messages.player_data(experiment.id, experiment, [], links.VIEW, "weight_decay", "same")
    choice = {"layer": 2, "tap": "activation", "unit": 0, "target": 0.5}
    desk.ask("look", recording=str(path), story="weight_decay", data=data, choice=choice, place=10**6)
    sentence = TEXTS["story"]["rounded"].split(";")[0].strip()
    headline, answer = desk.ask("speak", panels=[])
    assert (sentence in headline, sentence in answer) == (rounding, rounding), (headline, answer)


@pytest.fixture
def texts(desk, recorded):
    """All that the page says at the end of a run, by name: the headline, and captions by panel."""

    def spoken(**changes):
        experiment = SMALL.replace(**changes)
        data = messages.player_data(experiment.id, experiment, [], links.VIEW, "weight_decay")
        choice = {"layer": 2, "tap": "activation", "unit": 0, "target": 0.5}
        desk.ask("look", recording=recorded(experiment), story="weight_decay", data=data, choice=choice, place=10**6)
        captions = {panel["id"]: desk.ask("fill", text=panel["caption"]) for panel in panels(experiment)}
        return {"headline": desk.ask("speak", panels=[])[0], **captions}

    return spoken


def last_arms(path):
    return json.loads(path.read_text(encoding="utf-8").splitlines()[-2])["arms"]


def test_in_evaluation_two_ways_are_two_losses(texts, recorded):
    """One training loss and one loss with the probe's own statistics, but running ones lag behind; with others, more so."""
    text = texts(statistics_momentum=0.03)["evaluation"]
    arms = last_arms(Path(recorded(SMALL.replace(statistics_momentum=0.03))))
    one, other = arms["batch"], arms["batch-rising"]
    assert other["train_loss"] == pytest.approx(one["train_loss"], rel=1e-9)
    assert other["probe_loss"] == pytest.approx(one["probe_loss"], rel=1e-6)
    assert abs(other["test_loss"] / one["test_loss"] - 1) > 0.01
    assert f"these two differ: {one['test_loss']:.3f} with decay, {other['test_loss']:.3f} with the rising learning rate" in text
    assert f"is {one['probe_loss']:.3f} and {other['probe_loss']:.3f}" in text


def test_without_running_statistics_evaluation_says_the_same_as_training(texts):
    """Layer norm has none, and the weights before it have a size that matters: its bias does not grow along."""
    assert "But the training losses differ, too." in texts(compare="layer", weight_decay=0.5)["evaluation"]


@pytest.mark.parametrize(
    "changes, sentence",
    [
        ({"rising": "no"}, "not_trained"),
        ({"momentum": 0.9}, "no_rate"),
        ({"changes": "30:learning_rate=10", "weight_decay": 0.15}, "rate_lost"),
    ],
)
def test_networks_that_no_rising_rate_can_follow_are_not_left_out_in_silence(texts, changes, sentence):
    """They have not diverged either: there is no such rate."""
    text = texts(**changes)["headline"]
    assert TEXTS["story"][sentence].strip().replace("\n", " ").rstrip(".") in text and "has diverged" not in text


def test_the_opening_table_says_that_a_thousand_times_the_weights_give_the_same():
    (z, normalized), (large, same), (_, other) = (scale.values(*one) for one in ((1, 1e-30), (1000, 1e-30), (1, 1.0)))
    np.testing.assert_allclose(large, 1000 * z)
    np.testing.assert_allclose(same, normalized, rtol=1e-12)
    np.testing.assert_allclose([normalized.mean(), normalized.std()], [0, 1], atol=1e-12)
    assert np.abs(other - normalized).max() > 0.1, "with a large ε the size matters"
    rows = [row.split("|")[1:-1] for row in scale.table(1e-30).splitlines()[2:]]
    assert (
        rows[0][0].strip() == "W" and rows[1][0].strip() == "1,000 × W" and rows[0][2] == rows[1][2] and rows[0][1] != rows[1][1]
    )


@pytest.mark.parametrize("epsilon", [1e-30, 1e-5, 1e-3])
def test_the_table_says_how_far_apart_its_rows_are(epsilon):
    x = np.random.default_rng(0)
    sums = x.normal(size=(64, 16)) @ x.normal(0, 0.25, 16)
    first, second = ((factor * sums - factor * sums.mean()) / np.sqrt((factor * sums).var() + epsilon) for factor in (1, 1000))
    (largest,) = re.findall(r"differ by at most (.+?)\. ", scale.conclusion(epsilon))
    written = re.sub(r" · 10(\S+)", lambda power: "e" + power[1].translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")), largest)
    assert float(written) == pytest.approx(abs(first - second).max(), rel=0.06 if epsilon > 1e-9 else 3)
