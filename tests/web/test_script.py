"""The script of a run: unpacked and run, it trains the networks of the recording."""

import ast
import importlib
import io
import json
import math
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from jinja2 import UndefinedError

from bnviz.config.experiment import Experiment
from bnviz.data import coats
from bnviz.engine import worker
from bnviz.record import ndjson
from bnviz.web.export.archive import archive
from bnviz.web.export.saved_page import PLAYING, page_of
from bnviz.web.export.script import MOST_LINES, TooLong, Unsupported, Untrained, script
from bnviz.web.export.template import rendered_text
from tests.runs import exact, run_script, trained

SHORT = {"steps": 16, "snapshot_every": 4}
UNMEASURED = {"gradient_shift": "no", "look_inside": "no", "microscope": "no"}
SMALL = {**SHORT, "dataset": "mnist1d", "train_size": 300, "width": 16, "learning_rate": 0.3}
PRESETS = {
    f"{lesson}-{name}": page_of(lesson).default.replace(**settings)
    for lesson in PLAYING
    for name, settings in page_of(lesson).presets.items()
}
SWITCHED = {"batch_norm_from": 4}
CONFIGURATIONS = {
    "turned": {"changes": "4:learning_rate=1;8:batch_size=8"},
    "turned, momentum": {"momentum": 0.9, "changes": "4:momentum=0;8:momentum=0.5"},
    "another size of minibatches at the end of an epoch": {"changes": "3:batch_size=100;7:batch_size=2"},
    "groups": {"ghost_batch_size": 4},
    "uneven groups": {"batch_size": 30, "ghost_batch_size": 4, "changes": "8:ghost_batch_size=10"},
    "groups, γ and β fixed": {"ghost_batch_size": 8, "fixed_scales": "yes"},
    "γ and β fixed": {"fixed_scales": "yes", "initialization": "pytorch"},
    "layer norm": {"compare": "layer", "activation": "tanh"},
    "group norm": {"compare": "group", "width": 24, "initialization": "small"},
    "RMS norm": {"compare": "rms", "activation": "sigmoid"},
    "DyT": {"compare": "dyt", "momentum": 0.9, "precision": "double"},
    "noise": {"compare": "noisy-batch", "dropout": 0.2, "batch_size": 16},
    "dropout later": {"changes": "4:dropout=0.5;12:dropout=0"},
    "noisy labels": {"label_noise": 0.4, "seed": 3},
    "noisy numbers": {"dataset": "linear-map", "label_noise": 0.4, "activation": "identity", "initialization": "xavier"},
    "bootstrap": {"bootstrap": "yes", "label_noise": 0.2, "batch_norm_from": 8, "scale_start": "keep", "seed": 3},
    "few examples": {"train_size": 20, "batch_size": 512},
    "spirals": {"dataset": "spirals", "hidden_layers": 2},
    "statistics": {"statistics_momentum": 1.0},
    "double": {"precision": "double", "dropout": 0.2, "ghost_batch_size": 4},
    "double numbers": {"precision": "double", "dataset": "linear-map", "activation": "identity", "label_noise": 0.2},
    "epsilon": {"epsilon": 1e-3, "compare": "layer"},
    "epsilon of RMS norm": {"epsilon": 1e-3, "compare": "rms"},
    "decay": {"weight_decay": 0.5, "momentum": 0.9},
    "decay and a growing rate": {"weight_decay": 0.5, "rate_growth": 1.01, "momentum": 0.5, "epsilon": 1e-10},
    "a rising rate": {"weight_decay": 0.5, "rising": "yes", "changes": "8:times_w2=1000"},
    "a rising rate, and no decay": {"rising": "yes", "momentum": 0.9, "changes": "8:learning_rate=0.01"},
    "only γ and β learn": {"trainable": "scales", "momentum": 0.9, "weight_decay": 0.5, "fixed_scales": "yes"},
    "only the output layer learns": {"trainable": "output", "compare": "rms", "changes": "8:times_w2=3"},
    "accumulation": {"accumulate": 4, "batch_size": 8, "dropout": 0.2, "changes": "8:batch_size=2", "rate_growth": 0.99},
    "accumulation, γ and β": {"accumulate": 3, "trainable": "scales", "momentum": 0.9},
    "residual": {"skip_connections": "residual", "dropout": 0.2, "learning_rate": 0.01},
    "SkipInit": {"skip_connections": "skipinit", "momentum": 0.9, "weight_decay": 0.1},
    "orthogonal": {"initialization": "orthogonal", "activation": "identity"},
    "switched on": SWITCHED,
    "switched on, kept": {**SWITCHED, "scale_start": "keep"},
    "switched on in an older release": {**SWITCHED, "scale_start": "keep", "switch_examples": "test"},
    "switched off in an older release": {"changes": "4:compare=none", "scale_start": "keep", "switch_examples": "test"},
    "switched off": {"changes": "4:compare=none"},
    "switched off, kept": {"changes": "4:compare=none;8:input_noise=1", "scale_start": "keep", "momentum": 0.9},
    "switched to another": {"changes": "4:compare=rms;8:compare=noisy-batch"},
    "held": {"hold_from": 4, "momentum": 0.9},
    "held and frozen": {"hold_from": 4, "hidden_layers": 2, "changes": "8:freeze_layer=3;12:freeze_layer=0"},
    "frozen, then another normalizer": {"changes": "2:freeze_layer=2;4:compare=layer;8:freeze_layer=1"},
    "broken": {"changes": "4:times_w1=-2;4:input_noise=0.5;8:input_noise=0"},
    "fine-tuning": {"changes": "4:input_shift=1;8:input_noise=0.5;10:input_shift=-1;12:input_noise=0", "ghost_batch_size": 8},
    "frozen statistics": {"changes": "4:freeze_statistics=1;4:input_shift=1;8:compare=noisy-batch;12:freeze_statistics=0"},
    "diverging": {"learning_rate": 10.0, "activation": "identity"},
}  # fmt: skip
EXPERIMENTS = {
    **{name: one.replace(steps=8, **UNMEASURED, hold_from=min(one.hold_from, 4)) for name, one in PRESETS.items()},
    **{name: Experiment(**{**SMALL, **settings}) for name, settings in CONFIGURATIONS.items()},
}


