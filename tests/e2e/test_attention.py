"""Nobody watches, nobody computes; where many want something, they wait in line and are told so."""

from urllib.parse import urlencode

import pytest

from tests.e2e.lab import serve
from tests.e2e.test_trouble import LONG


@pytest.fixture(scope="module")
def server():
    """One place, and one that may wait."""
    with serve(settings={"BNVIZ_RUNS": "1", "BNVIZ_QUEUE": "1"}) as running:
        yield running


@pytest.fixture
def idle(server):
    """Nothing is being computed."""
    for state in ("waiting", "computing"):
        server.await_metric(f"runs_{state}", 0)


def long(seed):
    return {"steps": LONG.steps, "snapshot_every": LONG.snapshot_every, "seed": seed}


def ask(lab, seed):
    """Open a page whose run does not begin at once."""
    lab.page.goto(f"{lab.server.url}/?{urlencode(long(seed))}")


def leave(lab):
    """Go somewhere else, where no run is read."""
    lab.page.goto(f"{lab.server.url}/bnviz/healthz")


@pytest.mark.slow
def test_a_page_that_is_closed_leaves_nothing_that_computes_and_one_that_returns_finds_it(visit, server, idle):
    first = visit()
    first.open(**long(LONG.seed))
    first.wait("d.trainedStep > 100")
    assert server.metric("runs_computing") == 1
    leave(first)
    server.await_metric("runs_computing", 0)
    assert server.metric("runs_resting") == 1
    first.open(**long(LONG.seed))
    first.wait(f"d.trainedStep === '{LONG.steps}'")
    assert server.metric("runs_started_total") == 1
    indices = [message["index"] for message in server.messages(LONG.id) if message["type"] == "snapshot"]
    assert indices == list(range(LONG.snapshots))  # and has the very lines: tests/engine/test_admission.py


@pytest.mark.slow
def test_those_who_come_later_wait_in_line_and_get_their_turn_when_others_go(visit, server, idle):
    first, second, third = visit(), visit(), visit()
    first.open(**long(81))
    first.wait("d.trainedStep > 0")
    ask(second, 82)
    second.page.locator(".bnviz-headline").get_by_text("it is number 1 in line").wait_for()
    ask(third, 83)
    third.page.get_by_text("is full (waiting runs: 1)").wait_for()
    assert server.metric("runs_rejected_total") >= 1
    leave(first)
    second.wait("d.trainedStep > 0")
    leave(second)
    third.wait("d.trainedStep > 0")  # the page has asked again by itself
