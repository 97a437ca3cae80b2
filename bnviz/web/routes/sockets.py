"""The sockets that the server listens at."""

from __future__ import annotations

import contextlib
import os
import socket
from collections.abc import Iterator

from bnviz import machine


def send_at_once() -> None:
    """Have everybody who connects from now on be sent small packets at once.

    Streamlit binds its socket itself and leaves out the protocol's number, by which asyncio knows a TCP socket: it does not turn
    Nagle's algorithm off. Every answer but the first of a connection then waits 40 ms for the browser's acknowledgement, and a
    page of a hundred files for half a second. (uvicorn issue 3149 describes the same.) What connects inherits the option.
    """
    for listening in _listening():
        listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def _listening() -> Iterator[socket.socket]:
    """This process's TCP sockets that wait for connections, each for as long as it is looked at."""
    for number in machine.open_files():
        with contextlib.suppress(OSError), socket.socket(fileno=os.dup(number)) as one:  # a file is no socket
            if one.family in (socket.AF_INET, socket.AF_INET6) and one.getsockopt(socket.SOL_SOCKET, socket.SO_ACCEPTCONN):
                yield one
