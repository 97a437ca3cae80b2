"""`bnviz.record` on small networks: what is recorded is what a plain computation gives, and training is untouched."""

import copy
import html
import importlib
import inspect
import logging
import pydoc
import re
import sys
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import DataLoader, TensorDataset

import bnviz
from bnviz.record import ndjson, schema
from bnviz.recorder.edges import bin_edges
from bnviz.recorder.layers import evenly
from bnviz.recorder.probe import accuracy, logits_of
from bnviz.recorder.schedule import schedule
from tests import ROOT
from tests.record.test_schema import check, check_array
from tests.recorder.training import Training, assert_untouched, cross_entropy, examples, messages, mlp

X, Y = examples()


@pytest.fixture(scope="module", params=[nn.BatchNorm1d, None], ids=["batch norm", "nothing"])
def recording(request):
    """The recording of an MLP with and without batch norm, whose training is untouched."""
    return assert_untouched(lambda: mlp(request.param), X, Y)


def sizes_of(header):
    """The sizes of a recording's arrays."""
    layers = header["layers"]
    return {
        "layers": len(layers),
        "width": max(len(layer["units"]) for layer in layers),
        "bins": 48,
        "watched": len(header["watched_units"]),
        "percentiles": 3,
        "parameters": len(header["parameters"]),
    }


def test_a_recording_holds_what_the_schema_says(recording):
    header, snapshots = recording
    check(schema.OWN_HEADER, header, sizes_of(header), "header")
    own = schema.names(schema.OWN_ARM)
    keys = {key.name: key for key in (*(key for key in schema.ARM if key.name not in own), *schema.OWN_ARM)}
    for snapshot in snapshots:
        assert set(snapshot) == {"type", "index", "step", "epoch", "arms"}
        part = snapshot["arms"]["model"]
        assert set(part) <= set(keys)
        assert {"counts", "unit_counts", "percentiles", "shift_step", "gradient_norm", "evaluation_loss"} <= set(part)
        for name, value in part.items():
            for array in value.values() if keys[name].by_tap else [value] if keys[name].sizes else []:
                check_array(keys[name], array, sizes_of(header), name)


def test_layers_are_named_as_in_the_model(recording):
    header, snapshots = recording
    normalized = header["layers"][0]["normalizer"] == "BatchNorm1d"
    assert [layer["name"] for layer in header["layers"]] == (["1", "4"] if normalized else ["0", "2"])
    assert [layer["source"] for layer in header["layers"]] == (["0", "3"] if normalized else ["0", "2"])
    assert [snapshot["step"] for snapshot in snapshots] == [0, 1, 2, 4, 6]
    assert ("gamma" in snapshots[-1]["arms"]["model"]) == normalized


def test_what_is_recorded_is_what_a_plain_pass_gives():
    training = Training(mlp, X, Y, options={})
    _, snapshots = messages(training.recorder)
    part, model = snapshots[-1]["arms"]["model"], training.model.train()
    z = model[0](X).detach()
    y = model[1](z)
    a = y.detach().relu()
    for tap, values in {"linear": z, "normalized": y.detach(), "activation": a}.items():
        assert part["mean"][tap][0] == pytest.approx(values.mean().item(), abs=1e-5)
        assert part["std"][tap][0] == pytest.approx(values.std(correction=0).item(), rel=1e-4)
        assert part["percentiles"][tap][0] == pytest.approx(np.percentile(values.numpy(), [15, 50, 85]), abs=1e-4)
        rows = ndjson.rounded(values.numpy().mean(0)[None], 64)[0]
        assert part["unit_mean"][tap][0, :12] == pytest.approx(rows, abs=1e-5)
        assert np.isnan(part["unit_mean"][tap][1, 8:]).all()
    assert part["zeros"]["activation"][0] == (a == 0).sum()
    assert part["gamma"][0] == pytest.approx(ndjson.rounded(model[1].weight.detach().numpy()[None])[0])
    assert part["probe_loss"] == pytest.approx(cross_entropy(model(X), Y).item(), rel=1e-5)


def all_values(model, x):
    """By tap: all values [units, values] of a convolution with batch norm, ReLU and pooling, as a plain pass gives them."""
    model, values, found = copy.deepcopy(model).train(), x, {}
    with torch.no_grad():
        for module, tap in zip(model, ("linear", "normalized", "", "activation"), strict=False):
            values = module(values)
            found[tap] = values.movedim(1, 0).flatten(1).double().numpy().copy()
    return found


