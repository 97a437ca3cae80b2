"""A lecture hall while things break: workers are killed every second, and connections are cut at any byte.

python -m benchmarks.faults [NUMBER ...]

In the end every visitor must have all lines of the recording, each once: what a cut left half is asked for again from its last
whole line, as the player does.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import random
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from time import perf_counter
from urllib.parse import urlencode

import httpx
import websockets

from benchmarks import UNLIMITED, Row, table
from benchmarks.visitors import EXPERIMENTS, SECONDS, TIMEOUT_SECONDS, VISITORS, client_of, open_page
from bnviz.config.experiment import Experiment
from bnviz.record import ndjson
from tests.e2e.lab import Server, serve

CUT_BYTES = 1_000_000  # of a connection, about: exponentially distributed
STEPS = 200  # of each run: what is cut comes again as it is, not compressed, and the reader shares the machine
EVERY = 1.0  # seconds between two kills
FIRST_SEED = 6000


@dataclass
class Faults:
    """What is broken, and how often it was; nothing, if not `on`."""

    on: bool
    random: random.Random = field(default_factory=lambda: random.Random(1))
    kills: int = 0
    cuts: int = 0

    def bytes_until_cut(self) -> float:
        """Bytes until the next connection is cut."""
        return self.random.expovariate(1 / CUT_BYTES) if self.on else float("inf")

    @contextlib.asynccontextmanager
    async def killing(self, server: Server) -> AsyncIterator[None]:
        """Kill one of the server's workers every second, for as long as the visitors come."""
        killer = asyncio.create_task(self._kill(server)) if self.on else None
        yield
        if killer:
            killer.cancel()

    async def _kill(self, server: Server) -> None:
        end = perf_counter() + SECONDS
        while perf_counter() < end:
            await asyncio.sleep(EVERY)
            if workers := await asyncio.to_thread(server.workers):
                with contextlib.suppress(ProcessLookupError):
                    os.kill(self.random.choice(workers), signal.SIGKILL)
                    self.kills += 1


async def read_on(client: httpx.AsyncClient, server: Server, run: str, faults: Faults) -> list[bytes]:
    """The lines of a run, over as many connections as it takes."""
    lines: list[bytes] = []
    while not (lines and ndjson.is_end(lines[-1])):
        with contextlib.suppress(httpx.TransportError):  # a connection that breaks by itself; the player asks again, too
            await _read_until_cut(client, f"{server.url}/bnviz/runs/{run}.ndjson", lines, faults)
    return lines


async def _read_until_cut(client: httpx.AsyncClient, address: str, lines: list[bytes], faults: Faults) -> None:
    """Add the lines that one connection brings, from the first that is missing on."""
    tail, remaining = b"", faults.bytes_until_cut()
    async with client.stream("GET", address, params={"from": len(lines)}) as response:
        response.raise_for_status()
        async for piece in response.aiter_bytes():
            remaining -= len(piece)
            *complete_lines, tail = (tail + piece).split(b"\n")
            lines += [line + b"\n" for line in complete_lines]
            if remaining < 0:
                faults.cuts += 1
                return


async def visit(client: httpx.AsyncClient, server: Server, experiment: Experiment, after: float, faults: Faults) -> list[bytes]:
    """Open the page after so many seconds, and read its run; nothing if that fails."""
    await asyncio.sleep(after)
    try:
        async with asyncio.timeout(2 * TIMEOUT_SECONDS):
            query = urlencode({"seed": experiment.seed, "steps": experiment.steps})
            await open_page(server, query, experiment.id.encode())
            return await read_on(client, server, experiment.id, faults)
    except (OSError, TimeoutError, AssertionError, httpx.HTTPError, websockets.WebSocketException) as error:
        print(f"a visitor was lost: {error!r}", file=sys.stderr)
        return []


async def crowd(server: Server, visitors: int, faults: Faults, first_seed: int) -> int:
    """How many of so many visitors have all lines of their runs, each once."""
    runs = [Experiment(seed=first_seed + number, steps=STEPS) for number in range(EXPERIMENTS)]
    async with client_of(visitors) as client, faults.killing(server):
        visits = (visit(client, server, runs[n % EXPERIMENTS], SECONDS * n / visitors, faults) for n in range(visitors))
        received_lines = await asyncio.gather(*visits)
    expected = [server.lines(run.id) for run in runs]
    finished = [ndjson.status(lines[-1]) == "finished" for lines in expected]
    return sum(finished[n % EXPERIMENTS] and lines == expected[n % EXPERIMENTS] for n, lines in enumerate(received_lines))


def rows(numbers: tuple[int, ...] = (VISITORS,)) -> list[Row]:
    """All rows of this subject."""
    results = []
    for number in numbers:
        elapsed, injected = {}, Faults(on=True)
        for faults in (Faults(on=False), injected):
            with serve(workers=2, settings=UNLIMITED) as server:
                start = perf_counter()
                complete = asyncio.run(crowd(server, number, faults, FIRST_SEED))
                elapsed[faults.on] = perf_counter() - start
        results.append(
            Row(
                f"{number} visitors within {SECONDS:.0f} s, {EXPERIMENTS} new runs, a worker killed every second",
                f"nothing breaks: {elapsed[False]:.0f} s until all have all",
                f"{elapsed[True]:.0f} s, {complete} of {number} have every line once; "
                f"{injected.kills} kills, {injected.cuts} cuts",
                f"{elapsed[True] / elapsed[False]:.1f}",
                "all complete",
            )
        )
    return results


if __name__ == "__main__":
    print(table(rows(tuple(map(int, sys.argv[1:])) or (VISITORS,))))
