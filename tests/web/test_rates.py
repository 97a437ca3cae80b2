"""What one client may ask for: enough for a lecture hall behind one address, not enough to take the server from others."""

import asyncio
import re
import threading

import httpx
import pytest
import websockets
from starlette.applications import Starlette
from starlette.routing import Route
from starlette.testclient import TestClient

from bnviz.config.experiment import Experiment
from bnviz.engine.admission import Busy
from bnviz.web import rates as module
from bnviz.web.rates import CLIENTS, RATES, Rates, TooMany, client_key
from bnviz.web.routes import http
from bnviz.web.routes.render_cache import RenderCache
from tests.e2e.lab import serve

STUDENTS = 300


class Clock:
    seconds = 0.0

    def __call__(self):
        return self.seconds


@pytest.fixture
def clock():
    return Clock()


def tries(rates, kind, client, number):
    """How many of so many were allowed."""
    allowed = 0
    for _ in range(number):
        try:
            rates.spend(kind, client)
            allowed += 1
        except TooMany:
            pass
    return allowed


def test_a_lecture_hall_behind_one_address_is_never_refused(clock):
    """All open the page at once; for ten minutes each turns a knob every half minute, then all save a picture and two files
    within two minutes, and move γ by hand for two."""
    rates = Rates(now=clock)
    plan = {
        "page": (1, 1),
        "run": (600, 20),
        "sweep": (600, 2),
        "picture": (120, 1),
        "film": (600, 1),
        "file": (120, 2),
        "question": (120, 40),
    }
    for kind, (seconds, each) in plan.items():
        for _ in range(STUDENTS * each):
            clock.seconds += seconds / (STUDENTS * each)
            rates.spend(kind, "192.0.2.1")
    assert not rates.refused


@pytest.mark.parametrize("kind", RATES)
def test_a_program_is_refused_and_others_are_not(clock, kind):
    rates = Rates(now=clock)
    assert tries(rates, kind, "192.0.2.1", 5000) == RATES[kind].at_once
    assert tries(rates, kind, "192.0.2.2", 50) == 50
    with pytest.raises(TooMany) as refused:
        rates.spend(kind, "192.0.2.1")
    clock.seconds += refused.value.seconds * 1.001
    rates.spend(kind, "192.0.2.1")
    clock.seconds += 3600
    assert tries(rates, kind, "192.0.2.1", 5000) == RATES[kind].at_once  # no more than that, however long it waited


def test_clients_take_a_bounded_memory(clock):
    rates = Rates(now=clock)
    for number in range(3 * CLIENTS):
        rates.spend("page", f"10.{number >> 16}.{number >> 8 & 255}.{number & 255}")
    assert len(rates._buckets) == CLIENTS


def test_addresses_of_one_network_are_one_client():
    assert client_key("2001:db8::1") == client_key("2001:db8::ffff:1") != client_key("2001:db8:0:1::1")
    assert client_key("::ffff:192.0.2.1") == client_key("192.0.2.1") != client_key("192.0.2.2")
    assert client_key(None) == client_key("127.0.0.1") and len(client_key("x" * 1000)) == 64


@pytest.mark.parametrize(("text", "times"), [("", 1), ("2.5", 2.5), ("0", 0), ("-1", 1), ("nan", 1), ("inf", 1), ("many", 1)])
def test_the_setting_multiplies_all_limits(text, times):
    assert Rates.from_environment({module.SETTING: text})._times == times
    assert tries(Rates(2), "sweep", "x", 1000) == 2 * RATES["sweep"].at_once
    assert tries(Rates(0), "sweep", "x", 1000) == 1000


def test_a_refusal_says_when_to_come_again():
    async def refused(request):
        return http.too_busy(TooMany(1.2))

    answer = TestClient(Starlette(routes=[Route("/", refused)])).get("/")
    assert answer.status_code == 429 and answer.headers["retry-after"] == "2" and "network address" in answer.json()["error"]


def statuses(server, number, **headers):
    """Of so many requests for runs that are not there."""
    runs = (Experiment(seed=700 + one) for one in range(number))
    answers = [httpx.get(f"{server.url}/bnviz/runs/{run.id}.ndjson", headers=headers) for run in runs]
    assert all(re.fullmatch(r"\d+", answer.headers["retry-after"]) for answer in answers if answer.status_code == 429)
    return [answer.status_code for answer in answers]


async def pages_opened(server, number, address):
    """Whether Streamlit's socket could be opened, so many times; with which status not."""
    url, messages = server.url.replace("http", "ws", 1) + "/_stcore/stream", []
    for _ in range(number):
        try:
            async with websockets.connect(url, subprotocols=["streamlit"], additional_headers={"x-forwarded-for": address}):
                messages.append(True)
        except websockets.InvalidStatus as refused:
            messages.append(refused.response.status_code)
    return messages


@pytest.mark.parametrize("trusted", [True, False])
def test_a_proxy_that_is_trusted_says_who_asks_and_nobody_else_does(trusted):
    """Of 600 at once, a hundredth."""
    proxies = "127.0.0.1" if trusted else "10.0.0.1"
    with serve(settings={"BNVIZ_RATE": "0.01", "FORWARDED_ALLOW_IPS": proxies}) as server:
        assert statuses(server, 7, **{"x-forwarded-for": "192.0.2.1"}) == [404] * 6 + [429]
        assert statuses(server, 1, **{"x-forwarded-for": "192.0.2.2"}) == [404 if trusted else 429]
        opened = asyncio.run(pages_opened(server, 14, "192.0.2.9" if trusted else "192.0.2.10"))
        assert opened.count(True) == 12 and set(opened) == {True, 429}
        # The last one that is not a proxy counts: what a client says of itself comes before.
        assert statuses(server, 1, **{"x-forwarded-for": "192.0.2.3, 192.0.2.1"}) == [429]


def test_many_who_ask_for_the_same_have_it_made_once_and_few_may_wait():
    calls, spent, gate = [], [], threading.Event()

    def make():
        gate.wait(10)
        calls.append(1)
        return b"a file"

    async def all_of_them():
        cache = RenderCache(memory=100, waiting=3)
        asking = [asyncio.create_task(cache.get(lambda: "one", make, lambda: spent.append(1))) for _ in range(8)]
        while sum(task.done() for task in asking) < 4:  # one makes, three wait, the others are told so
            await asyncio.sleep(0.01)
        gate.set()
        return await asyncio.gather(*asking, return_exceptions=True)

    answers = asyncio.run(all_of_them())
    assert answers.count(b"a file") == 4 and sum(isinstance(one, Busy) for one in answers) == 4
    assert len(calls) == len(spent) == 1
