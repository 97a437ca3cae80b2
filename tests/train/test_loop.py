"""The trainer against a plain PyTorch loop that shares no code with it, and the recording's contract (docs/recording.md)."""

import json
import math
from itertools import zip_longest

import numpy as np
import pytest
import torch
from scipy import stats
from torch import nn
from torch.nn import functional

from bnviz.config.experiment import PROBE_SIZE, WATCHED_UNITS, Experiment
from bnviz.data import DATA_SETS, load
from bnviz.nets import normalizers
from bnviz.record import ndjson
from bnviz.train import loop, minibatches

torch.set_num_threads(1)

ARMS, TAPS = ("none", "batch"), ("linear", "normalized", "activation")
SMALL = Experiment(dataset="mnist1d", width=16, hidden_layers=3, steps=30, batch_size=32, snapshot_every=3)
MODULES = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid}


# The plain loop


class PlainDropout(nn.Module):
    def __init__(self, share, generator):
        super().__init__()
        self.share, self.generator = share, generator

    def forward(self, a):
        if not self.training:
            return a
        return a * (torch.rand(a.shape, generator=self.generator) >= self.share) / (1 - self.share)


class PlainGhostNorm(nn.BatchNorm1d):
    """A BatchNorm1d for each group; the running statistics take the average of theirs."""

    def __init__(self, width, groups):
        super().__init__(width)
        self.groups = groups

    def forward(self, z):
        if not self.training:
            return super().forward(z)
        mean, variance, outputs = [], [], []
        for part in np.array_split(np.arange(len(z)), self.groups):
            own = self.running_mean.clone(), self.running_var.clone()
            outputs.append(functional.batch_norm(z[part], *own, self.weight, self.bias, training=True))
            mean.append(own[0]), variance.append(own[1])
        self.running_mean.copy_(torch.stack(mean).mean(0))
        self.running_var.copy_(torch.stack(variance).mean(0))
        return torch.cat(outputs)


def plain_network(experiment, arm):
    """A Sequential with He weights drawn as documented: generator 4·seed, layer after layer; dropout from 4·seed + 3."""
    generator, dropout = (
        torch.Generator().manual_seed(4 * experiment.seed),
        torch.Generator().manual_seed(4 * experiment.seed + 3),
    )
    layers, inputs = [], DATA_SETS[experiment.dataset].features
    for _ in range(experiment.hidden_layers):
        layers.append(nn.Linear(inputs, experiment.width))
        if arm == "batch":
            norm = (
                PlainGhostNorm(experiment.width, experiment.groups) if experiment.groups > 1 else nn.BatchNorm1d(experiment.width)
            )
            layers.append(norm)
        layers.append(MODULES[experiment.activation]())
        if experiment.dropout:
            layers.append(PlainDropout(experiment.dropout, dropout))
        inputs = experiment.width
    layers.append(nn.Linear(inputs, DATA_SETS[experiment.dataset].classes))
    with torch.no_grad():
        for linear in (layer for layer in layers if isinstance(layer, nn.Linear)):
            linear.weight.normal_(0, math.sqrt(2 / linear.in_features), generator=generator)
            linear.bias.zero_()
    return nn.Sequential(*layers)


def plain_batches(experiment):
    """Shuffles from generator 4·seed + 1, each cut into whole minibatches."""
    generator = torch.Generator().manual_seed(4 * experiment.seed + 1)
    while True:
        order = torch.randperm(experiment.examples, generator=generator)
        for start in range(0, experiment.examples - experiment.batch + 1, experiment.batch):
            yield order[start : start + experiment.batch]


def plain_loop(experiment, arm):
    """The trained Sequential and the losses on the way."""
    split = load(experiment.dataset)
    x, y = torch.tensor(split.x_train), torch.tensor(split.y_train)
    net = plain_network(experiment, arm)
    optimizer = torch.optim.SGD(net.parameters(), lr=experiment.learning_rate, momentum=experiment.momentum)
    batches, losses = plain_batches(experiment), []
    for _ in range(experiment.steps):
        chosen = next(batches)
        loss = functional.cross_entropy(net(x[chosen]), y[chosen])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return net, losses