def moved(now, before):
    """The shift of units [units, values], computed anew."""
    distances = [abs(np.sort(one) - np.sort(other)).mean() for one, other in zip(now, before, strict=True)]
    return np.mean(distances) / np.sqrt(np.mean([one.var() for one in before]))


def test_shift_is_that_of_all_values_though_pooling_leaves_fewer_to_the_next_layer():
    x, y = examples((2, 8, 8), 12)
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(2, 5, 3), nn.BatchNorm2d(5), nn.ReLU(), nn.MaxPool2d(3), nn.Flatten(), nn.Linear(20, 3))
    optimizer, passes = torch.optim.SGD(model.parameters(), lr=0.3), [all_values(model, x)]
    with bnviz.record(model, probe=(x, y), loss=cross_entropy, every=1) as recorder:
        for _ in range(3):
            optimizer.zero_grad()
            cross_entropy(model(x), y).backward()
            optimizer.step()
            recorder.step()
            passes.append(all_values(model, x))
    header, snapshots = messages(recorder)
    assert header["layers"][0]["tap_values"] == [12 * 36, 12 * 36, 12 * 4]
    for number, snapshot in enumerate(snapshots):
        part = snapshot["arms"]["model"]
        for tap in ndjson.TAPS:
            before = passes[max(0, number - 1)][tap]
            assert part["shift_from_first"][tap][0] == pytest.approx(
                moved(passes[number][tap], passes[0][tap]), rel=1e-4, abs=1e-6
            )
            assert part["shift_step"][tap][0] == pytest.approx(moved(passes[number][tap], before), rel=1e-4, abs=1e-6)


def test_shift_of_sampled_values_is_that_of_all_values():
    """Of 20,736 values of a unit 512 are recorded. Without the correction shifts are 30 % too large, and tiny ones 6 times."""
    x, _ = examples((1, 20, 20), 64)
    torch.manual_seed(0)
    model = nn.Sequential(nn.Conv2d(1, 32, 3), nn.BatchNorm2d(32), nn.ReLU(), nn.Flatten(), nn.Linear(32 * 324, 3))
    start, weight = model[0].weight.detach().clone(), model[0].weight
    recorder, passes = bnviz.record(model, probe=x, every=1), [all_values(model, x)]
    for size in (0.01, 0.02, 0.04, 0.08):
        with torch.no_grad():
            weight.copy_(start + size * torch.randn_like(weight))
        recorder.step()
        passes.append(all_values(model, x))
    recorder.close()
    header, snapshots = messages(recorder)
    assert header["layers"][0]["tap_values"] == [512] * 3
    for tap, most in (("linear", 1.15), ("normalized", 4)):
        found = [one["arms"]["model"]["shift_from_first"][tap][0] for one in snapshots[2:]]
        ratios = np.array(found) / [moved(one[tap], passes[0][tap]) for one in passes[2:]]
        assert (ratios < most).all() and (ratios > 0.85).all(), (tap, ratios)
    assert snapshots[0]["arms"]["model"]["shift_from_first"]["linear"][0] == 0


def test_evaluation_and_running_statistics_are_those_of_the_model():
    training = Training(mlp, X, Y, options={})
    part, model = messages(training.recorder)[1][-1]["arms"]["model"], training.model.eval()
    z, norm = model[0](X).detach(), model[1]
    std = z.std(0, correction=0)
    scale = (std**2).mean().sqrt()
    assert part["evaluation_accuracy"] == pytest.approx((model(X).argmax(1) == Y).float().mean().item())
    assert part["evaluation_loss"] == pytest.approx(cross_entropy(model(X), Y).item(), rel=1e-5)
    assert part["running_mean_error"][0] == pytest.approx(
        (((norm.running_mean - z.mean(0)) ** 2).mean().sqrt() / scale).item(), rel=1e-3
    )
    error = norm.running_var.sqrt() - std
    assert part["running_std_error"][0] == pytest.approx(((error**2).mean().sqrt() / scale).item(), rel=1e-3)
    assert part["updates_seen"].tolist() == [6, 6]


