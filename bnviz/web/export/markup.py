"""Markdown as Streamlit's pages have it, as HTML for pages without Streamlit."""

from __future__ import annotations

import re

import markdown

_BADGE = re.compile(r":(\w+)-badge\[([^\]]*)\]")


def html(text: str) -> str:
    """Markdown with tables, and Streamlit's badges, as HTML."""
    marked = _BADGE.sub(r'<span class="badge \1">\2</span>', text)
    return markdown.markdown(marked, extensions=["tables", "sane_lists"])
