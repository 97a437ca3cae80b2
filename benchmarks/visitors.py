"""A lecture hall opens the page: Streamlit sessions by websocket, each of which then reads its run to the end.

python -m benchmarks.visitors [NUMBER ...]

What a browser does with the page is not part of it, nor the front end's files, which any proxy may keep. Visitors share the
machine with the server and the training.
"""

from __future__ import annotations

import asyncio
import statistics
import sys
from dataclasses import dataclass
from time import perf_counter
from urllib.parse import urlencode

import httpx
import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from benchmarks import UNLIMITED, Row, table
from bnviz.config.experiment import Experiment
from bnviz.record.store import Recording
from tests.e2e.lab import Server, serve

VISITORS = 300
SECONDS = 30.0  # within which they come
EXPERIMENTS = 10
VIEWERS = 300  # of one live run
TIMEOUT_SECONDS = 120.0  # after which a visitor gives up
FIRST_SEED = 5000


@dataclass
class Visit:
    """What happened to one visitor: seconds from opening the page until it was ready, and the run's bytes as they came."""

    ready: float = float("inf")
    raw: bytes = b""

    @property
    def complete(self) -> bool:
        return self.ready < float("inf") and bool(self.raw)


def session(server: Server) -> websockets.connect:
    """A new session of Streamlit's, to be entered."""
    address = server.url.replace("http", "ws", 1) + "/_stcore/stream"
    return websockets.connect(address, subprotocols=["streamlit"], max_size=None, open_timeout=TIMEOUT_SECONDS)


async def request_page(socket: websockets.ClientConnection, query: str) -> None:
    """Have the page's script run with this query."""
    message = BackMsg()
    message.rerun_script.query_string = query
    await socket.send(message.SerializeToString())


async def wait_for_answer(socket: websockets.ClientConnection, marker: bytes = b"") -> tuple[int, bool]:
    """How the page's script has ended, once it has, and whether it has sent `marker` on the way."""
    has_marker = False
    async for data in socket:
        has_marker = has_marker or marker in data
        message = ForwardMsg.FromString(data)
        if message.WhichOneof("type") == "script_finished":
            return message.script_finished, has_marker
    raise ConnectionError("the session was closed")


async def open_page(server: Server, query: str, marker: bytes) -> float:
    """Seconds until Streamlit has run the page's script to its end, and has sent `marker` on the way."""
    start = perf_counter()
    async with session(server) as socket:
        await request_page(socket, query)
        ended, has_marker = await wait_for_answer(socket, marker)
        assert ended == ForwardMsg.FINISHED_SUCCESSFULLY, "the script failed"
        assert has_marker, "the page is not whole"
        return perf_counter() - start


async def read(client: httpx.AsyncClient, server: Server, run: str) -> tuple[bytes, list[tuple[float, int]]]:
    """A run as it comes, compressed, and when how many of its bytes were there."""
    raw, arrivals = bytearray(), []
    async with client.stream("GET", f"{server.url}/bnviz/runs/{run}.ndjson") as response:
        response.raise_for_status()
        async for piece in response.aiter_raw():
            raw += piece
            arrivals.append((perf_counter(), len(raw)))
    return bytes(raw), arrivals


async def visit(client: httpx.AsyncClient, server: Server, experiment: Experiment, after: float) -> Visit:
    """Open the page after so many seconds, and read its run."""
    await asyncio.sleep(after)
    result = Visit()
    try:
        async with asyncio.timeout(TIMEOUT_SECONDS):
            result.ready = await open_page(server, urlencode({"seed": experiment.seed}), experiment.id.encode())
            result.raw, _ = await read(client, server, experiment.id)
    except (OSError, TimeoutError, AssertionError, httpx.HTTPError, websockets.WebSocketException) as error:
        print(f"a visitor was lost: {error!r}", file=sys.stderr)
    return result


def client_of(count: int) -> httpx.AsyncClient:
    """A client for so many readers at once."""
    return httpx.AsyncClient(
        timeout=TIMEOUT_SECONDS, limits=httpx.Limits(max_connections=count), headers={"Accept-Encoding": "gzip"}
    )