def recorded(experiment):
    return b"".join(line for line in worker.record(experiment) if line)


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Run the script of a recording; gives the script's names."""
    return lambda recording: run_script(recording, tmp_path, monkeypatch)


def last_lines(text):
    """What the last lines of a text say of each network, by its name: a dictionary of numbers."""
    lines = [line.strip().partition(": ") for line in text.splitlines() if ": training loss" in line]
    return {
        name: {output.rpartition(" ")[0]: float(output.rpartition(" ")[2]) for output in rest.split(", ")}
        for name, _, rest in lines
    }


def run_of(name):
    """A name of an experiment; slow, but for each lesson's first preset and every other configuration."""
    lesson = name.partition("-")[0]
    first = name == next(one for one in PRESETS if one.startswith(f"{lesson}-")) if name in PRESETS else None
    quick = list(CONFIGURATIONS).index(name) % 2 == 0 if first is None else first
    return pytest.param(name, marks=() if quick else pytest.mark.slow)


@pytest.mark.parametrize("name", list(map(run_of, EXPERIMENTS)))
def test_it_trains_the_networks_of_the_run(run, capsys, name):
    """Training losses to the bit; the test loss but for the rounding of another matrix product."""
    _, losses, recording = trained(EXPERIMENTS[name])
    names = run(recording)
    printed = last_lines(capsys.readouterr().out)
    assert exact(names["losses"]) == exact(losses)
    last = json.loads(recording.splitlines()[-2])["arms"]
    assert printed.keys() == last.keys()
    for arm, values in last.items():
        for output, key in (("test loss", "test_loss"), ("test accuracy", "test_accuracy")):
            if values[key] is not None:
                assert printed[arm][output] == pytest.approx(values[key], rel=1e-5, abs=1e-6)
            else:
                assert not math.isfinite(printed[arm].get(output, math.nan))


RECOMPUTED = {
    "noise, dropout and groups": {"compare": "noisy-batch", "dropout": 0.2, "batch_size": 32, "ghost_batch_size": 8},
    "accumulation": {"accumulate": 4, "batch_size": 8, "statistics_momentum": 0.01},
    "double numbers": {"precision": "double", "dataset": "linear-map", "activation": "identity"},
    "coloured animals": {"dataset": "cats", "evaluation_coats": "coloured", "steps": 4},
}


@pytest.mark.slow
@pytest.mark.parametrize("name", RECOMPUTED)
def test_statistics_are_recomputed_as_in_the_run(run, capsys, name):
    """By `update_bn`, to the accuracy of the run and its loss but for rounding."""
    experiment = Experiment(**{**SMALL, "three_views": "yes", **RECOMPUTED[name]})
    recording = recorded(experiment)
    run(recording)
    arm = experiment.compare
    [line] = [one for one in capsys.readouterr().out.splitlines() if one.startswith(f"{arm}, statistics recomputed: ")]
    views = json.loads(recording.splitlines()[-2])["arms"][arm]["evaluation"]
    loss, *accuracy = (float(part.rpartition(" ")[2]) for part in line.partition(": ")[2].split(", "))
    assert loss == pytest.approx(views["recomputed_loss"], rel=1e-5) != pytest.approx(views["running_loss"], rel=1e-2)
    assert accuracy == ([] if views["recomputed_accuracy"] is None else [pytest.approx(views["recomputed_accuracy"], abs=1e-6)])


def test_a_run_that_diverges_does_so_in_the_script(run):
    _, _, recording = trained(EXPERIMENTS["diverging"])
    assert ndjson.status(recording.splitlines()[-1]) == "diverged"
    assert not math.isfinite(run(recording)["losses"]["none"][-1])


