"""The engine on a Dask cluster: a real scheduler and its workers, as processes of this machine, and what befalls them."""

import dataclasses
import json
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter

import pytest

from bnviz import engine
from bnviz.config.experiment import Experiment
from bnviz.config.sweep import stacks, sweep_over
from bnviz.engine import connection, worker
from bnviz.engine.cluster import MISMATCH_MESSAGE, Attempt, DaskEngine
from bnviz.engine.local import LocalEngine
from bnviz.record import ndjson
from bnviz.record.piece import Piece
from bnviz.record.rows import Rows
from bnviz.record.store import Store
from tests import ROOT, fake_training
from tests.dask_cluster import Cluster
from tests.engine.test_engine import apart_from_seconds, gone
from tests.waiting import until

SMALL = Experiment(dataset="spirals", width=16, batch_size=16, steps=400, snapshot_every=8)
SHORT = SMALL.replace(steps=20)
LONG = SMALL.replace(steps=5000, snapshot_every=20, width=64)
MIDDLING = LONG.replace(steps=500, width=16)
SWEEP = sweep_over(SMALL.replace(steps=200), "batch_size", [4, 8, 12, 16], seeds=2)
SHORT_SWEEP = sweep_over(SMALL.replace(steps=200), "batch_size", [4, 8], seeds=2)


@pytest.fixture(scope="module")
def two_workers(tmp_path_factory):
    """A scheduler and two workers, for all tests that leave it as it was; nannies replace those that are killed."""
    one = Cluster(tmp_path_factory.mktemp("cluster"))
    one.add_workers(2, "--preload", "bnviz.train.trainers")
    yield one
    one.close()


@pytest.fixture
def lonely(tmp_path):
    """A scheduler without workers."""
    one = Cluster(tmp_path)
    yield one
    one.close()


@pytest.fixture
def make_engine():
    engines = []

    def make(address, **options):
        engines.append(DaskEngine(Store(), address, **options))
        return engines[-1]

    yield make
    for one in engines:
        start = time.monotonic()
        one.close()
        assert time.monotonic() - start < 3
        assert not one._thread.is_alive()


@pytest.fixture
def dask(make_engine, two_workers):
    one = make_engine(two_workers.address)
    until(lambda: one.workers() == (2, 2))
    return one


@pytest.fixture(scope="module")
def expected():
    """The lines of SMALL, computed in this process."""
    return apart_from_seconds([line for line in worker.record(SMALL) if line])


@pytest.fixture(scope="module")
def expected_rows():
    """The rows of SWEEP by run, from `train_stack` itself."""
    trainers = worker.load_training()
    rows = {}
    for runs in stacks(SWEEP.runs(), SWEEP.seeds):
        messages = (message for message in trainers.train_stack(runs) if message)
        rows |= {row["run"]: json.loads(ndjson.line(row)) for row in messages}
    return rows


def rows_of(lines):
    return [message for message in map(json.loads, lines.lines()) if message["type"] == "row"]


def assert_complete(lines, sweep, expected_rows):
    """Every row of a sweep is there once, and is what it should be."""
    rows = rows_of(lines)
    places = Counter((row["curve"], row["point"], row["seed"]) for row in rows)
    assert set(places.values()) == {1} and len(rows) == len(sweep.cells())
    for row in rows:
        assert {key: row[key] for key in expected_rows[row["run"]]} == expected_rows[row["run"]]


# with the cluster


@pytest.mark.slow
def test_a_run_has_the_bytes_of_the_local_engine_and_they_come_while_it_trains(two_workers, expected, dask):
    lines = dask.recording(dask.request(SMALL))
    until(lambda: len(lines) > 2)
    assert two_workers.busy(), "it came all at once"
    until(lambda: lines.ended)
    assert apart_from_seconds(lines.lines()) == expected
    assert dask.counters.snapshots == SMALL.snapshots
    until(lambda: dask.endings == {"finished": 1})  # the lines end a little before the task is settled
    assert dask.workers() == (2, 2) and dask.notice() is None


@pytest.mark.slow
def test_a_sweep_has_the_rows_of_train_stack(dask, expected_rows):
    lines = dask.recording(dask.sweep(SWEEP))
    until(lambda: lines.ended)
    assert lines.status == "finished"
    assert_complete(lines, SWEEP, expected_rows)


@pytest.mark.slow
def test_a_worker_killed_in_mid_sweep_loses_no_row(dask, two_workers, expected_rows):
    lines = dask.recording(dask.sweep(SWEEP))
    until(lambda: rows_of(lines))
    pid = until(two_workers.busy)[0]
    os.kill(pid, signal.SIGKILL)
    assert not lines.ended
    until(lambda: lines.ended)
    assert lines.status == "finished"
    assert_complete(lines, SWEEP, expected_rows)


