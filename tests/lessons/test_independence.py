"""Gradient shift against a plain implementation with cloned networks, held layers, and the deep linear net."""

import copy
import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from streamlit.testing.v1 import AppTest
from torch.nn import functional

from bnviz import engine
from bnviz.config.experiment import FIELDS, Experiment
from bnviz.lessons.independence.page import PAGE
from bnviz.lessons.independence.panels import panels
from bnviz.measures import budget
from bnviz.nets.normalizers import TRAIN
from bnviz.record import ndjson
from bnviz.record.store import Store
from bnviz.train import loop
from bnviz.web import player
from bnviz.web.figures import evenly_spaced
from tests import ROOT
from tests.train.test_loop import parameters, plain_batches, plain_loop, plain_parameters, run
from tests.web.desk import Desk

torch.set_num_threads(1)

SMALL = Experiment(dataset="mnist1d", width=16, hidden_layers=4, steps=12, batch_size=32, snapshot_every=1, gradient_shift="yes")
KEYS = ("gradient_shift", "gradient_shift_relative", "gradient_cosine")
VARIANTS = {
    "plain": {},
    "momentum": {"momentum": 0.9, "learning_rate": 0.03},
    "dropout": {"dropout": 0.3},
    "SkipInit": {"skip_connections": "skipinit", "momentum": 0.5},
    "ghosts": {"ghost_batch_size": 8},
    "sigmoid, fixed scales": {"activation": "sigmoid", "fixed_scales": "yes"},
}
LINEAR = Experiment(
    dataset="linear-map", activation="identity", hidden_layers=6, width=10, initialization="xavier", batch_size=1000,
    learning_rate=0.01, steps=10, snapshot_every=2, gradient_shift="yes",
)  # fmt: skip


# The plain implementation: a cloned network and a hand-written step for every single layer


def gradients(experiment, arm, network, x, y):
    """The gradient of every parameter by name, dropout's masks as they come next."""
    masks = torch.Generator()
    masks.set_state(arm.dropout.get_state())
    network.zero_grad()
    functional.cross_entropy(network(x, TRAIN, experiment.groups, masks), y).backward()
    return {name: parameter.grad.clone() for name, parameter in network.named_parameters() if parameter.requires_grad}


def plain_shift(experiment, arm, x, y):
    """‖G-G'‖, ‖G-G'‖/‖G‖ and the cosine, each [layers]."""
    before = gradients(experiment, arm, copy.deepcopy(arm.network), x, y)
    rows = []
    for layer in range(experiment.hidden_layers):
        clone = copy.deepcopy(arm.network)
        with torch.no_grad():
            for name, parameter in clone.named_parameters():
                if layer_of(name) < layer and name in before:
                    original = dict(arm.network.named_parameters())[name]
                    buffer = arm.optimizer.velocities.get(original)
                    velocity = before[name] + (experiment.momentum * buffer if buffer is not None else 0)
                    parameter -= experiment.learning_rate * velocity
        g = before[f"linears.{layer}.weight"].double()
        h = gradients(experiment, arm, clone, x, y)[f"linears.{layer}.weight"].double()
        shift = (g - h).norm()
        rows.append([shift, shift / g.norm(), (g * h).sum() / (g.norm() * h.norm())])
    return np.array(rows).T


def layer_of(name):
    """The layer of a parameter, from 0 on; α of the second layer is the first of its list."""
    part, place, *_ = name.split(".")
    return int(place) + (part == "skip_scales")


@pytest.mark.parametrize("changes", VARIANTS.values(), ids=VARIANTS)
def test_gradient_shift_equals_a_plain_implementation(changes, monkeypatch):
    experiment, compared = SMALL.replace(**changes, steps=6), 0
    original = loop.ArmTrainer.measure

    def measure(arm, tensors, minibatch, *rest, **more):
        nonlocal compared
        result = original(arm, tensors, minibatch, *rest, **more)
        expected = plain_shift(experiment, arm, tensors.x_train[minibatch], tensors.y_train[minibatch])
        for key, row in zip(KEYS, expected, strict=True):
            assert np.allclose(result[key], row, rtol=2e-3, atol=1e-5, equal_nan=True), (key, arm.name)
        compared += 1
        return result

    monkeypatch.setattr(loop.ArmTrainer, "measure", measure)
    run(experiment)
    assert compared == len(experiment.arms) * experiment.snapshots


