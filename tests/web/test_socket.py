"""Streamlit's socket on a real server: who may open it, and what becomes of messages that are none."""

import asyncio
import os
import random

import pytest
import websockets
from streamlit.proto.BackMsg_pb2 import BackMsg
from websockets.asyncio.client import connect

from benchmarks.visitors import open_page
from tests.e2e.lab import serve

TRIES = 60


@pytest.fixture(scope="module")
def server():
    with serve(settings={"STREAMLIT_SERVER_ALLOWED_HOSTS": "127.0.0.1 lab.example"}) as running:
        yield running


@pytest.fixture
def address(server):
    return server.url.replace("http", "ws", 1) + "/_stcore/stream"


async def closing_code(address, message):
    """With which code the server closes the socket at a message; None if it goes on with it."""
    async with connect(address, subprotocols=["streamlit"], compression="deflate") as socket:
        assert not socket.protocol.extensions, "the server would unpack what it is sent"
        try:
            await socket.send(message)
            async with asyncio.timeout(3):
                while True:
                    await socket.recv()
        except websockets.ConnectionClosed as closed:
            return closed.rcvd.code if closed.rcvd else 0
        except TimeoutError:
            return None


def memory(pid):
    """Bytes that a process has in memory."""
    with open(f"/proc/{pid}/statm", encoding="utf-8") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def test_messages_that_are_none_close_their_socket_and_nothing_else(server, address):
    chance = random.Random(3)
    malformed = [
        b"\xff" * 10,
        "text",
        b"\x0a\xff\xff\xff\xff\x0f",
        *(chance.randbytes(chance.randint(1, 400)) for _ in range(TRIES)),
    ]
    fatal = [b"\xff" * 10, "text", b"x" * 1_100_000, b"x" * 20_000_000]

    async def all_of_them(messages):
        return await asyncio.gather(*(closing_code(address, message) for message in messages))

    before = memory(server.process.pid)
    assert None not in asyncio.run(all_of_them(fatal))
    asyncio.run(all_of_them(malformed))
    assert asyncio.run(open_page(server, "steps=40", b"")) > 0
    assert memory(server.process.pid) < before + (100 << 20)


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1.evil.example"])
def test_a_page_of_another_site_may_not_open_it(address, origin):
    with pytest.raises(websockets.InvalidStatus) as refused:
        asyncio.run(closing_code_from(address, origin))
    assert refused.value.response.status_code == 403


async def closing_code_from(address, origin):
    async with connect(address, subprotocols=["streamlit"], origin=origin):
        pass


def test_a_session_cannot_be_taken_over_or_the_server_ended_by_a_message(server, address):
    shutdown = BackMsg(debug_shutdown_runtime=True).SerializeToString()
    assert asyncio.run(closing_code(address, shutdown)) is None
    assert asyncio.run(open_page(server, "steps=40", b"")) > 0
