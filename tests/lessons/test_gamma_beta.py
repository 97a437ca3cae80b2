"""The page /gamma-beta: frozen scales, ẑ, both views and γ and β moved by hand, against plain PyTorch."""

import copy
import json
import math
import os
import signal
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch
from cachetools import LRUCache
from hypothesis import assume, given
from hypothesis import strategies as st
from starlette.testclient import TestClient
from torch import nn
from torch.nn import functional

from bnviz import engine
from bnviz.config.experiment import PROBE_SIZE, Experiment
from bnviz.data import load
from bnviz.engine import worker
from bnviz.engine.local import COMMAND, LocalEngine
from bnviz.lessons.gamma_beta.measures import by_hand
from bnviz.lessons.gamma_beta.page import PAGE
from bnviz.lessons.gamma_beta.panels import panels
from bnviz.measures import budget
from bnviz.nets.network import Network
from bnviz.nets.normalizers import EVALUATE, MEASURE, TRAIN, BatchNorm
from bnviz.normalizers.fixed.module import FixedBatchNorm
from bnviz.record import ndjson
from bnviz.record.store import Store
from bnviz.train import loop
from bnviz.web.export import validation
from bnviz.web.player import messages as player_messages
from bnviz.web.routes import questions
from bnviz.web.routes.viewers import viewers
from bnviz.web.site import links
from tests.waiting import until
from tests.web.desk import node
from tests.web.test_server import app

torch.set_num_threads(1)
SMALL = Experiment(
    dataset="mnist1d", width=16, hidden_layers=3, steps=30, batch_size=32, snapshot_every=5, fixed_scales="yes", look_inside="yes"
)  # fmt: skip
VALUES = {"layer": 2, "unit": 3, "gamma": -1.5, "beta": 0.75}
QUESTION = {"name": "by-hand", "values": VALUES}


def run(experiment):
    """The last snapshot as it is read back, and the arms as they were at the end."""
    arms, original = [], loop.outcome
    loop.outcome = lambda trained: arms.extend(trained) or original(trained)
    try:
        messages = [ndjson.line(message) for message in loop.train(experiment) if message]
    finally:
        loop.outcome = original
    return list(ndjson.read(messages)), {arm.name: arm.network for arm in arms}


@pytest.fixture(scope="module")
def trained():
    return run(SMALL)


# fixed scales


def test_fixed_scales_are_batch_norm_without_affine_bit_for_bit():
    generator = torch.Generator().manual_seed(1)
    module, plain = FixedBatchNorm(16, 0.3), nn.BatchNorm1d(16, momentum=0.3, affine=False)
    for _ in range(5):
        z = (3 * torch.randn(32, 16, generator=generator) + 1).requires_grad_()
        twin = z.detach().clone().requires_grad_()
        weights = torch.randn(32, 16, generator=generator)
        out, expected = module(z, TRAIN, 1), plain(twin)
        (out * weights).sum().backward()
        (expected * weights).sum().backward()
        assert torch.equal(out, expected) and torch.equal(z.grad, twin.grad)
    assert torch.equal(module.running_mean, plain.running_mean)
    assert torch.equal(module.running_variance, plain.running_var)
    assert torch.equal(module(z, EVALUATE, 1), plain.eval()(z))
    assert module.gamma.grad is None and module.beta.grad is None


def test_a_network_with_fixed_scales_trains_like_one_of_affine_free_batch_norms(trained):
    generator, layers, inputs = torch.Generator().manual_seed(0), [], 40
    for _ in range(SMALL.hidden_layers):
        layers += [nn.Linear(inputs, SMALL.width), nn.BatchNorm1d(SMALL.width, affine=False), nn.ReLU()]
        inputs = SMALL.width
    plain = nn.Sequential(*layers, nn.Linear(inputs, 10))
    with torch.no_grad():
        for linear in (layer for layer in plain if isinstance(layer, nn.Linear)):
            linear.weight.normal_(0, (2 / linear.in_features) ** 0.5, generator=generator)
            linear.bias.zero_()
    split, batches = load("mnist1d"), loop.minibatches(SMALL)
    optimizer = torch.optim.SGD(plain.parameters(), lr=SMALL.learning_rate)
    for _ in range(SMALL.steps):
        indices = next(batches)
        loss = functional.cross_entropy(plain(torch.tensor(split.x_train)[indices]), torch.tensor(split.y_train)[indices])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    fixed = trained[1]["fixed"]
    norms = [layer for layer in plain if isinstance(layer, nn.BatchNorm1d)]
    linears = [layer for layer in plain if isinstance(layer, nn.Linear)]
    for module, reference in zip(fixed.linears, linears, strict=True):
        assert torch.equal(module.weight, reference.weight) and torch.equal(module.bias, reference.bias)
    for module, reference in zip(fixed.normalizers, norms, strict=True):
        assert torch.equal(module.running_mean, reference.running_mean)
        assert torch.equal(module.running_variance, reference.running_var)
        assert torch.equal(module.gamma, torch.ones(16)) and torch.equal(module.beta, torch.zeros(16))