@pytest.mark.parametrize("changes", VARIANTS.values(), ids=VARIANTS)
def test_measuring_gradient_shift_leaves_training_alone(changes):
    experiment = SMALL.replace(**changes, steps=6)
    messages, trained = run(experiment)[::2]
    unmeasured, alone = run(experiment.replace(gradient_shift="no"))[::2]
    for arm in experiment.arms:
        assert all(map(torch.equal, parameters(trained[arm]), parameters(alone[arm])))
    for with_it, without in zip(messages, unmeasured, strict=True):
        for arm in experiment.arms:
            assert set(with_it["arms"][arm]) - set(without["arms"][arm]) == set(KEYS)
            assert with_it["arms"][arm]["train_loss"] == without["arms"][arm]["train_loss"]


def test_nothing_lies_below_layer_1_and_a_change_is_at_most_what_the_cosine_allows():
    for snapshot in run(SMALL)[0]:
        for arm in snapshot["arms"].values():
            assert [arm[key][0] for key in KEYS] == [0, 0, 1]
            assert all(arm[key].shape == (SMALL.hidden_layers,) for key in KEYS)
            assert (arm["gradient_shift"][1:] > 0).all() and (np.abs(arm["gradient_cosine"]) <= 1 + 1e-6).all()
            least = np.sqrt(np.maximum(0, 1 - arm["gradient_cosine"] ** 2)) * (arm["gradient_cosine"] > 0)
            assert (arm["gradient_shift_relative"] >= least - 1e-3).all()


def test_a_network_that_diverges_is_recorded_to_the_end():
    snapshots, (status, _), _, _ = run(SMALL.replace(learning_rate=10.0, width=64, hidden_layers=6, steps=40))
    assert status == "diverged" and not np.isfinite(snapshots[-1]["arms"]["none"]["gradient_shift_relative"][1:]).any()


# Held layers

HOLD = SMALL.replace(gradient_shift="no", hold_from=5, momentum=0.9, learning_rate=0.03)


@pytest.fixture(scope="module")
def hold():
    """Snapshots and networks of HOLD."""
    return run(HOLD)[::2]


def held_loop(arm):
    """The plain loop, whose optimizer is no longer given layers 1 and 2 from step 5 on."""
    net = plain_loop(HOLD.replace(steps=10), arm)[0]  # for its architecture only
    per_layer = 3 if arm == "batch" else 2
    fresh = loop.ArmTrainer(HOLD, arm).network
    with torch.no_grad():
        for own, plain in plain_parameters(fresh, net):
            plain.copy_(own)
    optimizer = torch.optim.SGD(net.parameters(), lr=HOLD.learning_rate, momentum=HOLD.momentum)
    tensors, batches, losses = loop.DataTensors(HOLD), plain_batches(HOLD), []
    for step in range(HOLD.steps):
        indices = next(batches)
        loss = functional.cross_entropy(net(tensors.x_train[indices]), tensors.y_train[indices])
        optimizer.zero_grad()
        loss.backward()
        if step >= HOLD.hold_from:
            for layer in net[: 2 * per_layer]:
                for parameter in layer.parameters():
                    parameter.grad = None
        optimizer.step()
        losses.append(loss.item())
    return net, losses


@pytest.mark.parametrize("arm", ["none", "batch"])
def test_held_arms_train_like_a_plain_loop_that_leaves_two_layers_out(hold, arm):
    snapshots, networks = hold
    net, losses = held_loop(arm)
    for own, plain in plain_parameters(networks[f"{arm}-held"], net):
        assert torch.equal(own, plain)
    assert [snapshot["arms"][f"{arm}-held"]["train_loss"] for snapshot in snapshots[1:]] == losses