@pytest.mark.slow
def test_a_worker_killed_in_mid_run_is_not_seen_in_the_recording(dask, two_workers, expected):
    lines = dask.recording(dask.request(SMALL))
    until(lambda: len(lines) > 5)
    (pid,) = two_workers.busy()
    os.kill(pid, signal.SIGKILL)
    assert not lines.ended
    until(lambda: lines.ended)
    assert apart_from_seconds(lines.lines()) == expected


def test_stopping_a_run_stops_the_worker_and_leaves_nothing_behind(dask, two_workers):
    lines = dask.recording(dask.request(LONG))
    until(lambda: len(lines) > 3)
    dask.stop(LONG.id)
    assert lines.status == "stopped"
    until(two_workers.is_idle)
    assert not dask._tasks and not dask._on_cluster
    again = dask.recording(dask.request(LONG))
    assert again is not lines
    dask.stop(LONG.id)
    until(lambda: not dask._coroutines)


@pytest.mark.slow
def test_a_run_overtakes_a_sweep(dask, two_workers):
    slow = sweep_over(SMALL.replace(steps=800), "learning_rate", [0.01 * place for place in range(1, 11)], seeds=20)
    lines = dask.recording(dask.sweep(slow))
    until(two_workers.busy)
    run = dask.recording(dask.request(SHORT))
    until(lambda: run.ended)
    assert run.status == "finished" and not lines.ended
    assert len(rows_of(lines)) < len(slow.cells()) / 2
    dask.stop(slow.id)
    until(two_workers.is_idle)


def test_a_question_is_answered_by_the_worker_that_trained_the_network(dask, two_workers):
    experiment, question = (
        SHORT.replace(seed=7),
        {"name": "by-hand", "values": {"layer": 1, "unit": 0, "gamma": 1.0, "beta": 0.5}},
    )
    run = dask.recording(dask.request(experiment))
    until(lambda: run.ended)
    answer = dask.ask(experiment, question)
    until(lambda: answer.ended)
    assert answer.lines()[1] == [line for line in worker.record(experiment, question=question) if line][1]
    trained = two_workers.client.run(lambda: list(sys.modules["bnviz.train.loop"].TRAINED_NETWORKS))
    assert [address for address, ids in trained.items() if experiment.id in ids] == [dask._workers_by_run[experiment.id]]


@pytest.mark.slow
def test_a_run_that_is_set_aside_and_woken_at_once_is_whole_and_may_be_set_aside_again(make_engine, two_workers):
    one, other = make_engine(two_workers.address), make_engine(two_workers.address)
    recording = one.recording(one.request(MIDDLING))
    for count in (3, 6, 9):
        until(lambda count=count: len(recording) > count)
        one.release(MIDDLING.id)
        one.suspend_idle()
        assert one.queue_position(MIDDLING.id).state == "resting"
        assert one.recording(MIDDLING.id) is recording and one.queue_position(MIDDLING.id).state == "computing"
    one.release(MIDDLING.id)
    one.suspend_idle()
    until(two_workers.is_idle)
    assert not recording.ended and not one._coroutines, "nobody went on with it"
    one.recording(MIDDLING.id)
    undisturbed = other.recording(other.request(MIDDLING))
    until(lambda: recording.ended and undisturbed.ended)
    assert recording.lines()[:-1] == undisturbed.lines()[:-1] and recording.status == undisturbed.status == "finished"


@pytest.mark.slow
def test_a_program_that_just_ends_leaves_nothing_behind(two_workers):
    script = f"""
import time
from bnviz import engine
from bnviz.config.experiment import Experiment
shared = engine.shared()
print(type(shared).__name__)
lines = shared.recording(shared.request(Experiment(**{json.dumps(dataclasses.asdict(SHORT))})))
while not lines.ended: time.sleep(0.01)
print(lines.status)
shared.request(Experiment(**{json.dumps(dataclasses.asdict(LONG))}))
time.sleep(0.2)
"""
    environment = {**os.environ, "BNVIZ_SCHEDULER": two_workers.address, "BNVIZ_WORKERS": "1", "PYTHONPATH": str(ROOT)}
    process = subprocess.run([sys.executable, "-X", "dev", "-c", script], env=environment, capture_output=True, text=True)
    assert process.stdout.split() == ["DaskEngine", "finished"]
    assert process.stderr == "" and process.returncode == 0
    until(two_workers.is_idle)


