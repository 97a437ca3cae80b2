"""Which runs are computed: so many at a time, only those that somebody wants, visitors in turn, and nobody's lines change."""

import logging
import math
import random
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bnviz.config.experiment import Experiment
from bnviz.engine import admission
from bnviz.engine.admission import MAX_SUSPENDED, Admission, Busy, Limits, QueuePosition
from bnviz.engine.local import COMMAND, LocalEngine
from bnviz.engine.task import Task, experiment_payload
from bnviz.record import ndjson
from bnviz.record.store import Recording, Store
from tests import fake_training
from tests.engine.test_engine import SHORT, SLOW, apart_from_seconds
from tests.waiting import until

REAL = Experiment(dataset="mnist1d", width=8, hidden_layers=2, steps=400, train_size=100)


def task(seed):
    one = Experiment(seed=seed)
    return Task(one.id, experiment_payload(one), Recording(one.id))


@pytest.fixture
def make():
    """Engines that look after their runs as a server's does, but only when the test says so."""
    engines = []

    def make(command=fake_training.COMMAND, workers=1, **limits):
        engines.append(LocalEngine(Store(), workers, command, limits=Limits(**limits)))
        return engines[-1]

    yield make
    for one in engines:
        one.close()


def states(backend, *experiments):
    return [position.state if (position := backend.queue_position(one.id)) else None for one in experiments]


def suspended_until(backend, condition):
    """Look after the runs, again and again, until a state is reached."""
    until(lambda: backend.suspend_idle() or condition())


# the books


@given(st.lists(st.sampled_from("abc"), max_size=12), st.integers(1, 3))
def test_the_place_of_a_run_is_how_many_begin_before_it(visitors, max_running):
    admission_queue = Admission(Limits(max_running=max_running))
    tasks = [task(seed) for seed, _ in enumerate(visitors)]
    for one, visitor in zip(tasks, visitors, strict=True):
        admission_queue.enqueue(one, visitor)
    positions = {one.name: admission_queue.queue_position(one.name) for one in tasks}
    admitted_tasks = []
    while admission_queue.waiting:
        now = list(admission_queue.admit())
        assert len(now) <= max_running
        admitted_tasks += now
        for one in now:
            assert admission_queue.queue_position(one.name) == QueuePosition("computing")
            admission_queue.remove(one)
    assert {one.name: QueuePosition("waiting", number) for number, one in enumerate(admitted_tasks)} == positions


def test_runs_whose_recordings_memory_has_no_room_for_wait_their_turn():
    two = 2.5 * task(0).bytes
    admission_queue, large, small = Admission(Limits(max_waiting=1, max_bytes=two)), task(0), [task(seed) for seed in (1, 2, 3)]
    large.bytes *= 10
    admission_queue.enqueue(large, "a")
    assert list(admission_queue.admit()) == [large], "a single one always has room"
    admission_queue.enqueue(small[0], "b")
    assert not list(admission_queue.admit())
    with pytest.raises(Busy):
        admission_queue.check()
    admission_queue.remove(large)
    assert list(admission_queue.admit()) == small[:1]
    for one in small[1:]:
        admission_queue.enqueue(one, "c")
    assert list(admission_queue.admit()) == small[1:2]


def test_runs_set_aside_are_forgotten_where_running_ones_need_their_memory():
    line = ndjson.line({"type": "snapshot", "text": random.Random(0).randbytes(500).hex()})
    tasks = [task(seed) for seed in range(4)]
    for one in tasks:
        one.recording.append(line)
    admission_queue = Admission(Limits(max_bytes=tasks[0].bytes + 2.5 * tasks[0].recording.nbytes))
    for one in tasks[:3]:
        admission_queue.suspend(one)
    assert not admission_queue.expired()
    admission_queue.enqueue(tasks[3], "a")
    assert list(admission_queue.admit()) == [tasks[3]]
    assert admission_queue.expired() == tasks[:1], "the one that has been set aside for longest"


def test_a_visitor_with_one_run_does_not_wait_for_all_of_another():
    admission_queue = Admission(Limits(max_running=1))
    for seed in range(9):
        admission_queue.enqueue(task(seed), "many")
    admission_queue.enqueue(task(9), "one")
    order = []
    while admission_queue.waiting:
        (now,) = admission_queue.admit()
        order.append(now.name)
        admission_queue.remove(now)
    assert order.index(task(9).name) == 1


