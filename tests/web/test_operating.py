"""What an operator has: a log for programs, a board for Grafana, and documents whose metrics and settings exist."""

import asyncio
import contextlib
import json
import logging
import os
import re
import signal
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest
from starlette.applications import Starlette
from starlette.testclient import TestClient
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from streamlit.web.server.starlette import starlette_websocket

from benchmarks.visitors import open_page
from bnviz import engine
from bnviz.config.experiment import Experiment
from bnviz.engine.local import LocalEngine
from bnviz.record.store import Store
from bnviz.web.logs import JsonLines, set_up
from bnviz.web.routes import routes
from bnviz.web.routes.security import Security
from tests import ROOT, fake_training
from tests.e2e import fronts
from tests.e2e.lab import Server, free_port, serve
from tests.waiting import until

BOARD = ROOT / "deploy" / "grafana.json"
OPERATIONS = ROOT / "docs" / "operations.md"


@pytest.fixture
def local(monkeypatch):
    local_engine = LocalEngine(Store(), 1, fake_training.COMMAND)
    monkeypatch.setattr(engine, "shared", lambda: local_engine)
    yield local_engine
    local_engine.close()


@pytest.fixture
def names(local):
    """The names of all metrics there are."""
    text = TestClient(Starlette(routes=routes)).get("/bnviz/metrics").text
    return set(re.findall(r"^(bnviz_\w+?)(?:\{.*\})? \S+$", text, re.MULTILINE))


@pytest.mark.parametrize("path", [BOARD, OPERATIONS], ids=lambda path: path.name)
def test_every_metric_that_is_named_exists(names, path):
    metric_names = set(re.findall(r"\bbnviz_\w+", path.read_text(encoding="utf-8")))
    assert metric_names and metric_names - names == set()


def test_the_board_is_one_that_grafana_takes():
    board = json.loads(BOARD.read_text(encoding="utf-8"))
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"]) >= 10
    places = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in board["panels"]]
    assert len(set(places)) == len(places) and all(panel["title"] and panel["description"] for panel in board["panels"])
    for panel in board["panels"]:
        assert all(target["expr"].count("(") == target["expr"].count(")") for target in panel["targets"])


def test_the_silence_of_a_run_that_hangs_grows_and_ends_with_it(local):
    assert local.stall_seconds() == 0
    id = local.request(Experiment(seed=fake_training.HANGS))
    until(lambda: len(local.recording(id)) > 5 and local.stall_seconds() > 0.3)
    local.stop(id)
    until(lambda: local.stall_seconds() == 0)


def test_a_line_of_the_log_is_an_object_with_what_was_handed_over():
    try:
        raise ValueError("no such thing")
    except ValueError:
        record = logging.getLogger("bnviz").makeRecord(
            "bnviz.x", logging.ERROR, "file", 1, "two\nlines of %s", ("text",), sys.exc_info(), extra={"run": "f" * 16}
        )
    (line,) = JsonLines().format(record).splitlines()
    entry = json.loads(line)
    assert {"level": "error", "logger": "bnviz.x", "message": "two\nlines of text", "run": "f" * 16}.items() <= entry.items()
    assert "no such thing" in entry["exception"] and re.match(r"20\d\d-\d\d-\d\dT.*\+00:00$", entry["time"])


class BrokenSocket:
    """A browser's end that is gone: whatever is sent to it fails as uvicorn lets it fail."""

    headers, cookies, client = {}, {}, None

    async def send_bytes(self, payload):
        raise RuntimeError("Unexpected ASGI message 'websocket.send', after sending 'websocket.close'\nor another line.")


def test_a_page_that_is_reloaded_while_it_is_written_to_is_one_line_of_the_log(caplog):
    set_up()

    async def write():
        client = starlette_websocket.StarletteSessionClient(BrokenSocket())
        client.write_forward_msg(ForwardMsg(hash="x"))
        await client._closed.wait()

    asyncio.run(write())
    (record,) = caplog.records
    assert record.exc_info is None and "RuntimeError Unexpected ASGI message" in record.getMessage()
    assert len(logging.Formatter().format(record).splitlines()) == 1


