"""What a page's head says from the first byte on: which of our files the browser will need, and what a preview of it shows.

Streamlit's page asks for ours only once its own scripts are there, have opened a socket and have been told of the component, one
after another. Named in the head, they come while all that goes on.
"""

from __future__ import annotations

import functools
from html import escape

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from bnviz.lessons import LESSONS, address
from bnviz.web import assets
from bnviz.web.compat import component_scripts
from bnviz.web.picture.texts import OWN
from bnviz.web.routes.preview import described

# The whole page goes through our hands: not packed, not in parts, and no page from before.
LEFT_OUT = (b"accept-encoding", b"if-none-match", b"if-modified-since", b"range")
OF_ANOTHER = ("content-length", "etag", "last-modified", "accept-ranges")  # what holds for the page as it was
RUNS = "/bnviz/runs/"
PAGES = {"", *map(address, LESSONS), OWN}  # what the address of a page ends in


class Head:
    """ASGI middleware that puts our tags at the end of the head of every page: what Streamlit needs first comes first."""

    def __init__(self, app: ASGIApp):
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not wants_page(scope):
            return await self.app(scope, receive, send)
        headers = [(name, value) for name, value in scope["headers"] if name not in LEFT_OUT]
        await self.app({**scope, "headers": headers}, receive, _Page(scope, send))


class _Page:
    """Passes on a response; if it is a page, with our tags in it."""

    def __init__(self, scope: Scope, send: Send):
        self.scope, self.send = scope, send
        self.start: Message | None = None  # of a page, held back until its whole body is here
        self.body = b""

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_page(message):
            self.start = message
        elif message["type"] == "http.response.body" and self.start:
            self.body += message.get("body", b"")
            if not message.get("more_body"):
                await self._finish(self.start)
        else:
            await self.send(message)

    async def _finish(self, start: Message) -> None:
        headers = MutableHeaders(raw=list(start["headers"]))
        for name in OF_ANOTHER:
            del headers[name]
        if self.scope["method"] != "HEAD":
            description = await described(self.scope, _page_at(self.scope["path"]))
            self.body = self.body.replace(b"</head>", (description + tags(self.scope["path"])).encode() + b"</head>", 1)
            headers["content-length"] = str(len(self.body))
        await self.send({**start, "headers": headers.raw})
        await self.send({"type": "http.response.body", "body": self.body})


def wants_page(scope: Scope) -> bool:
    """Whether a request is for a page: a browser asks for HTML by name, programs that preview links accept anything.

    A saved page, which the routes of runs serve, has a head of its own.
    """
    if RUNS in scope["path"]:
        return False
    accepted = Headers(scope=scope).get("accept", "*/*")
    return "text/html" in accepted or (accepted == "*/*" and scope["path"].rpartition("/")[2] in PAGES)


def _is_page(start: Message) -> bool:
    return start["status"] == 200 and Headers(raw=start["headers"]).get("content-type", "").startswith("text/html")


def tags(path: str) -> str:
    """HTML for the head of the page at `path`: the player's scripts and style sheet, then Plotly, which can wait.

    Addresses are relative, as Streamlit's own in the same head are.
    """
    addresses = assets.addresses()
    scripts = [f"{addresses['files']}/{name}" for name in _scripts(_page_at(path), addresses["files"])]
    own_links = [f'<link rel="modulepreload" href="./{escape(name)}">' for name in scripts]
    host_links = [f'<link rel="modulepreload" crossorigin href="./static/js/{name}">' for name in component_scripts()]
    style = f'<link rel="stylesheet" href="./{addresses["files"]}/web/player/player.css">'
    return "".join([*own_links, *host_links, style, f'<link rel="prefetch" as="script" href="./{escape(addresses["plotly"])}">'])


def lesson_at(path: str) -> str:
    """The lesson whose page is at `path`, whatever the prefix; the first one, if it is none's."""
    last = path.rstrip("/").rpartition("/")[2]
    return next((lesson for lesson in LESSONS if address(lesson) == last), next(iter(LESSONS)))


def _page_at(path: str) -> str:
    """The lesson whose page is at `path`, or OWN."""
    return OWN if path.rstrip("/").rpartition("/")[2] == OWN else lesson_at(path)


@functools.lru_cache(maxsize=2 * len(LESSONS))
def _scripts(lesson: str, files: str) -> list[str]:
    """The names of the scripts that a page runs, of a lesson or OWN; `files` is where they are, which changes with them."""
    if lesson == OWN:
        return assets.with_imports(["web/own/own.js"])
    story = f"lessons/{lesson}/story.js"
    return assets.with_imports(["web/player/player.js", story] if story in assets.files() else ["web/player/board.js"])