def test_held_arms_are_their_companions_until_the_hold_and_stand_still_from_then_on(hold):
    snapshots, networks = hold
    assert list(snapshots[0]["arms"]) == ["none", "batch", "none-held", "batch-held"]
    for arm in ("none", "batch"):
        free, held = ([snapshot["arms"][name] for snapshot in snapshots] for name in (arm, f"{arm}-held"))
        for step, (a, b) in enumerate(zip(free, held, strict=True)):
            shift = b["shift_step"]["linear"]
            if step <= HOLD.hold_from:
                assert a["train_loss"] == b["train_loss"] and np.array_equal(a["shift_step"]["linear"], shift)
            else:
                assert (shift[:2] == 0).all() and (shift[2:] > 0).all() and (a["shift_step"]["linear"] > 0).all()
        assert not torch.equal(networks[arm].linears[0].weight, networks[f"{arm}-held"].linears[0].weight)


def test_held_arms_do_not_touch_the_others_and_are_not_measured():
    plain, with_held = run(SMALL)[0], run(SMALL.replace(hold_from=5))[0]
    for a, b in zip(plain, with_held, strict=True):
        assert ndjson.line(a["arms"]["none"]) == ndjson.line(b["arms"]["none"])
        assert ndjson.line(a["arms"]["batch"]) == ndjson.line(b["arms"]["batch"])
        assert not set(KEYS) & set(b["arms"]["none-held"])


# Learning a linear map


def test_squared_loss_has_no_accuracy_and_the_network_is_linear():
    snapshots, (status, _), networks, _ = run(LINEAR)
    assert status == "finished"
    x = loop.DataTensors(LINEAR).x_test[:8]
    tensors = loop.DataTensors(LINEAR)
    for name, network in networks.items():
        arm = snapshots[-1]["arms"][name]
        assert arm["test_accuracy"] is None and arm["train_accuracy"] is None
        with torch.no_grad():
            answers = [network(part, "evaluate") for part in (x, -x, torch.zeros_like(x))]
            loss = ((network(tensors.x_test, "evaluate") - tensors.y_test) ** 2).mean().item()
        assert torch.allclose(answers[0] + answers[1], 2 * answers[2], atol=1e-4), "affine in x"
        assert arm["test_loss"] == pytest.approx(loss, rel=1e-5)


def test_label_noise_gives_some_examples_the_targets_of_others():
    clean, noisy = loop.DataTensors(LINEAR).y_train, loop.DataTensors(LINEAR.replace(label_noise=0.3)).y_train
    differs = (clean != noisy).any(1)
    assert 0.2 < differs.double().mean() < 0.4
    assert {tuple(row) for row in noisy.tolist()} <= {tuple(row) for row in clean.tolist()}


def test_xavier_keeps_the_size_of_a_linear_signal():
    weight = loop.ArmTrainer(Experiment(width=256, initialization="xavier"), "none").network.linears[1].weight
    assert weight.std().item() == pytest.approx(math.sqrt(1 / 256), rel=0.02)


# Panels


def test_panels_show_what_is_measured_and_nothing_else():
    def of(**changes):
        return [panel["id"] for panel in panels(Experiment(**changes))]

    measure_ids, hold_ids = ["amount", "direction", "every-layer", "profile"], ["paths", "stillness"]
    assert of() == ["learning"]
    assert of(gradient_shift="yes") == [*measure_ids, "learning"]
    assert of(gradient_shift="yes", hold_from=9) == [*measure_ids, *hold_ids, "learning"]


@pytest.mark.parametrize("layers", range(2, 26))
def test_small_multiples_reach_from_layer_2_to_the_last(layers):
    indices = evenly_spaced(2, layers)
    assert indices[0] == 2 and indices[-1] == layers and indices == sorted(set(indices)) and len(indices) == min(layers - 1, 8)


def test_any_arm_may_be_compared_and_held(monkeypatch):
    arms = ("none", "layer", "none-held", "layer-held")
    monkeypatch.setattr(Experiment, "arms", arms)
    visible_panels = panels(Experiment(gradient_shift="yes", hold_from=9))
    assert {trace["feed"]["arm"] for panel in visible_panels for trace in panel["data"]} == set(arms)
    traces = [trace for panel in visible_panels for trace in panel["data"]]
    texts = [*(trace["name"] for trace in traces if trace["showlegend"]), *(trace.get("hovertemplate", "") for trace in traces)]
    assert any("layer norm" in text for text in texts) and not any("batch norm" in text for text in texts)