def test_the_wait_is_estimated_from_what_runs_have_taken():
    admission_queue = Admission(Limits(max_running=2))
    for seed in range(5):
        admission_queue.enqueue(task(seed), "")
    admitted_tasks = list(admission_queue.admit())
    assert admission_queue.queue_position(task(4).name) == QueuePosition("waiting", 2), "nothing is known yet"
    for one, seconds in zip(admitted_tasks, (3.0, 5.0), strict=True):
        admission_queue.record_duration(seconds)
        assert admission_queue.queue_position(one.name) == QueuePosition("computing")
    assert admission_queue.queue_position(task(4).name) == QueuePosition("waiting", 2, 3 * 4.0 / 2)
    assert admission_queue.queue_position("unknown") is None


def test_only_so_many_rest():
    admission_queue = Admission(Limits())
    tasks = [task(seed) for seed in range(MAX_SUSPENDED + 2)]
    evicted = [one for each in tasks for one in admission_queue.suspend(each)]
    assert evicted == tasks[:2] and admission_queue.suspended == tasks[2:]


def test_limits_are_read_from_the_environment(caplog):
    assert Limits() == Limits(math.inf, math.inf)
    settings = {"BNVIZ_RUNS": "3", "BNVIZ_QUEUE": "0", "BNVIZ_MEMORY_MB": "5"}
    assert Limits.from_environment(2, settings) == Limits(3, 0, 5 * 2**20)
    default = Limits.from_environment(2, {})
    assert default.max_running in (4, 8) and default.max_waiting == 200 and not caplog.records
    assert Limits.from_environment(math.inf, {}).max_running == math.inf, "a cluster has its own queue"
    with caplog.at_level(logging.WARNING):
        assert Limits.from_environment(2, {"BNVIZ_RUNS": "0", "BNVIZ_QUEUE": "-1"}) == default
    assert ["BNVIZ_RUNS" in caplog.text, "BNVIZ_QUEUE" in caplog.text] == [True, True]


# nobody watches, nobody computes


def test_a_run_that_nobody_reads_rests_and_goes_on_for_whoever_comes(make, monkeypatch):
    backend = make()
    recording = backend.recording(backend.request(SLOW))
    until(lambda: len(recording) > 3)
    recording.touch()
    backend.suspend_idle()
    assert states(backend, SLOW) == ["computing"], "whoever asked for it may be on the way"
    monkeypatch.setattr(admission, "UNREAD_TIMEOUT_SECONDS", 0.0)
    backend.suspend_idle()
    assert states(backend, SLOW) == ["resting"]
    until(lambda: not any(slot.tasks for slot in backend._slots))
    count = len(recording)
    assert backend.recording(SLOW.id) is recording and states(backend, SLOW) == ["computing"]
    with recording.subscribe(lambda: None):
        until(lambda: len(recording) > count)
        backend.suspend_idle()
        assert states(backend, SLOW) == ["computing"], "somebody reads it"
    monkeypatch.setattr(admission, "READ_TIMEOUT_SECONDS", 0.0)
    backend.suspend_idle()
    assert states(backend, SLOW) == ["resting"] and backend.counters.suspended == 2


def test_a_run_goes_on_for_a_reader_who_comes_just_after_it_was_set_aside(make):
    backend = make()
    recording = backend.recording(backend.request(SLOW))
    backend.release(SLOW.id)
    backend.suspend_idle()
    with recording.subscribe(lambda: None):
        assert states(backend, SLOW) == ["resting"]
        backend.suspend_idle()
        assert states(backend, SLOW) == ["computing"]


def test_nothing_is_set_aside_for_a_program_that_does_not_look_after_visitors(make):
    backend = make()
    recording = backend.recording(backend.request(SHORT))
    until(lambda: recording.ended)
    assert recording.status == "finished" and states(backend, SHORT) == [None]


def test_another_wish_of_a_visitor_takes_the_one_before_out_of_the_queue(make):
    backend = make(max_running=1)
    wishes = [SLOW.replace(seed=seed) for seed in range(10, 20)]
    with backend.recording(backend.request(SLOW)).subscribe(lambda: None):
        for before, wish in zip([None, *wishes], wishes, strict=False):
            if before:
                backend.release(before.id)
            backend.request(wish, "who drags a slider")
            backend.suspend_idle()
        assert states(backend, SLOW, *wishes) == ["computing", *["resting"] * 9, "waiting"]


def test_what_somebody_reads_is_not_left_because_another_one_leaves(make):
    backend = make()
    recording = backend.recording(backend.request(SLOW))
    with recording.subscribe(lambda: None):
        backend.release(SLOW.id)
        backend.suspend_idle()
        assert states(backend, SLOW) == ["computing"]
    backend.release("0123456789abcdef")