# Running ours


def run(experiment):
    """Snapshots as read back from their lines, the outcome, and the arms as they were at the end."""
    lines, arms, original = [], [], loop.outcome

    def outcome(trained):
        arms.extend(trained)
        return original(trained)

    loop.outcome = outcome
    try:
        steps = loop.train(experiment)
        while True:
            if snapshot := next(steps):
                lines.append(ndjson.line(snapshot))
    except StopIteration as stop:
        return list(ndjson.read(lines)), stop.value, {arm.name: arm.network for arm in arms}, lines
    finally:
        loop.outcome = original


def parameters(network):
    return [value for name, value in network.state_dict().items() if "num_batches" not in name]


def plain_parameters(ours, plain):
    """Pairs of tensors: linears in order, then γ, β and running statistics in order."""
    order = {nn.Linear: ("weight", "bias"), nn.BatchNorm1d: ("weight", "bias", "running_mean", "running_var")}
    names = ("gamma", "beta", "running_mean", "running_variance")
    for kind, keys in order.items():
        theirs = [layer for layer in plain if isinstance(layer, kind)]
        mine = ours.linears if kind is nn.Linear else [layer for layer in ours.normalizers if hasattr(layer, "gamma")]
        assert len(theirs) == len(mine)
        for a, b in zip(mine, theirs, strict=True):
            for name, key in zip(keys if kind is nn.Linear else names, keys, strict=True):
                yield getattr(a, name), getattr(b, key)


VARIANTS = {
    "plain": {},
    "momentum": {"momentum": 0.9, "learning_rate": 0.02},
    "dropout": {"dropout": 0.3},
    "tanh, other seed": {"activation": "tanh", "seed": 5},
    "batch of two": {"batch_size": 2, "learning_rate": 0.001},
    "several epochs": {"train_size": 70},
    "batch beyond the data": {"train_size": 16, "batch_size": 512},
}


@pytest.mark.parametrize("changes", VARIANTS.values(), ids=VARIANTS)
def test_training_ends_bit_identical_with_snapshots_without_and_in_a_plain_loop(changes, monkeypatch):
    experiment = SMALL.replace(**changes)
    measured, trained = run(experiment)[::2]
    assert len(measured) == experiment.snapshots
    monkeypatch.setattr(Experiment, "snapshot_due", lambda self, step: False)
    unmeasured, alone = run(experiment)[::2]
    assert unmeasured == []
    for arm in ARMS:
        assert all(map(torch.equal, parameters(trained[arm]), parameters(alone[arm])))
        for ours, plain in plain_parameters(trained[arm], plain_loop(experiment, arm)[0]):
            assert torch.equal(ours, plain)


def test_noise_on_the_probe_is_that_of_the_next_step_which_trains_no_otherwise(monkeypatch):
    """Neither do runs that omit it, as older releases did, and runs without snapshots."""
    experiment = SMALL.replace(compare="noisy-batch", dropout=0.2, steps=12)
    runs = [run(experiment.replace(probe_noise=value)) for value in ("included", "omitted")]
    monkeypatch.setattr(Experiment, "snapshot_due", lambda self, step: False)
    runs.append(run(experiment))
    trained = [[*parameters(networks["noisy-batch"])] for _, _, networks, _ in runs]
    assert all(map(torch.equal, trained[0], trained[1])) and all(map(torch.equal, trained[0], trained[2]))
    noisy, quiet = ([snapshot["arms"]["noisy-batch"] for snapshot in one[0]] for one in runs[:2])
    shift, scale = normalizers.noise(experiment.width, minibatches.generator_for(experiment, "dropout"))
    first = noisy[0]["unit_mean"]["normalized"][0], noisy[0]["unit_std"]["normalized"][0]
    assert first[0] == pytest.approx(shift, abs=0.01) and first[1] == pytest.approx(scale, abs=0.02)
    assert quiet[0]["unit_mean"]["normalized"][0] == pytest.approx(0, abs=0.01)
    for one, other in zip(noisy[1:], quiet[1:], strict=True):  # fresh at every step
        assert one["shift_step"]["normalized"][0] > 2 * other["shift_step"]["normalized"][0]
        assert one["test_loss"] == other["test_loss"] and one["train_loss"] == other["train_loss"]


