"""What `bnviz view` serves: the player of recordings on this machine, only to browsers on this machine."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from anyio import to_thread
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response, StreamingResponse
from starlette.routing import Route

from bnviz.web import assets, words
from bnviz.web.export import own_files, own_page
from bnviz.web.own.data import page_data
from bnviz.web.own.files import GrowingFile
from bnviz.web.routes.files import asset, plotly
from bnviz.web.routes.http import asked_from_elsewhere, error

HOSTS = ["127.0.0.1", "localhost"]  # a page elsewhere cannot make its own name mean this machine
SAVED = {  # what a recording may be saved as, by its ending
    "html": "text/html", "csv": "text/csv", "png": "image/png", "gif": "image/gif", "ipynb": "application/x-ipynb+json",
}  # fmt: skip
VERSION = "Bnviz-Recording"  # which of the recordings that were written to a file, one after the other, it is
FRESH = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY"}


def application(paths: Sequence[Path]) -> Starlette:
    """The app that shows these recordings."""
    files = [GrowingFile(path) for path in paths]

    async def page(request: Request) -> Response:
        return HTMLResponse(_page(paths), headers=FRESH)

    async def recording(request: Request) -> Response:
        number = request.path_params["number"]
        start = request.query_params.get("from", "0")
        if asked_from_elsewhere(request) or number >= len(files) or not start.isdecimal():
            return error(404, "There is no such recording.")
        try:
            found = await to_thread.run_sync(files[number].lines, int(start), request.query_params.get("version", ""))
        except OSError as reason:
            return error(404, f"The file cannot be read: {reason.strerror}.")
        if found is None:
            return error(410, "The file was rewritten.")
        version, lines = found
        return StreamingResponse(lines, headers={**FRESH, VERSION: version}, media_type="application/x-ndjson")

    async def saved(request: Request) -> Response:
        number, ending = request.path_params["number"], request.path_params["ending"]
        if asked_from_elsewhere(request) or number >= len(files) or ending not in SAVED:
            return error(404, "There is no such file.")
        try:
            contents = await to_thread.run_sync(_saved, paths[number], ending, request.query_params)
        except (OSError, ValueError) as reason:
            return error(409, f"{paths[number].name} cannot be saved so: {reason}.")
        name = f"{paths[number].stem}.{ending}".encode("ascii", "ignore").decode().replace('"', "")
        headers = {**FRESH, "Content-Disposition": f'attachment; filename="{name}"'}
        return Response(contents, headers=headers, media_type=SAVED[ending])

    routes = [
        Route("/", page),
        Route("/saved/{number:int}.{ending:str}", saved),
        Route("/recordings/{number:int}.ndjson", recording),
        Route("/bnviz/files/{version}/{file:asset}", asset),
        Route("/bnviz/plotly.min.js", plotly),
    ]
    return Starlette(routes=routes, middleware=[Middleware(TrustedHostMiddleware, allowed_hosts=HOSTS)])


def _page(paths: Sequence[Path]) -> str:
    names = _names(paths)
    sources = [
        {
            "name": name,
            "address": f"recordings/{number}.ndjson",
            "grows": True,
            "saved": {ending: f"saved/{number}.{ending}" for ending in SAVED},
        }
        for number, name in enumerate(names)
    ]
    contents = {"data": page_data(sources, snippets=False), "loader": assets.loader("own")}
    return own_page.page(words.own()["view"], contents, connects=True)


def _saved(path: Path, ending: str, place: Mapping[str, str]) -> bytes:
    """What is recorded so far, as a file with this ending. Raises OSError, and ValueError for what is no such recording."""
    recording = path.read_bytes()
    own_page.header_of(recording)
    return own_files.make(recording, path.name, ending, place)


def _names(paths: Sequence[Path]) -> list[str]:
    """What recordings are called: their files' names, with their folders where two are alike."""
    names = [path.name for path in paths]
    return [path.name if names.count(path.name) == 1 else str(path) for path in paths]
