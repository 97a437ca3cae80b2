"""The routes beside Streamlit: recordings, health, metrics and the player's files. All are read-only.

Everything here runs on the server's event loop unless it says so. Streamlit puts its own routes under
``server.baseUrlPath`` but leaves ours where they are, and some hosts forward their prefix: so every route answers under
any prefix.
"""

from __future__ import annotations

import asyncio
import contextlib
import functools
import gzip
import importlib.metadata
import json
import os
import re
import signal
import threading
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator

from anyio import to_thread
from starlette.convertors import PathConvertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response, StreamingResponse
from starlette.routing import Route

import bnviz
from bnviz import engine
from bnviz.config.experiment import BadField, Experiment, Field
from bnviz.record.ndjson import MEDIA_TYPE, STATUSES
from bnviz.record.store import GZIP_HEADER, Recording, is_id
from bnviz.web import assets

LINES_AT_ONCE = 8  # that a reader is sent before it has taken those before
SHUTDOWN_SECONDS = 2.0
ANSWER_SECONDS = 20.0
METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]

Endpoint = Callable[[Request], Awaitable[Response]]


class Viewers:
    """Everybody who is reading a live recording, so that all can be counted, and woken when the server goes."""

    def __init__(self) -> None:
        self._woken: set[asyncio.Event] = set()
        self.closing = False

    def __len__(self) -> int:
        return len(self._woken)

    @contextlib.contextmanager
    def watch(self, recording: Recording) -> Iterator[asyncio.Event]:
        """An event that is set whenever the recording has grown; runs in any thread that appends."""
        loop, changed = asyncio.get_running_loop(), asyncio.Event()

        def wake() -> None:
            with contextlib.suppress(RuntimeError):  # the loop has been closed
                loop.call_soon_threadsafe(changed.set)

        self._woken.add(changed)
        try:
            with recording.subscribe(wake):
                yield changed
        finally:
            self._woken.discard(changed)

    def close(self) -> None:
        """End all streams soon."""
        self.closing = True
        for changed in self._woken:
            changed.set()


viewers = Viewers()


def error(status: int, message: str, **headers: str) -> JSONResponse:
    """An error for programs and people."""
    return JSONResponse({"error": message}, status, {"Cache-Control": "no-store", **headers})


def read_only(endpoint: Endpoint) -> Endpoint:
    """`endpoint` for GET and HEAD; 405 for the rest."""

    @functools.wraps(endpoint)
    async def checked(request: Request) -> Response:
        if request.method not in ("GET", "HEAD"):
            return error(405, f"{request.method} is not allowed here; everything is read-only.", Allow="GET, HEAD")
        return await endpoint(request)

    return checked


async def run(request: Request) -> Response:
    """A recording: streamed while it grows, an ordinary cacheable response when it has ended."""
    id, start = request.path_params["id"], request.query_params.get("from", "0")
    if not re.fullmatch(r"[0-9]{1,9}", start):
        return error(400, "from is the number of lines to skip: a whole number from 0 on.")
    if not is_id(id) or (found := await _find(id)) is None:
        return error(404, "There is no such run.")
    if not found.ended:
        return _live(request, found, int(start))
    return await _finished(request, found, int(start))


async def _find(id: str) -> Recording | None:
    shared = engine.shared()
    return shared.store.in_memory(id) or await to_thread.run_sync(shared.recording, id)


async def by_hand(request: Request) -> Response:
    """How the trained network fares with γ and β of one unit replaced: see `by_hand.answer`."""
    id, shared = request.path_params["id"], engine.shared()
    if not is_id(id) or (experiment := await to_thread.run_sync(shared.experiment, id)) is None:
        return error(404, "There is no such run.")
    try:
        question = _question(request, experiment)
    except BadField as bad:
        return error(400, f"{bad}.")
    answer = shared.ask(experiment, question)
    if not await _has_ended(answer, ANSWER_SECONDS):
        return error(503, "The network is still being trained again; ask again soon.", **{"Retry-After": "2"})
    *lines, last = answer.lines(1)
    if not lines:
        return error(503, json.loads(last)["message"])
    headers = {"Cache-Control": "public, max-age=86400, immutable"}
    return Response(lines[0], headers=headers, media_type="application/json")


def _question(request: Request, experiment: Experiment) -> dict[str, float]:
    """What the query asks; raises BadField."""
    scale = {"low": -10.0, "high": 10.0}
    fields = (
        Field("layer", int, 1, "", "", low=1, high=experiment.hidden_layers),
        Field("unit", int, 0, "", "", low=0, high=experiment.width - 1),
        Field("gamma", float, 1.0, "", "", **scale),
        Field("beta", float, 0.0, "", "", **scale),
    )
    return {field.name: field.parse(request.query_params.get(field.name, "")) for field in fields}