@pytest.mark.parametrize("ghost", [8, 10, 16])
def test_ghost_batches_train_like_a_plain_loop_of_batch_norms(ghost):
    experiment = SMALL.replace(ghost_batch_size=ghost, steps=20)
    trained = run(experiment)[2]
    for ours, plain in plain_parameters(trained["batch"], plain_loop(experiment, "batch")[0]):
        assert torch.allclose(ours, plain, rtol=1e-3, atol=1e-4)


def test_ghost_batches_leave_the_other_arm_alone():
    arms = [run(SMALL.replace(steps=10, ghost_batch_size=ghost))[2] for ghost in (0, 8)]
    assert all(map(torch.equal, *(parameters(networks["none"]) for networks in arms)))
    assert not all(map(torch.equal, *(parameters(networks["batch"]) for networks in arms)))


# Determinism


def bytes_of(experiment):
    return run(experiment)[3]


def test_two_runs_give_the_same_bytes_and_leave_the_global_generator_alone():
    experiment = SMALL.replace(dropout=0.2, label_noise=0.2, ghost_batch_size=8)
    torch.manual_seed(1)
    before, first = torch.get_rng_state(), bytes_of(experiment)
    assert torch.equal(before, torch.get_rng_state())
    torch.manual_seed(2)
    assert bytes_of(experiment) == first
    assert bytes_of(experiment.replace(seed=1)) != first


def test_runs_that_take_turns_give_the_bytes_of_runs_one_after_the_other():
    experiments = SMALL, SMALL.replace(seed=3, dropout=0.2, activation="tanh")
    lines = [], []
    for turn in zip_longest(*map(loop.train, experiments)):
        for own, message in zip(lines, turn, strict=True):
            own += [ndjson.line(message)] if message else []
    assert list(lines) == [bytes_of(experiment) for experiment in experiments]


def test_a_turn_comes_after_every_step():
    assert sum(message is None for message in loop.train(SMALL.replace(steps=12))) == 12


# The contract


CASES = {
    "default": Experiment(steps=12, snapshot_every=2),
    "small": SMALL,
    "wide": SMALL.replace(width=130, activation="tanh", steps=10),
    "few": Experiment(dataset="spirals", width=8, hidden_layers=2, train_size=16, batch_size=512, steps=10),
    "ghosts": SMALL.replace(batch_size=33, ghost_batch_size=10, dropout=0.2, activation="sigmoid", initialization="pytorch"),
    "diverging": SMALL.replace(learning_rate=10.0, width=64, hidden_layers=5),
}


@pytest.fixture(scope="module", params=CASES.values(), ids=CASES)
def recorded(request):
    """(experiment, header, snapshots, outcome)"""
    (header,) = ndjson.read([ndjson.line(loop.header(request.param))])
    return request.param, header, *run(request.param)[:2]


@pytest.fixture(scope="module")
def small():
    """(snapshots, outcome, networks, lines) of SMALL."""
    return run(SMALL)


