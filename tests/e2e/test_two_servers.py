"""Behind nginx: two servers with one store, replaced one after the other; and its cache, from which all have finished runs."""

import asyncio
import contextlib
import os
import signal
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlencode

import httpx
import pytest

from bnviz.config.experiment import Experiment
from bnviz.record import ndjson
from bnviz.web.player import messages
from tests.e2e import fronts
from tests.e2e.lab import VIOLATION_LISTENER, Server, free_port, port_of, serve
from tests.e2e.test_trouble import WATCH

LONG = Experiment(steps=1500, snapshot_every=10, seed=81)
CROWD = int(os.environ.get("BNVIZ_CROWD", 80))
READERS = 12


@contextlib.contextmanager
def one_of_two(port, store):
    with serve(base="lab", port=port, store=str(store)) as server:
        yield server


def run(coroutine):
    """In a thread of its own: Playwright has an event loop in this one."""
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, coroutine).result()


async def read(number, url, seen, servers):
    """A run to its end, gone on with where it broke off, as a player does. The cookie says which of the servers answers."""
    cookies = {"_streamlit_xsrf": f"visitor-{number}"}
    async with httpx.AsyncClient(timeout=60, cookies=cookies, headers={"accept-encoding": "identity"}) as client:
        while not (seen and b'"type":"end"' in seen[-1]):
            with contextlib.suppress(httpx.TransportError):
                async with client.stream("GET", f"{url}&from={len(seen)}") as answer:
                    if answer.status_code == 200:
                        servers.add(answer.headers["bnviz-server"])
                        async for line in answer.aiter_lines():
                            seen.append(line.encode() + b"\n")
            await asyncio.sleep(0.05)


async def probe(url, failures, done):
    """Somebody opens the page again and again."""
    async with httpx.AsyncClient(timeout=60) as client:
        while not done.is_set():
            if (answer := await client.get(url)).status_code != 200:
                failures.append(answer.status_code)
            await asyncio.sleep(0.02)


def replace_server(server, store):
    """Told to end, waited for, and another one started at its port."""
    server.process.send_signal(signal.SIGTERM)
    assert server.process.wait(5) is not None
    return one_of_two(port_of(server), store)


@pytest.mark.slow
def test_two_servers_are_replaced_one_after_the_other_and_nobody_loses_a_line(visit, tmp_path):
    port, store, lab = free_port(), tmp_path / "store", visit(clean=False)
    outside = f"http://127.0.0.1:{port}/lab"
    stream = f"{outside}/{messages.stream_url(LONG)}"
    seen, failures, answering = [[] for _ in range(READERS)], [], set()
    with contextlib.ExitStack() as running:
        servers = [running.enter_context(one_of_two(free_port(), store)) for _ in range(2)]
        site = fronts.shipped("nginx.conf", port_of(servers[0]), port, port_of(servers[1]))
        running.enter_context(fronts.nginx(site, port, tmp_path))
        lab.server = Server(servers[0].process, outside)
        lab.open(steps=LONG.steps, snapshot_every=LONG.snapshot_every, seed=LONG.seed)
        lab.page.evaluate(WATCH)

        async def watch():
            reading = asyncio.gather(*(read(number, stream, lines, answering) for number, lines in enumerate(seen)))
            done = asyncio.Event()
            probing = asyncio.create_task(probe(f"{outside}/", failures, done))
            for server in servers:
                await until_all_have(seen, max(map(len, seen)) + 5)
                running.enter_context(await asyncio.to_thread(replace_server, server, store))
            await reading
            done.set()
            await probing

        run(watch())
        lab.wait(f"d.trainedStep === '{LONG.steps}'")
        states = lab.page.evaluate("({...seen, states: [...seen.states]})")
    one, *others = (lines[:-1] for lines in seen)
    assert all(lines == one for lines in others), [len(lines) for lines in seen]
    assert [message["index"] for message in ndjson.read(one) if message["type"] == "snapshot"] == list(range(LONG.snapshots))
    assert states["steps"] == sorted(states["steps"]) and states["trained"] == sorted(states["trained"])
    assert failures == [] and len(answering) >= 3  # of the two, and of those that took their places


async def until_all_have(seen, lines):
    async with asyncio.timeout(60):
        while min(map(len, seen)) < lines:
            await asyncio.sleep(0.05)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """A server behind nginx with its cache, and one finished run."""
    folder, port = tmp_path_factory.mktemp("cache"), free_port()
    experiment = Experiment(steps=60, seed=82)
    with serve(base="lab") as server, fronts.nginx(fronts.shipped("nginx.conf", port_of(server), port), port, folder):
        outside = f"http://127.0.0.1:{port}/lab"
        httpx.get(f"{outside}/{messages.stream_url(experiment)}", timeout=60)
        yield server, outside, experiment


async def crowd(url, number):
    """What so many get who come at once, or as many at a time as connections allow: what the cache did, and bodies."""
    did, bodies, turn = Counter(), set(), asyncio.Semaphore(200)

    async def one(client):
        async with turn:
            answer = await client.get(url)
        assert answer.status_code == 200
        did[answer.headers.get("x-cache")] += 1
        bodies.add(answer.content)

    async with httpx.AsyncClient(timeout=60, limits=httpx.Limits(max_connections=200)) as client:
        await asyncio.gather(*(one(client) for _ in range(number)))
    return did, bodies


@pytest.mark.parametrize("what", ["recording", *(pytest.param(what, marks=pytest.mark.slow) for what in ("page", "picture"))])
def test_a_crowd_that_watches_one_finished_run_costs_one_training_run_and_no_script_run(cache, what):
    server, outside, experiment = cache
    at = f"{outside}/bnviz/runs/{experiment.id}"
    url = {
        "recording": f"{outside}/{messages.stream_url(experiment)}",
        "page": f"{at}/live_shift.html?view=1",
        "picture": f"{at}/card.png?{urlencode({'lesson': 'live_shift', 'step': 40})}",
    }[what]
    first, (body,) = run(crowd(url, 1))
    rest, bodies = run(crowd(url, CROWD))
    assert first == {"MISS": 1} and rest == {"HIT": CROWD} and bodies == {body}
    assert server.metric("runs_started_total") == 1 and server.metric("page_seconds_count") == 0


def test_the_page_that_everybody_gets_plays_without_a_script_run(cache, visit):
    server, outside, experiment = cache
    lab = visit()
    lab.server = Server(server.process, outside)
    lab.page.add_init_script(VIOLATION_LISTENER)
    lab.page.goto(f"{outside}/bnviz/runs/{experiment.id}/live_shift.html?view=1")
    lab.wait("d.frames > 0")
    lab.press(*">>>")
    lab.wait("d.state === 'ended' && d.trainedStep === '60'")
    assert lab.page.evaluate("violations") == []
    assert server.metric("page_seconds_count") == 0


def test_a_run_that_is_trained_is_not_kept_by_the_cache(cache):
    server, outside, _ = cache
    other = Experiment(steps=1000, seed=83)
    with httpx.stream("GET", f"{outside}/{messages.stream_url(other)}", timeout=60) as answer:
        lines = answer.iter_lines()
        assert answer.headers["x-cache"] in ("MISS", "BYPASS") and '"header"' in next(lines) and '"snapshot"' in next(lines)
        assert server.metric("runs_computing") == 1  # so what came has not waited for the end


def test_metrics_are_not_for_visitors():
    assert "deny all" in (fronts.ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8").split("metrics")[1].split("}")[0]
