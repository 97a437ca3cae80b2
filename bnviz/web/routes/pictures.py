"""Pictures of runs that are in memory or stored: nothing is trained for them.

They are rendered in a thread, one at a time, and cached: a link that many people open is rendered once.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from cachetools import LRUCache
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from bnviz.config.fields import BadField
from bnviz.engine.admission import Busy
from bnviz.lessons import LESSONS, SWEEPING, address
from bnviz.record.store import COMPLETE_STATUSES, Recording
from bnviz.web.export.validation import InvalidRecording
from bnviz.web.picture.texts import OWN
from bnviz.web.rates import Kind
from bnviz.web.routes.http import error, spend, too_busy, unchanged
from bnviz.web.routes.render_cache import RenderCache
from bnviz.web.routes.runs import LASTING, stored_recording

if TYPE_CHECKING:
    from bnviz.web.picture.recording_arrays import RecordingArrays

PACKAGE = Path(__file__).parents[2]
KINDS = {"card.png": "image/png", "picture.gif": "image/gif"}
MEMORY = 16 << 20  # bytes of pictures in the cache
WAITING = 8  # so many requests may wait for their picture; others are refused

COSTS: dict[str, Kind] = {"card.png": "picture", "picture.gif": "film"}

_cache = RenderCache(MEMORY, WAITING)
_arrays: LRUCache[tuple[str, str, str], RecordingArrays] = LRUCache(2)  # only the rendering thread uses it


async def card(request: Request) -> Response:
    """One step of a run; `lesson`, `step`, `layer`, `tap` and `motion` say what is shown."""
    return await _picture(request, "card.png")


async def animated(request: Request) -> Response:
    """A whole run as an animation; `lesson`, `layer`, `tap` and `motion` say what is shown."""
    return await _picture(request, "picture.gif")


async def _picture(request: Request, kind: str) -> Response:
    id, query = request.path_params["id"], dict(request.query_params)
    lesson = query.get("lesson", next(iter(LESSONS)))
    if lesson not in LESSONS or lesson in SWEEPING:
        return error(404, "There is no such page.")
    if (recording := await stored_recording(id)) is None:
        return error(404, "There is no such run.")
    if recording.status not in COMPLETE_STATUSES:
        return error(409, "There is no picture of a run before it has been trained to its end.")
    headers = {"Content-Disposition": f'inline; filename="{_name(kind, lesson, id, query)}"', "Cache-Control": LASTING}
    if request.method == "HEAD":
        return Response(None, headers=headers, media_type=KINDS[kind])
    return await _answer(request, kind, lesson, recording, query, headers)


async def _answer(
    request: Request, kind: str, lesson: str, recording: Recording, query: Mapping[str, str], headers: dict[str, str]
) -> Response:
    try:
        contents = await _cache.get(
            lambda: (kind, lesson, recording.etag, *sorted(_place(kind, query).items())),
            lambda: _render(kind, lesson, recording, _place(kind, query)),
            lambda: spend(COSTS[kind], request),
        )
    except Busy as busy:
        return too_busy(busy)
    except BadField as bad:
        return error(400, f"{bad}.")
    except InvalidRecording as reason:
        return error(409, str(reason))
    headers["ETag"] = f'W/"{zlib.crc32(contents):08x}"'
    if unchanged(request, headers["ETag"]):
        return Response(None, 304, headers)
    return Response(contents, headers=headers, media_type=KINDS[kind])


def _place(kind: str, query: Mapping[str, str]) -> dict[str, str]:
    """What of a query says which picture it is. Runs in a thread, for it loads the pages of lessons."""
    from bnviz.web.export.picture import PLACE

    return {name: query[name] for name in PLACE if name in query and (name, kind) != ("step", "picture.gif")}


def _render(kind: str, lesson: str, recording: Recording, place: Mapping[str, str]) -> bytes:
    """Runs in a thread, one at a time."""
    from bnviz.web.export import picture as pictures

    def read(lines: bytes, tap: str, motion: str) -> RecordingArrays:
        key = recording.etag, tap, motion
        if (arrays := _arrays.get(key)) is None:
            arrays = _arrays[key] = pictures.read_arrays(lines, tap, motion)
        return arrays

    render = pictures.still if kind == "card.png" else pictures.animated
    return render(lesson, b"".join(recording.lines()), place, read)


def _name(kind: str, lesson: str, id: str, query: Mapping[str, str]) -> str:
    """What a browser calls the file."""
    step = query.get("step", "") if kind == "card.png" else ""
    suffix = f"-step{step}" if re.fullmatch(r"[0-9]{1,9}", step) else ""
    return f"bnviz-{address(lesson)}-{id}{suffix}{kind[-4:]}"


async def general(request: Request) -> Response:
    """A page's own card: for a link whose run is neither in memory nor stored, or that is of none."""
    if (path := card_path(request.path_params["lesson"])) is None:
        return error(404, "There is no such picture.")
    return FileResponse(path, headers={"Cache-Control": "public, max-age=86400"}, media_type="image/png")


def card_path(page: str) -> Path | None:
    """The file of a page's card, which comes with the package (bnviz/web/picture/cards.py makes it)."""
    path = PACKAGE / ("web/own" if page == OWN else f"lessons/{page}") / "card.png"
    return path if page in (OWN, *LESSONS) and path.is_file() else None
