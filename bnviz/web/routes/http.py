"""What all routes need of HTTP."""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bnviz.engine.admission import Busy
from bnviz.web.rates import Kind, TooMany, rates

Endpoint = Callable[[Request], Awaitable[Response]]


def error(status: int, message: str, **headers: str) -> JSONResponse:
    """An error for programs and people."""
    return JSONResponse({"error": message}, status, {"Cache-Control": "no-store", **headers})


def too_busy(reason: Busy) -> JSONResponse:
    """Nothing is wrong with the request: the next try may find a place."""
    if isinstance(reason, TooMany):
        return error(429, str(reason), **{"Retry-After": str(math.ceil(reason.seconds))})
    return error(503, str(reason), **{"Retry-After": "5"})


def spend(kind: Kind, request: Request) -> None:
    """Count what a client asks for. Raises TooMany."""
    rates.spend(kind, request.client and request.client.host)


def read_only(endpoint: Endpoint) -> Endpoint:
    """`endpoint` for GET and HEAD; 405 for the rest."""

    @functools.wraps(endpoint)
    async def checked(request: Request) -> Response:
        if request.method not in ("GET", "HEAD"):
            return error(405, f"{request.method} is not allowed here; everything is read-only.", Allow="GET, HEAD")
        return await endpoint(request)

    return checked


def asked_from_elsewhere(request: Request) -> bool:
    """Whether a page of another site has its visitor's browser ask, as it might to have runs trained; browsers say so."""
    return request.headers.get("sec-fetch-site") == "cross-site" and request.headers.get("sec-fetch-mode") != "navigate"


def takes_gzip(request: Request) -> bool:
    return re.search(r"\bgzip\b(?!\s*;\s*q=0(\.0*)?\s*(,|$))", request.headers.get("accept-encoding", "")) is not None


def unchanged(request: Request, etag: str) -> bool:
    tags = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    return etag.removeprefix("W/") in tags or "*" in tags
