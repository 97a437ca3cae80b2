"""The page for teachers: builds a link that leaves out what a class does not need, and hands out the worksheet."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import parse_qs, parse_qsl, urlencode, urljoin, urlsplit

import streamlit as st

from bnviz.config.fields import BadField
from bnviz.lessons import LESSONS, SWEEPING, address
from bnviz.web import words
from bnviz.web.export.markup import head, html
from bnviz.web.export.saved_page import page_of
from bnviz.web.export.worksheet import worksheet
from bnviz.web.site import links, tailored
from bnviz.web.tracking import is_tracking

TEXTS = words.shared()["teachers"]
FRONT = address(next(iter(LESSONS)))


def show() -> None:
    """Lay out the page."""
    st.header(TEXTS["title"], anchor=False)
    st.markdown(TEXTS["about"])
    start = st.text_input(TEXTS["start"], placeholder="/?batch_size=8&step=120", help=TEXTS["start_help"], key="teachers start")
    choices = {}
    for kind, options in tailored.KINDS.items():
        names = st.multiselect(
            TEXTS[kind], list(options), format_func=options.get, help=TEXTS["help"][kind], key=f"teachers {kind}"
        )
        choices[kind] = tuple(names)
    if "batch_size" in choices["lock"] and "ghost_batch_size" not in choices["lock"]:
        _offer_ghosts()
    st.markdown(TEXTS["link"])
    if problems := _problems(start):
        st.warning(links.message(problems))
    st.code(link(start, tailored.Tailoring(**choices), st.context.url or ""), language=None, wrap_lines=True)
    st.download_button(TEXTS["worksheet"], printable(choices["pages"]), "bnviz-worksheet.html", "text/html")
    st.caption(TEXTS["lessons"])


def _offer_ghosts() -> None:
    """Say that the batch size alone does not fix over how many examples batch norm normalizes, and offer to lock that, too."""
    label = tailored.KINDS["lock"]["ghost_batch_size"]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(words.fill(TEXTS["ghosts"], ghosts=label), width="content")
        st.button(words.fill(TEXTS["lock_ghosts"], ghosts=label), on_click=_lock_ghosts)


def _lock_ghosts() -> None:
    st.session_state["teachers lock"] = [*st.session_state["teachers lock"], "ghost_batch_size"]


def link(start: str, tailoring: tailored.Tailoring, here: str) -> str:
    """The link that begins at `start`, a link of the app or part of one, tailored; `here` is the address of this page.

    Where `start` is on a page that the tailoring leaves out, it begins with the first page that is left.
    """
    parts = urlsplit(start.strip())
    place = parts.path.rpartition("/")[2]
    first = tailoring.pages[0] if tailoring.pages else FRONT
    page = place if place in tailored.KINDS["pages"] else FRONT
    page = page if not tailoring.pages or page in tailoring.pages else first
    pairs = parse_qsl(parts.query, keep_blank_values=True)
    parameters = [(name, value) for name, value in pairs if name not in tailored.KINDS and not is_tracking(name)]
    query = urlencode([*(parameters if page == (place or FRONT) else []), *tailoring.parameters.items()], safe=",:;")
    address_of_page = urljoin(here, "." if page == FRONT else page)
    return f"{address_of_page}?{query}" if query else address_of_page


def _problems(start: str) -> list[BadField]:
    """What of a link is of no use: a page that there is not, and whatever that page cannot read."""
    parts = urlsplit(start.strip())
    place = parts.path.rpartition("/")[2]
    lesson = next((one for one in LESSONS if address(one) == (place or FRONT)), None)
    if lesson is None:
        return [BadField(TEXTS["page"], place, words.fill(TEXTS["no_page"], names=", ".join(tailored.KINDS["pages"])))]
    if lesson in SWEEPING:
        return []  # its own settings are its page's
    page = page_of(lesson)
    return list(links.parse(parse_qs(parts.query, keep_blank_values=True), page.default, cards=page.cards).problems)


@st.cache_data(show_spinner=False)
def printable(pages: Collection[str] = ()) -> str:
    """The worksheet of these pages, or of all, as a page to print."""
    style = "<style>body{font:11pt/1.45 sans-serif;max-width:42rem;margin:2rem auto}h2~h2{break-before:page}"
    style += "hr{border:0;border-bottom:1px solid;height:9mm;margin:0}</style>"
    lessons = [lesson for lesson in LESSONS if not pages or address(lesson) in pages]
    top = head(words.shared()["worksheet"]["title"], style)
    return f'<!doctype html><html lang="en"><head>{top}</head><body>{html(worksheet(lessons))}</body></html>'
