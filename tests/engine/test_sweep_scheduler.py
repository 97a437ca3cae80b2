"""Sweeps in the local engine: rows arrive, survive accidents, stops and restarts, and never hold up live runs."""

import json
import os
import signal

import pytest

from bnviz.config.cost import TooExpensive
from bnviz.config.experiment import Experiment
from bnviz.config.sweep import canonical_run, sweep_over
from bnviz.engine import worker
from bnviz.engine.local import LocalEngine
from bnviz.engine.sweep_scheduler import StackLines
from bnviz.record import ndjson
from bnviz.record.rows import Rows
from bnviz.record.store import Store
from tests import fake_training
from tests.waiting import until

QUICK = sweep_over(Experiment(steps=10, seed=10), "batch_size", (4, 8, 16), seeds=3)
SLOW = sweep_over(Experiment(steps=100, momentum=0.01, seed=10), "batch_size", (4, 8, 16, 32), seeds=3)


def messages(lines):
    return list(ndjson.read(lines.lines()))


def rows_in(lines):
    return [message for message in messages(lines) if message["type"] == "row"]


def places(sweep):
    return sorted((cell.point, cell.curve, cell.seed) for cell in sweep.cells())


def filled(lines):
    return sorted((row["point"], row["curve"], row["seed"]) for row in rows_in(lines))


@pytest.fixture
def make_engine():
    engines = []

    def make(store=None, workers=1, command=fake_training.COMMAND, rows=None):
        engines.append(LocalEngine(store or Store(), workers, command, rows))
        return engines[-1]

    yield make
    for one in engines:
        one.close()


def finished_lines(engine, sweep):
    lines = engine.recording(engine.sweep(sweep))
    until(lambda: lines.ended)
    return lines


def test_a_sweep_is_a_recording_of_rows(make_engine):
    engine = make_engine(workers=2)
    lines = finished_lines(engine, QUICK)
    first, *_, last = messages(lines)
    assert first["type"] == "header" and first["id"] == QUICK.id and first["total_rows"] == len(QUICK.cells())
    assert first["sweep"]["axis"] == "batch_size" and first["sweep"]["values"] == [4, 8, 16]
    assert last["type"] == "end" and last["status"] == "finished"
    assert filled(lines) == places(QUICK)
    assert {row["value"] for row in rows_in(lines)} == {4, 8, 16}
    shares = [message["share"] for message in messages(lines) if message["type"] == "progress"]
    assert shares == sorted(shares) and shares[-1] == pytest.approx(1)
    assert engine.endings["finished"] == 1 and engine.sweep(QUICK) == QUICK.id and engine.recording(QUICK.id) is lines


def test_one_run_fills_all_places_that_are_its(make_engine):
    sweep = sweep_over(Experiment(steps=10), "ghost_batch_size", (4, 8), seeds=2)
    lines = finished_lines(make_engine(), sweep)
    assert filled(lines) == places(sweep)
    assert len({row["run"] for row in rows_in(lines)}) == len(sweep.runs()) == 6 < 8


def test_rows_are_there_before_the_end(make_engine):
    engine = make_engine()
    lines = engine.recording(engine.sweep(SLOW))
    until(lambda: rows_in(lines))
    assert not lines.ended


def test_a_sweep_that_was_stopped_goes_on_where_it_was(make_engine):
    engine = make_engine(workers=2)
    lines = engine.recording(engine.sweep(SLOW))
    until(lambda: rows_in(lines))
    engine.stop(SLOW.id)
    assert lines.ended and lines.status == "stopped" and "kept" in messages(lines)[-1]["message"]
    stored = filled(lines)
    assert 0 < len(stored) < len(SLOW.cells())
    again = engine.recording(engine.sweep(SLOW))
    assert again is not lines and filled(again)[: len(stored)] and len(filled(again)) >= len(stored)  # at once, before any worker
    pids = {row["run"]: row["pid"] for row in rows_in(lines)}
    until(lambda: again.ended)
    assert filled(again) == places(SLOW) and again.status == "finished"
    assert all(row["pid"] == pids[row["run"]] for row in rows_in(again) if row["run"] in pids)
    assert len([row for row in rows_in(again) if row["run"] in pids]) == len(stored)


def test_a_stopped_sweep_leaves_the_workers_idle(make_engine):
    engine = make_engine(workers=2)
    lines = engine.recording(engine.sweep(SLOW))
    until(lambda: rows_in(lines))
    engine.stop(SLOW.id)
    assert not any(slot.tasks for slot in engine._slots) and engine.store.live() == []
    short = finished_lines(engine, QUICK)
    assert short.status == "finished"


def test_sweeps_share_rows(make_engine):
    engine = make_engine()
    finished_lines(engine, QUICK)
    fewer = sweep_over(Experiment(steps=10, seed=10), "batch_size", (8,), arms=["batch"], seeds=2)
    lines = engine.recording(engine.sweep(fewer))
    assert lines.ended and filled(lines) == places(fewer)  # nothing had to be computed


