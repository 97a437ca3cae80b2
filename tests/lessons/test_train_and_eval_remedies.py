"""The remedies of /train-and-eval: which runs they ask for, what they bring and cost by the recordings, and the best momentum."""

import base64
import json
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import bnviz
from bnviz.config.experiment import FIELDS, Experiment
from bnviz.lessons.train_and_eval.page import PAGE
from bnviz.lessons.train_and_eval.panels import panels
from bnviz.web import words
from bnviz.web.figures import COLOURS
from bnviz.web.player import messages
from bnviz.web.site import links
from bnviz.web.words import fill

TEXTS = words.catalogue("train_and_eval")["story"]
FILE = "lessons/train_and_eval/remedies.js"
MOMENTA = [0.001, 0.01, 0.03, 0.1, 0.3, 1.0]
BASE = PAGE.default.replace(dataset="mnist1d", width=16, hidden_layers=2, steps=100, snapshot_every=4, learning_rate=0.3)


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


class Visitor:
    """Somebody who looks at the ends of runs, one after another, and presses the remedies' buttons."""

    def __init__(self, desk, recorded):
        self.desk, self.recorded = desk, recorded
        self.last = {}

    def see(self, experiment, fresh=False):
        """Look at the end of a run; returns what its compared network has come to."""
        drawn = panels(experiment)
        path = self.recorded(experiment)
        data = messages.player_data(experiment.id, experiment, drawn, links.VIEW, "train_and_eval", None)
        choice = {"layer": 1, "tap": "linear", "unit": 0, "target": 0.5}
        self.desk.ask("look", recording=path, story="train_and_eval", data=data, choice=choice, place=10**6)
        self.desk.ask("serve", fresh=fresh)
        *_, last, _ = map(json.loads, Path(path).read_text(encoding="utf-8").splitlines())
        return last["arms"][experiment.compare]

    def press(self, name):
        """The experiment that a remedy asks for; None if it is in the run on show."""
        values = self.desk.ask("serve", method="attempt", args=[name])
        return values and Experiment.of_recording(values)

    def hear(self):
        """What is said of the remedies."""
        return self.desk.ask("ofView", file="lessons/train_and_eval/trials.js", name="remediesText", args=["view"])

    def bars(self, score):
        drawn = self.desk.ask("feed", kind="remedies", score=score)
        return dict(zip(drawn["x"], drawn["y"], strict=True))


@pytest.fixture
def visitor(desk, recorded):
    return Visitor(desk, recorded)


def percent(share):
    return f"{100 * share:.1f}\xa0%"


def test_each_remedy_asks_for_the_run_with_one_thing_changed(visitor):
    visitor.see(BASE, fresh=True)
    assert visitor.hear() == TEXTS["remedies_try"]
    asked = {name: visitor.press(name) for name in ("recomputed", "momentum", "batches", "normalizer")}
    assert asked["recomputed"] is None
    assert asked["batches"] == BASE.replace(batch_size=256) and asked["normalizer"] == BASE.replace(compare="layer")
    assert asked["momentum"] == BASE.replace(statistics_momentum=asked["momentum"].statistics_momentum) != BASE


