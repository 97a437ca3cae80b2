"""What the browser is told of people's own networks: words alone. Their recordings it reads by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from bnviz.web import words
from bnviz.web.figures import COLOURS, NAMES

SNIPPETS = Path(__file__).with_name("snippets")


def own_words() -> dict[str, Any]:
    """All words of the page and of the player, and what the lab calls its arms: its recordings play here, too."""
    own = words.own()
    lab = {arm: {"name": name, "colour": COLOURS[arm]} for arm, name in NAMES.items()}
    tables = {name: own[name] for name in ("story", "panels", "page", "title")}
    return {**tables, "shared": words.shared()["player"], "lab": lab}
