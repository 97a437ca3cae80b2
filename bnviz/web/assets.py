"""The browser's files: the player's scripts and style sheets, the lessons' scripts, and the Plotly that the package brings along.

A file's name is its path below the package, in addresses too, so that one script finds another by a relative import wherever
it is read: in the browser, by a type checker, in a test.
"""

from __future__ import annotations

import importlib.util
import posixpath
import re
from graphlib import TopologicalSorter
from pathlib import Path

PACKAGE = Path(__file__).parents[1]
FOLDERS = ("web/player", "lessons/*")
TYPES = {".js": "text/javascript", ".css": "text/css"}
_IMPORT = re.compile(r'^import\b[^;"]*\bfrom "([.]{1,2}/[\w./-]+[.]js)"', re.MULTILINE)  # types in comments are no imports


def files() -> dict[str, Path]:
    """The files that a browser may have, by name, as they are now."""
    found = [
        path for folder in FOLDERS for path in sorted(PACKAGE.glob(f"{folder}/*")) if path.suffix in TYPES and path.is_file()
    ]
    return {path.relative_to(PACKAGE).as_posix(): path for path in found}


def scripts() -> list[tuple[str, str]]:
    """Names and texts of all scripts, each after those that it imports."""
    texts = {name: path.read_text() for name, path in files().items() if path.suffix == ".js"}
    needs = {name: [resolved(name, other) for other in _IMPORT.findall(text)] for name, text in texts.items()}
    return [(name, texts[name]) for name in TopologicalSorter(needs).static_order()]


def resolved(name: str, other: str) -> str:
    """The name of the file that `name` imports as `other`."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), other))


def plotly_js() -> Path:
    """The browser library that the plotly package brings along; found without importing the package."""
    found = importlib.util.find_spec("plotly")
    assert found is not None and found.origin is not None
    return Path(found.origin).parent / "package_data" / "plotly.min.js"
