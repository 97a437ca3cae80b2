"""The web process and its workers: memory, and many viewers of one live run.

python -m benchmarks.server
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import perf_counter

import httpx
from playwright.sync_api import Browser, sync_playwright

from benchmarks import UNLIMITED, Row, table
from bnviz.config.experiment import Experiment
from bnviz.record import ndjson
from tests.e2e.lab import Server, launch, serve

VIEWERS = 100
VISITS = 3


def memory(process: int) -> float:
    """Resident memory of a process in MB."""
    lines = Path(f"/proc/{process}/status").read_text(encoding="utf-8").splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) * 1024 / 1e6


def has_torch(process: int) -> bool:
    """Whether a process has loaded PyTorch's libraries."""
    return "libtorch" in Path(f"/proc/{process}/maps").read_text(encoding="utf-8")


def visit(browser: Browser, server: Server, seed: int) -> None:
    """Open the page on a run that nobody has seen and wait until all of it is there."""
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{server.url}/?seed={seed}")
    page.wait_for_selector(".bnviz-player[data-trained-step='600']", state="attached")
    context.close()


def processes(server: Server) -> list[Row]:
    """After some visits: what the web process and the largest worker take."""
    web, worker = server.process.pid, max(map(memory, server.workers()))
    loaded = "PyTorch loaded" if has_torch(web) else "no PyTorch loaded"
    return [
        Row(f"web process after {VISITS} visits", "–", f"{memory(web):.0f} MB, {loaded}", "–", "≤ 250 MB, no PyTorch"),
        Row(f"a worker after {VISITS} visits", "–", f"{worker:.0f} MB", "–", "≤ 700 MB"),
    ]


async def watch(server: Server, run: str, viewers: int) -> list[float]:
    """Seconds until each of so many viewers has the whole run; raises if one does not get it."""
    limits = httpx.Limits(max_connections=viewers)

    async def one(client: httpx.AsyncClient) -> float:
        start, tail = perf_counter(), b""
        async with client.stream("GET", f"{server.url}/bnviz/runs/{run}.ndjson") as response:
            async for piece in response.aiter_bytes():
                tail = (tail + piece)[-2000:]
        assert ndjson.is_end(tail.splitlines(keepends=True)[-1]), "a stream broke off"
        return perf_counter() - start

    async with httpx.AsyncClient(timeout=120, limits=limits) as client:
        return await asyncio.gather(*(one(client) for _ in range(viewers)))


def begin_run(browser: Browser, server: Server, seed: int) -> str:
    """Open a page that starts a long run, and close it when the run has begun; returns the run's id."""
    experiment = Experiment(steps=3000, snapshot_every=10, seed=seed)
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{server.url}/?steps=3000&snapshot_every=10&seed={seed}")
    page.wait_for_selector(f".bnviz-player[data-run='{experiment.id}']", state="attached")
    context.close()
    return experiment.id


def crowd(browser: Browser, server: Server) -> list[Row]:
    """Many viewers of one live run against one viewer of another of the same size."""
    alone = max(_in_a_thread(server, begin_run(browser, server, 2001), 1))
    together = max(_in_a_thread(server, begin_run(browser, server, 2002), VIEWERS))
    return [
        Row(
            f"{VIEWERS} viewers of one live run, until the last has all of it",
            f"one viewer: {alone:.1f} s",
            f"{together:.1f} s",
            f"{together / alone:.2f}",
            "all complete",
        )
    ]


def _in_a_thread(server: Server, run: str, viewers: int) -> list[float]:
    """Playwright keeps a loop in the main thread, so this one has a thread of its own."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, watch(server, run, viewers)).result()


def rows() -> list[Row]:
    """All rows of this subject."""
    with sync_playwright() as playwright, launch(playwright) as browser, serve(workers=2, settings=UNLIMITED) as server:
        for seed in range(VISITS):
            visit(browser, server, seed)
        return [*processes(server), *crowd(browser, server)]


if __name__ == "__main__":
    print(table(rows()))
