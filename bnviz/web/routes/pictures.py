"""Pictures of runs that are at hand: nothing is trained for them.

They are drawn in a thread, one at a time, and kept: a link that many look at is drawn once.
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
from bnviz.record.store import KEPT, Recording
from bnviz.web.export.whole import NotWhole
from bnviz.web.rates import Kind
from bnviz.web.routes.http import error, spend, too_busy, unchanged
from bnviz.web.routes.made import Workshop
from bnviz.web.routes.runs import LASTING, at_hand

if TYPE_CHECKING:
    from bnviz.web.picture.film import Film

KINDS = {"card.png": "image/png", "picture.gif": "image/gif"}
MEMORY = 16 << 20  # bytes of pictures that are kept
WAITING = 8  # as many may wait for their picture; others are told to come back

COSTS: dict[str, Kind] = {"card.png": "picture", "picture.gif": "film"}

_workshop = Workshop(MEMORY, WAITING)
_films: LRUCache[tuple[str, str], Film] = LRUCache(2)  # for whoever draws


async def card(request: Request) -> Response:
    """One step of a run; `lesson`, `step`, `layer` and `tap` say what is shown."""
    return await _picture(request, "card.png")


async def moving(request: Request) -> Response:
    """All of a run as a moving picture; `lesson`, `layer` and `tap` say what is shown."""
    return await _picture(request, "picture.gif")


async def _picture(request: Request, kind: str) -> Response:
    id, asked = request.path_params["id"], dict(request.query_params)
    lesson = asked.get("lesson", next(iter(LESSONS)))
    if lesson not in LESSONS or lesson in SWEEPING:
        return error(404, "There is no such page.")
    if (found := await at_hand(id)) is None:
        return error(404, "There is no such run.")
    if found.status not in KEPT:
        return error(409, "There is no picture of a run before it has been trained to its end.")
    headers = {"Content-Disposition": f'inline; filename="{_name(kind, lesson, id, asked)}"', "Cache-Control": LASTING}
    if request.method == "HEAD":
        return Response(None, headers=headers, media_type=KINDS[kind])
    return await _answer(request, kind, lesson, found, asked, headers)


async def _answer(
    request: Request, kind: str, lesson: str, found: Recording, asked: Mapping[str, str], headers: dict[str, str]
) -> Response:
    try:
        contents = await _workshop.get(
            lambda: (kind, lesson, found.etag, *sorted(_place(kind, asked).items())),
            lambda: _drawn(kind, lesson, found, _place(kind, asked)),
            lambda: spend(COSTS[kind], request),
        )
    except Busy as busy:
        return too_busy(busy)
    except BadField as bad:
        return error(400, f"{bad}.")
    except NotWhole as reason:
        return error(409, str(reason))
    headers["ETag"] = f'W/"{zlib.crc32(contents):08x}"'
    if unchanged(request, headers["ETag"]):
        return Response(None, 304, headers)
    return Response(contents, headers=headers, media_type=KINDS[kind])


def _place(kind: str, asked: Mapping[str, str]) -> dict[str, str]:
    """What of a query says which picture it is. Runs in a thread, for it loads the pages of lessons."""
    from bnviz.web.export.picture import PLACE

    return {name: asked[name] for name in PLACE if name in asked and (name, kind) != ("step", "picture.gif")}


def _drawn(kind: str, lesson: str, found: Recording, place: Mapping[str, str]) -> bytes:
    """Runs in a thread, one at a time."""
    from bnviz.web.export import picture as pictures

    def film(recording: bytes, tap: str) -> Film:
        if (film := _films.get((found.etag, tap))) is None:
            film = _films[found.etag, tap] = pictures.filmed(recording, tap)
        return film

    draw = pictures.still if kind == "card.png" else pictures.moving
    return draw(lesson, b"".join(found.lines()), place, film)


def _name(kind: str, lesson: str, id: str, asked: Mapping[str, str]) -> str:
    """What a browser calls the file."""
    step = asked.get("step", "") if kind == "card.png" else ""
    shown = f"-step{step}" if re.fullmatch(r"[0-9]{1,9}", step) else ""
    return f"bnviz-{address(lesson)}-{id}{shown}{kind[-4:]}"


async def general(request: Request) -> Response:
    """A lesson's own card: what is shown of a link whose run is not at hand."""
    if (path := card_of(request.path_params["lesson"])) is None:
        return error(404, "There is no such picture.")
    return FileResponse(path, headers={"Cache-Control": "public, max-age=86400"}, media_type="image/png")


def card_of(lesson: str) -> Path | None:
    """The file that comes with the package (bnviz/web/picture/cards.py makes it)."""
    path = Path(__file__).parents[2] / "lessons" / lesson / "card.png"
    return path if lesson in LESSONS and path.is_file() else None
