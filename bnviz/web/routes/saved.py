"""A run as a file to save: a lesson's page that plays it, or one of `bnviz.web.export.files`. No run is trained for it."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.responses import Response

from bnviz.engine.admission import Busy
from bnviz.lessons import address
from bnviz.record.store import COMPLETE_STATUSES, Recording
from bnviz.web.export.files import FILES
from bnviz.web.export.markup import POLICY
from bnviz.web.export.validation import ExportError
from bnviz.web.routes.http import error, spend, too_busy
from bnviz.web.routes.render_cache import RenderCache
from bnviz.web.routes.runs import LASTING, stored_recording

LONGEST = 2000  # characters of an address that a page may name as where it is live
MEMORY = 16 << 20  # bytes of files in the cache: many visitors save the same
WAITING = 32  # so many requests may wait for their file; others are refused

_cache = RenderCache(MEMORY, WAITING)


async def saved(request: Request) -> Response:
    """A lesson's page with a run that is at hand, as a file to keep; with `view` in the query, to be played where it is.

    With `view` the page never changes, so any cache in front of the server may store it: a viewer costs no script run.
    """
    from bnviz.web.export.saved_page import PLAYING, saved_page  # loads pages, which not every server is asked for

    id, lesson = request.path_params["id"], request.path_params["lesson"]
    if lesson not in PLAYING:
        return error(404, "There is no such page.")
    viewed = "view" in request.query_params
    live = "" if viewed else _web_address(request.query_params.get("live", ""))
    beside = None if viewed else await _comparison(request.query_params.get("beside", ""))
    other = b"".join(beside.lines()) if beside else b""
    part = f"{live} {beside.etag if beside else ''}"
    name = f"bnviz-{address(lesson)}-{id}.html"
    answer = await _file(request, name, "text/html", lambda recording: saved_page(lesson, recording, live, other), part)
    if viewed and answer.status_code == 200:
        answer.headers.update({"Content-Disposition": "inline", "Cache-Control": LASTING, "Content-Security-Policy": POLICY})
    return answer


async def file(request: Request) -> Response:
    """One of FILES, of a run that is at hand."""
    id, kind = request.path_params["id"], FILES[request.url.path.rpartition("/")[2]]
    return await _file(
        request, f"bnviz-{id}{kind.ending}", kind.media_type, lambda recording: kind.make(recording, f"{id}.ndjson")
    )


async def _comparison(id: str) -> Recording | None:
    """The recording of the run that a page is compared with, if it is at hand and complete."""
    recording = await stored_recording(id)
    return recording if recording and recording.ended and recording.status in COMPLETE_STATUSES else None


async def _file(request: Request, name: str, media_type: str, make: Callable[[bytes], bytes], part: str = "") -> Response:
    """The file that `make` makes of the run's recording; `part` is a part of its key in the cache."""
    if (recording := await stored_recording(request.path_params["id"])) is None:
        return error(404, "There is no such run.")
    if not recording.ended:
        return error(409, "The run is still being trained; ask again when it has ended.")
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    if request.method == "HEAD":
        return Response(None, headers=headers, media_type=media_type)
    try:
        contents = await _cache.get(
            lambda: (name, part, recording.etag), lambda: make(b"".join(recording.lines())), lambda: spend("file", request)
        )
    except Busy as busy:
        return too_busy(busy)
    except ExportError as reason:
        return error(409, str(reason))
    return Response(contents, headers=headers, media_type=media_type)


def _web_address(text: str) -> str:
    """The text if it is an address of the web, else nothing: a file must not lead anywhere else."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return ""
    return text if parts.scheme in ("http", "https") and parts.netloc and len(text) <= LONGEST else ""
