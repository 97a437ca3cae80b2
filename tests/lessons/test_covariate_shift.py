"""Painted animals, what is measured of them, and the page that shows it: oracles share no code with what they check."""

import base64
import copy
import io

import numpy as np
import pytest
import torch
from PIL import Image
from scipy import stats
from streamlit.testing.v1 import AppTest
from torch import nn
from torch.nn import functional

from bnviz.config.experiment import WATCHED_UNITS, Experiment
from bnviz.data import DATA_SETS, FOLDER, coats, load
from bnviz.lessons.covariate_shift import album
from bnviz.lessons.covariate_shift.measures.coats import HELD_OUT, LEVELS, RECOMPUTED_ON
from bnviz.lessons.covariate_shift.measures.coats import coats as look
from bnviz.lessons.covariate_shift.panels import panels
from bnviz.measures.recomputed import with_statistics_of
from bnviz.measures.registry import live_measures
from bnviz.nets.normalizers import EVALUATE
from bnviz.train import loop
from tests.measures import live_context
from tests.web.desk import Desk

torch.set_num_threads(1)

SMALL = Experiment(dataset="cats", width=16, hidden_layers=3, steps=24, batch_size=32, snapshot_every=8)
TAPS = ("linear", "normalized", "activation")


# Coats


def test_paint_is_deterministic_and_each_animal_stands_alone():
    train, _ = coats.animals()
    images = coats.paint(train.shapes[:40], 0.5, train.seeds[:40])
    assert np.array_equal(images, coats.paint(train.shapes[:40], 0.5, train.seeds[:40]))
    assert np.array_equal(images[7:9], coats.paint(train.shapes[7:9], 0.5, train.seeds[7:9]))
    assert not np.array_equal(images[0], coats.paint(train.shapes[:1], 0.5, train.seeds[1:2])[0])
    assert images.dtype == np.float32 and images.min() >= 0 and images.max() <= 1


def test_the_level_changes_the_coat_and_nothing_else():
    _, test = coats.animals()
    black, half, coloured = (coats.paint(test.shapes[:100], level, test.seeds[:100]) for level in (0, 0.5, 1))
    outside, inside = test.shapes[:100] == 0, test.shapes[:100] == 1
    assert np.array_equal(black[outside], coloured[outside])
    assert black[inside].mean() < 0.12 < half[inside].mean() < coloured[inside].mean()
    assert np.ptp(coloured[inside], axis=-1).mean() > 3 * np.ptp(black[inside], axis=-1).mean(), "black has no hue"


def test_levels_may_differ_from_animal_to_animal():
    _, test = coats.animals()
    both = coats.paint(test.shapes[:2], np.array([0, 1]), test.seeds[:2])
    for place in (0, 1):
        assert np.array_equal(both[place], coats.paint(test.shapes[:2], place, test.seeds[:2])[place])


def test_worlds_are_what_they_are_called():
    train, _ = coats.animals()
    levels = {world: coats.levels(world, train) for world in coats.COATS}
    cats = train.labels == coats.CAT
    assert not levels["black"].any()
    assert not levels["black-cats"][cats].any() and (levels["black-cats"][~cats] == 1).all()
    for kind in (cats, ~cats):
        assert np.histogram(levels["mixed"][kind], 4, (0, 1))[0].min() > 0.2 * kind.sum(), "every level, in both classes"


def test_half_are_cats_and_no_shape_is_in_both_parts():
    train, test = coats.animals()
    assert train.labels.mean() == test.labels.mean() == 0.5
    shapes = {shape.tobytes() for shape in test.shapes}
    assert not shapes & {view.tobytes() for shape in train.shapes for view in (shape, np.ascontiguousarray(shape[:, ::-1]))}
    assert len(shapes) == coats.TEST_SIZE


@pytest.mark.parametrize("world", coats.COATS)
def test_each_world_is_loaded_once_and_standardized_by_its_own_training_part(world):
    split = load("cats", world)
    assert split is load("cats", world)
    assert split.x_train.mean(dtype=np.float64) == pytest.approx(0, abs=1e-4)
    assert split.x_train.std(dtype=np.float64) == pytest.approx(1, abs=1e-4)


