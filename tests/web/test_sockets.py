"""What connects to the server is sent small packets at once."""

import socket

import pytest

from bnviz import machine
from bnviz.web.routes.sockets import send_at_once


@pytest.mark.skipif(not machine.OPEN_FILES.is_dir(), reason="this system does not list a process's open files")
@pytest.mark.parametrize(("family", "address"), [(socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")])
def test_what_connects_waits_for_no_acknowledgement(family, address):
    with socket.socket(family=family) as listening:  # as Streamlit makes it: without the protocol's number
        try:
            listening.bind((address, 0))
        except OSError:
            pytest.skip(f"{address} is not to be had here")
        listening.listen()
        send_at_once()
        with socket.create_connection(listening.getsockname()[:2]), listening.accept()[0] as accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
