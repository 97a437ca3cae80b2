"""The page at /own: record any PyTorch model, and see it here."""

from __future__ import annotations

import streamlit as st

from bnviz.web import player, words
from bnviz.web.own.data import page_data


def show() -> None:
    """Lay out the page. What visitors drop on it stays in their browser."""
    own = words.own()
    st.header(own["title"], anchor=False)
    st.markdown(own["about"])
    player.own(page_data())
    st.markdown(own["data"])