def test_what_remedies_bring_and_cost_is_what_their_runs_recorded(visitor):
    before = visitor.see(BASE, fresh=True)
    visitor.press("recomputed")
    text = visitor.hear()
    assert percent(before["evaluation"]["recomputed_accuracy"]) in text and percent(before["test_accuracy"]) in text
    assert "as many examples as 63 training steps use" in text  # 4,000 examples, 64 a step
    after = visitor.see(visitor.press("momentum"))
    assert percent(after["test_accuracy"]) in visitor.hear() and TEXTS["costs_none"] in visitor.hear()
    assert after["train_loss"] == before["train_loss"] and after["test_accuracy"] > before["test_accuracy"] + 0.05
    larger = visitor.see(visitor.press("batches"))
    layer = visitor.see(visitor.press("normalizer"))
    text = visitor.hear()
    assert percent(larger["evaluation"]["minibatch_accuracy"]) in text and "trains on 256 examples instead of 64" in text
    assert percent(layer["test_accuracy"]) in text and TEXTS["costs_no_examples"] in text
    running = visitor.bars("running")
    ends = [before["test_accuracy"], before["evaluation"]["recomputed_accuracy"], after["test_accuracy"], larger["test_accuracy"]]
    np.testing.assert_allclose([*running.values()], [*ends, layer["test_accuracy"]], rtol=1e-6)
    assert visitor.bars("minibatch")["recompute"] == pytest.approx(before["evaluation"]["minibatch_accuracy"], rel=1e-6)
    colours = visitor.desk.ask("feed", kind="remedies", score="running")["marker"]["color"]
    assert colours == [COLOURS["batch"]] * 4 + [COLOURS["layer"]]  # though layer norm is on show
    views = before["evaluation"]
    best = max(views["minibatch_accuracy"], views["recomputed_accuracy"], before["test_accuracy"])
    assert best > before["test_accuracy"] and f"at its best: {percent(best)} " in text
    visitor.see(BASE)
    assert visitor.hear() == text  # the one without a remedy again
    visitor.see(BASE.replace(seed=1))
    assert visitor.hear() == TEXTS["remedies_try"] and list(visitor.bars("running")) == [TEXTS["remedy_none"]]


def test_what_was_tried_survives_a_run_with_two_remedies_at_once(visitor):
    """As two quick clicks may bring it, before the run that was asked for last."""
    visitor.see(BASE, fresh=True)
    momentum, layer = visitor.press("momentum"), visitor.press("normalizer")
    text = visitor.hear()
    assert TEXTS["remedy_normalizer"] in text and fill(TEXTS["remedy_momentum"], size="") not in text  # the last one alone trains
    visitor.see(momentum.replace(compare="layer"))
    outcome = visitor.see(layer)
    assert percent(outcome["test_accuracy"]) in visitor.hear()
    assert list(visitor.bars("running")) == [TEXTS["remedy_none"], TEXTS["remedy_normalizer"]]


def test_a_run_that_reaches_the_other_s_end_later_or_never_says_so(desk):
    outcome = {"curve": [[0, 0.1], [4, 0.5], [8, 0.4], [12, 0.6]], "accurate": True}
    assert [desk.call(FILE, "reachedAt", outcome, score) for score in (0.1, 0.45, 0.6, 0.7)] == [0, 4, 12, None]
    assert desk.call(FILE, "reachedAt", {**outcome, "accurate": False}, 0.05) is None


@pytest.mark.parametrize("accurate, best", [(True, "recomputed"), (False, "running")])
def test_a_remedy_is_held_against_the_best_view_without_it(desk, accurate, best):
    outcome = {"minibatch": 0.6, "running": 0.4, "recomputed": 0.7, "accurate": accurate}
    assert desk.call(FILE, "bestView", outcome)["name"] == best
    alone = desk.call(FILE, "bestView", {**outcome, "recomputed": None})
    assert alone == {"name": "minibatch" if accurate else "running", "score": 0.6 if accurate else 0.4}


@pytest.mark.parametrize(
    "values, remedy",
    [
        ({"batch_size": 4}, {"batch_size": 16}),
        ({"batch_size": 2, "accumulate": 32}, {"batch_size": 64, "accumulate": 1}),
        ({"batch_size": 64, "ghost_batch_size": 8}, {"ghost_batch_size": 0}),
        ({"batch_size": 64, "ghost_batch_size": 64}, {"batch_size": 256}),
        ({"batch_size": 256}, {"ghost_batch_size": 32}),
    ],
)
def test_more_examples_are_normalized_together_unless_they_are_many(desk, values, remedy):
    experiment = {"batch_size": 64, "ghost_batch_size": 0, "accumulate": 1, "statistics_momentum": 0.1, **values}
    assert desk.call(FILE, "remediesFor", experiment, 0.1)["batches"]["values"] == remedy
    assert desk.call(FILE, "remediesFor", experiment, 0.1)["momentum"] is None


