"""The page of people's own networks as HTML of its own: for the static site, for a file, and for `bnviz view`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from pathlib import Path
from typing import Any

from bnviz.record.check import ERRORS
from bnviz.web import assets, words
from bnviz.web.export.markup import head, html
from bnviz.web.export.packing import pack, packed_plotly, split_arrays
from bnviz.web.own.data import page_data

FOLDER = Path(__file__).parent


class NotOwn(ValueError):
    """The file is no recording of a user's own network; the message says why."""


def page(
    about: str,
    contents: Mapping[str, Any],
    *,
    title: str = "",
    style: str = "",
    navigation: str = "",
    parts: Mapping[str, str] | None = None,
    connects: bool = False,
) -> str:
    """The HTML of the page. `contents` are those of own_page.js: Page; `parts` go into script elements, packed, by their ids.

    `connects` says whether it may ask the server that it comes from.
    """
    name = title or words.own()["title"]
    texts = {"title": name, "noscript": words.shared()["export"]["noscript"]}
    elements = "\n".join(f'<script type="application/gzip" id="{id}">{part}</script>' for id, part in (parts or {}).items())
    values = {
        "head": head(name, style or f"<style>\n{read(FOLDER / 'saved_page.css')}</style>", connects=connects),
        "navigation": navigation,
        "about": html(about),
        "page": json.dumps({"loader": "", "script": "", "name": "", **contents}).replace("<", "\\u003c"),
        "parts": elements,
        "script": f"{read(FOLDER / 'unpacking.js')}\n{read(FOLDER / 'own_page.js')}",
    }
    return words.fill(read(FOLDER / "own_page.html"), **{key: escape(text) for key, text in texts.items()}, **values)


def read(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def saved_page(recording: bytes, name: str = "run.ndjson") -> bytes:
    """A recording of a user's own network as one HTML file that plays it and makes no requests. Raises NotOwn."""
    header = header_of(recording)
    files = {**assets.bundle(["web/own/own.js"]), "loader": assets.loader("own")}
    lines, arrays = split_arrays(recording)
    parts = {
        "files": pack(json.dumps(files).encode()),
        "plotly": packed_plotly(),
        "lines": pack(lines),
        "arrays": pack(arrays),
    }
    releases = ", ".join(f"{key} {value}" for key, value in (header.get("versions") or {}).items())
    about = words.fill(words.own()["saved"], id=header.get("id", ""), versions=releases)
    contents = {"data": page_data(snippets=False), "name": name}
    return page(about, contents, title=str(header.get("title") or name), parts=parts).encode()


def is_own(recording: bytes) -> bool:
    """Whether it is a recording of a user's own network."""
    try:
        header_of(recording)
    except NotOwn:
        return False
    return True


def header_of(recording: bytes) -> Mapping[str, Any]:
    """The header of a recording of a user's own network. Raises NotOwn."""
    try:
        header = json.loads(recording.partition(b"\n")[0])
    except ERRORS:
        raise NotOwn("it is no recording") from None
    if not isinstance(header, dict) or header.get("type") != "header" or "layers" not in header:
        raise NotOwn("it is no recording of a user's own network")
    return header
