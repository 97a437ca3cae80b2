"""A lecture that turns its knobs: sessions by websocket, each of which changes a setting again and again.

A change is answered when the page's script has run to its end with that value of the setting, or with a later one. What a browser
does is left out, its rest before it asks, too: each change here is one that a browser sends. What is asked for has been trained
before. Where there are several processes, each has as many of the sessions. Sessions share the machine with the servers.
"""

from __future__ import annotations

import asyncio
import contextlib
import statistics
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from time import perf_counter

import httpx
import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from benchmarks import UNLIMITED, Row
from benchmarks.visitors import TIMEOUT_SECONDS, request_page, session
from bnviz.config.experiment import Experiment
from tests.e2e.lab import Server, serve

SESSIONS = 50
SECONDS = 6.0  # of changes, at each rate
PATIENCE_SECONDS = 10.0  # after the last change; what is not answered by then never is
RATES = (5.0, 10.0, 20.0, 30.0, 40.0, 50.0)  # changes a second, of all sessions together
SIZES = (4, 8, 16, 32, 64, 128)  # batch sizes, in turn
SLIDER = "-batch_size"  # what its id ends in
SCRIPT_FINISHED_BYTES = 400  # no such message is longer
LIVENESS_SECONDS = 0.2  # between two looks


@dataclass(frozen=True)
class Subject:
    """A page with a slider for the batch size: its script, its query, and what its answer to a size contains."""

    script: str
    query: str
    marker: Callable[[int], bytes]
    liveness: str  # the address that says whether the process is alive


OURS = Subject("app.py", "steps=60", lambda size: f"{Experiment(steps=60, batch_size=size).id}.ndjson".encode(), "/bnviz/livez")
PLAIN = Subject("benchmarks/plain/settings.py", "", lambda size: f"batches of {size}.".encode(), "/_stcore/health")


@dataclass
class Result:
    """What came of so many changes a second: seconds from each change to its answer, and of each look at the liveness route."""

    rate: float
    answers: list[float] = field(default_factory=list)
    looks: list[float] = field(default_factory=list)

    @property
    def median(self) -> float:
        return statistics.median(self.answers)


class Attendee:
    """One session: its open changes, and how long the others took."""

    def __init__(self, socket: websockets.ClientConnection, subject: Subject):
        self.socket, self.query, self.markers = socket, subject.query, {size: subject.marker(size) for size in SIZES}
        self.page, self.slider = "", ""  # as Streamlit names them
        self.pending: list[tuple[int, float]] = []
        self.answers: list[float] = []
        self._shown: int | None = None

    async def open(self) -> None:
        """Have the page's script run for the first time, and find the slider in it."""
        await request_page(self.socket, self.query)
        async for data in self.socket:
            message = ForwardMsg.FromString(data)
            element = message.delta.new_element
            self.page = message.navigation.page_script_hash or message.new_session.page_script_hash or self.page
            if element.WhichOneof("type") == "slider" and element.slider.id.endswith(SLIDER):
                self.slider = element.slider.id
            if message.WhichOneof("type") == "script_finished" and self.slider:
                return

    async def change(self, size: int) -> None:
        """Move the slider."""
        message = BackMsg()
        message.rerun_script.query_string, message.rerun_script.page_script_hash = self.query, self.page
        widget = message.rerun_script.widget_states.widgets.add(id=self.slider)
        widget.string_array_value.data.append(str(size))
        self.pending.append((size, perf_counter()))
        await self.socket.send(message.SerializeToString())

    async def listen(self) -> None:
        """Take answers, until cancelled."""
        async for data in self.socket:
            self._shown = next((size for size, marker in self.markers.items() if marker in data), self._shown)
            if len(data) < SCRIPT_FINISHED_BYTES:
                message = ForwardMsg.FromString(data)
                ended = message.WhichOneof("type") == "script_finished"
                if ended and message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY:
                    self._settle()

    def _settle(self) -> None:
        """What is shown answers the last change to it, and all that were sent before."""
        index = max((place for place, (size, _) in enumerate(self.pending) if size == self._shown), default=-1)
        now = perf_counter()
        self.answers += [now - sent for _, sent in self.pending[: index + 1]]
        self.pending = self.pending[index + 1 :]

    def forget(self) -> None:
        """What was so far does not count."""
        self.answers.clear()
        self.pending.clear()


async def watch_liveness(address: str, looks: list[float]) -> None:
    """How long the liveness route takes, again and again, until cancelled; the last look may not have ended."""
    async with httpx.AsyncClient(timeout=TIMEOUT_SECONDS) as client:
        while True:
            begin = perf_counter()
            try:
                (await client.get(address)).raise_for_status()
            finally:
                looks.append(perf_counter() - begin)
            await asyncio.sleep(LIVENESS_SECONDS)