def test_a_socket_that_ends_in_an_exception_is_one_line_of_the_log_and_is_closed(caplog):
    sent = []

    async def broken(scope, receive, send):
        raise TypeError("WebSocket text frames are not supported\nin two lines")

    async def send(message):
        sent.append(message["type"])

    asyncio.run(Security(broken)({"type": "websocket", "path": "/_stcore/stream", "headers": []}, None, send))
    (record,) = caplog.records
    assert len(logging.Formatter().format(record).splitlines()) == 1 and "text frames" in record.getMessage()
    assert sent == ["websocket.close"]


@pytest.mark.slow
def test_the_log_of_a_server_is_json_and_has_nobodys_address_in_it(tmp_path):
    port, log = free_port(), tmp_path / "log"
    environment = {**os.environ, "BNVIZ_LOG": "json", "BNVIZ_STORE": "", "BNVIZ_WORKERS": "1", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "streamlit", "run", "app.py", "--server.headless=true", f"--server.port={port}"]
    command.append("--server.address=127.0.0.1")
    with log.open("wb") as file:
        process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=subprocess.DEVNULL, stderr=file)
    server, experiment = Server(process, f"http://127.0.0.1:{port}"), Experiment(steps=40, seed=4711)
    try:
        until(lambda: _answers(server))
        headers = {"x-forwarded-for": "192.0.2.77", "user-agent": "a reader of logs"}
        asyncio.run(open_page(server, "steps=40&seed=4711", b""))
        httpx.get(f"{server.url}/bnviz/runs/{experiment.id}.ndjson?steps=40&seed=4711", headers=headers, timeout=60)
        httpx.get(f"{server.url}/nowhere?name=somebody", headers=headers, timeout=60)
        until(lambda: "a run has ended" in log.read_text(encoding="utf-8"))
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(10)
    text = log.read_text(encoding="utf-8")
    (last_entry,) = (entry for entry in map(json.loads, text.splitlines()) if entry["message"] == "a run has ended")
    assert (
        last_entry["run"] == experiment.id
        and last_entry["status"] == "finished"
        and last_entry["lines"] == experiment.snapshots + 2
    )
    for personal in ("192.0.2.77", "127.0.0.1", "a reader of logs", "4711", "somebody"):
        assert personal not in text


def _answers(server):
    try:
        return httpx.get(f"{server.url}/bnviz/readyz").status_code == 200
    except httpx.TransportError:
        return False


def test_a_page_that_is_open_and_how_long_its_script_took_are_counted():
    with serve() as server:

        async def visit():
            await open_page(server, "", b"")

        before = server.metric("page_seconds_count")
        asyncio.run(visit())
        assert server.metric("page_seconds_count") == before + 1 and server.metric("page_seconds_sum") > 0
        server.await_metric("pages_open", 0)


class _Named(BaseHTTPRequestHandler):
    """Answers with the port that was asked."""

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(str(self.server.server_port).encode())

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def _named_server():
    with ThreadingHTTPServer(("127.0.0.1", 0), _Named) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def test_the_documented_caddy_sends_a_browser_to_the_same_process_each_time(tmp_path):
    site = re.search(r"```caddy\n(.*?)```", OPERATIONS.read_text(encoding="utf-8"), re.DOTALL)[1]
    port = free_port()
    with _named_server() as one, _named_server() as other:
        for before, after in {":80 {": f":{port} {{", "127.0.0.1:8501": f"127.0.0.1:{one}", ":8502": f":{other}"}.items():
            assert before in site
            site = site.replace(before, after)
        with fronts.caddy(site, port, tmp_path), httpx.Client() as browser:
            chosen = set()
            for _ in range(20):
                browser.cookies.clear()
                answers = {browser.get(f"http://127.0.0.1:{port}/lab/").text for _ in range(6)}
                assert len(answers) == 1
                chosen |= answers
    assert chosen == {str(one), str(other)}, "both have browsers"
