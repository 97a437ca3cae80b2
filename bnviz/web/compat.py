"""All of Streamlit that is private to it, or that another release may have elsewhere. tests/web/test_compat.py says what broke.

Its class names and test ids, which style sheets and scripts need, are in site/style.css and player/streamlit.js.
"""

from __future__ import annotations

import base64
import functools
import hashlib
import re
from collections.abc import Iterable, Sequence
from pathlib import Path

import streamlit
from streamlit.runtime.scriptrunner import RerunException, get_script_run_ctx
from streamlit.web.server.starlette import starlette_websocket
from streamlit.web.server.starlette.starlette_websocket import is_host_allowed

__all__ = [
    "SOCKET_LOGGER",
    "STREAM",
    "BadSetting",
    "RerunException",
    "component_scripts",
    "inline_scripts",
    "is_history_navigation",
    "is_host_allowed",
    "local_address",
    "serve",
]

STREAM = "/_stcore/stream"  # what the address of its socket ends in
SOCKET_LOGGER = starlette_websocket.__name__  # by which it tells of its socket
COMPONENT = "BidiComponent"  # its script that shows a component of ours; it asks for it when the first one is there
_STATIC = Path(streamlit.__file__).parent / "static"
_IMPORTED = re.compile(r'(?:from|import)\s*"\./([\w.-]+\.js)"')
_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)


class BadSetting(ValueError):
    """A setting that Streamlit cannot use; the message names it."""


def serve(app: Path, flags: Sequence[str]) -> None:
    """Serve an app as `streamlit run` does, in this process, until a signal ends it.

    Environment variables count, which they do not for `st.App.run`. Raises SystemExit, KeyboardInterrupt, or BadSetting.
    """
    from click import Abort, ClickException
    from streamlit.web import cli

    try:
        cli.main(["run", str(app), *flags], prog_name="streamlit", standalone_mode=False)
    except Abort:
        raise KeyboardInterrupt from None
    except ClickException as error:
        raise BadSetting(error.format_message()) from None


def local_address() -> str:
    """Where this machine's own browser finds the server, once it listens."""
    from streamlit import config
    from streamlit.web.server import server_util

    host = config.get_option("server.address")
    return server_util.get_url("localhost" if host in (None, "0.0.0.0", "::") else host)


def is_history_navigation() -> bool:
    """Whether a page runs because the visitor went back or forward. Without it, a link that they return to is not read."""
    return getattr(get_script_run_ctx(), "is_history_navigation", False)


@functools.cache
def inline_scripts() -> list[str]:
    """The inline scripts of its page, as a content security policy names them: by their SHA-256."""
    hashed = (hashlib.sha256(text.encode()).digest() for text in _INLINE.findall(_page()))
    return [f"'sha256-{base64.b64encode(one).decode()}'" for one in hashed]


@functools.cache
def component_scripts() -> list[str]:
    """Its scripts for components, with what they import; none, if this release calls them otherwise."""
    folder = _STATIC / "static" / "js"
    return sorted(_with_imports(folder, [path.name for path in folder.glob(f"{COMPONENT}.*.js")]))


def _with_imports(folder: Path, names: Iterable[str]) -> set[str]:
    """The scripts `names` and what they import, but for what the page's own head has already."""
    result: set[str] = set()
    open = list(names)
    page = _page()
    while open:
        name = open.pop()
        if name in result or name in page or not (folder / name).is_file():
            continue
        result.add(name)
        open += _IMPORTED.findall((folder / name).read_text(encoding="utf-8"))
    return result


def _page() -> str:
    return (_STATIC / "index.html").read_text(encoding="utf-8")
