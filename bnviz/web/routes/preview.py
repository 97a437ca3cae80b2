"""What is shown of a link where it is sent: title, claim, and a picture of the very run, if that is at hand. Nothing is trained.

The words are those of Open Graph (https://ogp.me) and of X's cards.
"""

from __future__ import annotations

import re
from html import escape
from urllib.parse import parse_qs, urlencode

from anyio import to_thread
from starlette.datastructures import Headers
from starlette.types import Scope

from bnviz import engine
from bnviz.lessons import LESSONS, SWEEPING, address
from bnviz.record.store import COMPLETE_STATUSES
from bnviz.web import words
from bnviz.web.compat import is_host_allowed
from bnviz.web.picture import HEIGHT, WIDTH
from bnviz.web.picture.texts import OWN, texts_of
from bnviz.web.routes.pictures import card_path

LONGEST = 2000  # characters of a query that are read
_HOST = re.compile(r"[\w.-]+(:\d{1,5})?|\[[\da-fA-F:.]+\](:\d{1,5})?")


async def described(scope: Scope, page: str) -> str:
    """HTML for the head of the page of a lesson, or of OWN."""
    return await to_thread.run_sync(_tags, scope, page)


def _tags(scope: Scope, page: str) -> str:
    """Runs in a thread: it may read a stored recording."""
    (title, text), where = texts_of(page), site(scope)
    properties = {"og:type": "website", "og:site_name": words.shared()["frame"]["title"], "og:title": title}
    properties["og:description"] = text
    if where and (picture := picture_of(page, scope.get("query_string", b"").decode("latin-1"))):
        properties |= {"og:image": f"{where}/{picture}", "og:image:type": "image/png", "og:image:alt": title}
        properties |= {"og:image:width": str(WIDTH), "og:image:height": str(HEIGHT)}
    card = {"twitter:card": "summary_large_image" if "og:image" in properties else "summary"}
    tags = [f'<meta property="{name}" content="{escape(text)}">' for name, text in properties.items()]
    return "".join([*tags, *(f'<meta name="{name}" content="{text}">' for name, text in card.items())])


def picture_of(page: str, query: str) -> str | None:
    """The address, below the app's own, of a picture of what a link shows: its run's, if that is at hand, else the page's own."""
    has_runs = page in LESSONS and page not in SWEEPING
    if has_runs and len(query) <= LONGEST and (picture := _of_run(page, query)):
        return picture
    return f"bnviz/cards/{page}.png" if card_path(page) else None


def _of_run(lesson: str, query: str) -> str | None:
    from bnviz.web.export.picture import PLACE  # these load the lessons' pages
    from bnviz.web.export.saved_page import page_of
    from bnviz.web.site import links

    link = links.parse(parse_qs(query), page_of(lesson).default)  # what it cannot read is of no interest here
    recording = engine.shared().store.get(link.experiment.id)
    if recording is None or recording.status not in COMPLETE_STATUSES:
        return None
    place = {name: link.view[name] for name in PLACE if link.view.get(name) is not None}
    return f"bnviz/runs/{link.experiment.id}/card.png?{urlencode({'lesson': lesson, **place})}"


def site(scope: Scope) -> str | None:
    """The address that the app has for the one who asks, without a slash at its end; a proxy says what it is called outside.

    None if that is nonsense.
    """
    headers = Headers(scope=scope)
    outside = _first(headers.get("x-forwarded-host"))
    host = outside if outside and is_host_allowed(outside) else headers.get("host", "")
    scheme = _first(headers.get("x-forwarded-proto")) or scope.get("scheme", "http")
    if not _HOST.fullmatch(host) or scheme not in ("http", "https"):
        return None
    return f"{scheme}://{host}{prefix(scope['path'])}"


def prefix(path: str) -> str:
    """The part of the path before a page's own: the app's base path, without a slash at its end."""
    parts = path.rstrip("/").split("/")
    if parts[-1] in {OWN, *map(address, LESSONS)} or not path.endswith("/"):
        parts = parts[:-1]
    return "/".join(part for part in parts if re.fullmatch(r"[\w.~+-]*", part)).rstrip("/")


def _first(values: str | None) -> str:
    """Each proxy on the way adds one; the first is the outermost."""
    return (values or "").partition(",")[0].strip().lower()
