"""What is left behind when a thousand sessions have come, changed and gone, and when a page has played for long.

python -m benchmarks.soak

BNVIZ_SOAK_SECONDS says for how long the page plays, a minute by default.
"""

from __future__ import annotations

import asyncio
import os
import random
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlencode

from playwright.sync_api import Browser, Page, sync_playwright

from benchmarks import UNLIMITED, Row, table
from benchmarks.server import memory
from benchmarks.visitors import request_page, session, wait_for_answer
from bnviz.config.experiment import Experiment
from tests.e2e.lab import Server, launch, serve

SESSIONS = 1000
AT_ONCE = 10
WARM = 200  # sessions, after which nothing is loaded or made for the first time
CHANGES = 2  # of a setting, that each session makes
RUNS = [Experiment(seed=seed, steps=40) for seed in range(8)]
PLAY_SECONDS = float(os.environ.get("BNVIZ_SOAK_SECONDS", "60"))
SPEED = "8"  # times the ordinary one


class Usage(NamedTuple):
    """What a server holds: memory of the web process and of its workers in MB, threads, open files, and processes."""

    web: float
    workers: float
    threads: int
    files: int
    processes: int


def usage(server: Server) -> Usage:
    """What the server holds now."""
    process, workers = Path(f"/proc/{server.process.pid}"), server.workers()
    return Usage(
        memory(server.process.pid),
        sum(map(memory, workers)),
        len(list((process / "task").iterdir())),
        len(list((process / "fd").iterdir())),
        1 + len(workers),
    )


async def come_and_go(server: Server, sessions: int) -> None:
    """Open the page so often, each time as a new visitor, who changes the seed and closes the page while it is still at it."""
    room = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> None:
        async with room:
            await _session(server, random.Random(number))

    await asyncio.gather(*map(one, range(sessions)))


async def _session(server: Server, choices: random.Random) -> None:
    async with session(server) as socket:
        for _ in range(1 + CHANGES):
            run = choices.choice(RUNS)
            await request_page(socket, urlencode({"seed": run.seed, "steps": run.steps}))
            if choices.random() < 0.8:  # others do not wait for what they asked for
                await wait_for_answer(socket)


def sessions() -> list[Row]:
    """What is left after a thousand sessions, against what was left after half of them."""
    with serve(settings=UNLIMITED) as server:
        samples = []
        for number in (WARM, SESSIONS // 2 - WARM, SESSIONS - SESSIONS // 2):
            asyncio.run(come_and_go(server, number))
            server.await_metric("runs_computing", 0)
            samples.append(usage(server))
    _, half, last = samples
    whats = {
        "web": "web process, MB",
        "workers": "workers, MB",
        "threads": "threads",
        "files": "open files",
        "processes": "processes",
    }
    return [
        Row(
            f"{what}, after {SESSIONS} sessions opened, changed and closed",
            f"after {WARM}: {getattr(samples[0], name):.0f}, after {SESSIONS // 2}: {getattr(half, name):.0f}",
            f"{getattr(last, name):.0f}",
            f"{getattr(last, name) / max(getattr(half, name), 1):.2f}",
            "flat: ≤ 1.05",
        )
        for name, what in whats.items()
    ]


def heap_size(page: Page) -> float:
    """What the page's JavaScript holds in MB, garbage collected."""
    session = page.context.new_cdp_session(page)
    session.send("HeapProfiler.collectGarbage")
    return session.send("Runtime.getHeapUsage")["usedSize"] / 2**20


def playing(browser: Browser, server: Server) -> list[Row]:
    """The whole page plays in a loop, at high speed, with all charts in view."""
    page = browser.new_context(viewport={"width": 1400, "height": 3000}).new_page()
    page.add_init_script("localStorage['bnviz more charts'] = 'open'")
    page.goto(server.url)
    page.wait_for_selector(".bnviz-player[data-trained-step='600']")
    page.select_option("[aria-label=Speed]", SPEED)
    page.click("[aria-label=Loop]")
    if page.get_attribute(".bnviz-player", "data-state") != "playing":
        page.click("[aria-label=Play]")
    page.wait_for_timeout(15_000)  # every chart has been drawn, and every snapshot shown
    before, frames = heap_size(page), int(page.get_attribute(".bnviz-player", "data-frames") or 0)
    page.wait_for_timeout(1000 * PLAY_SECONDS)
    after, more = heap_size(page), int(page.get_attribute(".bnviz-player", "data-frames") or 0) - frames
    assert page.get_attribute(".bnviz-player", "data-state") == "playing", "the player stands still"
    page.context.close()
    what = f"heap of a page that has looped for {PLAY_SECONDS / 60:.0f} min at {SPEED} times the speed"
    return [
        Row(what, f"at the beginning: {before:.1f} MB", f"{after:.1f} MB, {more} frames later", f"{after / before:.2f}", "≤ 1.1")
    ]


def rows() -> list[Row]:
    """All rows of this subject."""
    results = sessions()
    with sync_playwright() as playwright, launch(playwright) as browser, serve() as server:
        return [*results, *playing(browser, server)]


if __name__ == "__main__":
    print(table(rows()))
