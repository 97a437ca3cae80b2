"""The reader's own browser, opened when the server has begun. Streamlit opens none for an ASGI app."""

from __future__ import annotations

import contextlib
import threading
import webbrowser
from collections.abc import AsyncGenerator

from bnviz.web import compat
from bnviz.web.routes import lifespan as server_lifespan

is_wanted = False  # set by the command before the server begins


@contextlib.asynccontextmanager
async def lifespan(app: object) -> AsyncGenerator[None]:
    """The server's lifespan. Its socket listens already, so the browser's first request waits, and is answered."""
    async with server_lifespan(app):
        if is_wanted:
            threading.Thread(target=webbrowser.open, args=[compat.local_address()], daemon=True).start()
        yield