# looking inside


def test_looking_inside_changes_no_network_and_is_done_only_where_asked(trained):
    without, arms = run(SMALL.replace(look_inside="no"))
    for name, network in arms.items():
        assert all(map(torch.equal, network.state_dict().values(), trained[1][name].state_dict().values()))
    assert "standardized" not in without[-1]["arms"]["batch"]
    assert "standardized" in trained[0][-1]["arms"]["batch"]
    assert "standardized" not in trained[0][-1]["arms"]["none"]


@pytest.mark.parametrize("arm", ["batch", "fixed"])
def test_the_standardized_signal_is_that_of_a_batch_norm_without_affine(trained, arm):
    snapshot, network = trained[0][-1]["arms"][arm], trained[1][arm]
    taps = []
    with torch.no_grad():
        network(torch.tensor(load("mnist1d").x_test[:PROBE_SIZE]), MEASURE, taps=taps)
    edges = loop.bin_edges(SMALL)["normalized"]
    for layer, (z, normalized, _) in enumerate(taps):
        expected = functional.batch_norm(z, None, None, training=True).numpy()
        undone = ((normalized - network.normalizers[layer].beta) / network.normalizers[layer].gamma).detach().numpy()
        np.testing.assert_allclose(expected, undone, atol=1e-4)
        recorded = {key: value[layer] for key, value in snapshot["standardized"].items()}
        np.testing.assert_allclose(recorded["percentiles"], np.percentile(expected, (15, 50, 85)), atol=1e-4)
        np.testing.assert_allclose([recorded["mean"], recorded["std"]], [expected.mean(), expected.std()], atol=1e-4)
        for key, values in (("mean_range", expected.mean(0)), ("std_range", expected.std(0))):
            np.testing.assert_allclose(recorded[key], [values.min(), values.max()], atol=1e-4)
        assert np.abs(recorded["counts"].astype(int) - np.histogram(expected, edges)[0]).sum() <= 4  # at borders
        assert np.abs(recorded["unit_counts"][3].astype(int) - np.histogram(expected[:, 3], edges)[0]).sum() <= 2


def test_gamma_and_beta_come_fine_enough_to_watch(trained):
    for key in ("gamma", "beta"):
        learnt = torch.stack([getattr(layer, key).detach() for layer in trained[1]["batch"].normalizers]).numpy()
        np.testing.assert_allclose(trained[0][-1]["arms"]["batch"][key], learnt, atol=1 / 2048)
        assert np.abs(learnt - (key == "gamma")).max() > 0.01


def test_a_run_of_an_older_release_that_compared_two_views_is_used_as_it_is():
    """It has keys that nothing draws; what is measured in several views is on /train-and-eval."""
    lines = [json.loads(line) for line in worker.record(SMALL.replace(steps=2)) if line]
    old = {"probe_accuracy": 0.5, "running_loss": 1.0, "running_mean_lag": ndjson.encode(np.ones(SMALL.hidden_layers, "f4"))}
    assert not old.keys() & lines[-2]["arms"]["batch"].keys()
    for line in lines[1:-1]:
        line["arms"]["batch"] |= old
    validation.check_recording(b"".join(map(ndjson.line, lines)))


# by hand


def answers(experiment, **values):
    question = {"name": "by-hand", "values": values}
    return [json.loads(line) for line in worker.record(experiment, loop, question) if line]


def expected_answer(network, layer, unit, gamma, beta):
    """Test accuracy and the unit's activations on the probe, from a copy with plain batch norms."""
    layers = []
    for linear, norm in zip(network.linears, network.normalizers, strict=False):
        plain = nn.BatchNorm1d(len(norm.gamma)).eval()
        plain.weight.data, plain.bias.data = norm.gamma.data.clone(), norm.beta.data.clone()
        plain.running_mean, plain.running_var = norm.running_mean, norm.running_variance
        layers += [linear, plain, nn.ReLU()]
    layers[3 * layer - 2].weight.data[unit], layers[3 * layer - 2].bias.data[unit] = gamma, beta
    split, model = load("mnist1d"), nn.Sequential(*layers, network.linears[-1])
    with torch.no_grad():
        right = (model(torch.tensor(split.x_test)).argmax(1) == torch.tensor(split.y_test)).float().mean().item()
        return right, model[: 3 * layer](torch.tensor(split.x_test[:PROBE_SIZE]))[:, unit].numpy()