def test_coats_mean_nothing_to_other_data():
    assert load("spirals", "mixed") is load("spirals")
    (note,) = Experiment(coats="mixed").notes()
    assert "no animals" in note
    assert Experiment(dataset="cats", coats="mixed").notes() == []


def test_the_page_shows_the_very_pictures_that_train():
    herd = album.select(coats.animals()[0])
    split, (_, mean, std) = load("cats", "mixed"), coats._training("mixed")
    sheet = album.sheet(herd, coats.levels("mixed", herd))
    first = sheet[: coats.SIDE * album.PIXEL : album.PIXEL, : coats.SIDE * album.PIXEL : album.PIXEL]
    place = np.flatnonzero(split.y_train == coats.CAT)[0]
    pixels = split.x_train[place].reshape(coats.SIDE, coats.SIDE, 3) * std + mean
    assert np.abs(first[..., :3] / 255 - pixels).max() < 0.003 and (first[..., 3] == 255).all()


def test_pictures_are_part_of_the_page():
    """At an address of Streamlit's they are gone once its script has run without them, and late browsers get 404."""

    def script():
        from bnviz.config.experiment import Experiment
        from bnviz.lessons.batch_size import portrait
        from bnviz.lessons.covariate_shift import album

        album.show("mixed")
        portrait.show(Experiment(dataset="fashion", microscope="yes"))

    page = AppTest.from_function(script, default_timeout=60).run()
    images = [address.removeprefix("data:image/png;base64,") for one in page.get("image") for address in [one.proto.imgs[0].url]]
    sizes = [Image.open(io.BytesIO(base64.b64decode(image, validate=True))).size for image in images]
    assert sizes == [(1192, 232)] * 3 + [(56, 56)] and not page.exception


def test_the_silhouettes_come_with_their_licence_and_the_page_says_what_they_are():
    assert "MIT" in (FOLDER / "LICENSE-animal-mnist").read_text(encoding="utf-8")
    assert "machine-made" in DATA_SETS["cats"].credit and "not photographs" in DATA_SETS["cats"].credit


# What is measured


@pytest.fixture(scope="module")
def trained():
    """Both arms after a few steps, with the tensors and the last snapshot."""
    tensors, batches = loop.DataTensors(SMALL), loop.minibatches(SMALL)
    arms = {name: loop.ArmTrainer(SMALL, name) for name in SMALL.arms}
    for _ in range(SMALL.steps):
        indices = next(batches)
        for arm in arms.values():
            arm.step(tensors.x_train[indices], tensors.y_train[indices])
    with torch.no_grad():
        results = {name: look(live_context(arm, tensors, indices)) for name, arm in arms.items()}
    return arms, results


def plain(network):
    """The network as a Sequential of PyTorch's own layers, with its weights and running statistics."""
    layers = []
    for linear, normalizer in zip(network.linears, [*network.normalizers, None], strict=True):
        layers.append(copy.deepcopy(linear))
        if hasattr(normalizer, "gamma"):
            norm = nn.BatchNorm1d(linear.out_features)
            state = (normalizer.gamma, normalizer.beta, normalizer.running_mean, normalizer.running_variance)
            norm.load_state_dict(dict(zip(("weight", "bias", "running_mean", "running_var"), state, strict=True)), strict=False)
            layers.append(norm)
        if normalizer is not None:
            layers.append(nn.ReLU())
    return nn.Sequential(*layers)


def pictures(level, part=1, count=HELD_OUT):
    herd = coats.animals()[part]
    x = coats.flat(coats.paint(herd.shapes[:count], level, herd.seeds[:count]), SMALL.coats)
    return torch.tensor(x), torch.tensor(herd.labels[:count])


def plain_recall(net):
    with torch.no_grad():
        answers = [(net.eval()(pictures(level)[0]).argmax(1), pictures(level)[1]) for level in LEVELS]
    return np.array([[(predictions[y == kind] == kind).float().mean().item() for kind in (0, 1)] for predictions, y in answers])


@pytest.mark.parametrize("name", ["none", "batch"])
def test_recall_is_a_plain_networks(trained, name):
    arms, results = trained
    assert results[name]["coat_recall"] == pytest.approx(plain_recall(plain(arms[name].network)), abs=1e-6)


