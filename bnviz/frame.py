"""The navigation frame, run by Streamlit: a page for every lesson."""

from pathlib import Path

import streamlit as st

from bnviz.engine import shared
from bnviz.lessons import LESSONS, address
from bnviz.web import words
from bnviz.web.metrics import page_seconds
from bnviz.web.site import tailored
from bnviz.web.site.embedded import is_embedded
from bnviz.web.slots import slots

ROOT = Path(__file__).resolve().parents[1]


@slots.slot()
def main() -> None:
    """Lay out the frame and run the page that the address names."""
    st.set_page_config(words.shared()["frame"]["title"], layout="wide", initial_sidebar_state="collapsed")
    st.html(ROOT / "bnviz" / "web" / "site" / "style.css")
    tailored.follow(st.query_params)
    names = tailored.now().pages or list(map(address, LESSONS))
    pages = [_page(lesson, title, address(lesson) in names) for lesson, title in LESSONS.items()]
    teachers = st.Page(ROOT / "pages" / "for_teachers.py", url_path="for-teachers", visibility="hidden")
    embedded = is_embedded()
    page = st.navigation([*pages, teachers], position="hidden" if embedded else "top")
    if not embedded:
        with st.container(key="pages", horizontal=True):  # shown on small screens, where Streamlit's own hides behind a sign
            for one in (one for one in pages if one.visibility == "visible"):
                st.page_link(one)
    if notice := shared().notice():  # something is wrong with who computes
        st.caption(notice)
    with page_seconds.time():
        page.run()
    if page is not teachers and not embedded and not tailored.now().parameters:
        st.page_link(teachers, label=words.shared()["teachers"]["foot"])


def _page(lesson: str, title: str, is_visible: bool) -> st.Page:
    """A lesson's door, a file because cold links to a page below / want one. One that is not `named` still opens by its link."""
    door, first = ROOT / "pages" / f"{lesson}.py", lesson == next(iter(LESSONS))
    visibility = "visible" if is_visible else "hidden"
    return st.Page(door, title=title, url_path=address(lesson), default=first, visibility=visibility)


main()
