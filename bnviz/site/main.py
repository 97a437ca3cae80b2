"""The navigation frame, run by Streamlit. A new page is one file under pages/ and one line in PAGES."""

import sys
from pathlib import Path

import streamlit as st

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:  # Streamlit puts this file's folder there, which is not where the package lies
    sys.path.insert(0, str(ROOT))

PAGES = [  # file, title, path in the address; the first one is the page at /
    ("live_shift.py", "Live shift", "live-shift"),
    ("covariate_shift.py", "Covariate shift", "covariate-shift"),
    ("gamma_beta.py", "γ and β", "gamma-beta"),
    ("independence.py", "Independence", "independence"),
    ("batch_size.py", "Batch size", "batch-size"),
    ("regularization.py", "Regularization", "regularization"),
    ("does_it_hold.py", "Does it hold?", "does-it-hold"),
]


def main() -> None:
    """Lay out the frame and run the page that the address names."""
    several = len(PAGES) > 1
    st.set_page_config("Why batch norm works", layout="wide", initial_sidebar_state="collapsed")
    st.html(Path(__file__).with_name("style.css"))
    page = st.navigation([_page(*row) for row in PAGES], position="top" if several else "hidden")
    if notice := _notice():
        st.caption(notice)
    page.run()


def _notice() -> str | None:
    """A sentence about who computes, if something is wrong with it."""
    from bnviz.engine import shared  # the package is found only now

    return shared().notice()


def _page(file: str, title: str, path: str) -> st.Page:
    return st.Page(ROOT / "pages" / file, title=title, url_path=path, default=file == PAGES[0][0])


main()