@pytest.mark.parametrize("stored_recording", [True, False])
def test_moving_by_hand_equals_an_independent_computation_and_leaves_the_network_alone(trained, stored_recording):
    network = trained[1]["batch"]
    loop.TRAINED_NETWORKS.clear()
    if stored_recording:
        loop.TRAINED_NETWORKS[SMALL.id] = network
    before = copy.deepcopy(network.state_dict())
    header, answer, end = answers(SMALL, **VALUES)
    assert header["id"] == SMALL.id and end["status"] == "finished"
    learnt = [getattr(network.normalizers[1], key)[3].item() for key in ("gamma", "beta")]
    for when, gamma, beta in (("before", *learnt), ("after", -1.5, 0.75)):
        right, a = expected_answer(network, 2, 3, gamma, beta)
        result = answer[when]
        assert (result["gamma"], result["beta"], result["test_accuracy"]) == (gamma, beta, pytest.approx(right, abs=1e-6))
        counts = np.histogram(a, loop.bin_edges(SMALL)["activation"])[0]
        assert np.abs(np.array(result["counts"]) - counts).sum() <= 2
        assert result["zeros"] == (a == 0).sum()
        assert sum(result["counts"]) + result["underflow"] + result["overflow"] + result["nonfinite"] == PROBE_SIZE
    assert answer["after"]["zeros"] != answer["before"]["zeros"]
    assert all(map(torch.equal, before.values(), network.state_dict().values()))
    assert answers(SMALL, **VALUES)[1] == answer


class OnlyGamma(nn.Module):
    """γ z / root mean square(z): a normalizer that has no β and no running statistics."""

    def __init__(self, width):
        super().__init__()
        self.gamma = nn.Parameter(torch.full((width,), 0.5))

    def forward(self, z, view, groups, generator=None):
        return self.gamma * functional.rms_norm(z, z.shape[-1:])


@pytest.mark.parametrize("beta", [None, 0.0])
def test_other_normalizers_are_moved_as_far_as_they_have_the_weights(beta):
    network = Network(SMALL, "layer", torch.Generator().manual_seed(1))
    if beta is None:
        network.normalizers = nn.ModuleList(OnlyGamma(SMALL.width) for _ in network.normalizers)
    before = copy.deepcopy(network.state_dict())
    result = by_hand.answer(network, SMALL, functional.cross_entropy, **{**VALUES, "gamma": 0.3})
    assert result["before"]["beta"] == beta and result["after"]["gamma"] == 0.3
    assert result["after"]["beta"] == (beta if beta is None else 0.75)
    assert result["before"]["counts"] != result["after"]["counts"]
    assert all(map(torch.equal, before.values(), network.state_dict().values()))


def test_the_last_snapshot_and_the_answer_agree(trained):
    before = answers(SMALL, **VALUES)[1]["before"]
    assert before["test_accuracy"] == pytest.approx(trained[0][-1]["arms"]["batch"]["test_accuracy"], abs=0.002)


def test_questions_that_wait_for_one_network_share_its_training(monkeypatch):
    loop.TRAINED_NETWORKS.clear()
    trainings, original = [], loop.train

    def train(experiment):
        trainings.append(experiment)
        return (yield from original(experiment))

    monkeypatch.setattr(loop, "train", train)
    waiting = [loop.answer(SMALL, "by-hand", VALUES), loop.answer(SMALL, "by-hand", {**VALUES, "unit": 0})]
    answers = {}
    while len(answers) < 2:
        for number, question in enumerate(waiting):
            if number not in answers and (message := next(question)):
                answers[number] = message
    assert len(trainings) == 1 and answers[0]["unit"] == 3 and answers[1]["unit"] == 0


def test_the_last_networks_are_kept_and_no_more(monkeypatch):
    monkeypatch.setattr(loop, "TRAINED_NETWORKS", LRUCache(2))
    experiments = [SMALL.replace(steps=10, seed=seed) for seed in range(3)]
    for experiment in experiments:
        answers(experiment, **VALUES)
    assert list(loop.TRAINED_NETWORKS) == [experiment.id for experiment in experiments[1:]]


@pytest.fixture(scope="module")
def local():
    """An engine whose one worker has trained SMALL."""
    one = LocalEngine(Store(), 1, COMMAND)
    lines = one.recording(one.request(SMALL))
    until(lambda: lines.ended)
    yield one
    one.close()