def test_recomputed_statistics_are_those_of_a_fresh_pass_over_the_data(trained):
    """The oracle goes layer by layer: mean and unbiased variance of all coloured animals, normalized with these below."""
    arms, results = trained
    net, (a, _) = plain(arms["batch"].network).eval(), pictures(1, part=0, count=RECOMPUTED_ON)
    with torch.no_grad():
        for layer in net:
            if isinstance(layer, nn.BatchNorm1d):
                layer.running_mean, layer.running_var = a.mean(0), a.var(0, unbiased=True)
                a = functional.batch_norm(a, a.mean(0), a.var(0, unbiased=False), layer.weight, layer.bias)
            else:
                a = layer(a)
    fresh = with_statistics_of(arms["batch"].network, pictures(1, part=0, count=RECOMPUTED_ON)[0])
    for normalizer, reference in zip(
        fresh.normalizers, [layer for layer in net if isinstance(layer, nn.BatchNorm1d)], strict=True
    ):
        assert torch.allclose(normalizer.running_mean, reference.running_mean, atol=1e-4)
        assert torch.allclose(normalizer.running_variance, reference.running_var, rtol=1e-3)
    assert results["batch"]["coat_recall_recomputed"] == pytest.approx(plain_recall(net), abs=0.011)
    assert not np.array_equal(results["batch"]["coat_recall_recomputed"], results["batch"]["coat_recall"])
    assert "coat_recall_recomputed" not in results["none"]


@pytest.mark.parametrize("name", ["none", "batch"])
def test_shifts_are_scipys_between_black_and_coloured_animals(trained, name):
    arms, results = trained
    black, coloured = ([] for _ in range(2))
    for taps, level in ((black, 0), (coloured, 1)):
        with torch.no_grad():
            arms[name].network(pictures(level)[0], EVALUATE, taps=taps)
    for place, tap in enumerate(TAPS):
        for layer in range(SMALL.hidden_layers):
            before, after = (taps[layer][place].numpy().T for taps in (black, coloured))
            distance = np.mean([stats.wasserstein_distance(*pair) for pair in zip(after, before, strict=True)])
            expected = distance / np.sqrt(np.var(before, axis=1).mean())
            assert results[name]["coat_shift"][tap][layer] == pytest.approx(expected, rel=1e-3)
    before, after = (pictures(level)[0].numpy().T for level in (0, 1))
    distance = np.abs(np.sort(after, axis=1) - np.sort(before, axis=1)).mean()
    assert results[name]["coat_input_shift"] == pytest.approx(distance / np.sqrt(np.var(before, axis=1).mean()), rel=1e-3)


def test_a_watched_units_histograms_are_of_black_and_of_coloured_animals(trained):
    arms, results = trained
    edges = loop.bin_edges(SMALL)["activation"]
    for place, level in enumerate((0, 1)):
        taps = []
        with torch.no_grad():
            arms["batch"].network(pictures(level)[0], EVALUATE, taps=taps)
        values = taps[1][2].numpy().T[:WATCHED_UNITS]
        counts = np.array([np.histogram(unit, edges)[0] for unit in values])
        assert np.abs(results["batch"]["coat_counts"]["activation"][place][1].astype(int) - counts).sum() <= 6
        assert np.abs(results["batch"]["coat_zeros"]["activation"][place][1].astype(int) - (values == 0).sum(1)).max() <= 2


def test_looking_at_coats_leaves_training_bit_for_bit_alone(trained):
    arms, _ = trained
    tensors, batches = loop.DataTensors(SMALL), loop.minibatches(SMALL)
    unseen = {name: loop.ArmTrainer(SMALL, name) for name in SMALL.arms}
    inspected = {name: loop.ArmTrainer(SMALL, name) for name in SMALL.arms}
    for _ in range(SMALL.steps):
        indices = next(batches)
        for arm in (*unseen.values(), *inspected.values()):
            arm.step(tensors.x_train[indices], tensors.y_train[indices])
        with torch.no_grad():
            for arm in inspected.values():
                look(live_context(arm, tensors, indices))
    for name in SMALL.arms:
        pairs = zip(unseen[name].network.state_dict().values(), inspected[name].network.state_dict().values(), strict=True)
        assert all(torch.equal(*pair) for pair in pairs)


