"""What the browser is told of people's own networks: words alone. Their recordings it reads by itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import bnviz
from bnviz.judge.network.finding import catalogue
from bnviz.web import assets, words
from bnviz.web.figures import COLOURS, NAMES
from bnviz.web.own import gallery, wheel

SNIPPETS = Path(__file__).with_name("snippets")


def page_data(sources: Iterable[Mapping[str, Any]] = (), snippets: bool = True) -> dict[str, Any]:
    """The data of own.js: words, recordings to be shown at once, and with `snippets` the lines that record a network, what
    installs them, and the gallery.

    A source has a `name`, an `address` relative to the page, and `grows`: whether more of it may come.
    """
    return {
        "words": own_words(),
        "snippets": _snippets() if snippets else [],
        "wheel": _wheel() if snippets else {},
        "gallery": gallery.entries() if snippets else [],
        "sources": list(sources),
        "story": "",
        "addresses": assets.addresses(),
    }


def _wheel() -> dict[str, str]:
    """The `address` of the package's wheel, relative to the page, and what it pins; nothing if there is none."""
    return {"address": f"bnviz/wheel/{wheel.name()}", "release": bnviz.__version__, **wheel.pins()} if wheel.name() else {}


def _snippets() -> list[dict[str, str]]:
    """The lines that record, by what they are for, and the `extra` of the package that has what they import."""
    return [{**texts, "code": _code(key)} for key, texts in words.own()["snippets"].items()]


def _code(key: str) -> str:
    return (SNIPPETS / f"{key}.py.txt").read_text(encoding="utf-8").strip()


def own_words() -> dict[str, Any]:
    """All words of the page, of the player and of findings, and what the lab calls its arms: its recordings play here, too."""
    own = words.own()
    lab = {arm: {"name": name, "colour": COLOURS[arm]} for arm, name in NAMES.items()}
    tables = {name: own[name] for name in ("story", "panels", "page", "gallery", "findings", "title")}
    return {**tables, "judge": catalogue(), "shared": words.shared()["player"], "lab": lab}