def test_what_has_rested_long_is_forgotten_and_begins_anew(make, monkeypatch):
    backend = make()
    first = backend.recording(backend.request(SLOW))
    backend.release(SLOW.id)
    backend.suspend_idle()
    assert states(backend, SLOW) == ["resting"] and backend.store.live() == [first]
    monkeypatch.setattr(admission, "MAX_SUSPENDED_SECONDS", 0.0)
    backend.suspend_idle()
    assert backend.store.live() == [] and states(backend, SLOW) == [None]
    second = backend.recording(backend.request(SLOW))
    assert second is not first
    until(lambda: len(second) > 3)


def test_a_queue_that_is_full_refuses_and_says_so(make):
    backend = make(max_running=1, max_waiting=1)
    for seed in (11, 12):
        backend.request(SLOW.replace(seed=seed))
    with pytest.raises(Busy, match="queue of this server is full"):
        backend.request(SLOW.replace(seed=13))
    assert backend.counters.rejected == 1 and len(backend.store.live()) == 2
    assert backend.request(SLOW.replace(seed=12)), "one that is there may be asked for again"
    backend.stop(SLOW.replace(seed=12).id)
    backend.request(SLOW.replace(seed=13))
    assert states(backend, *(SLOW.replace(seed=seed) for seed in (11, 12, 13))) == ["computing", None, "waiting"]


def test_runs_that_wait_begin_when_others_end(make):
    backend = make(max_running=2)
    experiments = [SHORT.replace(seed=seed) for seed in range(10, 17)]
    recordings = [backend.recording(backend.request(one)) for one in experiments]
    until(lambda: all(one.ended for one in recordings))
    assert {one.status for one in recordings} == {"finished"}
    assert not backend.admission.computing and not backend.admission.waiting and not backend.store.live()


def test_closing_ends_what_waits_and_what_rests(make):
    backend = make(max_running=1, max_waiting=500)
    recordings = [backend.recording(backend.request(SLOW.replace(seed=seed))) for seed in range(10, 310)]
    backend.release(recordings[7].id)
    backend.suspend_idle()
    backend.close()
    assert {one.status for one in recordings} == {"stopped"} and not backend.store.live()


@pytest.mark.slow
@pytest.mark.parametrize("command", [fake_training.COMMAND, COMMAND], ids=["fake", "real"])
def test_a_run_that_is_set_aside_again_and_again_has_the_lines_of_one_that_was_not(make, command):
    experiment = REAL if command is COMMAND else SLOW.replace(steps=400)
    backend, undisturbed = make(command), make(command)
    undisturbed_recording = undisturbed.recording(undisturbed.request(experiment))
    recording = backend.recording(backend.request(experiment))
    chance, interruptions = random.Random(1), 0
    while not recording.ended and interruptions < 12:
        count = len(recording)
        until(lambda count=count: recording.ended or len(recording) > count + chance.randrange(3))
        backend.release(experiment.id)
        backend.suspend_idle()
        interruptions += 1
        assert backend.recording(experiment.id) is recording
    until(lambda: recording.ended and undisturbed_recording.ended)
    assert interruptions > 3 and apart_from_seconds(recording.lines()) == apart_from_seconds(undisturbed_recording.lines())


STEPS = 80  # of a run whose readers come and go


def test_readers_that_come_and_go_lose_nothing_while_another_thread_looks_after_runs(make, monkeypatch):
    for name in ("UNREAD_TIMEOUT_SECONDS", "READ_TIMEOUT_SECONDS"):
        monkeypatch.setattr(admission, name, 0.002)
    backend, ready = make(max_running=1), threading.Event()
    experiments = [SHORT.replace(seed=seed, steps=STEPS) for seed in (21, 22, 23)]

    def suspend_idle():
        while not ready.wait(0.001):
            backend.suspend_idle()

    suspender = threading.Thread(target=suspend_idle)
    suspender.start()
    try:
        chance, unfinished = random.Random(2), list(experiments)
        deadline = time.monotonic() + 60
        while unfinished and time.monotonic() < deadline:
            one = chance.choice(unfinished)
            recording = backend.recording(backend.request(one))
            with recording.subscribe(lambda: None):
                enough = len(recording) + chance.randrange(1, STEPS // 4)
                until(lambda recording=recording, enough=enough: recording.ended or len(recording) >= enough)
            if recording.ended:
                unfinished.remove(one)
                numbers = [b"%d," % index for index in range(STEPS)]
                lines = recording.lines()[1:-1]
                assert [b'"index":' + number in line for number, line in zip(numbers, lines, strict=True)] == [True] * STEPS
        assert not unfinished
    finally:
        ready.set()
        suspender.join()
