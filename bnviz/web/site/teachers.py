"""The page for teachers: builds a link that leaves out what a class does not need, and hands out the worksheet."""

from __future__ import annotations

from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

import streamlit as st

from bnviz.lessons import LESSONS, address
from bnviz.web import words
from bnviz.web.export.markup import head, html
from bnviz.web.export.worksheet import worksheet
from bnviz.web.site import tailored

SAID = words.shared()["teachers"]
FRONT = address(next(iter(LESSONS)))


def show() -> None:
    """Lay out the page."""
    st.header(SAID["title"], anchor=False)
    st.markdown(SAID["about"])
    start = st.text_input(SAID["start"], placeholder="/?batch_size=8&step=120", help=SAID["start_help"], key="teachers start")
    chosen = {}
    for kind, known in tailored.KINDS.items():
        names = st.multiselect(SAID[kind], list(known), format_func=known.get, help=SAID["help"][kind], key=f"teachers {kind}")
        chosen[kind] = tuple(names)
    st.markdown(SAID["link"])
    st.code(link(start, tailored.Tailoring(**chosen), st.context.url or ""), language=None, wrap_lines=True)
    st.download_button(SAID["worksheet"], printable(), "bnviz-worksheet.html", "text/html")
    st.caption(SAID["lessons"])


def link(start: str, tailoring: tailored.Tailoring, here: str) -> str:
    """The link that begins at `start`, a link of the app or part of one, tailored; `here` is the address of this page.

    Where `start` is on a page that the tailoring leaves out, it begins with the first page that is left.
    """
    parts = urlsplit(start.strip())
    place = parts.path.rpartition("/")[2]
    first = tailoring.pages[0] if tailoring.pages else FRONT
    page = place if place in tailored.KINDS["pages"] else FRONT
    page = page if not tailoring.pages or page in tailoring.pages else first
    kept = [(name, value) for name, value in parse_qsl(parts.query, keep_blank_values=True) if name not in tailored.KINDS]
    query = urlencode([*(kept if page == (place or FRONT) else []), *tailoring.parameters.items()], safe=",:;")
    address_of_page = urljoin(here, "." if page == FRONT else page)
    return f"{address_of_page}?{query}" if query else address_of_page


@st.cache_data(show_spinner=False)
def printable() -> str:
    """The worksheet as a page to print."""
    style = "<style>body{font:11pt/1.45 sans-serif;max-width:42rem;margin:2rem auto}h2{break-before:page}</style>"
    top = head(words.shared()["worksheet"]["title"], style)
    return f'<!doctype html><html lang="en"><head>{top}</head><body>{html(worksheet())}</body></html>'