def test_rows_outlive_the_server(make_engine, tmp_path):
    finished_lines(make_engine(rows=Rows(tmp_path)), QUICK)
    other = make_engine(rows=Rows(tmp_path))
    lines = other.recording(other.sweep(QUICK))
    assert lines.ended and filled(lines) == places(QUICK) and other.processes(background=True) == []


def test_a_finished_sweep_lies_in_the_folder(make_engine, tmp_path):
    first = make_engine(Store(tmp_path))
    finished_lines(first, QUICK)
    until(lambda: not first.store.live())  # it is written
    lines = make_engine(Store(tmp_path)).recording(QUICK.id)
    assert filled(lines) == places(QUICK)


def test_a_worker_that_is_killed_loses_no_row(make_engine, tmp_path, monkeypatch):
    accident = tmp_path / "accident"
    accident.write_text("", encoding="utf-8")
    monkeypatch.setenv("BNVIZ_ACCIDENT", str(accident))
    sweep = sweep_over(Experiment(steps=10, seed=fake_training.KILLS_ITS_WORKER), "batch_size", (4, 8), seeds=2)
    engine = make_engine()
    lines = finished_lines(engine, sweep)
    assert accident.read_text(encoding="utf-8") == "happened" and engine.counters.worker_restarts == 1
    assert lines.status == "finished" and filled(lines) == places(sweep)


def test_killing_workers_from_outside_loses_no_row_either(make_engine):
    engine = make_engine(workers=2)
    lines = engine.recording(engine.sweep(SLOW))
    until(lambda: rows_in(lines))
    for pid in engine.processes(background=True):
        os.kill(pid, signal.SIGKILL)
    until(lambda: lines.ended)
    assert lines.status == "finished" and filled(lines) == places(SLOW)


def test_a_stack_that_fails_does_not_take_the_others_along(make_engine):
    sweep = sweep_over(Experiment(steps=10, seed=fake_training.RAISES), "batch_size", (4, 8, 16), arms=["batch"], seeds=1)
    lines = finished_lines(make_engine(), sweep)
    assert filled(lines) == places(sweep)[1:]
    assert lines.status == "failed" and messages(lines)[-1]["message"] == "ArithmeticError: two lines"


def test_live_runs_have_workers_of_their_own(make_engine, monkeypatch):
    monkeypatch.delenv("BNVIZ_NICENESS")  # set for all other tests
    engine = make_engine(workers=1)
    assert engine.processes(background=True) == []  # none before the first sweep
    lines = engine.recording(engine.sweep(SLOW))
    until(lambda: rows_in(lines))
    (live,), (background,) = engine.processes(), engine.processes(background=True)
    own = os.getpriority(os.PRIO_PROCESS, 0)
    assert os.getpriority(os.PRIO_PROCESS, background) == 19
    assert os.getpriority(os.PRIO_PROCESS, live) == min(19, own + worker.NICENESS)
    run = engine.recording(engine.request(Experiment(steps=10)))
    until(lambda: run.ended)
    assert not lines.ended and {row["pid"] for row in rows_in(lines)} == {background}
    assert engine.workers() == (2, 2)


def test_closing_in_mid_sweep_ends_everything(make_engine):
    engine = make_engine(workers=2)
    lines = engine.recording(engine.sweep(SLOW))
    until(lambda: rows_in(lines))
    pids = engine.processes() + engine.processes(background=True)
    engine.close()
    assert lines.status == "stopped" and len(pids) == 4
    assert not any(slot.thread and slot.thread.is_alive() for slot in engine._slots)
    late = engine.recording(engine.sweep(QUICK))
    until(lambda: late.ended)
    assert late.status in ("stopped", "failed")


def test_too_large_a_sweep_is_refused(make_engine):
    with pytest.raises(TooExpensive):
        make_engine().sweep(sweep_over(Experiment(steps=5000, width=256), "batch_size", (256, 512), seeds=20))


def test_a_sweep_is_no_experiment(make_engine):
    engine = make_engine()
    finished_lines(engine, QUICK)
    assert engine.experiment(QUICK.id) is None
    other = LocalEngine(engine.store, 1, fake_training.COMMAND)
    assert other.experiment(QUICK.id) is None
    other.close()


def test_lines_of_a_stack_count_like_a_recording_s():
    rows = []
    lines = StackLines(rows.append)
    run = canonical_run(Experiment(steps=10), "batch")
    for line in filter(None, worker.record_stack([run], (), fake_training)):
        assert not lines.ended and lines.append(line)
    assert lines.ended and lines.status == "finished" and len(lines) == 3 and [row["run"] for row in rows] == [run.id]
    assert not lines.append(line)


def test_a_worker_s_real_rows(make_engine):
    """The worker itself, on two tiny runs."""
    runs = [canonical_run(Experiment(steps=10, width=8, train_size=50, batch_size=8), arm) for arm in ("none", "batch")]
    lines = [json.loads(line) for line in worker.record_stack(runs) if line]
    assert [line["type"] for line in lines] == ["header", "row", "row", "end"] and lines[-1]["status"] == "finished"
    assert lines[1]["train_losses"][0] is None and 0 <= lines[1]["test_accuracy"] <= 1