# Verdicts


@pytest.fixture(scope="module")
def verdict():
    """A function of verdict.js by name."""
    desk = Desk()
    yield lambda name, *arguments: desk.call("lessons/independence/verdict.js", name, *arguments)
    desk.close()


def test_one_number_is_clearly_larger_from_a_tenth_more_on(verdict):
    pairs = ([1.2, 1], [1.05, 1], [1, 1.05], [1, 1.2], [0, 0])
    assert [verdict("larger", pair) for pair in pairs] == ["without", "same", "same", "with", "same"]
    assert [verdict("isFar", change) for change in (0.2, 0.3)] == [False, True]


def test_an_effect_is_the_mean_cost_and_its_share_of_the_mean_loss(verdict):
    cost, loss = np.random.default_rng(0).normal(0, 0.1, 9), np.random.default_rng(1).uniform(0.5, 2, 9)
    rows = [{"step": step, "cost": c, "loss": v} for step, (c, v) in enumerate(zip(cost.tolist(), loss.tolist(), strict=True))]
    result = verdict("effect", rows)
    assert result == {"cost": pytest.approx(cost.mean()), "share": pytest.approx(cost.mean() / loss.mean())}
    assert verdict("effect", [*rows, {"step": 9, "cost": math.nan, "loss": 1.0}]) is None
    assert verdict("effect", []) is None


@pytest.mark.parametrize(
    ("shares", "who", "times"),
    [
        ([0.0, 0.005], "neither", None),
        ([0.05, 0.005], "plain", None),
        ([-0.05, 0.05], "compared", None),
        ([0.06, 0.02], "plain_more", 3),
        ([0.02, 0.05], "compared_more", 2.5),
        ([0.05, 0.052], "alike", None),
    ],
)
def test_who_misses_the_learning_of_held_layers_has_a_higher_loss(verdict, shares, who, times):
    result = verdict("costlierArm", shares)
    assert result["who"] == who and (times is None or result["times"] == pytest.approx(times))


def test_who_is_spared_motion_has_a_lower_loss_at_first(verdict):
    pairs = ([-0.05, -0.03], [-0.05, 0.1], [0.0, -0.03], [-0.01, 0.0])
    assert [verdict("sparedArms", pair) for pair in pairs] == ["both", "plain", "compared", None]


# The page


def test_presets_and_the_default_are_affordable_and_named_once():
    experiments = [PAGE.default.replace(**preset) for preset in PAGE.presets.values()]
    assert len(set(experiments)) == len(experiments) and experiments[0] == PAGE.default
    for experiment in experiments:
        budget.check(experiment)
    assert all(set(changes) <= set(FIELDS) for changes in PAGE.presets.values())
    assert not set(PAGE.main) & set(PAGE.more)


def test_the_page_opens_at_layer_3_with_its_own_default_and_takes_a_link(monkeypatch):
    mounted = []
    monkeypatch.setattr(engine, "shared", lambda: SimpleNamespace(request=lambda one, visitor: one.id, store=Store()))
    monkeypatch.setattr(player, "mount", lambda **payload: mounted.append(payload))
    for link, experiment, layer in (
        ({}, PAGE.default, 3),
        ({"hidden_layers": "2", "hold_from": "0"}, PAGE.default.replace(hidden_layers=2, hold_from=0), 2),
        ({"learning_rate": "0.3", "layer": "5"}, PAGE.default.replace(learning_rate=0.3), 5),
    ):
        page = AppTest.from_file(str(ROOT / "pages" / "independence.py"), default_timeout=60)
        page.query_params.update(link)
        page.run()
        assert not page.exception and not page.warning
        payload = mounted[-1]
        assert (payload["run"], payload["view"]["layer"], payload["lesson"]) == (experiment.id, layer, "independence")
        assert page.query_params == link
    page.button_group(key="prediction independence").set_value("same").run()
    assert mounted[-1]["prediction"] == "same"
