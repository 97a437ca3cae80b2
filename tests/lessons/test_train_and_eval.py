"""The page /train-and-eval: every view and every error against plain PyTorch, the causes told apart, and what the page says."""

import math

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from bnviz.config.experiment import Experiment
from bnviz.data import coats, load
from bnviz.lessons.train_and_eval.measures import MEASURES, NOISE_EXAMPLES
from bnviz.lessons.train_and_eval.measures import evaluation as measure
from bnviz.lessons.train_and_eval.page import PAGE
from bnviz.lessons.train_and_eval.panels import panels
from bnviz.measures import budget
from bnviz.train import loop
from bnviz.web import words
from bnviz.web.player import messages
from bnviz.web.site import links

TEXTS = words.catalogue("train_and_eval")
CAUSES = "lessons/train_and_eval/causes.js"
SMALL = PAGE.default.replace(
    dataset="mnist1d", width=16, hidden_layers=3, batch_size=40, steps=40, snapshot_every=1, statistics_momentum=0.1
)


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


def end_of(experiment):
    """The last snapshot's part of the compared arm, and its network."""
    training, last = loop.Training(experiment), None
    while not training.done:
        last = training.advance() or last
    arm = training.arms[1]
    return last["arms"][arm.name], arm.network


@pytest.fixture(scope="module")
def trained():
    return end_of(SMALL)


def plain(network):
    """The same network of PyTorch's own modules."""
    layers = []
    for linear, norm in zip(network.linears, network.normalizers, strict=False):
        batch_norm = nn.BatchNorm1d(len(norm.gamma))
        batch_norm.weight.data, batch_norm.bias.data = norm.gamma.data.clone(), norm.beta.data.clone()
        batch_norm.running_mean, batch_norm.running_var = norm.running_mean.clone(), norm.running_variance.clone()
        layers += [linear, batch_norm, nn.ReLU()]
    return nn.Sequential(*layers, network.linears[-1])


def norms_of(model):
    return [layer for layer in model if isinstance(layer, nn.BatchNorm1d)]


def held_out():
    """The test examples in the order in which they are evaluated."""
    split = load("mnist1d")
    order = torch.randperm(len(split.x_test), generator=torch.Generator().manual_seed(0))
    return torch.tensor(split.x_test)[order], torch.tensor(split.y_test)[order]


def training_examples():
    return torch.tensor(load("mnist1d").x_train[: SMALL.examples])


def recomputed(network):
    """The plain network after one pass over the training set, whose statistics replace the running ones."""
    model = plain(network)
    for norm in norms_of(model):
        norm.momentum = 1.0
    model.train()(training_examples())
    return model.eval()


def uncorrected(network):
    """The plain network with variances that divide by the number of examples above layer 1."""
    model = plain(network)
    for norm in norms_of(model)[1:]:
        norm.running_var *= (SMALL.batch_size - 1) / SMALL.batch_size
    return model.eval()


def scores(logits, y):
    return functional.cross_entropy(logits, y).item(), (logits.argmax(1) == y).float().mean().item()


# the views


@torch.no_grad()
def test_every_view_is_what_pytorch_computes(trained):
    part, network = trained
    x, y = held_out()
    parts = x.split(SMALL.batch_size)
    logits = {
        "minibatch": torch.cat([plain(network).train()(one) for one in parts]),
        "running": plain(network).eval()(x),
        "recomputed": recomputed(network)(x),
        "own": plain(network).train()(x),
        "uncorrected": uncorrected(network)(x),
    }
    for view, expected in logits.items():
        loss, accuracy = scores(expected, y)
        assert part["evaluation"][f"{view}_loss"] == pytest.approx(loss, rel=1e-4), view
        assert part["evaluation"][f"{view}_accuracy"] == pytest.approx(accuracy, abs=0.0011), view
    assert len({part["evaluation"][f"{view}_loss"] for view in logits}) == 5
    assert part["evaluation"]["running_loss"] == pytest.approx(part["test_loss"], rel=1e-5)


def in_sigmas(values, std):
    return [math.sqrt((one**2).mean() / (sigma**2).mean()) for one, sigma in zip(values, std, strict=True)]