# without it


@pytest.mark.parametrize("address", ["foo", "tcp://127.0.0.1:9", "no such://thing"])
def test_a_cluster_that_is_away_is_said_so_and_this_machine_computes(make_engine, address, caplog, monkeypatch):
    monkeypatch.setattr(connection, "CONNECT_SECONDS", 0.5)
    with caplog.at_level(logging.WARNING, connection.__name__):
        start = time.monotonic()
        one = make_engine(address, command=fake_training.COMMAND, retry_seconds=0.1)
        assert time.monotonic() - start < 0.1
        until(one.notice)
        assert one.notice() == f"The cluster at {address} does not answer; this machine computes instead."
        until(lambda: one.workers() == (1, 1))
        lines = one.recording(one.request(SHORT))
        until(lambda: lines.ended)
        assert lines.status == "finished" and one.counters.snapshots == SHORT.steps
    assert len(caplog.records) == 1


@pytest.mark.slow
def test_a_scheduler_that_goes_in_mid_run_and_comes_back(make_engine, lonely, expected, expected_rows, monkeypatch):
    monkeypatch.setattr(connection, "CONNECT_SECONDS", 1.0)
    lonely.add_workers(1)
    lonely.wait_for_workers(1)
    one = make_engine(lonely.address, retry_seconds=0.5)
    lines, rows = one.recording(one.request(SMALL)), one.recording(one.sweep(SHORT_SWEEP))
    until(lambda: len(lines) > 5)
    lonely.scheduler.kill()
    assert not lines.ended
    until(lambda: lines.ended and rows.ended)
    assert apart_from_seconds(lines.lines()) == expected
    assert_complete(rows, SHORT_SWEEP, expected_rows)
    assert one.notice() == f"The cluster at {lonely.address} does not answer; this machine computes instead."
    here = one._fallback.processes()
    port = lonely.address.rsplit(":", 1)[1]
    lonely.start("scheduler", "--port", port)
    lonely.add_workers(1)
    until(lambda: one.notice() is None and one.workers() == (1, 1))
    until(lambda: all(map(gone, here)))


def test_a_cluster_without_workers_is_away_too(make_engine, lonely, monkeypatch):
    monkeypatch.setattr(connection, "WORKERLESS_SECONDS", 0.3)
    one = make_engine(lonely.address, command=fake_training.COMMAND)
    lines = one.recording(one.request(SHORT))
    until(lambda: lines.ended)
    assert lines.status == "finished"
    assert one.notice() == f"The cluster at {lonely.address} has no workers; this machine computes instead."
    until(lonely.is_idle)


def test_workers_without_this_package_fail_with_a_clear_message(make_engine, lonely, tmp_path):
    # An environment that has it installed is made to look like one that has not.
    (tmp_path / "bnviz.py").write_text("raise ModuleNotFoundError(\"No module named 'bnviz'\")", encoding="utf-8")
    lonely.add_workers(1, cwd=tmp_path)
    lonely.wait_for_workers(1)
    one = make_engine(lonely.address)
    lines = one.recording(one.request(SHORT))
    until(lambda: lines.ended)
    end = json.loads(lines.lines()[-1])
    assert end["status"] == "failed"
    assert end["message"] == "The cluster cannot compute this: ModuleNotFoundError: No module named 'bnviz'"


def test_of_two_halves_no_run_is_made():
    lines = Store().start("0123456789abcdef")[0]
    header = Piece.of(b'{"type":"header"}\n')
    lines.add(header)
    lines.append(b'{"type":"snapshot","index":0,"mean":0.1}\n')
    attempt = Attempt(lines.id, {}, lines)
    assert not attempt.receive(header) and not lines.ended
    assert not attempt.receive(Piece.of(b'{"type":"snapshot","index":0,"mean":0.2}\n', header.after))
    assert lines.status == "failed" and MISMATCH_MESSAGE in lines.lines()[-1].decode()


def test_without_dask_this_machine_computes(monkeypatch):
    monkeypatch.setenv("BNVIZ_SCHEDULER", "tcp://127.0.0.1:9")
    monkeypatch.setitem(sys.modules, "bnviz.engine.cluster", None)
    one = engine.make(Store(), Rows(), 1)
    try:
        assert isinstance(one, LocalEngine)
        assert "pip install -e '.[cluster]'" in one.notice()
    finally:
        one.close()


def test_no_thread_of_an_engine_is_left():
    assert not [thread for thread in threading.enumerate() if thread.name == "bnviz-cluster"]
