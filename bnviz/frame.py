"""The navigation frame, run by Streamlit: a page for every lesson."""

from pathlib import Path

import streamlit as st

from bnviz.engine import shared
from bnviz.lessons import LESSONS, address
from bnviz.web import words
from bnviz.web.site.embedded import is_embedded

ROOT = Path(__file__).resolve().parents[1]


def main() -> None:
    """Lay out the frame and run the page that the address names."""
    st.set_page_config(words.shared()["frame"]["title"], layout="wide", initial_sidebar_state="collapsed")
    st.html(ROOT / "bnviz" / "web" / "site" / "style.css")
    pages = [_page(lesson, title) for lesson, title in LESSONS.items()]
    embedded = is_embedded()
    page = st.navigation(pages, position="hidden" if embedded else "top")
    if not embedded:
        with st.container(key="pages", horizontal=True):  # shown on small screens, where Streamlit's own hides behind a sign
            for one in pages:
                st.page_link(one)
    if notice := shared().notice():  # something is wrong with who computes
        st.caption(notice)
    page.run()


def _page(lesson: str, title: str) -> st.Page:
    """A lesson's door, a file because cold links to a page below / want one."""
    return st.Page(ROOT / "pages" / f"{lesson}.py", title=title, url_path=address(lesson), default=lesson == next(iter(LESSONS)))


main()
