"""The noise microscope against explicitly built minibatches, plain dropout and closed forms; the page /batch-size."""

import importlib
import math
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import stats
from streamlit.testing.v1 import AppTest
from torch import nn

from bnviz import engine
from bnviz.config.experiment import FIELDS, Experiment
from bnviz.data import DATA_SETS, load
from bnviz.lessons.batch_size import portrait
from bnviz.lessons.batch_size.measures import DRAWS
from bnviz.lessons.batch_size.measures import SIZES as ALL_SIZES
from bnviz.lessons.batch_size.measures import sizes as sizes_of
from bnviz.lessons.batch_size.page import PAGE
from bnviz.lessons.batch_size.panels import panels
from bnviz.measures import budget, statistics
from bnviz.measures.registry import live_measures
from bnviz.nets.normalizers import EVALUATE
from bnviz.record import ndjson
from bnviz.record.store import Store
from bnviz.train import loop
from bnviz.web import player
from tests import ROOT
from tests.train.test_loop import MODULES, run

microscope = importlib.import_module("bnviz.lessons.batch_size.measures.microscope")
torch.set_num_threads(1)

SMALL = Experiment(
    dataset="mnist1d", width=16, hidden_layers=3, steps=30, batch_size=32, snapshot_every=5, train_size=300, microscope="yes",
    example=7,
)  # fmt: skip
SIZES = (2, 4, 8, 16, 32, 64, 128)  # no more than half of 300 examples


@pytest.fixture(scope="module")
def trained():
    """The snapshots of a run and its networks."""
    snapshots, _, networks, _ = run(SMALL)
    return snapshots, networks


def measurements(snapshots, arm, place=-1):
    """What the microscope says in the `place`-th of its snapshots."""
    return [part for part in (snapshot["arms"][arm].get("microscope") for snapshot in snapshots) if part][place]


def plain(network, momentum=0.1):
    """The network as a Sequential of torch's own layers."""
    layers = []
    for linear, norm in zip(network.linears, network.normalizers, strict=False):
        layers.append(linear)
        if hasattr(norm, "gamma"):
            batch_norm = nn.BatchNorm1d(len(norm.gamma), momentum=momentum)
            batch_norm.weight.data, batch_norm.bias.data = norm.gamma.data, norm.beta.data
            batch_norm.running_mean, batch_norm.running_var = norm.running_mean.clone(), norm.running_variance.clone()
            layers.append(batch_norm)
        layers.append(MODULES[SMALL.activation]())
    return nn.Sequential(*layers, network.linears[-1])


def plainly(network, x):
    """z and a of every layer, and the logits, with x as one batch in training view."""
    net, z, a, value = plain(network).train(), [], [], x
    with torch.no_grad():
        for layer in net:
            value = layer(value)
            if isinstance(layer, nn.Linear):
                z.append(value)
            elif isinstance(layer, nn.ReLU):
                a.append(value)
    return z[:-1], a, value


def values(part, scene):
    """The single values a [layers, watched, sizes, draws] that were recorded, and how far rounding may have moved them."""
    low, high = (part["range"][..., place, None, None] for place in (0, 1))
    assert (part[scene]["activation"] <= microscope.LEVELS).all()
    return low + part[scene]["activation"] / microscope.LEVELS * (high - low), (high - low) / microscope.LEVELS / 1.9


# Among mates


