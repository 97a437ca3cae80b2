"""Sweeps from Python. Rows are a stand-in's unless the test says so."""

import math
import os
import re
import signal
import subprocess
import sys
import threading

import numpy as np
import pandas
import pytest

from bnviz import engine
from bnviz.api import BadField, Failed, sweep
from bnviz.config.experiment import Experiment
from bnviz.config.sweep import sweep_over
from bnviz.judge import intervals
from tests import ROOT, fake_stack
from tests.waiting import until


@pytest.fixture
def instant(monkeypatch):
    """The engine that sweeps get."""
    monkeypatch.setenv("BNVIZ_STORE", "")
    stand_in = fake_stack.Instant()
    monkeypatch.setattr(engine, "make", stand_in.make)
    return stand_in


def test_rows_are_dictionaries_sorted_by_value_arm_and_seed(instant):
    rows = sweep("batch_size", [8, 4], seeds=2, learning_rate=0.3)
    assert [(row["batch_size"], row["arm"], row["seed"]) for row in rows] == [
        (size, arm, seed) for size in (4, 8) for arm in ("batch", "none") for seed in (0, 1)
    ]
    one = instant.plans[0].cells()[0].run
    assert one.experiment.learning_rate == 0.3
    (match,) = (row for row in rows if row["run"] == one.id)
    assert match == {"batch_size": 8} | {name: fake_stack.row(one)[name] for name in list(match)[1:]}
    assert instant.closed == 1


def test_workers_do_not_hear_ctrl_c(instant):
    """Which reaches everybody whom the terminal knows: they would print where they were."""
    sweep("width", [8], seeds=1)
    assert not instant.heard_interrupts
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_what_is_asked_comes_in_the_order_it_was_asked_in(instant):
    rows = sweep("batch_size", (16, 4, 8), seeds=3, arms=["none", "layer", "batch"], seed=5)
    grid = rows.grid("train_accuracy")
    assert (rows.axis, rows.values, rows.arms, rows.seeds) == ("batch_size", (16, 4, 8), ("none", "layer", "batch"), (5, 6, 7))
    assert grid == pytest.approx(np.array([[[size / (seed + 3) for seed in (5, 6, 7)] for size in (16, 4, 8)]] * 3))
    by_arm = rows.interval("train_accuracy")
    assert list(by_arm) == ["none", "layer", "batch"]
    for actual, expected in zip(by_arm["layer"], intervals.interval(grid[1]), strict=True):
        assert np.array_equal(actual, expected)
    assert (rows.interval("train_accuracy", 0.5)["none"].low > by_arm["none"].low).all()


def test_numbers_that_are_not_there(instant):
    rows = sweep("batch_size", [4], seeds=2, seed=fake_stack.DIVERGES)
    assert [row["test_loss"] is None for row in rows] == [True, False] * 2
    assert np.isnan(rows.column("test_loss")).tolist() == [True, False] * 2
    assert np.isnan(rows.grid("test_loss")).tolist() == [[[True, False]]] * 2
    mean, low, high, count = rows.interval("test_loss")["none"]
    assert count == [1] and math.isfinite(mean[0]) and math.isnan(low[0]) and math.isnan(high[0])


def test_a_data_frame_is_the_table_that_is_saved(instant, tmp_path):
    rows = sweep("activation", ["tanh", "relu"], seeds=2, seed=fake_stack.DIVERGES)
    rows.save(tmp_path / "x.csv")
    frame = pandas.DataFrame(rows)
    pandas.testing.assert_frame_equal(frame, pandas.read_csv(tmp_path / "x.csv"), check_dtype=False)
    assert frame.groupby("arm").size().to_dict() == {"batch": 4, "none": 4}
    again = sweep("activation", ["tanh", "relu"], seeds=2, seed=fake_stack.DIVERGES, out=tmp_path / "x.csv")
    assert again == rows and len(instant.plans) == 1


