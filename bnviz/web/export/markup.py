"""HTML for pages without Streamlit: the head of each, and Markdown as Streamlit's pages have it."""

from __future__ import annotations

import re
from html import escape

import markdown

_BADGE = re.compile(r":(\w+)-badge\[([^\]]*)\]")


# A page of ours requests only the files beside it, and browsers enforce that.
POLICY = (
    "default-src 'none'; script-src 'self' 'unsafe-inline' blob:; style-src 'self' 'unsafe-inline' blob:; "
    "img-src 'self' data: blob:; connect-src data: blob:; base-uri 'none'; form-action 'none'"
)
HEAD = """<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="{policy}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<link rel="icon" href="data:,">
{style}"""


def head(title: str, style: str, connects: bool = False) -> str:
    """The elements in the head of a page; `style` is the element with its style sheet.

    `connects` says whether the page may ask the server that it comes from.
    """
    policy = POLICY.replace("connect-src", "connect-src 'self'") if connects else POLICY
    return HEAD.format(policy=policy, title=escape(title), style=style)


def html(text: str) -> str:
    """Markdown with tables, and Streamlit's badges, as HTML."""
    marked = _BADGE.sub(r'<span class="badge \1">\2</span>', text)
    return markdown.markdown(marked, extensions=["tables", "sane_lists"])