def test_recomputed_statistics_are_those_of_the_loader():
    """A tiny momentum leaves running statistics where they were at first. Loaders draw from the training's random numbers."""

    def make():
        return mlp(lambda width: nn.BatchNorm1d(width, momentum=0.001))

    x = 3 * X + 2
    own = torch.Generator()
    loaders = [DataLoader(TensorDataset(x, Y), 64, shuffle=True, generator=one) for one in (None, own)]
    state = own.get_state()
    parts = [
        assert_untouched(make, x, Y, options={"recompute": loader})[1][-1]["arms"]["model"] for loader in (*loaders, [(x, Y)])
    ]
    assert torch.equal(own.get_state(), state)
    for part in parts:
        assert part["recomputed_loss"] == pytest.approx(part["probe_loss"], rel=0.01) != part["evaluation_loss"]
    with pytest.raises(TypeError, match="training would lack"):
        bnviz.record(mlp(), probe=(X, Y), recompute=iter(loaders[0]))


def test_gradients_updates_and_group_sizes_are_those_of_training():
    training = Training(mlp, X, Y, options={"every": 3}, steps=3)
    header, snapshots = messages(training.recorder)
    part = snapshots[-1]["arms"]["model"]
    assert header["parameters"] == ["0.weight", "3.weight", "6.weight"]
    assert part["gradient_norm"] == pytest.approx([training.model[number].weight.grad.norm().item() for number in (0, 3, 6)])
    before = Training(mlp, X, Y, steps=2).model
    pairs = [(before[number].weight, training.model[number].weight) for number in (0, 3, 6)]
    assert part["update_ratio"] == pytest.approx([((new - old).norm() / old.norm()).item() for old, new in pairs], rel=1e-4)
    assert part["normalized_together"].tolist() == [16, 16]
    assert part["frozen"].tolist() == [0, 0]
    assert part["train_loss"] == pytest.approx(training.losses[-1])
    assert snapshots[2]["step"] == 2 and snapshots[2]["arms"]["model"]["train_loss"] == pytest.approx(training.losses[1])


def test_arms_are_recorded_side_by_side_with_the_same_edges():
    models = {"without": mlp(None), "with": mlp()}
    recorder = bnviz.record(models, probe=(X, Y), loss=cross_entropy)
    recorder.step(loss={"without": 1.0, "with": 2.0})
    recorder.close()
    header, snapshots = messages(recorder)
    assert header["arms"] == ["without", "with"] and header["edges"]["linear"].shape == (2, 49)
    assert [snapshots[1]["arms"][arm]["train_loss"] for arm in header["arms"]] == [1.0, 2.0]
    assert "running_mean_error" in snapshots[1]["arms"]["with"] and "running_mean_error" not in snapshots[1]["arms"]["without"]


def test_weights_and_layers_found_are_each_arms_own():
    models = {f"{count} layers": mlp(None, (20, *[4] * count)) for count in (66, 70)}
    recorder = bnviz.record(models, probe=(X, Y), loss=cross_entropy, every=1)
    for model in models.values():
        cross_entropy(model(X), Y).backward()
    recorder.step()
    recorder.close()
    header, snapshots = messages(recorder)
    names = {"66 layers": header["parameters"], **header["arm_parameters"]}
    assert (header["layers_found"], header["arm_layers_found"]) == (66, {"70 layers": 70})
    for arm, model in models.items():
        expected = [model.get_parameter(name).grad.norm().item() for name in names[arm]]
        assert snapshots[1]["arms"][arm]["gradient_norm"] == pytest.approx(expected)
    assert names["70 layers"][-1] == "140.weight" and names["66 layers"][-1] == "132.weight"


def test_the_file_is_the_recording(tmp_path):
    out = tmp_path / "run.ndjson"
    with bnviz.record(mlp(), probe=(X, Y), loss=cross_entropy, out=out, title="Mine") as recorder:
        assert ndjson.kind(out.read_bytes()) == "header"
        recorder.step()
    lines = out.read_bytes().splitlines(keepends=True)
    assert [ndjson.kind(line) for line in lines] == ["header", "snapshot", "snapshot", "end"]
    assert ndjson.status(lines[-1]) == "finished"
    assert next(ndjson.read(lines))["title"] == "Mine" and len(lines[0]) < 20_000
    assert "2 snapshots" in str(recorder.cost)
    bnviz.record(mlp(), probe=(X, Y), out=out).close()  # a recording may be replaced
    assert len(out.read_bytes().splitlines()) == 3
    out.write_text("something else", encoding="utf-8")
    with pytest.raises(ValueError, match="no recording"):
        bnviz.record(mlp(), probe=(X, Y), out=out)
    assert out.read_text(encoding="utf-8") == "something else"