def test_the_animals_are_painted_by_the_very_same_lines(tmp_path, monkeypatch):
    _, _, recording = trained(Experiment(**{**SMALL, "dataset": "cats", "steps": 10, "width": 8}))
    zipfile.ZipFile(io.BytesIO(archive(recording))).extractall(tmp_path)
    source = (tmp_path / "coats.py").read_text(encoding="utf-8")
    assert (
        source == Path(coats.__file__).read_text(encoding="utf-8").replace("cat_vs_other.npz", "data.npz")
        and "bnviz" not in source
    )
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "coats", raising=False)
    for one, other in zip(importlib.import_module("coats").animals(), coats.animals(), strict=True):
        assert all(map(np.array_equal, one, other))


@pytest.mark.parametrize("name", [*PRESETS, *CONFIGURATIONS])
def test_it_can_be_read_in_one_sitting_and_needs_nothing_of_ours(name):
    source = script({**EXPERIMENTS, **PRESETS}[name])
    assert source.count("\n") <= MOST_LINES < 120 and max(map(len, source.splitlines())) <= 130
    assert "{%" not in source and "{{" not in source and "\n\n\n\n" not in source
    tree = ast.parse(source)
    imported = {part.name.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.Import) for part in node.names}
    imported |= {node.module.split(".")[0] for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert imported <= {"math", "pathlib", "numpy", "torch", "coats"}
    used = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert {
        name.asname or name.name for node in tree.body if isinstance(node, (ast.Import, ast.ImportFrom)) for name in node.names
    } <= used
    assert {node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.ClassDef))} <= used


def test_it_runs_by_itself_and_says_what_the_readme_says(tmp_path):
    recording = recorded(EXPERIMENTS["spirals"])
    with zipfile.ZipFile(io.BytesIO(archive(recording))) as file:
        assert set(file.namelist()) == {"experiment.py", "data.npz", "README.txt"}
        file.extractall(tmp_path)
    done = subprocess.run([sys.executable, "experiment.py"], cwd=tmp_path, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (0, "")
    readme, header = (tmp_path / "README.txt").read_text(encoding="utf-8"), json.loads(recording.splitlines()[0])
    assert header["id"] in readme and f"PyTorch {header['versions']['torch']}" in readme and "made by this program" in readme
    output, readme_end = last_lines(done.stdout), last_lines(readme)
    assert output.keys() == readme_end.keys() == {"none", "batch"}
    assert all(output[arm] == pytest.approx(readme_end[arm], rel=1e-5, abs=2e-6) for arm in output)


@pytest.mark.parametrize(
    ("dataset", "more"),
    [("fashion", {"LICENSE-fashion-mnist"}), ("cats", {"coats.py", "LICENSE-animal-mnist"}), ("spirals", set())],
)
def test_the_archive_has_the_data_and_its_licence_and_is_small(dataset, more):
    _, _, recording = trained(Experiment(**{**SMALL, "dataset": dataset, "steps": 10, "width": 8}))
    contents = archive(recording)
    assert len(contents) < 2e6 and contents == archive(recording)
    assert set(zipfile.ZipFile(io.BytesIO(contents)).namelist()) == {"experiment.py", "data.npz", "README.txt", *more}


def test_what_a_short_script_cannot_say_is_refused():
    everything = {"scale_start": "keep", "hold_from": 10, "dropout": 0.1, "compare": "noisy-batch", "ghost_batch_size": 4}
    with pytest.raises(TooLong, match=r"would take \d+ lines\. .* at most 119"):
        script(Experiment(**everything, label_noise=0.1, batch_norm_from=20, changes="30:compare=none;40:freeze_layer=1"))


@pytest.mark.parametrize(
    "changes",
    [
        {"changes": "20:momentum=0.9"},
        {"batch_norm_from": 20},
        {"rising": "yes", "momentum": 0.9},
        {"rising": "yes", "rate_growth": 1.01},
    ],
)
def test_special_weights_with_which_more_happens_are_refused(changes):
    script(Experiment(weight_decay=0.01))
    with pytest.raises(Unsupported, match="No script can do both"):
        script(Experiment(weight_decay=0.01, **changes))


@pytest.mark.parametrize("changes", [{"hold_from": 4}, {"changes": "4:compare=none"}, {"changes": "4:freeze_layer=1"}])
def test_parameters_that_learn_and_layers_that_change_on_the_way_are_refused(changes):
    for own in ({"trainable": "scales"}, {"skip_connections": "skipinit"}):
        script(Experiment(**own))
        with pytest.raises(Unsupported, match="No script can do both"):
            script(Experiment(**own, **changes))


def test_a_run_that_trains_nothing_has_no_script():
    with pytest.raises(Untrained, match="Nothing is trained"):
        script(Experiment(steps=0))


def test_a_name_that_a_template_lacks_is_an_error():
    assert rendered_text("{% if here %}\n{{ here }}\n{% endif %}\nb", {"here": "a"}) == "a\nb"
    with pytest.raises(UndefinedError, match="gone"):
        rendered_text("{% if gone %}a{% endif %}", {"here": "a"})


def test_ghost_batches_mean_nothing_to_what_normalizes_each_example():
    assert "Ghost" not in script(Experiment(compare="layer", ghost_batch_size=4))
