"""The browser's files: scripts and style sheets of the player and the lessons, and Plotly."""

from __future__ import annotations

import functools
import gzip
import threading
import zlib

from anyio import to_thread
from starlette.convertors import PathConvertor, register_url_convertor
from starlette.requests import Request
from starlette.responses import FileResponse, Response

from bnviz.web import assets
from bnviz.web.routes.http import error, takes_gzip, unchanged

FOR_EVER = "public, max-age=31536000, immutable"


class _Asset(PathConvertor):
    """The names of `bnviz.web.assets.files`."""

    regex = r"(?:web/player(?:/core)?|web/own(?:/gallery)?|lessons/\w+)/[\w.-]+"


register_url_convertor("asset", _Asset())


async def asset(request: Request) -> Response:
    """One of the files of `bnviz.web.assets.files`, as they are in their folders now.

    Its address may hold the files' fingerprint; if it is that of today, a browser need not ask again.
    """
    files = assets.files()
    if (path := files.get(request.path_params["file"])) is None:
        return error(404, "There is no such file.")
    contents = path.read_bytes()
    lasting = request.path_params.get("version") == assets.fingerprint(files)
    headers = {"ETag": f'W/"{zlib.crc32(contents):08x}"', "Cache-Control": FOR_EVER if lasting else "public, max-age=60"}
    if unchanged(request, headers["ETag"]):
        return Response(None, 304, headers)
    return Response(contents, headers=headers, media_type=assets.TYPES[path.suffix])


async def plotly(request: Request) -> Response:
    """The browser library that the plotly package brings along."""
    etag = f'W/"plotly-{assets.plotly_version()}"'
    headers = {"ETag": etag, "Cache-Control": FOR_EVER, "Vary": "Accept-Encoding"}
    if unchanged(request, etag):
        return Response(None, 304, headers)
    if not takes_gzip(request):
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
