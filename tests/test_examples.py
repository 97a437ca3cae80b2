"""The examples, with few steps."""

import importlib.util

import numpy as np
import pytest
import torch

from bnviz.recorder.report import check
from tests import ROOT

EXAMPLES = sorted(path.stem for path in (ROOT / "examples").glob("*.py"))


def example(name):
    """The example as a module; it trains nothing yet."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "examples" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(autouse=True)
def _seeds_kept():
    with torch.random.fork_rng():
        yield


def parts(recorder):
    """The arms' last numbers; the recording has ended well."""
    *_, last, end = recorder.messages()
    assert (end["type"], end["status"]) == ("end", "finished")
    return last["arms"]


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_is_short_and_says_what_shows_it(name):
    lines = (ROOT / "examples" / f"{name}.py").read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 60 and f"bnviz view {name}.ndjson" in lines[-1] and f"python examples/{name}.py" in "".join(lines[:6])


def test_the_residual_network_is_compared_with_itself_without_batch_norm(tmp_path):
    recorder = example("residual").train(tmp_path / "run.ndjson", steps=2, every=2)
    arms, header = parts(recorder), next(recorder.messages())
    assert [layer["name"] for layer in header["layers"]][:2] == ["0.norm1", "0.norm2"] and set(arms) == {"batch norm", "without"}
    _, report = check(tmp_path / "run.ndjson")
    assert f"{len(header['layers'])} layers, 3 snapshots, the last one at step 2" in report


def test_both_transformers_begin_with_the_same_weights(tmp_path):
    transformer = example("transformer")
    recorder = transformer.train(steps=2, every=2)
    header, arms = next(recorder.messages()), parts(recorder)
    assert set(arms) == {"Pre-LN", "Post-LN"} and len(header["layers"]) == transformer.LAYERS
    assert {layer["kind"] for layer in header["layers"]} == {"LayerNorm"}
    one, other = (transformer.Sorter(is_pre) for is_pre in (True, False))
    other.load_state_dict(one.state_dict())
    words = torch.randint(transformer.LETTERS, (4, transformer.LENGTH))
    assert one(words).shape == (4, transformer.LENGTH, transformer.LETTERS) and not torch.equal(one(words), other(words))


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(1, 10))])
def test_what_is_bad_in_evaluation_is_found_and_mended(seed):
    recorder, broken, mended = example("good_in_train").train(seed=seed)
    (found,) = recorder.findings()
    assert (found.kind, found.cause) == ("evaluation_gap", "cold") and "they repair it" in str(found)
    assert mended > broken + 0.1


def test_any_table_with_classes_in_its_last_column_will_do(tmp_path):
    table = example("table")
    generator = np.random.default_rng(0)
    rows = [f"{a:.3f},{b:.3f},{'left' if a < 0 else 'right'}" for a, b in generator.normal(size=(400, 2))]
    (tmp_path / "points.csv").write_text("\n".join(["a,b,side", *rows]), encoding="utf-8")
    recorder = table.train(tmp_path / "points.csv", epochs=10, every=20)
    assert next(recorder.messages())["classes"] == 2 and parts(recorder)["model"]["evaluation_accuracy"] > 0.8


def test_the_table_that_is_written_is_read_again(tmp_path):
    table = example("table")
    table.write(tmp_path / "table.csv")
    x, y = table.read(tmp_path / "table.csv")
    assert x.shape == (4000, 40) and torch.bincount(y).tolist() == np.bincount(table.load("mnist1d").y_train).tolist()
    assert x.mean(0).abs().max() < 1e-4 and (x.std(0) - 1).abs().max() < 1e-3