def test_the_header_describes_the_run(recorded):
    experiment, header, _, _ = recorded
    assert header["type"] == "header" and header["format"] == 1 and header["id"] == experiment.id
    assert Experiment(**header["experiment"]) == experiment
    assert header["arms"] == list(ARMS) and header["taps"] == list(TAPS)
    assert header["hidden_layers"] == experiment.hidden_layers and header["total_steps"] == experiment.steps
    assert header["probe_size"] == PROBE_SIZE and header["watched_units"] == list(range(WATCHED_UNITS))
    assert set(header["versions"]) == {"bnviz", "torch", "python"} and header["versions"]["torch"] == torch.__version__
    assert set(header["edges"]) == set(TAPS)
    for edges in header["edges"].values():
        assert edges.dtype == np.float32 and (np.diff(edges) > 0).all()


def test_snapshots_come_when_they_are_due(recorded):
    experiment, _, snapshots, _ = recorded
    assert [snapshot["index"] for snapshot in snapshots] == list(range(experiment.snapshots))
    assert [snapshot["step"] for snapshot in snapshots] == [s for s in range(experiment.steps + 1) if experiment.snapshot_due(s)]
    for snapshot in snapshots:
        assert snapshot["type"] == "snapshot" and set(snapshot["arms"]) == set(ARMS)
        assert snapshot["epoch"] == snapshot["step"] * experiment.batch / experiment.examples


def test_every_snapshot_has_every_key_shape_and_type(recorded):
    experiment, header, snapshots, _ = recorded
    layers, width, bins = experiment.hidden_layers, experiment.width, len(header["edges"]["linear"]) - 1
    by_tap = {
        "counts": ((layers, bins), "u"),
        **dict.fromkeys(("underflow", "overflow", "nonfinite", "zeros"), ((layers,), "u")),
        **dict.fromkeys(("mean", "std", "shift_from_first", "shift_step"), ((layers,), "f")),
        "percentiles": ((layers, 3), "f"),
        **dict.fromkeys(("unit_mean", "unit_std"), ((layers, width), "f")),
        "unit_counts": ((layers, WATCHED_UNITS, bins), "u"),
        "unit_zeros": ((layers, WATCHED_UNITS), "u"),
    }
    noise = {
        **dict.fromkeys(("mean_noise", "variance_noise", "variance_noise_theory"), ((layers,), "f")),
        **dict.fromkeys(("minibatch_mean", "minibatch_std"), ((layers, width), "f")),
    }
    for snapshot in snapshots:
        expected = by_tap | (noise if snapshot["index"] % 4 == 0 else {})
        for name, arm in snapshot["arms"].items():
            for key, (shape, kind) in expected.items():
                assert list(arm[key]) == list(TAPS), key
                assert all(array.shape == shape and array.dtype.kind == kind for array in arm[key].values()), key
            assert arm["counts"]["linear"].dtype in ("u2", "u4")
            assert arm["gradient_norm"].shape == (layers + 1,)
            assert {"train_loss", "probe_loss", "train_accuracy", "test_accuracy", "test_loss"} <= set(arm)
            assert (name == "batch") == ("gamma" in arm) == ("beta" in arm)
            if name == "batch":
                assert arm["gamma"].shape == arm["beta"].shape == (layers, width)


def test_no_value_of_the_probe_is_dropped(recorded):
    experiment, _, snapshots, _ = recorded
    for snapshot in snapshots:
        for arm in snapshot["arms"].values():
            for tap in TAPS:
                tails = sum(arm[key][tap].astype(int) for key in ("underflow", "overflow", "nonfinite"))
                assert (arm["counts"][tap].sum(-1) + tails == PROBE_SIZE * experiment.width).all()
                assert (arm["unit_counts"][tap].sum(-1) <= PROBE_SIZE).all()
                assert (arm["zeros"][tap] <= PROBE_SIZE * experiment.width).all()


def test_the_first_snapshot_is_the_untrained_network(recorded):
    experiment, _, snapshots, _ = recorded
    for name, arm in snapshots[0]["arms"].items():
        assert all((arm[key][tap] == 0).all() for key in ("shift_from_first", "shift_step") for tap in TAPS)
        assert arm["test_accuracy"] < 0.75
        if name == "batch":
            assert (arm["gamma"] == 1).all() and (arm["beta"] == 0).all()
    a, b = (arm["unit_mean"]["linear"][0] for arm in snapshots[0]["arms"].values())
    assert np.array_equal(a, b), "both arms start with the same weights"


