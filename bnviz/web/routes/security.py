"""What browsers are told to keep to, with every answer, and by which names the app may be asked.

Any site may embed the page in a frame: it is made for that, has no accounts, and changes nothing for others.
"""

from __future__ import annotations

import contextlib
import logging

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bnviz.web.compat import inline_scripts, is_host_allowed
from bnviz.web.logs import described
from bnviz.web.metrics import pages
from bnviz.web.rates import TooMany, rates
from bnviz.web.routes.http import error, too_busy

# Nothing comes from elsewhere or goes there, and no text becomes a script. blob: is how Streamlit starts a component's script,
# how the player starts the scripts that come over Streamlit's socket, and how pictures are saved; Plotly and Streamlit write
# styles into the page; Streamlit's protobuf counts in WebAssembly. Firefox takes default-src for what is prefetched, so it is not
# 'none', and what else would fall back to it is named.
POLICY = {
    "default-src": "'self'",
    "frame-src": "'none'",
    "object-src": "'none'",
    "script-src": " ".join(["'self'", "blob:", "'wasm-unsafe-eval'", *inline_scripts()]),
    "style-src": "'self' 'unsafe-inline' blob:",
    "img-src": "'self' data: blob:",
    "font-src": "'self' data:",
    "connect-src": "'self' data: blob:",
    "media-src": "'self'",
    "manifest-src": "'self'",
    "frame-ancestors": "*",
    "base-uri": "'none'",
    "form-action": "'none'",
}
BROKEN = 1011  # the code of a socket that is closed because something went wrong (RFC 6455)
METHODS = ("GET", "HEAD", "OPTIONS")
HEADERS = {
    "Content-Security-Policy": "; ".join(f"{name} {allowed}" for name, allowed in POLICY.items()),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
_log = logging.getLogger(__name__)


class Security:
    """ASGI middleware that adds HEADERS to every response that has none of its own, and refuses what needs no answer.

    These are requests with a host name that is not in Streamlit's setting `server.allowedHosts`, which Streamlit
    applies to its socket alone; and uploads: nothing here takes files, but Streamlit would keep
    any number of them in memory for as long as their page is open.
    """

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            with pages.track_inprogress():  # Streamlit sees to Host and Origin of its socket
                return await _told_in_one_line(_too_many(scope) or self.app, scope, receive, send)
        if scope["type"] != "http":
            return await self.app(scope, receive, send)

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=list(message.get("headers", [])))
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)
                message = {**message, "headers": headers.raw}
            await send(message)

        await (_refusal(scope) or self.app)(scope, receive, send_with_headers)


async def _told_in_one_line(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    """Serve a socket. One that breaks off while it is written to ends in an exception, which uvicorn would log in 60 lines."""
    try:
        await app(scope, receive, send)
    except Exception as error:
        _log.warning("a page's socket has broken off: %s", described(error))
        with contextlib.suppress(Exception):  # most often it is closed already
            await send({"type": "websocket.close", "code": BROKEN})


def _too_many(scope: Scope) -> Response | None:
    """A refusal for a client that opens too many pages: each has a script run, and memory for as long as it is open."""
    try:
        rates.spend("page", (scope.get("client") or (None,))[0])
    except TooMany as many:
        return too_busy(many)
    return None


def _refusal(scope: Scope) -> Response | None:
    if not is_host_allowed(Headers(scope=scope).get("host")):
        return error(400, "This server is not asked by that name.")
    if scope["method"] not in METHODS:
        return error(405, f"{scope['method']} is not allowed here; everything is read-only.", Allow=", ".join(METHODS))
    return None
