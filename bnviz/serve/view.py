"""The command `bnviz view`: the player for recordings on this machine, finished ones and growing ones."""

from __future__ import annotations

import socket
import threading
import webbrowser
from collections.abc import Sequence
from pathlib import Path

import uvicorn

from bnviz.web.own.viewer import application

ADDRESS = "127.0.0.1"  # recordings are their owner's: no other machine is answered


def view(paths: Sequence[Path], port: int | None = None, opens: bool = True) -> None:
    """Serve the player until a signal ends it, at `port` or a free one, and open it in the reader's browser. Raises OSError."""
    with socket.socket() as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((ADDRESS, port or 0))
        listening.listen()
        address = f"http://{ADDRESS}:{listening.getsockname()[1]}/"
        print(address, flush=True)
        if opens:  # the socket listens already, so the browser's first request waits, and is answered
            threading.Thread(target=webbrowser.open, args=[address], daemon=True).start()
        uvicorn.Server(uvicorn.Config(application(paths), log_level="warning")).run(sockets=[listening])
