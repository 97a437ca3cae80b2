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
from bnviz.engine.admission import MOST_RESTING, Admission, Busy, Limits, QueuePosition
from bnviz.engine.local import COMMAND, LocalEngine
from bnviz.engine.task import Task, of_experiment
from bnviz.record.store import Recording, Store
from tests import fake_training
from tests.engine.test_engine import SHORT, SLOW, apart_from_seconds, until

REAL = Experiment(dataset="mnist1d", width=8, hidden_layers=2, steps=400, train_size=100)


def task(seed):
    one = Experiment(seed=seed)
    return Task(one.id, of_experiment(one), Recording(one.id))


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


def states(made, *experiments):
    return [position.state if (position := made.queue_position(one.id)) else None for one in experiments]


def tended_until(made, condition):
    """Look after the runs, again and again, until a state is reached."""
    until(lambda: made.tend() or condition())


# the books


@given(st.lists(st.sampled_from("abc"), max_size=12), st.integers(1, 3))
def test_the_place_of_a_run_is_how_many_begin_before_it(visitors, at_once):
    books = Admission(Limits(at_once=at_once))
    tasks = [task(seed) for seed, _ in enumerate(visitors)]
    for one, visitor in zip(tasks, visitors, strict=True):
        books.enter(one, visitor)
    said = {one.name: books.queue_position(one.name) for one in tasks}
    begun = []
    while books.waiting:
        now = list(books.admitted())
        assert len(now) <= at_once
        begun += now
        for one in now:
            assert books.queue_position(one.name) == QueuePosition("computing")
            books.leave(one)
    assert {one.name: QueuePosition("waiting", number) for number, one in enumerate(begun)} == said


def test_a_visitor_with_one_run_does_not_wait_for_all_of_another():
    books = Admission(Limits(at_once=1))
    for seed in range(9):
        books.enter(task(seed), "many")
    books.enter(task(9), "one")
    order = []
    while books.waiting:
        (now,) = books.admitted()
        order.append(now.name)
        books.leave(now)
    assert order.index(task(9).name) == 1


def test_the_wait_is_estimated_from_what_runs_have_taken():
    books = Admission(Limits(at_once=2))
    for seed in range(5):
        books.enter(task(seed), "")
    begun = list(books.admitted())
    assert books.queue_position(task(4).name) == QueuePosition("waiting", 2), "nothing is known yet"
    for one, seconds in zip(begun, (3.0, 5.0), strict=True):
        books.took(seconds)
        assert books.queue_position(one.name) == QueuePosition("computing")
    assert books.queue_position(task(4).name) == QueuePosition("waiting", 2, 3 * 4.0 / 2)
    assert books.queue_position("unknown") is None


def test_only_so_many_rest():
    books = Admission(Limits())
    tasks = [task(seed) for seed in range(MOST_RESTING + 2)]
    forgotten = [one for each in tasks for one in books.rest(each)]
    assert forgotten == tasks[:2] and books.resting == tasks[2:]


def test_limits_are_read_from_the_environment(caplog):
    assert Limits() == Limits(math.inf, math.inf)
    assert Limits.from_environment(2, {"BNVIZ_RUNS": "3", "BNVIZ_QUEUE": "0"}) == Limits(3, 0)
    usual = Limits.from_environment(2, {})
    assert usual.at_once in (4, 8) and usual.waiting == 200 and not caplog.records
    assert Limits.from_environment(math.inf, {}).at_once == math.inf, "a cluster has its own queue"
    with caplog.at_level(logging.WARNING):
        assert Limits.from_environment(2, {"BNVIZ_RUNS": "0", "BNVIZ_QUEUE": "-1"}) == usual
    assert ["BNVIZ_RUNS" in caplog.text, "BNVIZ_QUEUE" in caplog.text] == [True, True]


# nobody watches, nobody computes


def test_a_run_that_nobody_reads_rests_and_goes_on_for_whoever_comes(make, monkeypatch):
    made = make()
    recording = made.recording(made.request(SLOW))
    until(lambda: len(recording) > 3)
    made.tend()
    assert states(made, SLOW) == ["computing"], "whoever asked for it may be on the way"
    monkeypatch.setattr(admission, "COMING_SECONDS", 0.0)
    made.tend()
    assert states(made, SLOW) == ["resting"]
    until(lambda: not any(slot.tasks for slot in made._slots))
    there = len(recording)
    assert made.recording(SLOW.id) is recording and states(made, SLOW) == ["computing"]
    with recording.subscribe(lambda: None):
        until(lambda: len(recording) > there)
        made.tend()
        assert states(made, SLOW) == ["computing"], "somebody reads it"
    monkeypatch.setattr(admission, "LEFT_SECONDS", 0.0)
    made.tend()
    assert states(made, SLOW) == ["resting"] and made.counters.rested == 2


def test_nothing_is_set_aside_for_a_program_that_does_not_look_after_visitors(make):
    made = make()
    recording = made.recording(made.request(SHORT))
    until(lambda: recording.ended)
    assert recording.status == "finished" and states(made, SHORT) == [None]


