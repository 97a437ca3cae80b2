"""A lesson's page with one run, as a file to keep."""

from __future__ import annotations

from urllib.parse import urlsplit

from anyio import to_thread
from starlette.requests import Request
from starlette.responses import Response

from bnviz import engine
from bnviz.lessons import address
from bnviz.record.store import is_id
from bnviz.web.routes.http import error

LONGEST = 2000  # characters of an address that a page may name as where it is live


async def saved(request: Request) -> Response:
    """The file of a run that is at hand; nothing is computed for it."""
    from bnviz.web.export.saved_page import PLAYING, NotWhole, saved_page  # loads pages, which not every server is asked for

    id, lesson = request.path_params["id"], request.path_params["lesson"]
    if lesson not in PLAYING:
        return error(404, "There is no such page.")
    if not is_id(id) or (found := await to_thread.run_sync(engine.shared().store.get, id)) is None:
        return error(404, "There is no such run.")
    if not found.ended:
        return error(409, "The run is still being trained; ask again when it has ended.")
    headers = {"Content-Disposition": f'attachment; filename="bnviz-{address(lesson)}-{id}.html"', "Cache-Control": "no-store"}
    if request.method == "HEAD":
        return Response(None, headers=headers, media_type="text/html")
    live = _web_address(request.query_params.get("live", ""))
    try:
        contents = await to_thread.run_sync(saved_page, lesson, b"".join(found.lines()), live)
    except NotWhole as reason:
        return error(409, str(reason))
    return Response(contents, headers=headers, media_type="text/html")


def _web_address(text: str) -> str:
    """The text if it is an address of the web, else nothing: a file must not lead anywhere else."""
    try:
        parts = urlsplit(text)
    except ValueError:
        return ""
    return text if parts.scheme in ("http", "https") and parts.netloc and len(text) <= LONGEST else ""
