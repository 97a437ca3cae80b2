"""The routes beside Streamlit: recordings, health, metrics and the browser's files. All are read-only.

Everything here runs on the server's event loop unless it says so. Streamlit puts its own routes under
``server.baseUrlPath`` but leaves ours where they are, and some hosts forward their prefix: so every route answers under
any prefix.
"""

from __future__ import annotations

from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bnviz.web.export.files import FILES
from bnviz.web.routes.files import asset, plotly
from bnviz.web.routes.head import Head
from bnviz.web.routes.http import Endpoint, error, read_only
from bnviz.web.routes.lifetime import lifespan
from bnviz.web.routes.monitoring import alive, health, metrics, ready
from bnviz.web.routes.pictures import animated, card, general
from bnviz.web.routes.questions import ask
from bnviz.web.routes.robots import robots
from bnviz.web.routes.runs import queue_position, run
from bnviz.web.routes.saved import file, saved
from bnviz.web.routes.security import Security
from bnviz.web.routes.wheel import package

__all__ = ["lifespan", "middleware", "routes"]

middleware = [Middleware(Security), Middleware(Head)]

METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]


async def nothing(request: Request) -> Response:
    """Anything else below bnviz/; Streamlit would answer with its page."""
    return error(404, "There is nothing here.")


def _both(path: str, endpoint: Endpoint) -> list[Route]:
    return [Route(prefix + path, read_only(endpoint), methods=METHODS) for prefix in ("", "/{prefix:path}")]


routes = [
    *_both("/robots.txt", robots),
    *_both("/bnviz/runs/{id}.ndjson", run),
    *_both("/bnviz/runs/{id}/{lesson}.html", saved),
    *_both("/bnviz/runs/{id}/place", queue_position),
    *_both("/bnviz/runs/{id}/card.png", card),
    *_both("/bnviz/runs/{id}/picture.gif", animated),
    *(route for name in FILES for route in _both(f"/bnviz/runs/{{id}}/{name}", file)),
    *_both("/bnviz/runs/{id}/{question}", ask),
    *_both("/bnviz/cards/{lesson}.png", general),
    *_both("/bnviz/wheel/{name}", package),
    *_both("/bnviz/healthz", health),
    *_both("/bnviz/livez", alive),
    *_both("/bnviz/readyz", ready),
    *_both("/bnviz/metrics", metrics),
    *_both("/bnviz/files/{version}/{file:asset}", asset),
    *_both("/bnviz/{file:asset}", asset),
    *_both("/bnviz/plotly.min.js", plotly),
    *_both("/bnviz/{rest:path}", nothing),
]