def test_dropout_and_ghost_batches_do_not_reach_recomputed_statistics():
    network = loop.ArmTrainer(SMALL.replace(dropout=0.5, ghost_batch_size=8), "batch").network
    x = pictures(1, part=0, count=64)[0]
    one, other = (with_statistics_of(network, x) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(one.buffers(), other.buffers(), strict=True))
    assert network.dropout == 0.5 and all(norm.momentum == 0.1 for norm in network.normalizers)


def test_only_animals_are_asked_about_their_coats():
    (measure,) = [measure for measure in live_measures() if measure.function is look]
    assert measure.applies_to(SMALL) and not measure.applies_to(Experiment())


def test_a_run_says_it_now_and_then_and_at_the_end():
    snapshots = [message for message in loop.train(SMALL.replace(snapshot_every=3, steps=20)) if message]
    indices = [snapshot["index"] for snapshot in snapshots if "coat_recall" in snapshot["arms"]["none"]]
    assert indices == [*range(0, len(snapshots), 8)] + ([len(snapshots) - 1] if (len(snapshots) - 1) % 8 else [])


# What is shown and said


def test_data_without_coats_have_only_the_panel_of_learning():
    assert len(panels(SMALL)) == 6
    assert [panel["id"] for panel in panels(SMALL.replace(dataset="spirals"))] == ["learning"]


@pytest.mark.parametrize(("arm", "recomputed"), [("noisy-batch", True), ("layer", False)])
def test_statistics_are_recomputed_only_where_the_compared_normalizer_keeps_them(monkeypatch, arm, recomputed):
    monkeypatch.setattr(Experiment, "arms", ("none", arm))
    panels_by_id = {panel["id"]: panel for panel in panels(SMALL)}
    feeds = [trace["feed"] for panel in panels_by_id.values() for trace in panel["data"]]
    assert {feed["arm"] for feed in feeds if "arm" in feed} == {"none", arm}
    assert any("recomputed" in feed.get("key", "") for feed in feeds) == ("remedy" in panels_by_id) == recomputed


@pytest.fixture(scope="module")
def verdict():
    """A function of verdict.js by name."""
    desk = Desk()
    yield lambda name, *arguments: desk.call("lessons/covariate_shift/verdict.js", name, *arguments)
    desk.close()


@pytest.mark.parametrize("seed", range(20))
def test_a_class_fails_whose_recall_falls_by_more_than_two_standard_errors(verdict, seed):
    generator = np.random.default_rng(seed)
    before, after = generator.uniform(0.5, 1, 2).round(3), generator.uniform(0.3, 1, 2).round(3)
    fell = before - after > 0.08
    expected = ("neither", "cats", "others", "both")[2 * fell[0] + fell[1]]
    assert verdict("failingClasses", before.tolist(), after.tolist()) == expected
    for prediction, happened in {"others": fell[0], "cats": fell[1], "neither": not fell.any()}.items():
        assert verdict("agrees", prediction, expected) == happened
    assert verdict("accuracy", after.tolist()) == pytest.approx(after.mean())


def test_an_accuracy_changes_by_more_than_chance_or_stays(verdict):
    assert [verdict("course", 0.9, after) for after in (0.84, 0.86, 0.94, 0.96)] == ["falls", "stays", "stays", "rises"]
    assert [verdict("courseOfSameNetwork", 0.9, after) for after in (0.86, 0.89, 0.96)] == ["falls", "stays", "rises"]
    assert verdict("course", 0.9, float("nan")) == "stays"


def test_pixels_are_counted_by_their_brightness(trained):
    _, results = trained
    herd = coats.animals()[1]
    for place, level in enumerate((0, 1)):
        painted = coats.paint(herd.shapes[:HELD_OUT], level, herd.seeds[:HELD_OUT])
        counts = np.histogram(painted, results["none"]["coat_input_counts"].shape[1], (0, 1))[0]
        assert np.abs(results["none"]["coat_input_counts"][place].astype(int) - counts).sum() < 0.001 * painted.size