async def turn(attendee: Attendee, number: int, interval: float) -> None:
    """Change the setting once an interval."""
    begin = perf_counter() + interval * number / SESSIONS
    for index in range(max(1, round(SECONDS / interval))):
        await asyncio.sleep(max(0.0, begin + index * interval - perf_counter()))
        await attendee.change(SIZES[(number + index) % len(SIZES)])


async def lecture(attendees: list[Attendee], liveness: str, rate: float) -> Result:
    """All sessions change their setting, so many times a second together."""
    result = Result(rate)
    looking = asyncio.create_task(watch_liveness(liveness, result.looks))
    await asyncio.gather(*(turn(one, number, SESSIONS / rate) for number, one in enumerate(attendees)))
    await _until(lambda: not any(one.pending for one in attendees), PATIENCE_SECONDS)
    looking.cancel()
    await asyncio.gather(looking, return_exceptions=True)
    for attendee in attendees:
        result.answers += attendee.answers + [float("inf")] * len(attendee.pending)
    return result


async def lectures(servers: list[Server], subject: Subject) -> list[Result]:
    """Lectures at one rate after another, until half of the changes wait for more than a second; then at the last one."""
    attendees = [Attendee(await session(servers[number % len(servers)]), subject) for number in range(SESSIONS)]
    async with asyncio.timeout(TIMEOUT_SECONDS):
        await asyncio.gather(*(attendee.open() for attendee in attendees))
    listening = [asyncio.create_task(attendee.listen()) for attendee in attendees]
    results: list[Result] = []
    try:
        for size in SIZES:  # so that each process has trained it
            for attendee in attendees[: len(servers)]:
                await attendee.change(size)
                await _until(lambda attendee=attendee: not attendee.pending, TIMEOUT_SECONDS)
        for attendee in attendees:
            attendee.forget()
        for rate in RATES:
            if rate == RATES[-1] or not results or results[-1].median <= 1:
                results.append(await lecture(attendees, servers[0].url + subject.liveness, rate))
                await _until(lambda: not any(one.pending for one in attendees), TIMEOUT_SECONDS * (rate < RATES[-1]))
                for attendee in attendees:
                    attendee.forget()
    finally:
        for task in listening:
            task.cancel()
        await asyncio.gather(*listening, return_exceptions=True)
        await asyncio.gather(*(attendee.socket.close() for attendee in attendees))
    return results


async def _until(condition: Callable[[], bool], seconds: float) -> None:
    deadline = perf_counter() + seconds
    while not condition() and perf_counter() < deadline:
        await asyncio.sleep(0.05)


def measure(subject: Subject, processes: int) -> list[Result]:
    """The lectures, on servers of their own."""
    with contextlib.ExitStack() as stack:
        servers = [stack.enter_context(serve(subject.script, workers=1, settings=UNLIMITED)) for _ in range(processes)]
        return asyncio.run(lectures(servers, subject))


def capacity(results: list[Result]) -> float:
    """The most changes a second of which half were answered within a second; 0 if there are none."""
    return max((one.rate for one in results if one.median <= 1), default=0.0)


def rows() -> Iterator[Row]:
    """All rows of this subject."""
    plain = measure(PLAIN, 1)
    theirs, slowest = capacity(plain), max(plain[-1].looks)
    for processes in (1, 2):
        ours = measure(OURS, processes)
        most, look = capacity(ours), max(ours[-1].looks)
        yield Row(
            f"{SESSIONS} sessions change a setting, web processes: {processes}; changes a second of which half are answered "
            "within 1 s",
            f"plain page with st.plotly_chart, 1 process: {theirs:g} ({describe(plain)})",
            f"{most:g} ({describe(ours)})",
            f"{most / theirs:.1f}" if theirs else "–",
            "≥ 10",
        )
        yield Row(
            f"the same at {RATES[-1]:g} changes a second, web processes: {processes}; the slowest look at the liveness route",
            f"{slowest:.2f} s; {_unanswered(plain[-1])}",
            f"{look:.2f} s; {_unanswered(ours[-1])}",
            f"{look / slowest:.2f}",
            "≤ 1 s, all answered",
        )


def describe(results: list[Result]) -> str:
    """The median of each rate."""
    return ", ".join(f"{one.rate:g}/s: {one.median:.2f} s" for one in results)


def _unanswered(result: Result) -> str:
    return f"{sum(one == float('inf') for one in result.answers)} of {len(result.answers)} changes never answered"