@pytest.mark.parametrize("arm", ["none", "batch"])
def test_the_example_among_mates_is_that_of_plain_batch_norms_over_explicit_minibatches(trained, arm):
    part, network = measurements(trained[0], arm), trained[1][arm]
    split, rows = load("mnist1d"), {"a": [], "p": [], "chosen": []}
    x, own, label = torch.tensor(split.x_train[:300]), torch.tensor(split.x_test[7]), split.y_test[7]
    for minibatches in microscope.minibatches_for(SMALL):
        for indices in minibatches:
            _, a, logits = plainly(network, torch.stack([own, *x[indices[1:]]]))
            rows["a"].append(torch.stack([layer[0] for layer in a]).numpy())
            rows["p"].append(logits[0].softmax(0)[label].item())
            rows["chosen"].append(logits[0].argmax().item())
    a, p, classes = (np.array(rows[key]).reshape(len(SIZES), DRAWS, -1) for key in rows)
    a = a.reshape(len(SIZES), DRAWS, SMALL.hidden_layers, SMALL.width).transpose(2, 3, 0, 1)
    result, off = values(part, "mates")
    assert (np.abs(result - a[:, :8]) <= off + 1e-4).all()
    sd = np.sqrt((a.std(-1, ddof=1, dtype=float) ** 2).mean(1))
    np.testing.assert_allclose(part["mates"]["activation_sd"], sd, rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(part["mates"]["prediction"], p[..., 0], atol=1e-4)
    np.testing.assert_allclose(part["mates"]["prediction_sd"], p[..., 0].std(1, ddof=1), atol=1e-4)
    with torch.no_grad():
        used = plain(network).eval()(own[None])[0]
    assert part["used_prediction"] == pytest.approx(used.softmax(0)[label].item(), abs=1e-5)
    np.testing.assert_allclose(part["mates"]["changed"], (classes[..., 0] != used.argmax().item()).mean(1), atol=1e-6)


def test_without_batch_norm_mates_change_nothing(trained):
    for place in range(2):
        mates = measurements(trained[0], "none", place)["mates"]
        assert all(
            mates[key].max() < 1e-6 for key in ("activation_sd", "prediction_sd", "changed")
        )  # the order of a sum may differ
        assert np.ptp(mates["prediction"]) < 1e-6
        batch = measurements(trained[0], "batch", place)["mates"]
        assert (batch["activation_sd"] > 0).all() and (batch["prediction_sd"] > 0).all()


def test_of_two_examples_that_are_normalized_together_one_is_plus_and_one_minus_one():
    first = values(measurements(run(SMALL.replace(steps=10))[0], "batch", 0), "mates")[0][0, :, 0]  # untrained: γ is 1 and β is 0
    apart = np.minimum(np.abs(first), np.abs(first - 1))  # ReLU makes 0 of -1
    assert (apart < 0.02).mean() > 0.98 and 0.2 < first.mean() < 0.8


def test_a_layers_scatter_falls_like_one_over_root_b(trained):
    sd = measurements(trained[0], "batch")["mates"]["activation_sd"][0]
    slope = np.polyfit(np.log(SIZES[2:]), np.log(sd[2:]), 1)[0]
    assert slope == pytest.approx(-0.5, abs=0.1)


# Dropout


def test_dropout_is_plain_dropout_in_evaluation_view(trained):
    network, split = trained[1]["batch"], load("mnist1d")
    net, own = plain(network).eval(), torch.tensor(split.x_test[7:8])
    rates, masks = torch.tensor([0.0, 0.3, 0.8]), torch.rand(3, 5, SMALL.width)
    with torch.no_grad():
        activations, logits = microscope.with_dropout(network, network.linears[0](own), rates, masks)
        for place, rate in enumerate(rates.tolist()):
            for draw in range(5):
                value, layer = own, 0
                for module in net:
                    value = module(value)
                    if isinstance(module, nn.ReLU):
                        np.testing.assert_allclose(activations[layer, place, draw], value[0], atol=1e-5)
                        value = torch.where(masks[layer, draw] >= rate, value / (1 - rate), torch.zeros(()))
                        layer += 1
                np.testing.assert_allclose(logits[place, draw], value[0], atol=1e-4)


def test_the_matched_rate_scatters_a2_as_much_as_the_mates_do(trained):
    for place in range(2):
        part = measurements(trained[0], "batch", place)
        assert np.isfinite(part["dropout_rate"]).sum() >= 5
        for target, actual, rate in zip(
            part["mates"]["activation_sd"][1], part["dropout"]["activation_sd"][1], part["dropout_rate"], strict=True
        ):
            assert math.isnan(rate) or (actual == pytest.approx(target, rel=0.1) and 0 < rate < microscope.MAX_RATE)
        assert np.nanmax(np.diff(part["dropout_rate"])) < 0.05, "larger minibatches, less dropout"
        assert (part["dropout"]["activation_sd"][0][np.isfinite(part["dropout_rate"])] == 0).all(), (
            "dropout begins behind layer 1"
        )


def test_in_a_linear_net_the_matched_rate_has_a_closed_form():
    """Var(z₂) = p/(1-p) Σ W²a₁², so a scatter s is matched by p = s²/(s² + c), c the mean over units of Σ W²a₁² γ²/(σ²+ε)."""
    experiment = SMALL.replace(activation="identity", width=256)
    network, z = loop.ArmTrainer(experiment, "batch").network, torch.randn(1, 256, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        network.normalizers[1].running_variance.uniform_(0.5, 2)
        a = network.normalizers[0](z, EVALUATE, 1)[0]
        gain = network.normalizers[1].gamma ** 2 / (network.normalizers[1].running_variance + 1e-5)
        c = ((network.linears[1].weight ** 2 @ a**2) * gain).mean().item()
        targets = np.array([0.2, 0.5, 1.0, 2.0])
        rates = microscope.matched_rates(network, z, targets)
    np.testing.assert_allclose(rates, targets**2 / (targets**2 + c), rtol=0.06)


def test_what_no_rate_can_match_has_none():
    network, z = loop.ArmTrainer(SMALL, "batch").network, torch.randn(1, SMALL.width)
    with torch.no_grad():
        rates = microscope.matched_rates(network, z, np.array([0.1, 1e6, 0.0, np.nan]))
    assert [math.isfinite(rate) for rate in rates] == [True, False, False, False]


# Statistics of minibatches


@pytest.mark.parametrize("arm", ["none", "batch"])
def test_statistics_scatter_as_over_explicit_minibatches(trained, arm):
    part, network = measurements(trained[0], arm), trained[1][arm]
    x = torch.tensor(load("mnist1d").x_train[:300])
    full_batch = [z.numpy() for z in plainly(network, x)[0]]
    for place, minibatches in enumerate(microscope.minibatches_for(SMALL)):
        parts = [plainly(network, x[indices])[0] for indices in minibatches]
        for layer, everything in enumerate(full_batch):
            z = np.stack([part[layer].numpy() for part in parts]).astype(float)  # [draws, size, width]
            variance = everything.var(0, ddof=1).mean()
            mean = np.sqrt(z.mean(1).var(0, ddof=1).mean() / variance)
            ratio = np.sqrt(z.var(1, ddof=1).var(0, ddof=1).mean()) / variance
            assert part["mean_sd"][layer, place] == pytest.approx(mean, rel=2e-3)
            assert part["variance_sd"][layer, place] == pytest.approx(ratio, rel=2e-3)
    expected = statistics.subset_variance_theory(np.stack([z.T for z in full_batch]), np.array(SIZES))
    np.testing.assert_allclose(part["variance_sd_theory"], expected, rtol=1e-3)
    np.testing.assert_allclose(part["mean_sd_theory"], [math.sqrt(1 / size - 1 / 300) for size in SIZES], rtol=1e-6)


def test_theory_holds_where_nothing_was_normalized_below_and_means_are_pinned_where_it_was(trained):
    none, batch = (measurements(trained[0], arm) for arm in ("none", "batch"))
    for part, layers in ((none, slice(None)), (batch, slice(0, 1))):
        np.testing.assert_allclose(part["mean_sd"][layers] / part["mean_sd_theory"], 1, atol=0.3)
        np.testing.assert_allclose(part["variance_sd"][layers] / part["variance_sd_theory"][layers], 1, atol=0.5)
    assert (batch["mean_sd"][1:] < 0.5 * batch["mean_sd_theory"]).all()


# In a run


def test_it_is_taken_with_the_first_snapshot_now_and_then_and_with_the_last_of_the_two_arms_of_the_lecture():
    (extra,) = [extra for extra in live_measures() if extra.function is microscope.microscope]
    assert 12 <= extra.every <= 20
    snapshots, *_ = run(SMALL.replace(snapshot_every=1, steps=40, hold_from=5, fixed_scales="yes"))
    for snapshot in snapshots:
        expected_arms = {"none", "batch"} if snapshot["index"] % extra.every == 0 or snapshot["step"] == 40 else set()
        assert {name for name, arm in snapshot["arms"].items() if "microscope" in arm} == expected_arms


VARIANTS = {
    "plain": {},
    "momentum": {"momentum": 0.9, "learning_rate": 0.03},
    "dropout": {"dropout": 0.3},
    "ghosts": {"ghost_batch_size": 8},
}


@pytest.mark.parametrize("changes", VARIANTS.values(), ids=VARIANTS)
def test_looking_leaves_training_bit_identical(changes):
    experiment = SMALL.replace(**changes)
    inspected, _, inspected_networks, _ = run(experiment)
    unseen, _, alone, _ = run(experiment.replace(microscope="no"))
    for arm in experiment.arms:
        assert all(map(torch.equal, inspected_networks[arm].state_dict().values(), alone[arm].state_dict().values()))
    for with_it, without in zip(inspected, unseen, strict=True):
        for arm in with_it["arms"].values():
            arm.pop("microscope", None)
        assert ndjson.line(with_it) == ndjson.line(without)


def test_it_draws_the_same_in_every_run_snapshot_and_arm_and_leaves_the_global_generator_alone(trained):
    before = torch.get_rng_state()
    again = run(SMALL)[0]
    assert torch.equal(before, torch.get_rng_state())
    assert [ndjson.line(snapshot) for snapshot in again] == [ndjson.line(snapshot) for snapshot in trained[0]]
    first, second = microscope.minibatches_for(SMALL), microscope.minibatches_for(SMALL.replace(example=9, learning_rate=1.0))
    assert all(map(torch.equal, first, second))
    assert not all(map(torch.equal, first, microscope.minibatches_for(SMALL.replace(seed=1))))
    for minibatches, size in zip(first, SIZES, strict=True):
        assert minibatches.shape == (DRAWS, size) and minibatches.max() < 300
        assert all(len(set(row)) == size for row in minibatches.tolist())


def test_a_network_that_diverges_is_recorded_to_the_end():
    snapshots, (status, _), _, lines = run(SMALL.replace(learning_rate=10.0, width=64, hidden_layers=6, steps=60))
    none = measurements(snapshots, "none")
    assert status == "diverged" and none["used_prediction"] is None
    assert (none["mates"]["activation"][-1] == microscope.LEVELS + 1).all() and np.isnan(none["mates"]["prediction_sd"]).all()
    assert np.isfinite(none["range"]).all() and np.isfinite(measurements(snapshots, "batch")["mates"]["activation_sd"]).all()


@pytest.mark.parametrize(
    ("changes", "sizes"),
    [
        ({"train_size": 16, "batch_size": 2}, (2, 4, 8)),
        ({"train_size": 100, "batch_size": 1024, "ghost_batch_size": 2}, (2, 4, 8, 16, 32)),
        ({"train_size": 4000, "width": 8, "hidden_layers": 2}, ALL_SIZES),
    ],
)
def test_minibatches_are_no_larger_than_half_of_the_examples(changes, sizes):
    experiment = SMALL.replace(steps=10, **changes)
    part = measurements(run(experiment)[0], "batch")
    assert tuple(part["sizes"]) == sizes == sizes_of(experiment)
    assert part["mates"]["activation"].shape == (experiment.hidden_layers, 8, len(sizes), DRAWS)
    assert part["mean_sd"].shape == part["variance_sd_theory"].shape == (experiment.hidden_layers, len(sizes))
    assert part["mean_sd_theory"].shape == part["dropout_rate"].shape == part["dropout"]["prediction_sd"].shape == (len(sizes),)
    for figure in panels(experiment)[:-1]:
        assert figure["layout"]["xaxis"]["tickvals"][0] == 2 and figure["layout"]["xaxis"]["tickvals"][-1] >= sizes[-1] / 2


def test_where_numbers_are_learnt_it_is_the_first_of_them():
    changes = {"dataset": "linear-map", "activation": "identity", "width": 10, "learning_rate": 0.01, "initialization": "xavier"}
    experiment = SMALL.replace(train_size=1000, **changes)
    snapshots, _, networks, _ = run(experiment)
    part = measurements(snapshots, "batch")
    with torch.no_grad():
        output = networks["batch"](torch.tensor(load("linear-map").x_test[7:8]), EVALUATE)
    assert part["used_prediction"] == pytest.approx(output[0, 0].item(), rel=1e-4)


def test_it_costs_what_the_estimate_says_and_the_ordinary_run_nothing():
    assert budget.seconds(Experiment()) < budget.seconds(PAGE.default) < budget.seconds(Experiment()) + 6
    assert budget.seconds(Experiment(example=9)) == budget.seconds(Experiment())


# What is said of it


SIZES_AND_VALUES = st.lists(st.one_of(st.floats(1e-4, 10), st.just(0.0)), min_size=9, max_size=9)


@given(SIZES_AND_VALUES)
@settings(deadline=None)
def test_the_power_law_is_that_of_scipys_line_through_logarithms(desk, values):
    result = desk.call("lessons/batch_size/laws.js", "fallOff", list(ALL_SIZES), values)
    points = [(math.log(size), math.log(value)) for size, value in zip(ALL_SIZES, values, strict=True) if size >= 8 and value]
    if len(points) < 2:
        assert result is None
    else:
        assert result["exponent"] == pytest.approx(stats.linregress(*zip(*points, strict=True)).slope, abs=1e-6)


@pytest.mark.parametrize("sizes, first", [(ALL_SIZES, 8), ((2, 4, 8, 16, 32), 8), ((2, 4, 8, 16), 2)])
def test_lines_are_fitted_from_8_examples_on_unless_there_are_hardly_larger_sizes(desk, sizes, first):
    assert desk.call("lessons/batch_size/laws.js", "fittedFrom", sizes) == first


@given(st.floats(0.01, 3))
def test_the_answer_is_the_share_nearest_in_proportion(desk, left):
    off = {name: abs(math.log(share / left)) for name, share in (("quarter", 1 / 4), ("half", 1 / 2), ("all", 1))}
    assume(sorted(off.values())[1] - min(off.values()) > 1e-9)
    assert desk.call("lessons/batch_size/laws.js", "nearest", left) == min(off, key=off.get)


# The page


def test_panels_show_what_is_measured_and_mark_the_size_that_this_run_normalizes():
    assert [panel["id"] for panel in panels(Experiment())] == ["learning"]
    visible_panels = panels(Experiment(microscope="yes", batch_size=256, ghost_batch_size=4))
    assert [panel["id"] for panel in visible_panels] == ["mates", "said", "scatter", "rates", "mean", "variance", "learning"]
    for arm in ("layer", "group", "rms"):  # other minibatches change nothing there
        shown_of_it = panels(Experiment(microscope="yes", compare=arm))
        assert [panel["id"] for panel in shown_of_it] == ["mates", "said", "mean", "variance", "learning"]
    for panel in visible_panels[:-1]:
        assert {shape["x0"] for shape in panel["layout"]["shapes"]} == {4}
        assert not any(trace["type"] == "scattergl" for trace in panel["data"])


def test_the_portrait_is_the_watched_example():
    split, (images, labels) = load("fashion"), portrait._held_out()
    assert len(images) == len(split.x_test) and np.array_equal(labels, split.y_test)
    picture = portrait.enlarged(images[4])
    assert picture.shape == (28 * portrait.PIXEL, 28 * portrait.PIXEL) and picture.dtype == np.uint8
    small = picture[:: portrait.PIXEL, :: portrait.PIXEL].astype(float).ravel()
    assert np.corrcoef(small, split.x_test[4])[0, 1] > 0.999
    assert len(portrait.TEXTS["classes"]) == DATA_SETS["fashion"].classes


def test_presets_and_the_default_are_affordable_and_named_once():
    experiments = [PAGE.default.replace(**preset) for preset in PAGE.presets.values()]
    assert len(set(experiments)) == len(experiments) and experiments[0] == PAGE.default
    for experiment in experiments:
        budget.check(experiment)
        assert experiment.microscope == "yes" and not experiment.notes()
    assert not set(PAGE.main) & set(PAGE.more) and set(PAGE.main) | set(PAGE.more) <= set(FIELDS)


def test_the_page_opens_with_its_own_default_and_picture_and_takes_a_link(monkeypatch):
    mounted = []
    monkeypatch.setattr(engine, "shared", lambda: SimpleNamespace(request=lambda one, visitor: one.id, store=Store()))
    monkeypatch.setattr(player, "mount", lambda **payload: mounted.append(payload))
    for link, experiment, words in (
        ({}, PAGE.default, "Its class: shirt"),
        ({"batch_size": "256", "ghost_batch_size": "4", "example": "511"}, None, "number 511 of"),
        ({"dataset": "spirals"}, PAGE.default.replace(dataset="spirals"), None),
    ):
        page = AppTest.from_file(str(ROOT / "pages" / "batch_size.py"), default_timeout=60)
        page.query_params.update(link)
        page.run()
        assert not page.exception and not page.warning
        experiment = experiment or PAGE.default.replace(batch_size=256, ghost_batch_size=4, example=511)
        assert (mounted[-1]["run"], mounted[-1]["lesson"]) == (experiment.id, "batch_size")
        assert page.query_params == link
        assert any(words in caption.value for caption in page.caption) if words else len(page.get("imgs")) == 0
    page.button_group(key="prediction batch_size").set_value("quarter").run()
    assert mounted[-1]["prediction"] == "quarter"
    page.number_input(key="example").set_value(12).run()
    assert page.query_params == {"dataset": "spirals", "example": "12"}