@pytest.mark.slow
def test_the_engine_answers_also_after_its_worker_was_killed(local):
    first = local.ask(SMALL, QUESTION)
    assert local.ask(SMALL, QUESTION) is first
    until(lambda: first.ended)
    os.kill(local.processes()[0], signal.SIGKILL)
    second = local.ask(SMALL, {**QUESTION, "values": {**VALUES, "gamma": 2.0}})
    until(lambda: second.ended)
    messages = [json.loads(one.lines(1, 2)[0]) for one in (first, second)]
    assert messages[0]["before"] == messages[1]["before"] and messages[0]["after"] != messages[1]["after"]
    assert (local.counters.started, local.endings) == (1, {"finished": 1})
    assert local.experiment(SMALL.id) == SMALL and local.experiment("0" * 16) is None
    local._requests.clear()
    assert local.experiment(SMALL.id) == SMALL


@pytest.fixture
def client(monkeypatch, local):
    monkeypatch.setattr(engine, "shared", lambda: local)
    monkeypatch.setattr(viewers, "closing", False)
    return TestClient(app)


def test_the_route_answers_and_says_what_is_wrong(client):
    url = f"/bnviz/runs/{SMALL.id}/by-hand"
    answer = client.get(url, params=VALUES)
    assert answer.status_code == 200 and "immutable" not in answer.headers["cache-control"]
    assert answer.json()["after"]["gamma"] == -1.5 and sum(answer.json()["before"]["counts"]) <= PROBE_SIZE
    bad = {"layer": ("0", "4", "x", ""), "unit": ("-1", "16", "1.5"), "gamma": ("nan", "inf", "1e9", ""), "beta": ("NaN", "--")}
    for name, values in bad.items():
        for value in values:
            refused = client.get(url, params={**VALUES, name: value})
            assert refused.status_code == 400 and refused.json()["error"].startswith(f"{name} = {value!r}: expected"), value
    assert client.get(url, params={"layer": 1}).status_code == 400
    assert client.get(f"/bnviz/runs/{'0' * 16}/by-hand", params=VALUES).status_code == 404
    assert client.get("/bnviz/runs/nonsense/by-hand", params=VALUES).status_code == 404
    assert client.get(f"/bnviz/runs/{SMALL.id}/by-heart", params=VALUES).status_code == 404
    assert client.get(f"/some/prefix{url}", params=VALUES).json() == answer.json()
    assert client.post(url, params=VALUES).status_code == 405


def test_an_answer_that_takes_too_long_is_refused_for_now(client, monkeypatch):
    monkeypatch.setattr(questions, "ANSWER_SECONDS", 0.0)
    refused = client.get(f"/bnviz/runs/{SMALL.id}/by-hand", params={**VALUES, "beta": 0.5})
    assert refused.status_code == 503 and refused.headers["retry-after"]


# the sliders and the verdict, in node


