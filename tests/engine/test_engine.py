"""Workers and the local engine: fairness, accidents, replacement, no orphans."""

import gzip
import json
import math
import os
import re
import resource
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from bnviz import engine
from bnviz.config.cost import TooExpensive
from bnviz.config.experiment import FORMAT, Experiment
from bnviz.engine import local, worker
from bnviz.engine.local import MAX_DEATHS_AT_LINE, MAX_FAILED_STARTS, LocalEngine, start_worker
from bnviz.record import ndjson, version
from bnviz.record.store import Store
from tests import fake_training
from tests.waiting import until

SLOW = Experiment(steps=5000, momentum=0.001)
SHORT = Experiment(steps=20)


def types(lines):
    return [json.loads(line)["type"] for line in lines]


def apart_from_seconds(lines):
    return [*lines[:-1], {**json.loads(lines[-1]), "seconds": None}]


def gone(pid):
    """Whether a process has ended (somebody else may still have to collect it)."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] == "Z"
    except (FileNotFoundError, ProcessLookupError):
        return True


@pytest.fixture
def make_engine():
    engines = []

    def make(store=None, workers=1, command=fake_training.COMMAND):
        engines.append(LocalEngine(store or Store(), workers, command))
        return engines[-1]

    yield make
    for one in engines:
        one.close()


# runs that begin alike


def lines_of(backend, experiment):
    """All lines of a run, once it has ended."""
    recording = backend.recording(backend.request(experiment))
    return until(lambda: recording.ended and recording.lines())


def lines_in_this_process(experiment):
    """All lines of a run that is really trained from its start, without a worker."""
    return [line for line in worker.record(experiment) if line]


def task_counts(backend, experiment):
    """How many tasks each worker has, just after this run was requested."""
    backend.request(experiment)
    return [len(slot.tasks) for slot in backend._slots if not slot.background]


def test_a_run_goes_to_the_worker_that_trained_its_beginning_unless_others_have_less_to_do(make_engine):
    backend = make_engine(workers=2)
    other, slow = SLOW.replace(seed=7), SLOW.replace(changes="9:dropout=0.1")
    assert task_counts(backend, other) == [1, 0] and task_counts(backend, SLOW) == [1, 1]
    backend.stop(other.id), backend.stop(SLOW.id)
    assert task_counts(backend, slow) == [0, 1], "the second one trained its beginning"
    assert task_counts(backend, SLOW.replace(changes="9:dropout=0.2")) == [1, 1], "the first one had nothing to do"


def test_a_worker_that_was_replaced_has_no_beginnings(make_engine):
    backend = make_engine()
    lines_of(backend, SHORT)
    (slot, _) = backend._slots
    assert len(slot.recent_unchanged_ids) == 1
    (pid,) = backend.processes()
    os.kill(pid, signal.SIGKILL)
    until(lambda: backend.processes() and backend.processes() != [pid])
    assert len(slot.recent_unchanged_ids) == 0


def test_a_run_that_goes_on_from_another_has_the_lines_of_a_run_from_the_start(make_engine):
    base = Experiment(dataset="mnist1d", width=8, hidden_layers=2, steps=60, train_size=100)
    changed = base.replace(changes="50:learning_rate=1")
    backend = make_engine(command=local.COMMAND)
    lines_of(backend, base)
    assert apart_from_seconds(lines_of(backend, changed)) == apart_from_seconds(lines_in_this_process(changed))


# what one worker does


def test_record_is_a_header_the_snapshots_and_an_end():
    lines = list(worker.record(SHORT, fake_training))
    assert lines.count(None) == 20
    lines = [line for line in lines if line is not None]
    assert types(lines) == ["header"] + ["snapshot"] * 20 + ["end"]
    assert ndjson.status(lines[-1]) == "finished"


def test_record_passes_on_how_training_ended():
    *_, end = worker.record(SHORT.replace(seed=fake_training.DIVERGES), fake_training)
    assert json.loads(end)["status"] == "diverged"
    assert json.loads(end)["message"] == "It diverged at step 3."


def test_an_exception_ends_the_recording_with_one_line_and_is_logged(capsys):
    *_, end = worker.record(SHORT.replace(seed=fake_training.RAISES), fake_training)
    assert json.loads(end)["status"] == "failed"
    assert json.loads(end)["message"] == "ArithmeticError: two lines"
    assert "Traceback" in capsys.readouterr().err


def test_seconds_are_those_spent_computing():
    lines = worker.record(Experiment(steps=10, momentum=0.01), fake_training)
    next(lines)
    time.sleep(0.5)  # somebody else's turn
    *_, end = lines
    assert 0.1 <= json.loads(end)["seconds"] < 0.4


def test_turns_let_a_short_run_overtake_a_long_one():
    written = []
    round_robin = worker.RoundRobin(lambda key, line: written.append((key, line)), fake_training, seconds=0.0)
    round_robin.command({"run": "long", "experiment": {"steps": 5000}})
    for _ in range(10):
        round_robin.next()
    round_robin.command({"run": "short", "experiment": {"steps": 20}})
    while len(round_robin) == 2:
        round_robin.next()
    assert written[-1][0] == "short" and ndjson.is_end(written[-1][1])
    assert sum(key == "long" for key, _ in written) <= 10 + 22


def test_a_turn_is_as_long_as_it_should_be(monkeypatch):
    clock = iter(range(10**6))  # every look at the clock is a second later
    monkeypatch.setattr(worker, "perf_counter", lambda: next(clock))
    round_robin = worker.RoundRobin(lambda key, line: None, fake_training, seconds=100)
    round_robin.command({"run": "a", "experiment": {"steps": 5000}})
    round_robin.next()
    assert 100 <= next(clock) <= 104


@pytest.mark.parametrize("turns_before", [0, 1, 5])
def test_stopping_writes_one_end_whenever_it_comes(turns_before):
    written = []
    round_robin = worker.RoundRobin(lambda key, line: written.append(line), fake_training, seconds=0.0)
    round_robin.command({"run": "a", "experiment": {"steps": 100}})
    for _ in range(turns_before):
        round_robin.next()
    round_robin.command({"stop": "a"})
    round_robin.command({"stop": "a"})
    assert not round_robin
    assert [ndjson.status(line) for line in written if ndjson.is_end(line)] == ["stopped"]


def test_a_worker_ends_with_its_input_even_while_it_computes():
    process = start_worker(fake_training.COMMAND)
    with process.stdout:
        assert process.stdout.readline() == b"ready\n"
        process.stdin.write(b'{"run": "a", "experiment": {"steps": 10, "momentum": 0.9}}\n')
        process.stdin.flush()
        assert process.stdout.readline().startswith(b"a header ")
        process.send_signal(signal.SIGINT)  # Ctrl-C reaches the whole group and is the parent's to handle
        with pytest.raises(subprocess.TimeoutExpired):
            process.wait(0.2)
        process.stdin.close()
        assert process.wait(0.7) == 0


def test_an_idle_worker_does_not_compute():
    process = start_worker(fake_training.COMMAND)
    with process.stdout:
        assert process.stdout.readline() == b"ready\n"
        before = _processor_ticks(process.pid)
        time.sleep(0.3)
        assert _processor_ticks(process.pid) - before <= 2
        process.stdin.close()
        process.wait(5)


def _processor_ticks(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
        return sum(map(int, stat.read().rsplit(")", 1)[1].split()[11:13]))


# what the engine does


def test_equal_experiments_are_one_run_whoever_asks(make_engine):
    backend = make_engine()
    ids = []
    threads = [threading.Thread(target=lambda: ids.append(backend.request(Experiment(steps=300)))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert set(ids) == {Experiment(steps=300).id}
    assert (backend.counters.requested, backend.counters.started) == (8, 1)
    lines = backend.recording(ids[0])
    until(lambda: lines.ended)
    assert lines.lines()[:-1] == [line for line in worker.record(Experiment(steps=300), fake_training) if line][:-1]
    assert backend.counters.snapshots == 300
    assert backend.endings == {"finished": 1}


def test_a_short_run_ends_long_before_a_long_one_that_began_earlier(make_engine):
    backend = make_engine()
    slow = backend.recording(backend.request(SLOW))
    until(lambda: len(slow) > 5)
    short = backend.recording(backend.request(SHORT))
    until(lambda: short.ended)
    assert not slow.ended


def test_runs_go_to_the_worker_that_has_the_fewest(make_engine):
    backend = make_engine(workers=2)
    for seed in range(10, 14):
        backend.request(SLOW.replace(seed=seed))
    assert [len(slot.tasks) for slot in backend._slots if not slot.background] == [2, 2]


def test_too_expensive_experiments_are_refused(make_engine):
    backend = make_engine()
    with pytest.raises(TooExpensive):
        backend.request(Experiment(steps=5000, snapshot_every=1))
    assert backend.counters.started == 0


def _kill_in_the_middle(backend, experiment, length):
    """The recording of a run whose worker is killed once it has more than `length` lines."""
    lines = backend.recording(backend.request(experiment))
    until(lambda: len(lines) > length)
    os.kill(backend.processes()[0], signal.SIGKILL)
    until(lambda: lines.ended)
    return lines.lines()


def test_a_killed_worker_is_replaced_and_the_same_lines_come(make_engine):
    backend, experiment = make_engine(), Experiment(steps=300, momentum=0.001)
    disturbed = _kill_in_the_middle(backend, experiment, 50)
    undisturbed = [line for line in worker.record(experiment, fake_training) if line]
    assert apart_from_seconds(disturbed) == apart_from_seconds(undisturbed)
    assert backend.counters.worker_restarts == 1
    assert backend.workers() == (1, 1)


@pytest.mark.slow
def test_a_killed_worker_is_replaced_and_the_same_lines_come_in_real_training(make_engine):
    experiment = Experiment(dataset="spirals", width=16, steps=200, snapshot_every=10, batch_size=16)
    backend = make_engine(command=local.COMMAND)
    disturbed = _kill_in_the_middle(backend, experiment, 3)
    assert backend.counters.worker_restarts == 1
    assert apart_from_seconds(disturbed) == apart_from_seconds(lines_in_this_process(experiment))


@pytest.mark.slow
@pytest.mark.parametrize("memory, retires_amid_runs", [(worker.MEMORY_SHARE + 1, False), (worker.MOST_MEMORY + 1, True)])
def test_a_worker_that_has_grown_makes_room_for_a_fresh_one_and_the_same_lines_come(
    make_engine, monkeypatch, memory, retires_amid_runs
):
    monkeypatch.setenv("BNVIZ_PRETENDED_MEMORY", str(memory))
    backend, experiment = make_engine(), Experiment(steps=400, momentum=0.002)
    (first,) = backend.processes()
    run = backend.recording(backend.request(experiment))
    for seed in range(10, 10 + worker.MIN_RUNS):
        lines_of(backend, Experiment(steps=2, seed=seed))
    assert run.status is None or not retires_amid_runs
    until(lambda: backend.counters.worker_retirements and run.ended and backend.workers() == (1, 1))
    undisturbed = [line for line in worker.record(experiment, fake_training) if line]
    assert apart_from_seconds(run.lines()) == apart_from_seconds(undisturbed)
    assert backend.counters.worker_restarts == 0 and backend.processes() != [first]


def test_a_worker_that_has_grown_over_stopped_runs_makes_room_too(make_engine, monkeypatch):
    monkeypatch.setenv("BNVIZ_PRETENDED_MEMORY", str(worker.MEMORY_SHARE + 1))
    backend = make_engine()
    for seed in range(10, 10 + worker.MIN_RUNS):
        experiment = SLOW.replace(seed=seed)
        recording = backend.recording(backend.request(experiment))
        until(lambda recording=recording: len(recording) > 1)
        backend.stop(experiment.id)
    until(lambda: backend.counters.worker_retirements == 1)


def test_a_worker_stays_as_long_as_it_has_its_share(make_engine, monkeypatch):
    monkeypatch.setenv("BNVIZ_PRETENDED_MEMORY", str(worker.MEMORY_SHARE))
    backend = make_engine()
    for seed in range(10, 12 + worker.MIN_RUNS):
        lines_of(backend, Experiment(steps=2, seed=seed))
    assert backend.counters.worker_retirements == 0


@pytest.mark.slow
def test_a_run_whose_workers_are_killed_again_and_again_is_not_to_blame(make_engine):
    backend, experiment = make_engine(), Experiment(steps=300, momentum=0.002)
    run = backend.recording(backend.request(experiment))
    (slot, _) = backend._slots
    for number in range(2 * MAX_DEATHS_AT_LINE):
        until(lambda number=number: any(task.line_count > 3 + 5 * number for task in slot.tasks.values()))
        os.kill(backend.processes()[0], signal.SIGKILL)
        until(lambda number=number: backend.counters.worker_restarts > number)
    until(lambda: run.ended)
    assert run.status == "finished"
    undisturbed = [line for line in worker.record(experiment, fake_training) if line]
    assert apart_from_seconds(run.lines()) == apart_from_seconds(undisturbed)


def deaths(given_up):
    """Of how many workers the end of a recording speaks."""
    return int(re.search(r"ended unexpectedly (\d+) times", json.loads(given_up.lines()[-1])["message"])[1])


@pytest.mark.slow
def test_a_run_that_kills_its_workers_is_given_up_and_others_go_on(make_engine):
    backend = make_engine()
    deadly = backend.recording(backend.request(SHORT.replace(seed=fake_training.KILLS_ITS_WORKER)))
    until(lambda: deadly.ended)
    end = json.loads(deadly.lines()[-1])
    assert end["status"] == "failed"
    assert deaths(deadly) >= MAX_DEATHS_AT_LINE  # more, if a line was still on its way at some deaths
    assert types(deadly.lines()) == ["header"] + ["snapshot"] * 5 + ["end"]
    good = backend.recording(backend.request(SHORT))
    until(lambda: good.ended)
    assert good.status == "finished"


@pytest.mark.slow
def test_a_worker_that_hangs_is_ended_and_a_run_that_makes_it_hang_is_given_up(make_engine, monkeypatch, caplog):
    monkeypatch.setattr(local, "HEARTBEAT_TIMEOUT_SECONDS", 2.5)
    backend = make_engine()
    (pid,) = backend.processes()
    innocent, guilty = (backend.recording(backend.request(SHORT.replace(seed=seed))) for seed in (9, fake_training.HANGS))
    with guilty.subscribe(lambda: None):
        until(lambda: backend.suspend_idle() or guilty.ended)
    assert guilty.status == "failed" and deaths(guilty) >= MAX_DEATHS_AT_LINE
    assert innocent.status == "finished" and "has taken no step" in caplog.text
    until(lambda: backend.processes() and gone(pid))
    after = backend.recording(backend.request(SHORT.replace(seed=10)))
    until(lambda: backend.suspend_idle() or after.ended)
    assert after.status == "finished"


def test_a_worker_that_takes_its_time_or_has_nothing_to_do_does_not_hang(make_engine, monkeypatch):
    backend = make_engine()
    (pid,) = backend.processes()
    slow = backend.recording(backend.request(SLOW.replace(steps=3000)))
    until(lambda: len(slow) > 3)
    (slot, _) = backend._slots
    first = until(lambda: slot.last_heartbeat < math.inf and slot.last_heartbeat)
    monkeypatch.setattr(worker, "HEARTBEAT_SECONDS", math.inf)  # of this process, not of the worker
    until(lambda: slot.last_heartbeat > first + 1)
    until(lambda: slow.ended)
    monkeypatch.setattr(local, "HEARTBEAT_TIMEOUT_SECONDS", 0.0)
    backend.suspend_idle()
    assert backend.processes() == [pid], "it has nothing to do"


def test_a_run_that_needs_more_memory_than_there_is_says_so_and_its_worker_goes_on(make_engine):
    backend = make_engine()
    (pid,) = backend.processes()
    greedy = backend.recording(backend.request(SHORT.replace(seed=fake_training.NEEDS_MEMORY)))
    until(lambda: greedy.ended)
    assert greedy.status == "failed" and b"MemoryError" in greedy.lines()[-1]
    assert types(lines_of(backend, SHORT))[-1] == "end" and backend.processes() == [pid]


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(resource, "prlimit"), reason="the limits of another process can be set on Linux alone")
def test_a_worker_whose_memory_is_taken_away_loses_no_line(make_engine):
    backend, experiment = make_engine(command=local.COMMAND), Experiment(width=32, steps=150)
    recording = backend.recording(backend.request(experiment))
    until(lambda: len(recording) > 3)
    (pid,) = backend.processes()
    memory = int(Path(f"/proc/{pid}/statm").read_text(encoding="utf-8").split()[0]) * resource.getpagesize()
    resource.prlimit(pid, resource.RLIMIT_AS, (memory, memory))
    until(lambda: recording.ended)
    expected = apart_from_seconds(lines_in_this_process(experiment))
    if recording.status == "finished":  # it got by with what it had, or died and another one took over
        assert apart_from_seconds(recording.lines()) == expected
    else:
        assert recording.status == "failed" and json.loads(recording.lines()[-1])["message"]
    os.kill(backend.processes()[0], signal.SIGKILL)  # whose successor has no limit
    assert apart_from_seconds(lines_of(backend, experiment)) == expected


def test_failed_and_stopped_runs_are_forgotten_and_start_over(make_engine):
    backend = make_engine()
    for experiment, status in ((SHORT.replace(seed=fake_training.RAISES), "failed"), (SLOW, "stopped")):
        first = backend.recording(backend.request(experiment))
        until(lambda first=first: len(first) > 3)
        if status == "stopped":
            backend.stop(experiment.id)
        until(lambda first=first: first.ended)
        assert first.status == status
        until(lambda id=experiment.id: backend.store.get(id) is None)
        assert backend.recording(backend.request(experiment)) is not first


def test_stopping_tells_the_worker_to_stop_computing(make_engine):
    backend = make_engine()
    lines = backend.recording(backend.request(SLOW.replace(momentum=0.0)))
    until(lambda: len(lines) > 3)
    backend.stop(SLOW.replace(momentum=0.0).id)
    (pid,) = backend.processes()

    def idle():
        before = _processor_ticks(pid)
        time.sleep(0.1)
        return _processor_ticks(pid) == before

    until(idle, seconds=30.0)
    assert not any(slot.tasks for slot in backend._slots)


def test_a_recording_that_was_evicted_is_computed_again(make_engine):
    backend = make_engine(Store(memory_bytes=1))
    first = backend.recording(backend.request(SHORT))
    until(lambda: first.ended)
    other = backend.recording(backend.request(Experiment(steps=21)))
    until(lambda: other.ended and backend.store.in_memory(SHORT.id) is None)
    again = backend.recording(SHORT.id)
    until(lambda: again.ended)
    assert apart_from_seconds(again.lines()) == apart_from_seconds(first.lines())
    assert backend.recording("0123456789abcdef") is None


@pytest.mark.parametrize("command", [("/there/is/no/such/program",), (sys.executable, "-c", "print('ready')")])
def test_workers_that_cannot_start_are_tried_at_leisure_and_said_so(make_engine, command):
    backend = make_engine(command=command)
    lines = backend.recording(backend.request(SHORT))
    until(lambda: lines.ended)
    assert json.loads(lines.lines()[-1])["message"].startswith("No worker could be started")
    assert backend.counters.worker_restarts <= MAX_FAILED_STARTS + 1


def test_closing_ends_workers_threads_and_recordings(make_engine):
    backend = make_engine(workers=2)
    assert backend.workers() == (2, 2)
    lines, pids = backend.recording(backend.request(SLOW)), backend.processes()
    backend.close()
    backend.close()
    assert lines.status == "stopped"
    assert all(map(gone, pids)) and not any(slot.thread and slot.thread.is_alive() for slot in backend._slots)
    late = backend.recording(backend.request(SHORT))
    assert late.status == "stopped"


def test_there_is_one_shared_engine_even_after_the_module_is_imported_anew(monkeypatch):
    monkeypatch.setenv("BNVIZ_WORKERS", "1")
    engines = []
    threads = [threading.Thread(target=lambda: engines.append(engine.shared())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    old = sys.modules.pop("bnviz.engine")
    try:
        import importlib

        assert importlib.import_module("bnviz.engine").shared() is engines[0]
    finally:
        sys.modules["bnviz.engine"] = sys.modules["bnviz"].engine = old
        old.close_shared()
    assert len(set(map(id, engines))) == 1
    assert engines[0].workers() == (0, 1)


@pytest.mark.parametrize("text, count", [("3", 3), ("0", 1), ("", None), ("many", None)])
def test_worker_count(monkeypatch, text, count):
    monkeypatch.setenv("BNVIZ_WORKERS", text)
    assert engine.worker_count() == (count or min(4, os.cpu_count()))


def test_neither_the_app_nor_the_engine_imports_torch():
    code = "import sys, bnviz.web.routes, bnviz.engine.local; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code]).returncode == 0


@pytest.mark.parametrize("experiment", [{"colour": "red"}, {"dataset": "imagenet"}, None])
def test_a_stored_experiment_of_other_fields_is_not_fatal(tmp_path, experiment):
    id = "0123456789abcdef"
    header = {"type": "header", "id": id, "format": FORMAT, "versions": version.versions(), "experiment": experiment}
    contents = gzip.compress(ndjson.line(header) + ndjson.end("finished", "", 1.0))
    (tmp_path / f"{id}-{version.results_version()}.ndjson.gz").write_bytes(contents)
    engine = LocalEngine(Store(tmp_path), ready=False)
    try:
        assert engine.recording(id) is not None and engine.experiment(id) is None
    finally:
        engine.close()