@torch.no_grad()
def test_errors_noise_and_distance_are_those_of_plain_code(trained):
    part, network = trained
    true = recomputed(network)
    means, stds = ([read(norm) for norm in norms_of(true)] for read in (lambda n: n.running_mean, lambda n: n.running_var.sqrt()))
    evaluation, own = part["evaluation"], norms_of(plain(network))
    off = [norm.running_mean - mean for norm, mean in zip(own, means, strict=True)]
    np.testing.assert_allclose(evaluation["mean_error"], in_sigmas(off, stds), rtol=1e-3)
    np.testing.assert_allclose(evaluation["mean_size"], in_sigmas(means, stds), rtol=1e-3)
    wide = [norm.running_var.sqrt() - std for norm, std in zip(own, stds, strict=True)]
    np.testing.assert_allclose(evaluation["std_error"], in_sigmas(wide, stds), rtol=1e-3)
    z = [inputs_of(true, held_out()[0], layer).mean(0) for layer in range(3)]
    np.testing.assert_allclose(
        evaluation["mean_distance"], in_sigmas([a - b for a, b in zip(z, means, strict=True)], stds), rtol=1e-3
    )
    batches = training_examples()[: NOISE_EXAMPLES // 40 * 40].split(40)
    scatter = [
        torch.stack([inputs_of(plain(network).train(), one, layer).mean(0) for one in batches]).std(0) for layer in range(3)
    ]
    np.testing.assert_allclose(evaluation["mean_noise"], in_sigmas(scatter, stds), rtol=1e-3)


@torch.no_grad()
def test_offset_factor_and_spread_are_those_of_plain_code(trained):
    part, network = trained
    evaluation, own = part["evaluation"], norms_of(plain(network))
    chosen = training_examples()[: NOISE_EXAMPLES // 40 * 40]
    stds = [norm.running_var.sqrt() for norm in norms_of(recomputed(network))]
    offsets, factors, spreads = [], [], []
    for layer in range(3):
        groups = [inputs_of(plain(network).train(), one, layer) for one in chosen.split(40)]
        together = inputs_of(plain(network).train(), chosen, layer).mean(0)
        offsets.append(torch.stack([one.mean(0) for one in groups]).mean(0) - together)
        factors.append(own[layer].running_var.mean() / torch.stack([one.var(0, correction=0) for one in groups]).mean())
        after = slice(0, 3 * layer + 2)  # of the normalizer
        view = torch.cat([plain(network).train()[after](one) for one in held_out()[0].split(40)])
        spreads.append((plain(network).eval()[after](held_out()[0]).var(0).mean() / view.var(0).mean()).sqrt())
    assert in_sigmas(offsets[:1], stds[:1]) == pytest.approx([0], abs=1e-5) and in_sigmas(offsets[1:], stds[1:]) > [1e-4, 1e-4]
    np.testing.assert_allclose(evaluation["mean_offset"], in_sigmas(offsets, stds), rtol=0.01, atol=1e-5)
    np.testing.assert_allclose(evaluation["variance_factor"], factors, rtol=1e-3)
    np.testing.assert_allclose(evaluation["spread"], spreads, rtol=1e-3)


def inputs_of(model, x, layer):
    """z, what enters the normalizer of a layer (from 0)."""
    return model[: 3 * layer + 1](x)


def test_measuring_changes_no_network_and_is_done_only_where_asked(trained):
    part, network = end_of(SMALL.replace(three_views="no"))
    assert "evaluation" not in part
    for name, values in network.state_dict().items():
        assert torch.equal(values, trained[1].state_dict()[name]), name


def test_without_statistics_of_the_minibatch_there_are_no_views():
    part, _ = end_of(SMALL.replace(compare="layer", steps=1))
    assert "evaluation" not in part
    assert [panel["id"] for panel in panels(SMALL.replace(compare="layer"))] == ["remedies", "learning"]


def test_a_training_set_of_one_minibatch_has_no_noise_to_measure():
    part, _ = end_of(SMALL.replace(train_size=50, steps=1))
    assert np.isnan(part["evaluation"]["mean_noise"]).all() and np.isfinite(part["evaluation"]["mean_error"]).all()


def test_coloured_animals_are_painted_where_asked():
    x, y = measure._coloured("black")
    _, test = coats.animals()
    np.testing.assert_array_equal(x, coats.flat(coats.paint(test.shapes, 1, test.seeds), "black"))
    np.testing.assert_array_equal(y, test.labels)


@torch.no_grad()
def test_the_old_task_is_evaluated_beside_the_new_one_and_frozen_statistics_make_two_views_one(desk, recorded):
    experiment = SMALL.replace(changes="20:input_shift=1;20:freeze_statistics=1")
    part, network = end_of(experiment)
    x, y = held_out()
    for inputs, prefix in ((x, "unshifted"), (x + 1, "test")):
        loss, accuracy = scores(plain(network).eval()(inputs), y)
        assert part[f"{prefix}_loss"] == pytest.approx(loss, rel=1e-4) and part[f"{prefix}_accuracy"] == pytest.approx(
            accuracy, abs=0.0011
        )
    views, (own, _) = part["evaluation"], scores(plain(network).train()(x + 1), y)
    assert views["minibatch_loss"] == pytest.approx(views["running_loss"], rel=1e-5) != pytest.approx(views["own_loss"], rel=1e-2)
    assert views["own_loss"] == pytest.approx(own, rel=1e-4)
    said = " ".join(filter(None, story_of(desk, recorded(experiment), experiment)))
    assert f"{100 * part['unshifted_accuracy']:.1f}\xa0%" in said and f"{100 * part['test_accuracy']:.1f}\xa0%" in said


ANIMALS = PAGE.default.replace(
    dataset="cats", evaluation_coats="coloured", width=16, hidden_layers=2, steps=8, train_size=300, snapshot_every=4
)


@torch.no_grad()
@pytest.mark.parametrize("compare", ["batch", "layer"])
def test_networks_of_one_view_are_evaluated_on_coloured_animals_too(desk, recorded, compare):
    experiment = ANIMALS.replace(compare=compare)
    training, last = loop.Training(experiment), None
    while not training.done:
        last = training.advance() or last
    _, test = coats.animals()
    x, y = torch.tensor(coats.flat(coats.paint(test.shapes, 1, test.seeds), "black")), torch.tensor(test.labels)
    linears = training.arms[0].network.linears
    model = nn.Sequential(linears[0], nn.ReLU(), linears[1], nn.ReLU(), linears[2])
    loss, accuracy = scores(model(x), y)
    part = last["arms"]["none"]
    assert (part["evaluated_loss"], part["evaluated_accuracy"]) == (
        pytest.approx(loss, rel=1e-4),
        pytest.approx(accuracy, abs=0.002),
    )
    assert ("evaluated_loss" in last["arms"][compare]) == (compare == "layer")
    said = " ".join(filter(None, story_of(desk, recorded(experiment), experiment)))
    assert f"{100 * accuracy:.1f}\xa0%" in said
    drawn = desk.ask("feed", kind="evaluated", arm="none", key="evaluated_accuracy")
    assert drawn["x"][-1] == 8 and drawn["y"][-1] == pytest.approx(accuracy, abs=0.002) and None not in drawn["y"]


def test_other_experiments_are_not_measured():
    assert not MEASURES[0].applies_to(Experiment(look_inside="yes")) and MEASURES[0].applies_to(SMALL)


# the causes


def running_mean(means, momentum, initial):
    """Plainly: r ← (1 − m) r + m µ(s) at every step s."""
    running = initial
    for mean in means[:-1]:
        running = (1 - momentum) * running + momentum * mean
    return running


@pytest.mark.parametrize("momentum", [0.01, 0.3, 1.0])
@pytest.mark.parametrize("from0", [True, False])
def test_start_and_drift_are_what_a_plain_average_of_true_means_lacks(desk, momentum, from0):
    means = np.cumsum(np.random.default_rng(0).normal(1, 1, (31, 4)), axis=0)
    initial = np.zeros(4) if from0 else means[0]
    whole = running_mean(means, momentum, initial) - means[-1]
    start = (1 - momentum) ** 30 * (initial - means[-1]) if from0 else np.zeros(4)
    snapshots = [{"step": step, "mean": mean.tolist()} for step, mean in enumerate(means)]
    parts = desk.call(CAUSES, "partsAt", snapshots, momentum, from0)
    assert parts["left"] * np.sqrt((means[-1] ** 2).mean()) == pytest.approx(np.sqrt((start**2).mean()), abs=1e-9)
    assert parts["drift"] == pytest.approx(np.sqrt(((whole - start) ** 2).mean()))


def test_between_snapshots_a_mean_moves_evenly(desk):
    """A mean that moves by d a step ends up d / m ahead of its running average: what was last averaged is one step old."""
    snapshots = [{"step": step, "mean": [0.5 * step]} for step in (0, 100, 1000)]
    assert desk.call(CAUSES, "partsAt", snapshots, 0.1, True)["drift"] == pytest.approx(0.5 / 0.1, rel=1e-6)


@pytest.mark.parametrize("momentum, steps", [(0.1, 500), (0.01, 3), (1.0, 1)])
def test_noise_is_averaged_as_its_weights_say(desk, momentum, steps):
    weights = momentum * (1 - momentum) ** np.arange(steps)
    assert desk.call(CAUSES, "noiseLeft", 2.0, momentum, steps) == pytest.approx(2 * np.sqrt((weights**2).sum()))


PARTS = {"start": 0.1, "drift": 0.3, "noise": 0.2, "offset": 0.05}


@pytest.mark.parametrize(
    "cause, minibatch, running, recomputed, own, parts",
    [
        ("none", 0.84, 0.85, 0.85, 0.85, PARTS),
        ("none", 0.84, 0.83, 0.85, 0.85, PARTS),  # two points are no difference
        ("drift", 0.55, 0.45, 0.55, 0.56, PARTS),
        ("start", 0.84, 0.68, 0.85, 0.85, {**PARTS, "start": 0.5}),
        ("noise", 0.65, 0.57, 0.77, 0.76, {**PARTS, "noise": 0.5}),
        ("offset", 0.65, 0.57, 0.77, 0.76, {**PARTS, "offset": 0.5}),
        ("data", 0.84, 0.62, 0.60, 0.84, PARTS),
        ("data", 0.84, 0.55, 0.60, 0.84, PARTS),  # recomputing helps a little, the data's own statistics far more
        ("batch", 0.45, 0.61, 0.62, 0.62, PARTS),
    ],
)
def test_each_cause_is_told_from_what_the_views_score(desk, cause, minibatch, running, recomputed, own, parts):
    scores = {"minibatch": minibatch, "running": running, "recomputed": recomputed, "own": own, "uncorrected": running}
    assert desk.call(CAUSES, "causeOf", scores, parts) == cause


def story_of(desk, recording, experiment, prediction=None, place=10**6, layer=1):
    """All that is said at the end of a run, or at a snapshot: the headline, the answer, and the panels' texts."""
    drawn = panels(experiment)
    data = messages.player_data(experiment.id, experiment, drawn, links.VIEW, "train_and_eval", prediction)
    choice = {"layer": layer, "tap": "linear", "unit": 0, "target": 0.5}
    desk.ask("look", recording=recording, story="train_and_eval", data=data, choice=choice, place=place)
    return desk.ask("speak", panels=drawn)


def opening(key):
    """The words of a sentence before its first number."""
    return TEXTS["story"][key].split("{")[0].strip()


LONGER = {"dataset": "mnist1d", "width": 32, "hidden_layers": 2, "steps": 200, "snapshot_every": 8, "learning_rate": 0.3}
RUNS = {
    "cause_start": {**LONGER, "statistics_momentum": 0.001},
    "cause_noise": {
        "dataset": "fashion", "width": 32, "hidden_layers": 4, "steps": 60, "snapshot_every": 50, "train_size": 500,
        "batch_size": 8, "statistics_momentum": 1.0,
    },
    "cause_drift": {**LONGER, "statistics_momentum": 0.03, "momentum": 0.9, "weight_decay": 0.1},
    "cause_batch": {**LONGER, "statistics_momentum": 0.1, "batch_size": 4},
    "cause_none": {**LONGER, "statistics_momentum": 0.1},
    "cause_bessel": {
        "width": 48, "hidden_layers": 10, "ghost_batch_size": 4, "steps": 40, "snapshot_every": 40, "train_size": 1000,
        "statistics_momentum": 0.1,
    },
    "cause_data": {
        "dataset": "cats", "evaluation_coats": "coloured", "width": 16, "hidden_layers": 2, "steps": 100, "train_size": 600,
        "snapshot_every": 50, "statistics_momentum": 0.1,
    },
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("cause", RUNS)
def test_a_run_names_its_cause(desk, recorded, cause):
    experiment = PAGE.default.replace(**RUNS[cause])
    headline, *_ = story_of(desk, recorded(experiment), experiment)
    assert opening(cause) in headline, headline
    assert len(headline) <= 172  # four lines of a phone, 390 px wide


@pytest.mark.parametrize(
    "causes, is_end, said",
    [
        (["none", "none", "none"], False, "none"),
        (["drift", "noise", "noise", "noise"], False, "noise"),
        (["noise", "noise", "drift", "noise"], False, "open"),
        (["start", "start"], False, "early"),
        (["start"], True, "start"),
        (["noise", "drift", "start"], True, "start"),
    ],
)
def test_a_cause_is_named_once_it_holds_still(desk, causes, is_end, said):
    assert desk.call(CAUSES, "steadyCause", causes, is_end) == said


def test_the_headline_waits_for_three_measurements(desk, recorded):
    """They are taken every 32 steps; the network is far from what it will be after the first one."""
    experiment, headlines = PAGE.default.replace(**RUNS["cause_start"]), {}
    for place in (0, 4, 8, 12):
        story_of(desk, recorded(experiment), experiment, place=place)
        headlines[place] = desk.ask("speak", panels=[])[0]
    early = TEXTS["story"]["cause_early"]
    assert [early in headlines[place] for place in (0, 4, 8, 12)] == [False, True, True, False], headlines


def test_start_drift_and_noise_make_the_error_that_is_measured(desk, recorded):
    """As if they were independent, in layer 1, whose inputs do not move. 16 units give a root mean square to some 18 %."""
    for momentum, minibatches in ((0.01, 1), (0.01, 4), (1.0, 1)):
        experiment = SMALL.replace(statistics_momentum=momentum, accumulate=minibatches, learning_rate=0.3)
        story_of(desk, recorded(experiment), experiment)
        parts = [desk.ask("feed", kind="part", part=part)["y"][-1] for part in ("start", "drift", "noise", "measured")]
        assert parts[-1] == pytest.approx(math.hypot(*parts[:-1]), rel=0.4), (momentum, minibatches, parts)


@pytest.mark.parametrize("momentum, cut", [(0.001, False), (0.3, True)])
def test_axes_cut_off_no_curve_without_a_word(desk, recorded, momentum, cut):
    """A slow average is whole; the start of a fast one is far above the rest, so the chart says how high."""
    experiment = PAGE.default.replace(**RUNS["cause_start"] | {"statistics_momentum": momentum})
    said = str(story_of(desk, recorded(experiment), experiment, layer=2))
    errors = [value for value in desk.ask("feed", kind="part", part="measured")["y"] if value is not None]
    assert (max(errors) > desk.ask("range", kind="parts")[1]) == cut == ("The axis cuts off the start" in said)
    assert not cut or f"{max(errors):.2g} σ at step 0" in said
    low, high = desk.ask("range", kind="law")
    for kind in ("law", "averaged"):
        curve = [math.log10(value) for value in desk.ask("feed", kind=kind)["y"] if value]
        assert low <= min(curve) and max(curve) <= high, kind


def test_statistics_that_were_frozen_are_no_average_and_have_no_parts_and_no_law(desk, recorded):
    experiment = PAGE.default.replace(**RUNS["cause_none"], changes="104:freeze_statistics=1")
    said = str(story_of(desk, recorded(experiment), experiment))
    assert "are not an average then, so they have no such parts" in said and "predicts nothing here" in said
    for feed in ({"kind": "part", "part": "drift"}, {"kind": "law-steps"}):
        drawn = desk.ask("feed", **feed)
        known = {step: value is not None for step, value in zip(drawn["x"], drawn["y"], strict=True) if step}
        assert known == {step: step <= 104 for step in known} and len(set(known.values())) == 2, feed
    assert None not in desk.ask("feed", kind="part", part="measured")["y"]
    assert desk.ask("feed", kind="law") == desk.ask("feed", kind="averaged") == {"x": [], "y": []}


def test_no_cause_of_a_fixed_task_is_named_once_inputs_were_shifted(desk, recorded):
    experiment = PAGE.default.replace(**RUNS["cause_start"], changes="104:input_shift=1")
    headline, *_ = story_of(desk, recorded(experiment), experiment)
    assert "shifted at step 104" in headline and "The cause" not in headline
    before = [{"experiment": {"changes": experiment.changes}}, {"step": 104}]
    assert desk.call("lessons/train_and_eval/reading.js", "shiftStep", {"header": before[0]}, before[1]) is None


def test_scores_say_which_animals_they_are_of(desk, recorded):
    experiment = PAGE.default.replace(**RUNS["cause_data"])
    headline, *_ = story_of(desk, recorded(experiment), experiment)
    assert "of coloured animals in train()" in headline
    assert desk.ask("scored") == TEXTS["story"]["scored_black"]
    other = PAGE.default.replace(**RUNS["cause_none"])
    headline, *_ = story_of(desk, recorded(other), other)
    assert "animals" not in headline and desk.ask("scored") == ""


def test_what_is_next_to_nothing_is_written_as_0(desk):
    assert [desk.call("web/player/words.js", "sigmas", value) for value in (7.2e-94, 2e-6, -0.5)] == [
        "0 σ",
        "0.0000020 σ",
        "−0.50 σ",
    ]


# the page


def test_the_question_speaks_of_the_momentum_of_the_experiment_or_is_not_asked():
    assert PAGE.question.text == PAGE.question_of(PAGE.default.replace(batch_size=4)).text
    assert (
        "contributes 0.1\xa0% to" in PAGE.question.text and "momentum = 0.999, PyTorch as momentum = 0.001" in PAGE.question.text
    )
    assert PAGE.question_values(PAGE.default) == words.catalogue("train_and_eval")["question_default"]  # what the worksheet asks
    presets = {name: PAGE.question_of(PAGE.default.replace(**values)) for name, values in PAGE.presets.items()}
    assert "momentum = 0.9, PyTorch as momentum = 0.1." in presets["small_batches"].text
    assert "contributes 100\xa0% to" in presets["last_minibatch"].text
    assert [name for name, question in presets.items() if question is None] == ["fine_tuned_frozen", "accumulated_layer"]


@pytest.mark.parametrize("name", PAGE.presets)
def test_every_preset_may_be_asked_for(name):
    experiment = PAGE.default.replace(**PAGE.presets[name])
    budget.check(experiment)
    whole = ["views", "layers", "causes", "remedies", "law", "bessel", "errors", "learning"]
    if "input_shift" in experiment.changes:
        whole.insert(1, "tasks")
    assert [panel["id"] for panel in panels(experiment)] == (["remedies", "learning"] if experiment.compare == "layer" else whole)


@pytest.mark.parametrize("prediction, judgement", [("worse", "answer_right"), ("better", "answer_wrong")])
def test_a_guess_is_held_against_the_trained_network(desk, recorded, prediction, judgement):
    experiment = PAGE.default.replace(**RUNS["cause_start"])
    _, answer, *_ = story_of(desk, recorded(experiment), experiment, prediction)
    assert answer.startswith(TEXTS["story"][judgement].split("{")[0])
    assert (", and you are right" in answer) == (judgement == "answer_right")


# --- names of lines


@pytest.mark.parametrize(
    ("ends", "named"),
    [
        ({"start": 0.5, "drift": 0.2, "noise": 0.1}, ["start", "drift", "noise"]),
        ({"start": 0.5, "drift": 0.48, "noise": 0.1}, ["start", "noise"]),  # nearer than a name is high
        ({"start": 5.0, "drift": 0.2}, ["drift"]),  # beyond the axis
        ({"start": None, "drift": 0.2}, ["drift"]),
        ({}, []),
    ],
)
def test_lines_are_named_where_there_is_room(desk, ends, named):
    assert desk.call("lessons/train_and_eval/drawings.js", "namedLines", ends, 1.0) == named
