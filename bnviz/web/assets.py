"""The browser's files: scripts and style sheets of the player and the lessons, the gallery's recordings and programs, and the
Plotly that the package brings along.

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
from typing import Any

PACKAGE = Path(__file__).parents[1]
FOLDERS = ("web/player", "web/player/core", "web/own", "web/own/gallery", "lessons/*")
MAINS = {"player": "player/player.js", "board": "player/board.js", "own": "own/own.js"}  # modules that a page begins with
TYPES = {".js": "text/javascript", ".css": "text/css", ".gz": "application/gzip", ".txt": "text/plain; charset=utf-8"}
_IMPORT = re.compile(r'^import\b[^;"]*\bfrom "([.]{1,2}/[\w./-]+[.]js)"', re.MULTILINE)  # types in comments are no imports


def files() -> dict[str, Path]:
    """The files that a browser may have, by name, as they are now."""
    paths = [
        path for folder in FOLDERS for path in sorted(PACKAGE.glob(f"{folder}/*")) if path.suffix in TYPES and path.is_file()
    ]
    return {path.relative_to(PACKAGE).as_posix(): path for path in paths}


def addresses() -> dict[str, str]:
    """Where a browser finds the files, as they are now, and Plotly: an address never changes its contents."""
    return {"files": f"bnviz/files/{fingerprint(files())}", "plotly": f"bnviz/plotly.min.js?v={plotly_version()}"}


@functools.cache
def plotly_version() -> str:
    """The release of the plotly package; to ask for it takes as long as to stat all files."""
    return importlib.metadata.version("plotly")


def fingerprint(paths: Mapping[str, Path]) -> str:
    """Eight hexadecimal digits that change with what is in these files; the same on every server."""
    return _fingerprint(tuple((name, path, path.stat().st_mtime_ns) for name, path in paths.items()))


@functools.lru_cache(maxsize=1)
def _fingerprint(entries: tuple[tuple[str, Path, int], ...]) -> str:
    contents = b"".join(name.encode() + path.read_bytes() for name, path, _ in entries)
    return f"{zlib.crc32(contents):08x}"


def bundle(names: Iterable[str]) -> dict[str, Any]:
    """These scripts and all that they import, each after its imports, and the player's style sheet: as loader.js takes them."""
    names = set(with_imports(names))
    modules = [(name, text) for name, text in scripts() if name in names]
    return {"modules": modules, "style": (PACKAGE / "web" / "player" / "player.css").read_text(encoding="utf-8")}


def with_imports(names: Iterable[str]) -> list[str]:
    """These scripts and all that they import, directly or through others."""
    texts, result, queue = dict(scripts()), dict.fromkeys(names), list(names)
    while queue:
        name = queue.pop()
        others = [resolve(name, other) for other in _IMPORT.findall(texts[name])]
        queue += [other for other in others if other not in result]
        result |= dict.fromkeys(others)
    return list(result)


def scripts() -> list[tuple[str, str]]:
    """Names and texts of all scripts, each after those that it imports."""
    texts = {name: path.read_text(encoding="utf-8") for name, path in files().items() if path.suffix == ".js"}
    needs = {name: [resolve(name, other) for other in _IMPORT.findall(text)] for name, text in texts.items()}
    return [(name, texts[name]) for name in TopologicalSorter(needs).static_order()]


def loader(main: str) -> str:
    """The script that loads the module `main` and all that it needs, without its comments: Streamlit sends it again and again."""
    text = (PACKAGE / "web" / "player" / "loader.js").read_text(encoding="utf-8").replace("MAIN", MAINS[main])
    return re.sub(r"^ *//.*\n|^ */[*][*](.|\n)*?[*]/\n", "", text, flags=re.MULTILINE)


def resolve(name: str, other: str) -> str:
    """The name of the file that `name` imports as `other`."""
    return posixpath.normpath(posixpath.join(posixpath.dirname(name), other))


def plotly_js() -> Path:
    """The browser library that the plotly package brings along; without importing the package."""
    spec = importlib.util.find_spec("plotly")
    assert spec is not None and spec.origin is not None
    return Path(spec.origin).parent / "package_data" / "plotly.min.js"