def test_statistics_right_after_batch_norm_are_pinned_by_gamma_and_beta(recorded):
    experiment, _, snapshots, _ = recorded
    for snapshot in snapshots:
        arm = snapshot["arms"]["batch"]
        if all(np.isfinite(arm["mean"]["linear"])):
            assert np.allclose(arm["unit_mean"]["normalized"], arm["beta"], atol=0.02 * max(1, np.abs(arm["beta"]).max()))
            spread = arm["unit_std"]["linear"] ** 2
            expected = np.abs(arm["gamma"]) * np.sqrt(spread / (spread + 1e-5))
            assert np.allclose(arm["unit_std"]["normalized"], expected, atol=0.02 * max(1, np.abs(arm["gamma"]).max()))


def test_what_holds_for_linear_holds_for_normalized_without_batch_norm(recorded):
    for snapshot in recorded[2]:
        arm = snapshot["arms"]["none"]
        for value in (value for value in arm.values() if isinstance(value, dict) and set(value) == set(TAPS)):
            assert np.array_equal(value["linear"], value["normalized"], equal_nan=True)


def test_only_the_diverging_run_diverges(recorded):
    experiment, _, _, (status, message) = recorded
    assert status == ("diverged" if experiment == CASES["diverging"] else "finished")
    assert (message == "") == (status == "finished")


def test_a_net_that_blows_up_is_seen_to_blow_up():
    experiment = CASES["diverging"]
    snapshots, (status, message), _, lines = run(experiment)
    step = int(message.removeprefix("The network without a normalizer diverged at step ").rstrip("."))
    assert status == "diverged" and 0 < step < experiment.steps
    last, first = snapshots[-1]["arms"]["none"], snapshots[0]["arms"]["none"]
    told = [snapshot["arms"]["none"].get("diverged_at") for snapshot in snapshots]
    first_told = told.index(step)
    assert set(told[:first_told]) == {None} and set(told[first_told:]) == {step}
    assert snapshots[first_told - 1]["step"] <= step <= snapshots[first_told]["step"]
    assert last["test_loss"] is None and last["train_loss"] is None and first["test_loss"] is not None
    assert last["nonfinite"]["linear"].sum() > 0 and first["nonfinite"]["linear"].sum() == 0
    assert max(snapshot["arms"]["none"]["overflow"]["linear"].max() for snapshot in snapshots) > 0
    for line in lines:
        json.loads(line, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))


def test_divergence_in_the_very_last_step_is_reported(monkeypatch):
    """The loss is computed before the step, so the last step's damage shows on the probe only."""
    original = loop.ArmTrainer.step

    def step(arm, x, y):
        original(arm, x, y)
        step.count += 1
        if step.count == 2 * SMALL.steps:
            with torch.no_grad():
                arm.network.linears[-1].weight.fill_(math.inf)

    step.count = 0
    monkeypatch.setattr(loop.ArmTrainer, "step", step)
    assert run(SMALL)[1] == ("diverged", "The network with batch norm diverged at step 30.")


# What is recorded, against what the plain loop says


@pytest.fixture(scope="module", params=ARMS)
def oracle(request, small):
    """(snapshots of one arm, the plain loop's network and losses, its untrained network)"""
    arm = request.param
    return [snapshot["arms"][arm] for snapshot in small[0]], *plain_loop(SMALL, arm), plain_network(SMALL, arm)


def held_out():
    split = load(SMALL.dataset)
    return torch.tensor(split.x_test), torch.tensor(split.y_test)