@pytest.mark.parametrize("page", ["docs/own.md", "README.md"])
def test_the_lines_of_the_documents_run(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    code = re.search(r"```python\n(import bnviz\n.*?)```", (ROOT / page).read_text(encoding="utf-8"), re.DOTALL)[1]
    names = {"model": mlp(), "x_probe": X, "y_probe": Y, "loss_fn": cross_entropy, "loader": [(X, Y)] * 3, "loss": torch.ones(())}
    exec(code, names)
    (out,) = tmp_path.glob("*.ndjson")
    assert ndjson.status(out.read_bytes().splitlines()[-1]) == "finished"


def test_histograms_go_to_tensorboard_too(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from torch.utils.tensorboard.writer import SummaryWriter

    with SummaryWriter(tmp_path) as writer, bnviz.record(mlp(), probe=(X, Y), loss=cross_entropy) as recorder:
        recorder.log_to(writer)
        recorder.step(loss=2.0)
    events = EventAccumulator(str(tmp_path), {"histograms": 0}).Reload()
    first, second = events.Histograms("model/1/normalized")
    part = messages(recorder)[1][1]["arms"]["model"]
    assert (first.step, second.step) == (0, 1) and second.histogram_value.num == 64 * 12
    assert second.histogram_value.sum / (64 * 12) == pytest.approx(float(part["mean"]["normalized"][0]), abs=1e-6)
    assert sum(second.histogram_value.bucket) == 64 * 12
    assert [event.value for event in events.Scalars("model/train_loss")] == [2.0]


def test_a_notebook_shows_the_player(monkeypatch):
    monkeypatch.setitem(sys.modules, "IPython.display", SimpleNamespace(HTML=str))
    recorder = bnviz.record(mlp(), probe=(X, Y))
    frame = recorder.show()
    page = html.unescape(re.fullmatch(r'<iframe srcdoc="([^"]*)" [^<>]*></iframe>', frame)[1])
    assert page.startswith("<!doctype html>") and page.rstrip().endswith("</html>") and 'id="lines"' in page


def test_time_after_the_end_costs_nothing():
    recorder = bnviz.record(mlp(), probe=(X, Y))
    assert recorder.cost.elapsed < recorder.cost.elapsed
    recorder.close()
    assert recorder.cost.elapsed == recorder.cost.elapsed and str(recorder.cost) == str(recorder.cost)


def test_help_says_what_record_takes():
    plain = inspect.signature(importlib.import_module("bnviz.recorder.recorder").record).parameters.values()
    called = inspect.signature(bnviz.record).parameters.values()
    assert [(one.name, one.kind, one.default) for one in plain] == [(one.name, one.kind, one.default) for one in called]
    texts = [one.name if one.default is one.empty else f"{one.name}={one.default!r}" for one in plain]
    texts.insert(next(number for number, one in enumerate(plain) if one.kind is one.KEYWORD_ONLY), "*")
    shown = pydoc.plain(pydoc.render_doc(bnviz.record))
    assert f"bnviz.record({', '.join(texts)})" in shown and all(f"\n    {one.name} " in shown for one in plain)
    assert {"record", "swap", "__version__"} <= set(dir(bnviz))


def test_the_end_says_how_it_ended():
    with pytest.raises(ZeroDivisionError), bnviz.record(mlp(), probe=(X, Y)) as recorder:
        raise ZeroDivisionError("oh")
    assert list(recorder.messages())[-1]["status"] == "failed"
    with pytest.raises(KeyboardInterrupt), bnviz.record(mlp(), probe=(X, Y)) as recorder:
        raise KeyboardInterrupt
    assert list(recorder.messages())[-1]["status"] == "stopped"


@pytest.mark.parametrize(
    "arguments, kind, words",
    [
        ({"model": 3}, TypeError, "expected a torch.nn.Module, and got int"),
        ({"model": dict.fromkeys("abcde", mlp())}, ValueError, "expected 1 to 4 networks, and got 5"),
        ({"probe": 3}, TypeError, "this one is a int"),
        ({"probe": (X.numpy(), Y.numpy())}, TypeError, "use torch.from_numpy"),
        ({"probe": X.numpy()}, TypeError, "use torch.from_numpy"),
        ({"loss": nn.CrossEntropyLoss}, TypeError, r"loss is the class CrossEntropyLoss; pass an instance: CrossEntropyLoss\(\)"),
        ({"loss": "ce"}, TypeError, "loss: expected a function of output and target, and got 'ce'"),
        ({"probe": (X[:0], Y[:0])}, ValueError, "it has no examples"),
        ({"probe": (X.to("meta"), Y)}, ValueError, "its inputs are on meta, the model is on cpu"),
        ({"probe": (X[:, :3], Y)}, ValueError, "the model cannot be called with it"),
        ({"layers": "encoder.*"}, ValueError, r"no layer matches 'encoder.\*'; this model has 1, 4"),
        ({"every": 0}, ValueError, "expected 1 or more"),
        ({"every": "often"}, TypeError, "expected a number of steps"),
        ({"out": "run.csv"}, ValueError, "ends in .ndjson"),
        ({"model": nn.ReLU()}, ValueError, "no layer that can be recorded"),
        ({"model": nn.Sequential(nn.LazyLinear(3))}, ValueError, "call the model once with a batch"),
        ({"model": {"a": mlp(), "b": mlp(widths=(20, 12))}}, ValueError, "'a' has 2 layers, 'b' has 1"),
        ({"model": {"a": mlp(), "b": mlp(widths=(20, 12, 9))}}, ValueError, "matched by order"),
    ],
)
@pytest.mark.filterwarnings("ignore:Lazy modules")
def test_errors_say_what_to_do(arguments, kind, words):
    with pytest.raises(kind, match=words):
        bnviz.record(**{"model": mlp(), "probe": (X, Y), "loss": cross_entropy, **arguments})


@pytest.mark.parametrize("layers", ["4", "3", ["nothing", "4"], "[34]"])
def test_layers_are_chosen_by_pattern_name_and_source(layers):
    model = mlp()
    if layers == ["nothing", "4"]:
        layers = [model[4]]
    recorder = bnviz.record(model, probe=(X, Y), layers=layers)
    assert [layer["name"] for layer in next(recorder.messages())["layers"]] == ["4"]


def test_many_layers_and_units_are_spread_evenly():
    widths = (20, *[100] * 66)
    recorder = bnviz.record(mlp(None, widths), probe=(X, Y))
    header = next(recorder.messages())
    names = [int(layer["name"]) for layer in header["layers"]]
    assert len(names) == header["hidden_layers"] == 64 and (names[0], names[-1]) == (0, 130) and header["layers_found"] == 66
    assert header["layers"][3]["width"] == 100 and header["layers"][3]["units"] == evenly(100, 64).tolist()


@pytest.mark.parametrize(
    "probe",
    [
        ((X, X), Y),
        ({"first": X, "second": X}, Y),
        (lambda model: model(X, second=X), Y),
    ],
)
def test_a_model_may_have_several_inputs(probe):
    class Two(nn.Module):
        def __init__(self):
            super().__init__()
            self.one, self.two, self.out = nn.Linear(20, 8), nn.Linear(20, 8), nn.Linear(8, 3)

        def forward(self, first, second):
            return self.out(torch.relu(self.one(first) + self.two(second)))

    recorder = bnviz.record(Two(), probe=probe, loss=cross_entropy)
    recorder.close()
    header, snapshots = messages(recorder)
    assert [layer["name"] for layer in header["layers"]] == ["one", "two"] and header["classes"] == 3
    assert snapshots[0]["arms"]["model"]["probe_loss"] is not None


def test_a_measurement_that_fails_is_missing_and_said_once(caplog):
    model = mlp()
    with caplog.at_level(logging.WARNING), bnviz.record(model, probe=(X, Y), loss=cross_entropy, every=1) as recorder:
        forward = model[1].forward
        model[1].forward = lambda z: 1 / 0
        recorder.step(loss=1.0)
        recorder.step(loss=1.0)
        model[1].forward = forward
        recorder.step(loss=1.0)
    snapshots = messages(recorder)[1]
    assert ["counts" in snapshot["arms"]["model"] for snapshot in snapshots] == [True, False, False, True]
    assert len([record for record in caplog.records if "distributions" in record.getMessage()]) == 1
    assert snapshots[-1]["arms"]["model"]["shift_step"]["linear"].max() == 0


def test_a_loss_that_misses_its_target_names_the_probe(caplog):
    with caplog.at_level(logging.WARNING), bnviz.record(mlp(), probe=X, loss=cross_entropy):
        pass
    messages_of = [record.getMessage() for record in caplog.records if "The loss of 'model'" in record.getMessage()]
    assert len(messages_of) == 1 and "The probe has no target; give probe=(inputs, target)" in messages_of[0]


def test_a_loss_of_no_network_is_said_once(caplog):
    with caplog.at_level(logging.WARNING), bnviz.record({"a": mlp(), "b": mlp()}, probe=(X, Y)) as recorder:
        recorder.step(loss={"a": 1.0, "b": 1.0})
        assert not caplog.records
        for _ in range(2):
            recorder.step(loss={"a": 1.0, "c": 2.0})
    assert [record.getMessage() for record in caplog.records if "'c' names no network; expected 'a', 'b'" in record.getMessage()]
    assert len(caplog.records) == 1


def test_one_snapshot_is_one():
    with bnviz.record(mlp(), probe=(X, Y)) as recorder:
        pass
    assert str(recorder.cost).startswith("1 snapshot took ")


def test_the_disk_may_be_full(caplog, monkeypatch, tmp_path):
    recorder = bnviz.record(mlp(), probe=(X, Y), out=tmp_path / "run.ndjson", every=1)

    def full(file, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("bnviz.recorder.output.os.write", full)
    with caplog.at_level(logging.WARNING):
        recorder.step()
        recorder.step()
        recorder.close()
    assert len(caplog.records) == 1 and "No space left" in caplog.text


def test_snapshots_are_denser_at_first_or_when_a_function_says():
    due = schedule(100)
    assert [step for step in range(1, 301) if due(step)] == [1, 2, 4, 8, 16, 32, 64, 100, 200, 300]
    asked = []
    recorder = bnviz.record(mlp(), probe=(X, Y), every=lambda step: asked.append(step) or step == 2)
    for _ in range(3):
        recorder.step()
    assert asked == [1, 2, 3, 4]
    assert [message.get("step") for message in recorder.messages()] == [None, 0, 2]


@pytest.mark.parametrize("kind", ["normal", "rectified", "constant", "zero", "huge", "offset", "infinite"])
def test_edges_hold_a_layer_that_grows_tenfold(kind):
    values = np.random.default_rng(0).normal(size=5000).astype(np.float32)
    samples = {
        "normal": values,
        "rectified": np.maximum(values, 0),
        "constant": np.full(100, 7, np.float32),
        "zero": np.zeros(100, np.float32),
        "huge": values * np.float32(1e37),
        "offset": values * np.float32(1e-4) + np.float32(1e4),
        "infinite": np.array([np.inf, np.nan, -np.inf], np.float32),
    }
    edges = bin_edges(samples[kind])
    assert edges.shape == (49,) and edges.dtype == np.float32 and np.isfinite(edges).all() and (np.diff(edges) > 0).all()
    if kind in ("normal", "rectified"):
        grown = 10 * samples[kind]
        assert ((grown >= edges[0]) & (grown <= edges[-1])).mean() > 0.999
        assert (np.histogram(samples[kind], edges)[0] > 20).sum() > 20  # and still fine where values are now
    assert (edges[0] == 0) == (kind == "rectified")


def accuracy_of(output, target):
    found = logits_of(output, target)
    return accuracy(*found) if found else None


def test_accuracy_is_missing_where_predictions_are_not_finite():
    scores, target = torch.tensor([[0.0, 1.0], [2.0, -torch.inf]]), torch.tensor([1, 0])
    assert accuracy_of(scores, target) == 1  # a class that a mask excludes
    for value in (torch.nan, torch.inf):
        lost = torch.tensor([[0.0, value], [2.0, 1.0]])
        assert accuracy_of(lost, target) is None
        assert accuracy_of(lost, torch.tensor([-1, 0])) == 1  # no target there


def test_there_is_no_accuracy_where_two_axes_could_be_those_of_classes():
    """As of 8 letters at 8 places: one of them, taken for the other, gives an accuracy of nothing."""
    scores, target = torch.eye(5).expand(3, 5, 5) + torch.rand(3, 5, 5) / 2, torch.arange(5).expand(3, 5)
    assert accuracy_of(scores, target) is None
    assert accuracy_of(scores[:, :4], target[:, :4]) == accuracy_of(scores[:, :4].transpose(1, 2), target[:, :4]) == 1
