"""The browser's files: the player's scripts and style sheets, the lessons' scripts, and the Plotly that the package brings along.

A file's name is its path below the package, in addresses too, so that one script finds another by a relative import wherever
it is read: in the browser, by a type checker, in a test.
"""

from __future__ import annotations

import functools
import importlib.metadata
import importlib.util
import posixpath
import re
import zlib
from collections.abc import Iterable, Mapping
from graphlib import TopologicalSorter
from pathlib import Path

PACKAGE = Path(__file__).parents[1]
FOLDERS = ("web/player", "web/player/core", "lessons/*")
TYPES = {".js": "text/javascript", ".css": "text/css"}
_IMPORT = re.compile(r'^import\b[^;"]*\bfrom "([.]{1,2}/[\w./-]+[.]js)"', re.MULTILINE)  # types in comments are no imports


def files() -> dict[str, Path]:
    """The files that a browser may have, by name, as they are now."""
    found = [
        path for folder in FOLDERS for path in sorted(PACKAGE.glob(f"{folder}/*")) if path.suffix in TYPES and path.is_file()
    ]
    return {path.relative_to(PACKAGE).as_posix(): path for path in found}


def addresses() -> dict[str, str]:
    """Where a browser finds the files, as they are now, and Plotly: addresses for ever, for other contents have others."""
    return {"files": f"bnviz/files/{fingerprint(files())}", "plotly": f"bnviz/plotly.min.js?v={plotly_version()}"}


@functools.cache
def plotly_version() -> str:
    """The release of the plotly package; to ask for it takes as long as to look at all files."""
    return importlib.metadata.version("plotly")


def fingerprint(found: Mapping[str, Path]) -> str:
    """Eight hexadecimal digits that change with what is in these files; the same on every server."""
    return _fingerprint(tuple((name, path, path.stat().st_mtime_ns) for name, path in found.items()))


@functools.lru_cache(maxsize=1)
def _fingerprint(found: tuple[tuple[str, Path, int], ...]) -> str:
    contents = b"".join(name.encode() + path.read_bytes() for name, path, _ in found)
    return f"{zlib.crc32(contents):08x}"


def needed(names: Iterable[str]) -> list[str]:
    """These scripts and all that they import, one by one or through others."""
    texts, known, open = dict(scripts()), dict.fromkeys(names), list(names)
    while open:
        name = open.pop()
        others = [resolved(name, other) for other in _IMPORT.findall(texts[name])]
        open += [other for other in others if other not in known]
        known |= dict.fromkeys(others)
    return list(known)


def scripts() -> list[tuple[str, str]]:
    """Names and texts of all scripts, each after those that it imports."""
    texts = {name: path.read_text(encoding="utf-8") for name, path in files().items() if path.suffix == ".js"}
    needs = {name: [resolved(name, other) for other in _IMPORT.findall(text)] for name, text in texts.items()}
    return [(name, texts[name]) for name in TopologicalSorter(needs).static_order()]


def loader(main: str) -> str:
    """The script that loads the module `main` and all that it needs, without its comments: Streamlit sends it again and again."""
    text = (PACKAGE / "web" / "player" / "loader.js").read_text(encoding="utf-8").replace("MAIN", f"{main}.js")
    return re.sub(r"^ *//.*\n|^ */[*][*](.|\n)*?[*]/\n", "", text, flags=re.MULTILINE)


def resolved(name: str, other: str) -> str:
    """The name of the file that `name` imports as `other`."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), other))


def plotly_js() -> Path:
    """The browser library that the plotly package brings along; found without importing the package."""
    found = importlib.util.find_spec("plotly")
    assert found is not None and found.origin is not None
    return Path(found.origin).parent / "package_data" / "plotly.min.js"
