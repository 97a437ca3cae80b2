"""Recordings: streamed while they grow, ordinary cacheable responses when they have ended."""

from __future__ import annotations

import re
import uuid
from collections.abc import AsyncIterator

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse

from bnviz import engine
from bnviz.config.cost import TooExpensive
from bnviz.config.experiment import FIELDS, Experiment, from_texts
from bnviz.engine.admission import Busy, QueuePosition
from bnviz.record.ndjson import MEDIA_TYPE
from bnviz.record.store import COMPLETE_STATUSES, GZIP_HEADER, Recording, is_id
from bnviz.web.routes.http import asked_from_elsewhere, error, spend, takes_gzip, too_busy, unchanged
from bnviz.web.routes.viewers import viewers

SERVER = uuid.uuid4().hex[:8]  # which process answers: a player sees whether it is still the one that it knows
LINES_AT_ONCE = 8  # that a reader is sent before it has taken those before
LASTING = "public, max-age=86400, immutable"  # what is made of a run that has ended well


async def run(request: Request) -> Response:
    """A recording: streamed while it grows, an ordinary cacheable response when it has ended."""
    id, start = request.path_params["id"], request.query_params.get("from", "0")
    if not re.fullmatch(r"[0-9]{1,9}", start):
        return error(400, "from is the number of lines to skip: a whole number from 0 on.")
    try:
        recording = await (_find(id, request) if _may_begin(request) else stored_recording(id)) if is_id(id) else None
    except Busy as busy:
        return too_busy(busy)
    if recording is None:
        return error(404, "There is no such run.")
    if not recording.ended:
        return _live(request, recording, int(start))
    return await _finished(request, recording, int(start))


def _may_begin(request: Request) -> bool:
    """Whether a run may be begun for a request."""
    return request.method == "GET" and not asked_from_elsewhere(request)


async def stored_recording(id: str) -> Recording | None:
    """The recording of a run that is live or kept; nothing is started for it."""
    return await to_thread.run_sync(engine.shared().store.get, id) if is_id(id) else None


async def _find(id: str, request: Request) -> Recording | None:
    """The recording; a run that rests is begun again. Raises Busy."""
    shared = engine.shared()
    if (recording := shared.store.in_memory(id)) is None:
        spend("run", request)
        return await to_thread.run_sync(_find_or_request, id, dict(request.query_params))
    return recording if recording.ended else shared.recording(id)


def _find_or_request(id: str, texts: dict[str, str]) -> Recording | None:
    """Runs in a thread. After a restart, or on another server, only the address says what the run is."""
    shared = engine.shared()
    if (recording := shared.recording(id)) is not None:
        return recording
    experiment, _ = from_texts({name: text for name, text in texts.items() if name in FIELDS}, Experiment())
    if experiment.id != id:
        return None
    try:
        return shared.recording(shared.request(experiment))
    except TooExpensive:
        return None


async def queue_position(request: Request) -> Response:
    """Where a run is: computing, waiting, resting or ended; with how many before it, and about how many seconds to its turn."""
    id, shared = request.path_params["id"], engine.shared()
    position = shared.queue_position(id) if is_id(id) else None
    if position is None:
        if not is_id(id) or shared.store.in_memory(id) is None:
            return error(404, "There is no such run at hand.")
        position = QueuePosition("ended")
    seconds = None if position.seconds is None else round(position.seconds, 1)
    return JSONResponse({**position._asdict(), "seconds": seconds}, headers={"Cache-Control": "no-store"})


def _live(request: Request, recording: Recording, start: int) -> Response:
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no", "Vary": "Accept-Encoding", "Bnviz-Server": SERVER}
    if request.method == "HEAD":
        return Response(None, headers=headers, media_type=MEDIA_TYPE)
    if start == 0 and takes_gzip(request):
        headers["Content-Encoding"] = "gzip"
        return StreamingResponse(_packed(recording), headers=headers, media_type=MEDIA_TYPE)
    return StreamingResponse(_plain(recording, start), headers=headers, media_type=MEDIA_TYPE)


async def _packed(recording: Recording) -> AsyncIterator[bytes]:
    """All lines as one gzip stream of pieces that every viewer shares."""
    yield GZIP_HEADER
    async for begin, end in _follow(recording, 0):
        yield recording.compressed(begin, end)
    if recording.ended:
        yield recording.gzip_trailer()


async def _plain(recording: Recording, start: int) -> AsyncIterator[bytes]:
    async for begin, end in _follow(recording, start):
        yield b"".join(recording.lines(begin, end))


async def _follow(recording: Recording, start: int) -> AsyncIterator[tuple[int, int]]:
    """Ranges of lines from `start` on as they come, until the recording has ended or the server is going."""
    with viewers.watch(recording) as change_event:
        while not viewers.closing:
            change_event.clear()
            is_complete, length = recording.ended, len(recording)  # in this order: a line may come in between
            if start < length:
                end = min(length, start + LINES_AT_ONCE)
                yield start, end
                start = end
            elif is_complete:
                return
            else:
                await change_event.wait()


async def _finished(request: Request, recording: Recording, start: int) -> Response:
    headers = {"Vary": "Accept-Encoding", "ETag": recording.etag, "Cache-Control": "no-store", "Bnviz-Server": SERVER}
    if recording.status in COMPLETE_STATUSES:
        headers["Cache-Control"] = LASTING
    if unchanged(request, recording.etag):
        return Response(None, 304, headers)
    if start == 0 and takes_gzip(request):
        headers["Content-Encoding"] = "gzip"
        return Response(recording.gzip(), headers=headers, media_type=MEDIA_TYPE)
    return StreamingResponse(_plain(recording, start), headers=headers, media_type=MEDIA_TYPE)  # unpacked it may be 200 MB
