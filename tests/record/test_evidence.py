"""Rows that the release ships: what a file holds, and that it is what these very settings give."""

import dataclasses
import json
import lzma
from importlib import import_module

import numpy as np
import pytest

from bnviz import evidence as command
from bnviz.config.experiment import Experiment
from bnviz.config.sweep import sweep_over
from bnviz.lessons import SWEEPING
from bnviz.lessons.does_it_hold.claims import CLAIMS
from bnviz.record import evidence
from bnviz.record.evidence import Evidence
from bnviz.record.version import versions
from bnviz.train.stacked import train_stack

SWEEP = sweep_over(Experiment(steps=0), "ghost_batch_size", [4, 8], seeds=2)  # 6 runs in 8 places
ROWS = tuple({"run": run.id, "seed": run.experiment.seed, "test_accuracy": 0.5} for run in SWEEP.runs())
MADE = Evidence(ROWS, {"bnviz": "1", "torch": "2"}, "a computer", "2026-01-02")
SHIPPED = command.sweeps()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setattr(evidence, "FOLDER", tmp_path)
    return tmp_path


def test_what_is_written_is_read_and_fills_every_place(folder):
    assert not evidence.is_shipped(SWEEP) and evidence.read(SWEEP) is None
    evidence.write(SWEEP, MADE)
    read = evidence.read(SWEEP)
    assert (read.versions, read.machine, read.day) == (MADE.versions, "a computer", "2026-01-02")
    assert [*read.rows] == [*ROWS]
    places = {(row["curve"], row["point"], row["seed"]): row["run"] for row in read.fill(SWEEP)}
    assert places == {(cell.curve, cell.point, cell.seed): cell.run.id for cell in SWEEP.cells()}


def test_a_sweep_that_lacks_rows_is_not_shipped(folder):
    with pytest.raises(ValueError, match="1 of 6 runs"):
        evidence.write(SWEEP, dataclasses.replace(MADE, rows=ROWS[1:]))
    assert not list(folder.iterdir())


def test_the_same_rows_keep_their_day_and_others_do_not(folder):
    evidence.write(SWEEP, dataclasses.replace(MADE, versions=versions()))
    command.ship(SWEEP, list(reversed(ROWS)))
    assert evidence.read(SWEEP).day == "2026-01-02"
    command.ship(SWEEP, [{**row, "test_accuracy": 0.6} for row in ROWS])
    assert evidence.read(SWEEP).day > "2026-01-02" and evidence.read(SWEEP).rows[0]["test_accuracy"] == 0.6


def test_what_no_page_shows_any_more_is_removed(folder):
    evidence.write(SWEEP, MADE)
    assert evidence.prune([SWEEP]) == [] and evidence.prune([]) == [evidence.FOLDER / f"{SWEEP.id}.json.xz"]
    assert not list(folder.iterdir())


def test_the_release_ships_rows_of_its_own_sweeps_only():
    needed = {evidence.path(sweep) for sweep in SHIPPED}
    assert set(evidence.FOLDER.glob("*.xz")) <= needed
    assert all(evidence.is_shipped(sweep) for sweep in SHIPPED)


@pytest.mark.parametrize("sweep", [sweep for sweep in SHIPPED if evidence.is_shipped(sweep)], ids=lambda sweep: sweep.id)
def test_a_file_says_where_its_rows_come_from(sweep):
    contents = json.loads(lzma.decompress(evidence.path(sweep).read_bytes()))
    assert contents.keys() == {"rows", "versions", "machine", "day"} and contents["versions"].keys() == versions().keys()
    assert "cores" in contents["machine"] and len(contents["rows"]) == len(sweep.runs())


@pytest.mark.parametrize(("key", "arm"), [("largest-rate", "none"), ("smoother", "batch")])
def test_training_gives_the_shipped_rows_again(key, arm):
    """The cheapest run of a claim's network. Another processor or PyTorch rounds otherwise, so numbers may differ a little."""
    sweep = CLAIMS[key].sweep
    run = min((run for run in sweep.runs() if run.arm == arm), key=lambda run: run.seconds())
    (row,) = (row for row in train_stack([run], sweep.measures) if row)
    (shipped,) = (row for row in evidence.read(sweep).rows if row["run"] == run.id)
    assert shipped.keys() == row.keys() and shipped["checkpoints"] == row["checkpoints"]
    assert len(set(row["train_losses"])) > 5, "it has learnt something"
    for name in ("train_losses", "test_accuracies", *(["loss_range", "gradient_bend"] if sweep.measures else [])):
        np.testing.assert_allclose(*(np.array(one[name], float) for one in (shipped, row)), rtol=0.02, atol=0.005, err_msg=name)


@pytest.mark.parametrize("lesson", SWEEPING)
def test_a_page_can_say_and_draw_what_the_shipped_rows_hold(lesson):
    for scene in import_module(f"bnviz.lessons.{lesson}.page").PAGE.scenes():
        if shipped := evidence.read(scene.sweep):
            rows = shipped.fill(scene.sweep)
            assert "computing" not in scene.page.verdict(scene.sweep, rows)
            assert any(panel["data"] for panel in scene.page.panels(scene.sweep, rows)), scene.name