async def crowd(server: Server, visitors: int, seconds: float, first_seed: int) -> list[Visit]:
    """So many visitors, evenly within these seconds, of EXPERIMENTS runs that nobody has asked for before."""
    runs = [Experiment(seed=first_seed + number) for number in range(EXPERIMENTS)]
    async with client_of(visitors) as client:
        visits = (visit(client, server, runs[n % EXPERIMENTS], seconds * n / visitors) for n in range(visitors))
        readings = await asyncio.gather(*visits)
        whole = [(await read(client, server, run.id))[0] for run in runs]
    for number, one in enumerate(readings):
        assert not one.complete or one.raw == whole[number % EXPERIMENTS], "a visitor has other bytes than the recording"
    return list(readings)


async def crowd_of_plain(server: Server, visitors: int, seconds: float) -> list[float]:
    """The same for the plain page, which has nothing to read."""

    async def one(after: float) -> float:
        await asyncio.sleep(after)
        return await open_page(server, "", b"without batch norm")

    return list(await asyncio.gather(*(one(seconds * n / visitors) for n in range(visitors))))


def share(values: list[float], percent: int) -> float:
    """A percentile."""
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def lecture_hall(visitors: int, peer: list[float]) -> list[Row]:
    """All come within half a minute, on a server that has just started."""
    with serve(workers=2, settings=UNLIMITED) as server:
        visits = asyncio.run(crowd(server, visitors, SECONDS, FIRST_SEED))
    ready, complete = [one.ready for one in visits], sum(one.complete for one in visits)
    rows = []
    for percent, reach in ((50, "≤ 1 s"), (95, "≤ 3 s")):
        theirs, ours = share(peer, percent), share(ready, percent)
        rows.append(
            Row(
                f"{visitors} visitors within {SECONDS:.0f} s, {EXPERIMENTS} new runs: page ready, {percent} of 100",
                f"plain page with st.plotly_chart: {theirs:.2f} s",
                f"{ours:.2f} s, {complete} of {visitors} complete",
                f"{ours / theirs:.1f}",
                f"{reach}, all complete",
            )
        )
    return rows


def boundaries(server: Server, run: str) -> list[int]:
    """How many compressed bytes there are when each of a run's lines is whole."""
    copy, ends, size = Recording(run), [], 10  # gzip's header
    for line in server.lines(run):
        copy.append(line)
    for piece in copy.pieces():
        ends.append(size := size + len(piece.compressed))
    return ends


def times(arrivals: list[tuple[float, int]], ends: list[int]) -> list[float]:
    """When each line had arrived."""
    results, at = [], iter(arrivals)
    moment, size = next(at)
    for end in ends:
        while size < end:
            moment, size = next(at)
        results.append(moment)
    return results


async def watch(server: Server, viewers: int, seed: int) -> list[float]:
    """So many viewers of one live run: how long after the first of them each had each snapshot, in seconds."""
    run = Experiment(seed=seed, steps=2000)
    async with client_of(viewers) as client:
        await open_page(server, urlencode({"seed": seed, "steps": run.steps}), run.id.encode())
        readings = await asyncio.gather(*(read(client, server, run.id) for _ in range(viewers)))
    assert len({raw for raw, _ in readings}) == 1, "viewers have other bytes than the recording"
    ends = boundaries(server, run.id)
    return [when - min(line) for line in zip(*(times(arrivals, ends) for _, arrivals in readings), strict=True) for when in line]


def viewers() -> list[Row]:
    """Many viewers of one live run."""
    with serve(workers=2, settings=UNLIMITED) as server:
        late = asyncio.run(watch(server, VIEWERS, FIRST_SEED))
    return [
        Row(
            f"{VIEWERS} viewers of a live run: how much later than the first a snapshot comes, 95 of 100",
            "one viewer: 0 s",
            f"{share(late, 95):.2f} s",
            "–",
            "≤ 0.5 s, equal bytes",
        )
    ]


def rows(numbers: tuple[int, ...] = (VISITORS,)) -> list[Row]:
    """All rows of this subject."""
    results = []
    for number in numbers:
        with serve("benchmarks/plain/app.py") as plain:
            peer = asyncio.run(crowd_of_plain(plain, number, SECONDS))
        results += lecture_hall(number, peer)
    return [*results, *viewers()]


if __name__ == "__main__":
    print(table(rows(tuple(map(int, sys.argv[1:])) or (VISITORS,))))
