"""The package that this server runs, for people who record their own networks."""

from __future__ import annotations

import zlib

from starlette.requests import Request
from starlette.responses import Response

from bnviz.engine.admission import Busy
from bnviz.web.own import wheel
from bnviz.web.routes.http import error, spend, too_busy, unchanged
from bnviz.web.routes.render_cache import RenderCache

MEMORY = 32 << 20  # bytes: room for the one file, which has about 8 MB
WAITING = 32  # so many requests may wait for it; others are refused

_cache = RenderCache(MEMORY, WAITING)


async def package(request: Request) -> Response:
    """The wheel, by its file name. It is built in a thread when it is first wanted, and stays in memory."""
    if request.path_params["name"] != wheel.name():
        return error(404, f"This server has {wheel.name() or 'no wheel: pip has not installed its release'}.")
    headers = {"Content-Disposition": f'attachment; filename="{wheel.name()}"', "Cache-Control": "public, max-age=60"}
    try:
        contents = await _cache.get(wheel.name, wheel.contents, lambda: spend("file", request))
    except Busy as busy:
        return too_busy(busy)
    headers["ETag"] = f'"{zlib.crc32(contents):08x}"'
    if unchanged(request, headers["ETag"]):
        return Response(None, 304, headers)
    return Response(contents, headers=headers, media_type="application/zip")