@pytest.fixture(scope="module")
def scenes():
    done = subprocess.run([node(), Path(__file__).with_name("by_hand.mjs")], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_latest_question_wins(scenes):
    scene = scenes["latest"]
    assert scene["asked"] == [[0, 1.5, 0.25], [0, 3, 0.25]]  # what the slider passed on its way is not asked
    assert scene["aborted"] == [True, False] and scene["answer"] == "second" and scene["drawn"] == ["hand"]


def test_nothing_is_asked_before_the_run_is_finished_or_of_all_units_together(scenes):
    assert scenes["unfinished"] == {"asked": [], "place": None}


def test_another_unit_has_sliders_of_its_own_and_no_answer_of_the_last_one(scenes):
    assert scenes["another"] == {"asked": [[0, 1.5, 0.25], [1, 0.5, -0.25]], "between": None}


def test_a_closed_player_asks_and_hears_nothing_more(scenes):
    assert scenes["closed"] == {"asked": [[0, 1.5, 0.25]], "answer": None, "drawn": []}


STEPS = st.one_of(st.integers(0, 600), st.just(math.inf))
LOSSES = st.floats(0.01, 5)


@given(STEPS, STEPS, LOSSES, LOSSES, st.sampled_from([1, 4, 20]))
def test_the_verdict_wants_steps_and_losses_to_agree(desk, free, fixed, free_loss, fixed_loss, every):
    assume(min(free, fixed) < math.inf)
    quicker, slower = (free_loss, fixed_loss) if free < fixed else (fixed_loss, free_loss)
    apart = abs(free - fixed) > max(0.15 * min(free, fixed), every) and slower / quicker - 1 > 0.05
    expected = ("faster" if free < fixed else "slower") if apart else "alike"
    assert desk.call("lessons/gamma_beta/verdict.js", "speed", [free, fixed], [free_loss, fixed_loss], every) == expected


@pytest.mark.parametrize("losses, verdict", [((1, 1.06), "faster"), ((1.06, 1), "slower"), ((1.04, 1), "alike")])
def test_without_classes_the_loss_alone_decides(desk, losses, verdict):
    assert desk.call("lessons/gamma_beta/verdict.js", "lossAlone", losses) == verdict


# what is said and drawn of a run, in node


@pytest.fixture
def look(desk, recorded, tmp_path):
    """Look at the end of a short run whose test accuracies, a function of the arm and the step, are made up."""

    def looked(accuracy, service=None):
        experiment = PAGE.default.replace(steps=12, width=16, train_size=96, batch_size=16, snapshot_every=2)
        with open(recorded(experiment), "rb") as file:
            messages = list(ndjson.read(file))
        for message in messages[1:-1]:
            for arm, part in message["arms"].items():
                part["test_accuracy"] = accuracy(arm, message["step"])
        (tmp_path / "run.ndjson").write_bytes(b"".join(map(ndjson.line, messages)))
        data = player_messages.player_data(experiment.id, experiment, [], links.VIEW, "gamma_beta")
        about = {"recording": str(tmp_path / "run.ndjson"), "story": "gamma_beta", "data": data, "place": 10**6}
        desk.ask("look", **about, choice={"layer": 2, "tap": "activation", "unit": 0, "target": 0.5}, service=service)

    return looked


@pytest.mark.parametrize(
    ("fixed", "said"),
    [
        (lambda step: 0.1, "with γ = 1, β = 0 fixed has not learnt, so"),
        (lambda step: 0.8 if 2 < step < 12 else 0.1, "with γ = 1, β = 0 fixed has lost what it had learnt, so"),
    ],
)
def test_the_answer_tells_what_was_lost_from_what_was_never_learnt(desk, look, fixed, said):
    look(lambda arm, step: fixed(step) if arm == "fixed" else 0.8)
    assert said in desk.ask("speak", panels=[])[1]


def test_before_the_sliders_move_the_network_is_the_one_as_learnt(desk, look):
    """The server is asked at rounded values, and what it says of them differs."""
    place = {"run": "", "layer": 2, "unit": 0, "initial": {"gamma": 1.234, "beta": 0}}
    outcomes = [{"counts": [1], "zeros": 0, "test_accuracy": share, "test_loss": 1} for share in (0.5, 0.7)]
    answer = {"layer": 2, "unit": 0} | {
        when: outcome | place["initial"] for when, outcome in zip(("before", "after"), outcomes, strict=True)
    }
    for target, shares in ((place["initial"], [0.5, 0.5]), ({"gamma": 2, "beta": 0}, [0.5, 0.7])):
        look(lambda arm, step: 0.8, {"place": place, "target": target, "answer": answer, "problem": "", "unreachable": False})
        assert desk.ask("feed", kind="hand-score")["x"] == shares


# the page


def test_the_default_and_the_presets_are_affordable_and_look_inside():
    for experiment in (PAGE.default, *(PAGE.default.replace(**preset) for preset in PAGE.presets.values())):
        budget.check(experiment)
        assert (experiment.look_inside, experiment.fixed_scales) == ("yes", "yes")


def test_panels_are_there_as_far_as_they_are_measured():
    def identifiers(**changes):
        return [panel["id"] for panel in panels(PAGE.default.replace(**changes))]

    everything = identifiers()
    assert len(set(everything)) == len(everything) == 7
    assert set(everything) - set(identifiers(look_inside="no")) == {"journey", "bands"}
    assert set(everything) - set(identifiers(fixed_scales="no")) == {"means"}


def test_where_numbers_are_learnt_there_is_a_loss_in_place_of_accuracy():
    keys = {trace["feed"].get("key") for panel in panels(PAGE.default.replace(dataset="linear-map")) for trace in panel["data"]}
    assert "test_loss" in keys and not {"test_accuracy", "probe_accuracy", "running_accuracy"} & keys


def test_every_trace_is_of_an_arm_that_trains():
    for panel in panels(PAGE.default.replace(fixed_scales="no")):
        assert "fixed" not in {trace["feed"].get("arm") for trace in panel["data"]}


def test_batch_norms_scales_start_at_one_and_zero():
    assert torch.equal(BatchNorm(4).gamma, torch.ones(4)) and torch.equal(BatchNorm(4).beta, torch.zeros(4))
