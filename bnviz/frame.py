"""The navigation frame, run by Streamlit: a page for every lesson."""

import functools
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path

import streamlit as st

from bnviz.engine import shared
from bnviz.lessons import LESSONS, address, groups
from bnviz.web import words
from bnviz.web.metrics import page_seconds
from bnviz.web.own import page as own
from bnviz.web.site import tailored, teachers
from bnviz.web.site.embedded import is_embedded
from bnviz.web.slots import slots

STYLE = Path(__file__).parent / "web" / "site" / "style.css"


@slots.slot()
def main() -> None:
    """Lay out the frame and run the page that the address names."""
    st.set_page_config(words.shared()["frame"]["title"], layout="wide", initial_sidebar_state="collapsed")
    st.html(STYLE)
    tailored.follow(st.query_params)
    names = tailored.now().pages or [*map(address, LESSONS), "own"]
    pages = {lesson: _page(lesson, title, address(lesson) in names) for lesson, title in LESSONS.items()}
    for_teachers = st.Page(teachers.show, title=words.shared()["teachers"]["title"], url_path="for-teachers", visibility="hidden")
    own_network = _page_of_own_networks("own" in names)
    embedded = is_embedded()
    page = st.navigation([*pages.values(), own_network, for_teachers], position="hidden")
    if not embedded:
        _navigation(pages, own_network)
    if notice := shared().notice():  # something is wrong with who computes
        st.caption(notice)
    with page_seconds.time():
        page.run()
    if page is not for_teachers and not embedded and not tailored.now().parameters:
        with st.container(key="teachers"):  # on a phone it is below the settings: style.css
            st.page_link(for_teachers, label=words.shared()["teachers"]["foot"])


def _navigation(pages: Mapping[str, st.Page], own_network: st.Page) -> None:
    """Links to all visible pages in one row, each group below its name. Streamlit's own would hide each group behind a menu."""
    visible = groups(lesson for lesson, page in pages.items() if page.visibility == "visible")
    with st.container(key="pages", horizontal=True, vertical_alignment="center"):
        for group, lessons in visible.items():
            st.caption(words.shared()["frame"][group], width="content")
            for lesson in lessons:
                st.page_link(pages[lesson])
        if own_network.visibility == "visible":
            with st.container(key="own-page"):
                st.page_link(own_network)


def _page(lesson: str, title: str, is_visible: bool) -> st.Page:
    """A lesson's page. One that is not visible still opens by its link."""
    show, visibility = functools.partial(_show, lesson), "visible" if is_visible else "hidden"
    return st.Page(show, title=title, url_path=address(lesson), default=lesson == next(iter(LESSONS)), visibility=visibility)


def _page_of_own_networks(is_visible: bool) -> st.Page:
    visibility = "visible" if is_visible else "hidden"
    return st.Page(own.show, title=words.own()["title"], url_path="own", visibility=visibility)


def _show(lesson: str) -> None:
    import_module(f"bnviz.lessons.{lesson}.page").PAGE.show()


main()