def plain_taps(network, x):
    """Arrays [layers, width, examples] by tap, with the statistics of x itself."""
    taps, layers = {tap: [] for tap in TAPS}, list(network)
    with torch.no_grad():
        for layer in layers[:-1]:
            if isinstance(layer, nn.BatchNorm1d):
                x = functional.batch_norm(x, None, None, layer.weight, layer.bias, training=True)
                taps["normalized"].append(x.T.numpy())
                continue
            x = layer(x)
            taps["linear" if isinstance(layer, nn.Linear) else "activation"].append(x.T.numpy())
    taps["normalized"] = taps["normalized"] or taps["linear"]
    return {tap: np.array(values) for tap, values in taps.items()}


def test_the_last_snapshot_tells_the_accuracy_of_the_trained_network(oracle):
    snapshots, network, _, _ = oracle
    x, y = held_out()
    with torch.no_grad():
        logits = network.eval()(x)
    assert snapshots[-1]["test_accuracy"] == (logits.argmax(1) == y).double().mean().item()
    assert snapshots[-1]["test_loss"] == pytest.approx(functional.cross_entropy(logits, y).item(), rel=1e-5)


def test_the_probe_loss_is_the_training_views(oracle):
    snapshots, _, _, untrained = oracle
    x, y = held_out()
    with torch.no_grad():
        loss = functional.cross_entropy(untrained.train()(x[:PROBE_SIZE]), y[:PROBE_SIZE]).item()
    assert snapshots[0]["probe_loss"] == pytest.approx(loss, rel=1e-5)


def test_training_losses_and_gradients_are_those_since_the_last_snapshot(oracle, small):
    snapshots, network, losses, _ = oracle
    steps = [snapshot["step"] for snapshot in small[0]]
    for (begin, end), snapshot in zip(zip(steps, steps[1:], strict=False), snapshots[1:], strict=True):
        assert snapshot["train_loss"] == pytest.approx(np.mean(losses[begin:end]), rel=1e-6)
    norms = [layer.weight.grad.norm().item() for layer in network if isinstance(layer, nn.Linear)]
    assert np.allclose(snapshots[-1]["gradient_norm"], norms, rtol=1e-5)


@pytest.mark.parametrize("tap", TAPS)
def test_distributions_are_numpys_and_scipys_of_the_plain_loops_taps(oracle, tap):
    snapshots, network, _, untrained = oracle
    last, probe = snapshots[-1], held_out()[0][:PROBE_SIZE]
    now, then = (plain_taps(net, probe)[tap] for net in (network, untrained))
    edges = loop.bin_edges(SMALL)[tap]
    counts = np.array([np.histogram(layer, edges)[0] for layer in now])
    assert np.abs(last["counts"][tap].astype(int) - counts).sum() <= 6, "a few may cross a border by rounding"
    percentiles = np.percentile(now.reshape(len(now), -1), (15, 50, 85), axis=1).T
    assert np.allclose(last["percentiles"][tap], percentiles, atol=1e-4)
    assert np.allclose(last["mean"][tap], now.mean((1, 2)), atol=1e-5)
    assert np.allclose(last["std"][tap], np.sqrt(np.var(now, axis=(1, 2))), rtol=1e-4)
    assert np.allclose(last["unit_mean"][tap], now.mean(2), atol=1 / 128 * np.sqrt((now.mean(2) ** 2).mean(1).max()))
    watched = [[np.histogram(unit, edges)[0] for unit in layer[:WATCHED_UNITS]] for layer in now]
    assert np.abs(last["unit_counts"][tap].astype(int) - np.array(watched)).sum() <= 6
    for layer in range(SMALL.hidden_layers):
        distances = [stats.wasserstein_distance(*pair) for pair in zip(now[layer], then[layer], strict=True)]
        expected = np.mean(distances) / np.sqrt(np.var(then[layer], axis=1).mean())
        assert last["shift_from_first"][tap][layer] == pytest.approx(expected, rel=1e-3)


