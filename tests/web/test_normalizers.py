"""Every normalizer, from its description to its script: it trains, the browser computes and a script trains the same."""

import numpy as np
import pytest
import torch

from bnviz.config.arms import ARMS, COMPARED, LEARNING, ArmSpec
from bnviz.config.experiment import WATCHED_UNITS, Experiment
from bnviz.config.fields import BadField
from bnviz.config.sweep import Run
from bnviz.measures.unit_examples import EXAMPLES
from bnviz.nets.network import Network
from bnviz.nets.normalizers import MEASURE, NORMALIZERS
from bnviz.normalizers import SPECS, UnknownNormalizer, formula
from bnviz.normalizers.spec import Step
from bnviz.record import ndjson
from bnviz.train.stacked import train_stack
from bnviz.web.export.script import Unsupported, script
from bnviz.web.player import messages
from bnviz.web.site import links
from tests.arithmetic import tolerances
from tests.runs import exact, run_script, trained

SMALL = Experiment(dataset="mnist1d", train_size=300, width=24, hidden_layers=3, batch_size=16, steps=20, learning_rate=0.3)
LAYER, UNIT = 2, 5


@pytest.fixture(scope="module", params=COMPARED)
def run(request, tmp_path_factory):
    """A normalizer's key, and the training, losses and recording of a run compared with it."""
    experiment = SMALL.replace(compare=request.param)
    training, losses, recording = trained(experiment)
    path = tmp_path_factory.mktemp("run") / "run.ndjson"
    path.write_bytes(recording)
    return request.param, training, losses, path


@torch.no_grad()
def outputs_of(training, key):
    """z, what enters the nonlinearity, and a of the next minibatch, each [layers, watched, examples], by PyTorch."""
    arm = next(arm for arm in training.arms if arm.name == key)
    taps = []
    arm.network(training.tensors.x_train[training.batches.peek()], MEASURE, 1, taps=taps)
    return [torch.stack(tap)[:, :EXAMPLES, :WATCHED_UNITS].transpose(1, 2).numpy() for tap in zip(*taps, strict=True)]


def test_the_browser_computes_what_pytorch_computes(run, desk):
    key, training, _, path = run
    experiment = training.experiment
    data = messages.player_data(experiment.id, experiment, [], links.VIEW, "live_shift")
    choice = {"layer": LAYER, "tap": "activation", "unit": UNIT, "target": 0.5}
    desk.ask("look", recording=str(path), story="live_shift", data=data, choice=choice, place=0)
    arithmetic = desk.ask("ofView", file="web/player/arithmetic.js", name="arithmeticOf", args=["view"])
    (snapshot,) = [one for one in ndjson.read(path.read_bytes().splitlines()) if one["type"] == "snapshot"]
    recorded = snapshot["arms"][key]
    assert recorded["normalizer"] == arithmetic["training"]["normalizer"]["key"] == key
    tolerance = tolerances(recorded["unit_examples"], key, experiment.activation)
    parts = "z", SPECS[key].steps[-1].part, "a"
    for part, values in zip(parts, outputs_of(training, key), strict=True):
        place = LAYER - 1, UNIT
        assert (np.abs(arithmetic["training"]["parts"][part] - values[place]) <= tolerance[part][place]).all(), part


def test_a_recording_holds_all_that_it_learns(run):
    key, training, _, path = run
    (snapshot,) = [one for one in ndjson.read(path.read_bytes().splitlines()) if one["type"] == "snapshot"]
    recorded = snapshot["arms"][key]
    assert {one.name for one in SPECS[key].parameters} == dict(training.arms[1].network.normalizers[0].named_parameters()).keys()
    for one in SPECS[key].parameters:
        values = torch.stack([getattr(layer, one.name).detach() for layer in training.arms[1].network.normalizers]).numpy()
        assert values.shape == recorded[one.name].shape and np.abs(values - recorded[one.name]).max() < 0.02
        assert len(np.unique(values)) > 1, f"{one.name} does not learn"


def test_its_script_trains_the_same_networks_to_the_bit(run, tmp_path, monkeypatch, capsys):
    _, _, losses, path = run
    assert exact(run_script(path.read_bytes(), tmp_path, monkeypatch)["losses"]) == exact(losses)


@pytest.mark.parametrize("key", NORMALIZERS)
def test_its_description_is_whole(key):
    spec = SPECS[key]
    assert spec.key == key and LEARNING[key].label == spec.label and isinstance(NORMALIZERS[key](8), torch.nn.Module)
    texts = [spec.lead, spec.evaluation, *(one.origin for one in (*spec.quantities, *spec.steps))]
    names = {"z", "count", "together", "norm", "example", *(one.part for one in (*spec.quantities, *spec.steps))}
    for text in texts:
        text.format(**dict.fromkeys(names, ""))  # names nothing else
    assert not spec.comparable or (spec.steps and spec.lead and spec.script)
    assert bool(spec.evaluation) == (spec.statistics != "batch" and bool(spec.steps))


def test_names_in_recordings_mean_one_thing():
    declared = {}
    for spec in SPECS.values():
        for quantity in (one for part in spec.quantities for one in part.records):
            assert declared.setdefault(quantity.name, quantity.shape) == quantity.shape, f"{spec.key}: {quantity.name}"


def test_an_unknown_normalizer_is_refused_everywhere(monkeypatch):
    """In one clear line, and never taken for none."""
    with pytest.raises(BadField, match="compare"):
        Experiment(compare="magic")
    monkeypatch.setitem(ARMS, "magic", ArmSpec("with magic", "magic", "magic"))
    monkeypatch.setattr("bnviz.config.course.normalizer", lambda *_: "magic")
    message = "there is no normalizer 'magic': it is one of none, batch, .*dyt"
    with pytest.raises(UnknownNormalizer, match=message):
        script(SMALL)
    with pytest.raises(UnknownNormalizer, match=message):
        Network(SMALL, "magic", torch.Generator())
    with pytest.raises(UnknownNormalizer, match=message):
        list(train_stack([Run(SMALL, "magic")]))


def test_a_script_without_a_normalizer_of_the_run_is_refused(monkeypatch):
    monkeypatch.setattr("bnviz.config.course.normalizer", lambda *_: "noisy-none")
    with pytest.raises(Unsupported, match="no script with noise"):
        script(SMALL)


@pytest.mark.parametrize(
    "text, drawing",
    [
        ("(z - mean) / sqrt(variance + epsilon)", "z − mean' / √variance + epsilon'"),
        ("gamma * hat + beta", "gamma · hat' + beta'"),
        ("tanh(alpha * z)", "tanh(alpha · z')"),
        ("a - (b - c)", "a − (b' − c')"),
        ("a + b * c", "a + b' · c'"),
        ("(a + b) * (c - 2)", "(a + b') · (c' − 2)"),
        ("exp(z)", "ez"),
    ],
)
def test_formulas_are_drawn_with_brackets_where_they_are_needed(desk, text, drawing):
    assert desk.ask("formula", formula=formula.tree(text)) == drawing


@pytest.mark.parametrize("text", ["z ** 2", "max(z, 0)", "z if z else 0", "'z'"])
def test_a_formula_that_cannot_be_drawn_is_refused(text):
    with pytest.raises(ValueError, match="cannot be drawn"):
        formula.tree(text)


def test_a_formula_names_only_what_there_is():
    step = Step("hat", "ẑ", "", "", "z / magic", "")
    with pytest.raises(ValueError, match="rms: the formula of hat names magic"):
        SPECS["rms"].__class__(**{**vars(SPECS["rms"]), "steps": (step,)})