@pytest.mark.parametrize(
    "label, expected",
    [
        ("recomputed", {"model.training": False, "norm.num_batches_tracked.item()": 4}),
        ("momentum", {"norm.momentum": 0.25}),
        ("batches", {"loader.batch_size": 8}),
        ("one_batch", {"len(x)": 8, "moved": True}),
        ("ghosts", {"z.shape": (16, 4), "groups": [8, 8]}),
        ("no_ghosts", {"z.shape": (16, 4), "groups": [16]}),
        # of one group, which is layer norm over the units
        ("normalizer", {"type(norm).__name__": "LayerNorm", "type(model[1]).__name__": "GroupNorm"}),
    ],
)
def test_the_pytorch_of_each_remedy_runs_and_does_it(desk, label, expected):
    size = 0.25 if label == "momentum" else 8
    norm = nn.BatchNorm1d(4)
    model, data = nn.Sequential(nn.Linear(4, 4), norm), TensorDataset(torch.randn(16, 4), torch.zeros(16, dtype=torch.long))
    train_loader = DataLoader(data, batch_size=4)
    x, y = data[:8] if label == "one_batch" else data[:]
    groups, before = [], model[0].weight.detach().clone()
    norm.register_forward_hook(lambda _, inputs, __: groups.append(len(inputs[0])))
    names = {
        "torch": torch, "nn": nn, "bnviz": bnviz, "DataLoader": DataLoader, "model": model, "norm": norm, "z": x, "x": x, "y": y,
        "width": 4, "data": data, "train_loader": train_loader, "groups": groups, "loss_fn": nn.CrossEntropyLoss(),
        "optimizer": torch.optim.SGD(model.parameters(), 0.1),
    }  # fmt: skip
    made = {"momentum": "norm = ", "batches": "loader = ", "normalizer": "norm = "}.get(label, "")
    exec(made + desk.call(FILE, "codeOf", {"values": {}, "label": f"remedy_{label}", "size": size}), names)
    names["moved"] = bool((model[0].weight != before).any())
    assert {text: eval(text, names) for text in expected} == expected
    if label == "recomputed":
        torch.testing.assert_close(norm.running_mean, model[0](data[:][0]).mean(0))


@pytest.mark.slow
def test_the_best_momentum_is_the_one_whose_run_has_the_smallest_error(visitor):
    """Of six runs that differ in their momentum alone, so that all train the same weights, it is nearly the best one."""
    assert list(FIELDS["statistics_momentum"].marks) == MOMENTA
    runs = {momentum: BASE.replace(statistics_momentum=momentum) for momentum in MOMENTA}
    ends = {momentum: visitor.see(run, fresh=True) for momentum, run in runs.items()}
    assert len({end["train_loss"] for end in ends.values()}) == 1
    errors = {momentum: np.sqrt((array(end["evaluation"]["mean_error"]) ** 2).mean()) for momentum, end in ends.items()}
    visitor.see(runs[0.001], fresh=True)
    best = visitor.press("momentum").statistics_momentum
    assert errors[best] <= 1.25 * min(errors.values()) < 0.5 * max(errors.values())
    visitor.see(runs[best], fresh=True)
    assert visitor.press("momentum") is None and str(best) in visitor.hear()


def array(packed):
    """A typed array of a recording."""
    return np.frombuffer(base64.b64decode(packed["bdata"]), packed["dtype"])


def test_layer_norm_has_nothing_to_remedy(visitor):
    visitor.see(BASE.replace(compare="layer"), fresh=True)
    assert visitor.hear() == TEXTS["remedies_none"].replace("{norm}", "layer norm")
    assert visitor.press("recomputed") is None