def test_another_wish_of_a_visitor_takes_the_one_before_out_of_the_queue(make):
    made = make(at_once=1)
    wishes = [SLOW.replace(seed=seed) for seed in range(10, 20)]
    with made.recording(made.request(SLOW)).subscribe(lambda: None):
        for before, wish in zip([None, *wishes], wishes, strict=False):
            if before:
                made.leave(before.id)
            made.request(wish, "who drags a slider")
            made.tend()
        assert states(made, SLOW, *wishes) == ["computing", *["resting"] * 9, "waiting"]


def test_what_somebody_reads_is_not_left_because_another_one_leaves(make):
    made = make()
    recording = made.recording(made.request(SLOW))
    with recording.subscribe(lambda: None):
        made.leave(SLOW.id)
        made.tend()
        assert states(made, SLOW) == ["computing"]
    made.leave("0123456789abcdef")


def test_what_has_rested_long_is_forgotten_and_begins_anew(make, monkeypatch):
    made = make()
    first = made.recording(made.request(SLOW))
    made.leave(SLOW.id)
    made.tend()
    assert states(made, SLOW) == ["resting"] and made.store.live() == [first]
    monkeypatch.setattr(admission, "REST_SECONDS", 0.0)
    made.tend()
    assert made.store.live() == [] and states(made, SLOW) == [None]
    second = made.recording(made.request(SLOW))
    assert second is not first
    until(lambda: len(second) > 3)


def test_a_queue_that_is_full_refuses_and_says_so(make):
    made = make(at_once=1, waiting=1)
    for seed in (11, 12):
        made.request(SLOW.replace(seed=seed))
    with pytest.raises(Busy, match="as this server allows"):
        made.request(SLOW.replace(seed=13))
    assert made.counters.rejected == 1 and len(made.store.live()) == 2
    assert made.request(SLOW.replace(seed=12)), "one that is there may be asked for again"
    made.stop(SLOW.replace(seed=12).id)
    made.request(SLOW.replace(seed=13))
    assert states(made, *(SLOW.replace(seed=seed) for seed in (11, 12, 13))) == ["computing", None, "waiting"]


def test_runs_that_wait_begin_when_others_end(make):
    made = make(at_once=2)
    experiments = [SHORT.replace(seed=seed) for seed in range(10, 17)]
    recordings = [made.recording(made.request(one)) for one in experiments]
    until(lambda: all(one.ended for one in recordings))
    assert {one.status for one in recordings} == {"finished"}
    assert not made.admission.computing and not made.admission.waiting and not made.store.live()


def test_closing_ends_what_waits_and_what_rests(make):
    made = make(at_once=1, waiting=500)
    recordings = [made.recording(made.request(SLOW.replace(seed=seed))) for seed in range(10, 310)]
    made.leave(recordings[7].id)
    made.tend()
    made.close()
    assert {one.status for one in recordings} == {"stopped"} and not made.store.live()


@pytest.mark.parametrize("command", [fake_training.COMMAND, COMMAND], ids=["fake", "real"])
def test_a_run_that_is_set_aside_again_and_again_has_the_lines_of_one_that_was_not(make, command):
    experiment = REAL if command is COMMAND else SLOW.replace(steps=400)
    made, undisturbed = make(command), make(command)
    wanted = undisturbed.recording(undisturbed.request(experiment))
    found = made.recording(made.request(experiment))
    chance, seen = random.Random(1), 0
    while not found.ended and seen < 12:
        there = len(found)
        until(lambda there=there: found.ended or len(found) > there + chance.randrange(3))
        made.leave(experiment.id)
        made.tend()
        seen += 1
        assert made.recording(experiment.id) is found
    until(lambda: found.ended and wanted.ended)
    assert seen > 3 and apart_from_seconds(found.lines()) == apart_from_seconds(wanted.lines())


def test_readers_that_come_and_go_lose_nothing_while_another_thread_looks_after_runs(make, monkeypatch):
    for name in ("COMING_SECONDS", "LEFT_SECONDS"):
        monkeypatch.setattr(admission, name, 0.002)
    made, ready = make(at_once=1), threading.Event()
    experiments = [SHORT.replace(seed=seed, steps=200) for seed in (21, 22, 23)]

    def tend():
        while not ready.is_set():
            made.tend()

    looking = threading.Thread(target=tend)
    looking.start()
    try:
        chance, left = random.Random(2), list(experiments)
        deadline = time.monotonic() + 60
        while left and time.monotonic() < deadline:
            one = chance.choice(left)
            recording = made.recording(made.request(one))
            with recording.subscribe(lambda: None):
                enough = len(recording) + chance.randrange(1, 50)
                until(lambda recording=recording, enough=enough: recording.ended or len(recording) >= enough)
            if recording.ended:
                left.remove(one)
                numbers = [b"%d," % index for index in range(200)]
                lines = recording.lines()[1:-1]
                assert [b'"index":' + number in line for number, line in zip(numbers, lines, strict=True)] == [True] * 200
        assert not left
    finally:
        ready.set()
        looking.join()