async def _has_ended(recording: Recording, seconds: float) -> bool:
    """Wait for a recording's end, but no longer than that."""
    with contextlib.suppress(TimeoutError), viewers.watch(recording) as changed:
        async with asyncio.timeout(seconds):
            while not recording.ended and not viewers.closing:
                await changed.wait()
                changed.clear()
    return recording.ended


def _live(request: Request, recording: Recording, start: int) -> Response:
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no", "Vary": "Accept-Encoding"}
    if request.method == "HEAD":
        return Response(None, headers=headers, media_type=MEDIA_TYPE)
    if start == 0 and _takes_gzip(request):
        headers["Content-Encoding"] = "gzip"
        return StreamingResponse(_packed(recording), headers=headers, media_type=MEDIA_TYPE)
    return StreamingResponse(_plain(recording, start), headers=headers, media_type=MEDIA_TYPE)


async def _packed(recording: Recording) -> AsyncIterator[bytes]:
    """All lines as one gzip stream of pieces that every viewer shares."""
    yield GZIP_HEADER
    async for begin, end in _follow(recording, 0):
        yield b"".join(recording.pieces(begin, end))
    if recording.ended:
        yield recording.gzip_trailer()


async def _plain(recording: Recording, start: int) -> AsyncIterator[bytes]:
    async for begin, end in _follow(recording, start):
        yield b"".join(recording.lines(begin, end))


async def _follow(recording: Recording, start: int) -> AsyncIterator[tuple[int, int]]:
    """Ranges of lines from `start` on as they come, until the recording has ended or the server is going."""
    with viewers.watch(recording) as changed:
        while not viewers.closing:
            changed.clear()
            ended, length = recording.ended, len(recording)  # in this order: a line may come in between
            if start < length:
                end = min(length, start + LINES_AT_ONCE)
                yield start, end
                start = end
            elif ended:
                return
            else:
                await changed.wait()


async def _finished(request: Request, recording: Recording, start: int) -> Response:
    headers = {"Vary": "Accept-Encoding", "ETag": recording.etag, "Cache-Control": "no-store"}
    if recording.status in ("finished", "diverged"):
        headers["Cache-Control"] = "public, max-age=86400, immutable"
    if _unchanged(request, recording.etag):
        return Response(None, 304, headers)
    if start == 0 and _takes_gzip(request):
        headers["Content-Encoding"] = "gzip"
        return Response(recording.gzip(), headers=headers, media_type=MEDIA_TYPE)
    lines = await to_thread.run_sync(recording.lines, start)
    return Response(b"".join(lines), headers=headers, media_type=MEDIA_TYPE)


def _takes_gzip(request: Request) -> bool:
    return re.search(r"\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))", request.headers.get("accept-encoding", "")) is not None


def _unchanged(request: Request, etag: str) -> bool:
    tags = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    return etag.removeprefix("W/") in tags or "*" in tags


async def health(request: Request) -> Response:
    """For load balancers: 503 only if nothing can be computed."""
    alive, wanted = engine.shared().workers()
    body = {
        "status": "ok" if alive == wanted else "degraded",
        "workers": {"alive": alive, "wanted": wanted},
        "version": bnviz.__version__,
    }
    return JSONResponse(body, 200 if alive else 503, {"Cache-Control": "no-store"})


async def metrics(request: Request) -> Response:
    """For Prometheus, text format 0.0.4."""
    lines = []
    for name, kind, help, value in _metrics(engine.shared()):
        lines += [f"# HELP bnviz_{name} {help}", f"# TYPE bnviz_{name} {kind}"]
        samples = value.items() if isinstance(value, dict) else [("", value)]
        lines += [f"bnviz_{name}{labels} {number}" for labels, number in samples]
    text = "\n".join(lines) + "\n"
    return Response(text, headers={"Cache-Control": "no-store"}, media_type="text/plain; version=0.0.4; charset=utf-8")