def test_numbers_of_numpy_are_numbers(instant):
    assert sweep("batch_size", 2 ** np.arange(1, 4), seeds=1).values == (2, 4, 8)
    assert sweep("learning_rate", np.array([0.5, 0.25], np.float32), seeds=1).values == (0.5, 0.25)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nope", [1]), "axis"),
        (("seed", [1]), "axis"),
        (("width", []), "values"),
        (("width", [8, 8]), "values"),
        (("width", [8.5]), "width"),
        (("width", ["8"]), "width"),
        (("width", [8], 0), "seeds"),
        (("width", [8], 1, ["nope"]), "arms"),
        (("width", [8], 1, "none"), "arms"),
        (("width", [8], 1, []), "arms"),
    ],
)
def test_what_cannot_be_is_named(instant, tmp_path, arguments, message):
    with pytest.raises(BadField) as caught:
        sweep(*arguments, out=tmp_path / "x.csv")
    assert caught.value.field == message and not instant.plans and not os.listdir(tmp_path)


@pytest.mark.parametrize("fields", [{"nope": 1}, {"momentum": 2}, {"width": 8}])
def test_a_field_that_cannot_be_is_named(instant, fields):
    with pytest.raises(BadField) as caught:
        sweep("width", [8], **fields)
    assert caught.value.field in fields and not instant.plans


def test_an_interruption_loses_nothing(instant, tmp_path):
    """Ctrl-C while some rows are still being computed."""
    out, plan = tmp_path / "x.csv", sweep_over(Experiment(), "batch_size", [8, 4], seeds=2)
    instant.ending, instant.without = None, [cell.run for cell in plan.cells()[:3]]

    def interrupt():
        until(lambda: out.exists() and out.read_text(encoding="utf-8").count("\n") == 6)
        os.kill(os.getpid(), signal.SIGINT)

    threading.Thread(target=interrupt).start()
    with pytest.raises(KeyboardInterrupt) as caught:
        sweep("batch_size", [8, 4], seeds=2, out=out)
    assert caught.value.__notes__ == [f"5 of 8 rows are kept in {out}; repeat the sweep to continue from there"]
    assert instant.closed == 1
    instant.ending, instant.without = ("finished", ""), ()
    assert len(sweep("batch_size", [8, 4], seeds=2, out=out)) == 8
    assert [len(one.cells()) for one in instant.plans] == [8, 3]


@pytest.mark.parametrize(
    ("store", "notes"),
    [("", []), ("somewhere", ["8 of 8 rows are kept in {store}; repeat the sweep to continue from there"])],
)
def test_a_failure_says_why_and_what_is_kept(instant, monkeypatch, tmp_path, store, notes):
    monkeypatch.setenv("BNVIZ_STORE", store and str(tmp_path / store))
    instant.ending = "failed", "out of memory"
    with pytest.raises(Failed) as caught:
        sweep("batch_size", [8, 4], seeds=2)
    assert str(caught.value) == "out of memory" and getattr(caught.value, "__notes__", []) == [
        note.format(store=tmp_path / store) for note in notes
    ]
    assert instant.closed == 1


@pytest.mark.parametrize("where", ["a terminal", "a notebook", "a log"])
def test_progress_is_shown_where_somebody_looks(instant, monkeypatch, capsys, where):
    if where == "a notebook":
        monkeypatch.setitem(sys.modules, "ipykernel", sys)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: where == "a terminal", raising=False)
    sweep("batch_size", [8, 4], seeds=2)
    assert ("8/8 [" in capsys.readouterr().err) == (where != "a log")


@pytest.mark.slow
def test_the_lines_in_the_readme_as_a_script():
    """Real workers, and no ``if __name__ == "__main__"``."""
    (lines,) = re.findall(
        r"```python\n(from bnviz.api import sweep\n.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.DOTALL
    )
    assert len([line for line in lines.splitlines() if line]) == 3
    script = f"{lines}\nimport sys\nprint(len(rows), (low < mean).all(), mean.shape, 'torch' in sys.modules)"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "BNVIZ_STORE": ""}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=400)
    assert (done.stdout, done.stderr) == ("30 True (3,) False\n", "")