def test_the_share_of_zeros_is_relus(oracle):
    snapshots, network, _, _ = oracle
    activation = plain_taps(network, held_out()[0][:PROBE_SIZE])["activation"]
    assert np.abs(snapshots[-1]["zeros"]["activation"].astype(int) - (activation == 0).sum((1, 2))).max() <= 2
    assert activation.min() == 0 and (activation == 0).any()


# Minibatch noise and label noise


def noise(experiment, key="mean_noise"):
    """Mean over snapshots of the first layer's noise, where the data alone decide it."""
    snapshots = run(experiment)[0]
    return np.mean([s["arms"]["batch"][key]["linear"][0] for s in snapshots if key in s["arms"]["batch"]])


@pytest.mark.slow
def test_minibatch_means_scatter_as_one_over_root_n_and_less_in_larger_batches():
    """Within 25 %: the probe is held out, so its own mean is off by a little, and there are 60 minibatches only."""
    errors = [noise(SMALL.replace(batch_size=size, steps=60, snapshot_every=1, learning_rate=0.0001)) for size in (4, 16, 64)]
    assert errors[0] > errors[1] > errors[2]
    assert np.allclose(errors, 1 / np.sqrt([4, 16, 64]), rtol=0.25)


def test_it_is_the_ghost_batch_that_decides_the_noise():
    experiment = SMALL.replace(batch_size=64, ghost_batch_size=4, steps=40, snapshot_every=1, learning_rate=0.0001)
    assert noise(experiment) == pytest.approx(1 / 2, rel=0.25)


@pytest.mark.slow
def test_variances_scatter_as_the_theory_says():
    experiment = SMALL.replace(batch_size=16, steps=60, snapshot_every=1, learning_rate=0.0001)
    assert noise(experiment, "variance_noise") == pytest.approx(noise(experiment, "variance_noise_theory"), rel=0.25)


def test_minibatch_statistics_are_those_of_the_minibatch_to_come():
    experiment = SMALL.replace(ghost_batch_size=10)
    arm = next(loop.train(experiment))["arms"]["batch"]
    chosen = next(plain_batches(experiment))[:11]  # 32 = 11 + 11 + 10: the first ghost batch
    x = torch.tensor(load("mnist1d").x_train)[chosen]
    z = plain_network(experiment, "none")[0](x).detach().numpy()
    assert np.allclose(arm["minibatch_mean"]["linear"][0], z.mean(0), atol=np.sqrt((z.mean(0) ** 2).mean()) / 32)
    assert np.allclose(arm["minibatch_std"]["linear"][0], z.std(0, ddof=1), atol=z.std(0, ddof=1).max() / 32)


@pytest.mark.parametrize("share", [0.0, 0.3, 1.0])
def test_label_noise_replaces_its_share_by_any_class(share):
    labels = torch.tensor(load("fashion").y_train)
    noisy = minibatches.noisy_labels(Experiment(label_noise=share), labels)
    assert (noisy != labels).double().mean() == pytest.approx(share * 0.9, abs=0.02), "a tenth is right by chance"
    assert set(noisy.tolist()) == set(range(10))


def test_label_noise_touches_neither_the_minibatches_nor_the_held_out_labels():
    quiet, loud = (loop.DataTensors(SMALL.replace(label_noise=share)) for share in (0.0, 1.0))
    assert torch.equal(quiet.y_test, loud.y_test) and not torch.equal(quiet.y_train, loud.y_train)
    a, b = (next(loop.minibatches(SMALL.replace(label_noise=share))) for share in (0.0, 1.0))
    assert torch.equal(a, b)


def test_an_epoch_shows_each_example_at_most_once_and_every_batch_is_whole():
    experiment = SMALL.replace(train_size=70)
    batches = loop.minibatches(experiment)
    epochs = [torch.cat([next(batches), next(batches)]) for _ in range(20)]
    assert all(len(epoch) == len(epoch.unique()) == 64 for epoch in epochs)
    assert len(torch.cat(epochs).unique()) == 70