def _metrics(shared: engine.Engine) -> list[tuple[str, str, str, float | dict[str, float]]]:
    """Name, kind, help and value, or values by label, of every metric."""
    counters, (alive, _) = shared.counters, shared.workers()
    endings = {f'{{status="{status}"}}': shared.endings.get(status, 0) for status in STATUSES}
    return [
        ("runs_requested_total", "counter", "Experiments that pages asked for.", counters.requested),
        ("runs_started_total", "counter", "Runs given to a worker.", counters.started),
        ("runs_ended_total", "counter", "Runs that ended, by status.", endings),
        ("runs_active", "gauge", "Runs that are being computed or wait for it.", len(shared.store.live())),
        ("store_hits_total", "counter", "Requests answered by a finished recording.", counters.store_hits),
        ("store_write_errors_total", "counter", "Recordings that could not be written.", shared.store.write_errors),
        ("workers_alive", "gauge", "Worker processes.", alive),
        ("worker_restarts_total", "counter", "Workers replaced after they ended.", counters.worker_restarts),
        ("snapshots_recorded_total", "counter", "Snapshots taken from workers.", counters.snapshots),
        ("recorded_bytes_total", "counter", "Bytes taken from workers, before compression.", counters.bytes),
        ("recordings_memory_bytes", "gauge", "Compressed recordings in memory.", shared.store.nbytes),
        ("viewers", "gauge", "Readers of live recordings.", len(viewers)),
    ]


async def asset(request: Request) -> Response:
    """One of the scripts and style sheets of the player and the lessons, as they are in their folders now."""
    if (path := assets.files().get(request.path_params["file"])) is None:
        return error(404, "There is no such file.")
    contents = path.read_bytes()
    headers = {"ETag": f'W/"{zlib.crc32(contents):08x}"', "Cache-Control": "public, max-age=60"}
    if _unchanged(request, headers["ETag"]):
        return Response(None, 304, headers)
    return Response(contents, headers=headers, media_type=assets.TYPES[path.suffix])


async def plotly(request: Request) -> Response:
    """The browser library that the plotly package brings along."""
    etag = f'W/"plotly-{importlib.metadata.version("plotly")}"'
    headers = {"ETag": etag, "Cache-Control": "public, max-age=604800", "Vary": "Accept-Encoding"}
    if _unchanged(request, etag):
        return Response(None, 304, headers)
    if not _takes_gzip(request):
        return FileResponse(assets.plotly_js(), headers=headers, media_type=assets.TYPES[".js"])
    headers["Content-Encoding"] = "gzip"
    return Response(await to_thread.run_sync(_plotly_gzip), headers=headers, media_type=assets.TYPES[".js"])


_plotly_lock = threading.Lock()


def _plotly_gzip() -> bytes:
    """Runs in a thread. Compressed once a process: Streamlit would do it for every visitor."""
    with _plotly_lock:
        return _compress_plotly()


@functools.cache
def _compress_plotly() -> bytes:
    return gzip.compress(assets.plotly_js().read_bytes(), 6, mtime=0)


async def nothing(request: Request) -> Response:
    """Anything else below bnviz/; Streamlit would answer with its page."""
    return error(404, "There is nothing here.")


class _Asset(PathConvertor):
    """The names of `bnviz.web.assets.files`."""

    regex = r"(?:web/player|lessons/\w+)/[\w.-]+"


register_url_convertor("asset", _Asset())


def _both(path: str, endpoint: Endpoint) -> list[Route]:
    return [Route(prefix + path, read_only(endpoint), methods=METHODS) for prefix in ("", "/{prefix:path}")]


routes = [
    *_both("/bnviz/runs/{id}.ndjson", run),
    *_both("/bnviz/runs/{id}/by-hand", by_hand),
    *_both("/bnviz/healthz", health),
    *_both("/bnviz/metrics", metrics),
    *_both("/bnviz/{file:asset}", asset),
    *_both("/bnviz/plotly.min.js", plotly),
    *_both("/bnviz/{rest:path}", nothing),
]


@contextlib.asynccontextmanager
async def lifespan(app: object) -> AsyncIterator[None]:
    """Start the workers with the server, before the first visitor comes, and end them with it."""
    viewers.closing = False
    engine.shared()
    try:
        with _on_exit_signals(asyncio.get_running_loop()):
            yield
    finally:
        viewers.close()
        await to_thread.run_sync(engine.close_shared)


@contextlib.contextmanager
def _on_exit_signals(loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """End streams as soon as the server is told to go.

    uvicorn waits for open responses before it ends the lifespan, without a limit, so the lifespan alone comes too late;
    and a reader that has stopped reading could hold up the server for ever, so there is a limit.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def handle(number: int, frame: object) -> None:
        loop.call_soon_threadsafe(viewers.close)
        last_resort = threading.Timer(SHUTDOWN_SECONDS, os._exit, [128 + number])
        last_resort.daemon = True
        last_resort.start()
        previous[number](number, frame)

    chained = [number for number, handler in previous.items() if callable(handler)]
    for number in chained:
        signal.signal(number, handle)
    try:
        yield
    finally:
        for number in chained:
            signal.signal(number, previous[number])
