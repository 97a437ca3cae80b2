"""Memory of the web process while a thousand sessions come and go.

python -m benchmarks.soak
"""

from __future__ import annotations

import asyncio
from urllib.parse import urlencode

from benchmarks import UNLIMITED, Row, table
from benchmarks.server import memory
from benchmarks.visitors import open_page
from bnviz.config.experiment import Experiment
from tests.e2e.lab import Server, serve

SESSIONS = 1000
AT_ONCE = 10
WARM = 200  # sessions, after which nothing is loaded or made for the first time
RUNS = [Experiment(seed=seed, steps=40) for seed in range(4)]


async def come_and_go(server: Server, sessions: int) -> None:
    """Open the page so often, as a new visitor each time, on runs that are there."""
    room = asyncio.Semaphore(AT_ONCE)

    async def one(number: int) -> None:
        run = RUNS[number % len(RUNS)]
        async with room:
            await open_page(server, urlencode({"seed": run.seed, "steps": run.steps}), run.id.encode())

    await asyncio.gather(*map(one, range(sessions)))


def rows() -> list[Row]:
    """All rows of this subject."""
    with serve(settings=UNLIMITED) as server:
        taken = []
        for sessions in (WARM, SESSIONS // 2 - WARM, SESSIONS - SESSIONS // 2):
            asyncio.run(come_and_go(server, sessions))
            taken.append(memory(server.process.pid))
    warm, half, last = taken
    peer = f"after {WARM}: {warm:.0f} MB, after {SESSIONS // 2}: {half:.0f} MB"
    return [
        Row(
            f"web process after {SESSIONS} sessions opened and closed",
            peer,
            f"{last:.0f} MB",
            f"{last / half:.2f}",
            "flat: ≤ 1.05",
        )
    ]


if __name__ == "__main__":
    print(table(rows()))
