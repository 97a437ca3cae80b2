"""The routes: streaming, caching, errors, and how the whole server ends."""

import asyncio
import contextlib
import gzip
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import zlib
from pathlib import Path
from types import SimpleNamespace

import httpx
import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient
from streamlit.web.server.starlette.starlette_gzip_middleware import SelectiveGZipMiddleware

from bnviz import engine
from bnviz.config.experiment import Experiment
from bnviz.engine import worker
from bnviz.engine.admission import Admission, Limits
from bnviz.engine.local import LocalEngine
from bnviz.record import ndjson
from bnviz.record.store import Store
from bnviz.web import assets
from bnviz.web.export.files import FILES
from bnviz.web.routes import http, routes, runs
from bnviz.web.routes.viewers import viewers
from tests import ROOT, fake_training

ID = "0123456789abcdef"
URL = f"/bnviz/runs/{ID}.ndjson"
HEADER = ndjson.line({"type": "header", "id": ID})
SNAPSHOTS = [ndjson.line({"type": "snapshot", "index": index, "text": "x" * 2000}) for index in range(20)]
END = ndjson.end("finished", "", 1.0)
LINES = [HEADER, *SNAPSHOTS, END]
PLAIN = {"accept-encoding": "identity"}

app = Starlette(routes=routes, middleware=[Middleware(SelectiveGZipMiddleware)])  # as Streamlit wraps them


@pytest.fixture
def shared(monkeypatch):
    """An engine without workers, whose store the test fills by hand."""
    store = Store()
    stub = SimpleNamespace(store=store, recording=store.get, counters=engine.Counters(), endings={"failed": 2})
    stub.workers, books = lambda: (1, 2), Admission(Limits())
    stub.queue_position, stub.state_counts, stub.stall_seconds = books.queue_position, books.state_counts, lambda: 1.5
    monkeypatch.setattr(engine, "shared", lambda: stub)
    monkeypatch.setattr(viewers, "closing", False)
    return stub


@pytest.fixture
def client(shared):
    return TestClient(app)


@pytest.fixture
def finished(shared):
    recording, _ = shared.store.start(ID)
    for line in LINES:
        recording.append(line)
    shared.store.finish(recording)
    return recording


class Visit:
    """One request, made by hand, so that a test decides when the reader reads and when it goes away."""

    def __init__(self, path, query="", headers=(), reads=True):
        self.messages, self._disconnected, self._may_read = [], asyncio.Event(), asyncio.Event()
        if reads:
            self._may_read.set()
        pairs = [(name.encode(), value.encode()) for name, value in dict(headers).items()]
        scope = {"type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "method": "GET", "path": path,
                 "raw_path": path.encode(), "query_string": query.encode(), "headers": pairs}  # fmt: skip
        self.task = asyncio.create_task(app(scope, self._receive, self._send))

    async def _receive(self):
        await self._disconnected.wait()
        return {"type": "http.disconnect"}

    async def _send(self, message):
        await self._may_read.wait()
        self.messages.append(message)

    @property
    def body(self):
        return b"".join(message.get("body", b"") for message in self.messages)

    async def has(self, condition):
        """Wait until `condition(body)` is true."""
        async with asyncio.timeout(10):
            while not condition(self.body):
                await asyncio.sleep(0.002)

    async def leave(self):
        self._disconnected.set()
        await asyncio.wait_for(self.task, 5)


# a live run


def test_lines_arrive_one_by_one_while_the_run_is_live(shared):
    async def watch():
        recording, _ = shared.store.start(ID)
        visit = Visit(URL)
        for index, line in enumerate(LINES):
            recording.append(line)
            await visit.has(lambda body, index=index: body == b"".join(LINES[: index + 1]))
        await asyncio.wait_for(visit.task, 5)
        return visit

    visit = asyncio.run(watch())
    headers = dict(visit.messages[0]["headers"])
    assert headers[b"content-type"] == b"application/x-ndjson"
    assert headers[b"cache-control"] == b"no-store"


def test_gzip_lines_arrive_one_by_one_and_make_one_gzip_file(shared):
    async def watch():
        recording, _ = shared.store.start(ID)
        visit = Visit(URL, headers={"accept-encoding": "gzip"})
        for index, line in enumerate(LINES):
            recording.append(line)
            expected = b"".join(LINES[: index + 1])
            await visit.has(lambda body, expected=expected: zlib.decompressobj(31).decompress(body) == expected)
        await asyncio.wait_for(visit.task, 5)
        assert gzip.decompress(visit.body) == b"".join(LINES)
        assert dict(visit.messages[0]["headers"])[b"content-encoding"] == b"gzip"

    asyncio.run(watch())


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
def test_resuming_a_live_run_gives_the_tail(shared, encoding):
    async def watch():
        recording, _ = shared.store.start(ID)
        recording.append(HEADER)
        visit = Visit(URL, "from=5", {"accept-encoding": encoding})
        for line in LINES[1:]:
            recording.append(line)
        await asyncio.wait_for(visit.task, 5)
        body = visit.body if encoding == "identity" else gzip.decompress(visit.body)
        assert body == b"".join(LINES[5:])

    asyncio.run(watch())


def test_a_reader_that_goes_away_is_forgotten(shared):
    async def watch():
        recording, _ = shared.store.start(ID)
        recording.append(HEADER)
        visits = [Visit(URL) for _ in range(50)]
        for visit in visits:
            await visit.has(lambda body: body == HEADER)
        assert recording.readers == len(viewers) == 50
        for visit in visits:
            await visit.leave()
        assert recording.readers == len(viewers) == 0

    asyncio.run(watch())


def test_a_reader_that_does_not_read_holds_nothing_up(shared):
    async def watch():
        recording, _ = shared.store.start(ID)
        recording.append(HEADER)
        slow, quick = Visit(URL, reads=False), Visit(URL)
        await quick.has(lambda body: body == HEADER)
        for line in LINES[1:]:
            recording.append(line)
        await asyncio.wait_for(quick.task, 5)
        assert quick.body == b"".join(LINES)
        assert slow.messages == [] and not slow.task.done()
        slow._may_read.set()
        await asyncio.wait_for(slow.task, 5)
        assert slow.body == b"".join(LINES)
        largest = max(len(message.get("body", b"")) for message in slow.messages)
        assert largest <= runs.LINES_AT_ONCE * max(map(len, LINES))

    asyncio.run(watch())


def test_three_hundred_viewers_need_no_threads(shared):
    import threading

    async def watch():
        recording, _ = shared.store.start(ID)
        before = threading.active_count()
        visits = [Visit(URL, headers={"accept-encoding": "gzip"}) for _ in range(300)]
        for line in LINES[:-1]:
            recording.append(line)
            await asyncio.sleep(0)
        assert threading.active_count() <= before + 1
        assert recording.readers == 300
        recording.append(END)
        await asyncio.wait_for(asyncio.gather(*(visit.task for visit in visits)), 20)
        assert {gzip.decompress(visit.body) for visit in visits} == {b"".join(LINES)}

    asyncio.run(watch())


def test_streams_end_when_the_server_goes(shared):
    async def watch():
        recording, _ = shared.store.start(ID)
        recording.append(HEADER)
        visit = Visit(URL)
        await visit.has(lambda body: body == HEADER)
        viewers.close()
        await asyncio.wait_for(visit.task, 1)
        assert visit.body == HEADER

    asyncio.run(watch())


def test_the_head_of_a_live_run_does_not_wait_for_it(shared, client):
    shared.store.start(ID)
    assert client.head(URL).status_code == 200


# a finished run


def test_a_finished_run_is_cacheable(client, finished):
    response = client.get(URL, headers=PLAIN)
    assert response.content == b"".join(LINES)
    assert "immutable" in response.headers["cache-control"] and "public" in response.headers["cache-control"]
    again = client.get(URL, headers={"if-none-match": response.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert client.get(URL, headers={"if-none-match": '"other"'}).status_code == 200
    assert client.head(URL).headers["etag"] == response.headers["etag"]


def test_the_stored_gzip_is_served_as_it_is(client, finished):
    with client.stream("GET", URL, headers={"accept-encoding": "br, gzip"}) as response:
        assert b"".join(response.iter_raw()) == finished.gzip()
        assert response.headers["content-encoding"] == "gzip"
        assert response.headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize("accepted", ["identity", "gzip;q=0", "br, gzip; q=0.0"])
def test_gzip_is_not_forced_on_anybody(accepted):
    assert not http.takes_gzip(SimpleNamespace(headers={"accept-encoding": accepted}))


@pytest.mark.parametrize("accepted", ["gzip", "gzip, br", "br;q=0, gzip;q=0.5", "gzip;q=1, br;q=0"])
def test_gzip_is_seen(accepted):
    assert http.takes_gzip(SimpleNamespace(headers={"accept-encoding": accepted}))


@pytest.mark.parametrize("start", [0, 1, 7, len(LINES), 999])
def test_from_skips_lines(client, finished, start):
    assert client.get(f"{URL}?from={start}").content == b"".join(LINES[start:])


# a page to keep


@pytest.fixture(scope="module")
def trained():
    experiment = Experiment(width=8, steps=10, dataset="mnist1d", train_size=100)
    return experiment.id, [line for line in worker.record(experiment) if line]


@pytest.fixture
def page_url(shared, trained):
    """A real run that has ended, in the store; returns where its page is."""
    recording, _ = shared.store.start(trained[0])
    for line in trained[1]:
        recording.append(line)
    shared.store.finish(recording)
    return f"/bnviz/runs/{recording.id}/live_shift.html"


def test_a_finished_run_can_be_saved_as_a_page(client, page_url, trained):
    response = client.get(f"{page_url}?live=https%3A%2F%2Fexample.org%2F%3Fsteps%3D10")
    assert response.status_code == 200 and response.headers["content-type"].startswith("text/html")
    assert response.headers["content-disposition"] == f'attachment; filename="bnviz-live-shift-{trained[0]}.html"'
    assert 'href="https://example.org/?steps=10"' in response.text
    assert client.head(page_url).headers["content-disposition"] == response.headers["content-disposition"]


def test_a_page_to_be_viewed_is_the_same_for_everybody_and_for_ever(client, page_url):
    view, download = client.get(f"{page_url}?view=1&live=https%3A%2F%2Fevil.example"), client.get(page_url)
    assert view.status_code == 200 and "immutable" in view.headers["cache-control"] and "evil" not in view.text
    assert view.headers["content-disposition"] == "inline" and "script-src" in view.headers["content-security-policy"]
    assert download.headers["cache-control"] == "no-store" and view.content == download.content
    missing = client.get(f"/bnviz/runs/{'f' * 16}/live_shift.html?view=1")
    assert missing.status_code == 404 and missing.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("live", ["javascript:alert(1)", "file:///etc/passwd", "https:", "http://[", "https://x/" + "a" * 2000])
def test_a_saved_page_leads_nowhere_but_to_the_web(client, page_url, live):
    page = client.get(page_url, params={"live": live}).text
    assert [address for address in re.findall(r'href="([^"]*)"', page) if address != "data:,"] == []


def test_a_page_is_made_of_whole_runs_only(client, shared, finished):
    recording, _ = shared.store.start("a" * 16)
    recording.append(HEADER)
    responses = {name: client.get(f"/bnviz/runs/{name}.html") for name in (f"{recording.id}/live_shift", f"{ID}/live_shift")}
    assert [response.status_code for response in responses.values()] == [409, 409]
    assert "still being trained" in responses[f"{recording.id}/live_shift"].json()["error"]
    assert "another release" in responses[f"{ID}/live_shift"].json()["error"]


@pytest.mark.parametrize(
    "name", ["f" * 16 + "/live_shift", ID + "/does_it_hold", ID + "/nowhere", ID + "/..%2f..%2fx", "x/live_shift"]
)
def test_there_is_no_page_of_what_there_is_not(client, finished, name):
    response = client.get(f"/bnviz/runs/{name}.html")
    assert response.status_code == 404 and response.json()["error"]


@pytest.mark.parametrize(("file", "ending"), [("script.zip", "zip"), ("notebook.ipynb", "ipynb"), ("series.csv", "csv")])
def test_a_finished_run_can_be_taken_away_as_other_files(client, shared, page_url, trained, finished, file, ending):
    at = page_url.replace("live_shift.html", file)
    response, head = client.get(at), client.head(at)
    assert response.status_code == head.status_code == 200 and not head.content
    assert response.content == FILES[file].make(b"".join(trained[1]), f"{trained[0]}.ndjson")
    for one in (response, head, client.get(f"/some/prefix{at}")):
        assert one.headers["content-disposition"] == f'attachment; filename="bnviz-{trained[0]}.{ending}"'
        assert one.headers["content-type"].startswith(FILES[file].media_type)
    shared.store.start("a" * 16)[0].append(HEADER)
    responses = {id: client.get(f"/bnviz/runs/{id}/{file}") for id in ("a" * 16, ID, "f" * 16, "x")}
    assert [one.status_code for one in responses.values()] == [409, 409, 404, 404]
    assert "still being trained" in responses["a" * 16].json()["error"] and "another release" in responses[ID].json()["error"]
    assert client.post(at).status_code == 405


# errors


@pytest.mark.parametrize("start", ["", "-1", "1.5", "x", "1e3", "9" * 30, "٣"])
def test_a_bad_from_is_a_bad_request(client, finished, start):
    response = client.get(URL, params={"from": start})
    assert response.status_code == 400 and "from" in response.json()["error"]


@pytest.mark.parametrize("name", ["f" * 16, "nonsense", "F" * 16, "..%2f..%2fetc%2fpasswd", "%00"])
def test_an_unknown_run_is_not_found(client, name):
    response = client.get(f"/bnviz/runs/{name}.ndjson")
    assert response.status_code == 404 and response.json()["error"]


@pytest.mark.parametrize("path", ["runs/x.ndjson", "healthz", "metrics", "player/player.js", "plotly.min.js", "else"])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_nothing_can_be_changed(client, path, method):
    response = client.request(method, f"/bnviz/{path}")
    assert response.status_code == 405 and response.json()["error"]
    assert response.headers["allow"] == "GET, HEAD"


def test_other_paths_are_not_found(client):
    assert client.get("/bnviz/else").status_code == 404


@pytest.mark.parametrize("prefix", ["", "/lab", "/a/b"])
def test_every_route_works_under_a_prefix(client, finished, prefix):
    assert client.get(prefix + URL, headers=PLAIN).content == b"".join(LINES)
    assert client.get(f"{prefix}/bnviz/healthz").status_code == 200


# health and metrics


def test_health(client, shared):
    body = client.get("/bnviz/healthz").json()
    assert body["status"] == "degraded" and body["workers"] == {"alive": 1, "wanted": 2} and body["version"]
    shared.workers = lambda: (2, 2)
    assert client.get("/bnviz/healthz").json()["status"] == "ok"
    shared.workers = lambda: (0, 2)
    assert client.get("/bnviz/healthz").status_code == 503


def test_alive_and_ready_are_two_questions(client, shared):
    """Whoever is ready gets visitors; whoever is not alive is started anew: one that is ending, or has no worker, is not."""
    statuses = lambda: [client.get(f"/bnviz/{name}").status_code for name in ("livez", "readyz")]  # noqa: E731
    assert statuses() == [200, 200]
    shared.workers = lambda: (0, 2)
    assert statuses() == [200, 503]
    shared.workers, viewers.closing = lambda: (2, 2), True
    assert statuses() == [200, 503]


def test_metrics_are_what_prometheus_reads(client, finished):
    response = client.get("/bnviz/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert response.text.endswith("\n")
    values, described = {}, {}
    assert all(line.split()[line.startswith("#") * 2].startswith("bnviz_") for line in response.text.splitlines())  # no others
    for line in response.text.splitlines():
        if line.startswith("#"):
            _, what, name, text = line.split(" ", 3)
            described.setdefault(name, {})[what] = text
        else:
            name, labels, value = re.fullmatch(r'(\w+)((?:\{\w+="[\w.+]+"\})?) (\S+)', line).groups()
            of = re.sub("_(bucket|sum|count)$", "", name)
            assert described[of].keys() == {"HELP", "TYPE"}
            assert described[of]["TYPE"] == ("histogram" if of != name else "counter" if name.endswith("_total") else "gauge")
            values[name + labels] = float(value)
    assert values['bnviz_runs_ended_total{status="failed"}'] == 2
    assert values["bnviz_workers_alive"] == 1 and values["bnviz_silence_seconds"] == 1.5
    assert values["bnviz_process_start_time_seconds"] < time.time() and values["bnviz_process_open_fds"] > 0
    assert values["bnviz_recordings_memory_bytes"] == finished.nbytes
    assert values["bnviz_viewers"] == values["bnviz_runs_active"] == 0


# the player's files


@pytest.fixture
def player(tmp_path, monkeypatch):
    folder = tmp_path / "web" / "player"
    (tmp_path / "lessons" / "gamma").mkdir(parents=True)
    (tmp_path / "lessons" / "gamma" / "story.js").write_text("/* story.js */", encoding="utf-8")
    (folder / "folder.js").mkdir(parents=True)
    for name in ("player.js", "player.css", "__init__.py"):
        (folder / name).write_text(f"/* {name} */", encoding="utf-8")
    (tmp_path / "secret.js").write_text("secret", encoding="utf-8")
    (tmp_path / "web" / "secret.js").write_text("secret", encoding="utf-8")
    monkeypatch.setattr(assets, "PACKAGE", tmp_path)


@pytest.mark.parametrize(
    "name, kind",
    [
        ("web/player/player.js", "text/javascript"),
        ("web/player/player.css", "text/css"),
        ("lessons/gamma/story.js", "text/javascript"),
    ],
)
def test_player_files(client, player, name, kind):
    response = client.get(f"/bnviz/{name}")
    assert response.text == f"/* {name.split('/')[-1]} */" and response.headers["content-type"].startswith(kind)
    again = client.get(f"/bnviz/{name}", headers={"if-none-match": response.headers["etag"]})
    assert again.status_code == 304


@pytest.mark.parametrize(
    "name", ["__init__.py", "folder.js", "none.js", "../secret.js", "..%2fsecret.js", "%2e%2e/secret.js", ""]
)
def test_only_the_players_scripts_and_styles_are_served(client, player, name):
    response = client.get(f"/bnviz/web/player/{name}")
    assert response.status_code == 404 and "secret" not in response.text


def test_plotly_is_compressed_once(client, monkeypatch):
    with client.stream("GET", "/bnviz/plotly.min.js", headers={"accept-encoding": "gzip"}) as response:
        compressed = b"".join(response.iter_raw())
    source = assets.plotly_js().read_bytes()
    assert gzip.decompress(compressed) == source
    assert len(compressed) < len(source) / 3
    monkeypatch.setattr(gzip, "compress", None)  # a second time would fail
    response = client.get("/bnviz/plotly.min.js")
    assert response.content == source
    assert client.get("/bnviz/plotly.min.js", headers={"if-none-match": response.headers["etag"]}).status_code == 304
    assert client.get("/bnviz/plotly.min.js", headers=PLAIN).content == source


# with an engine


def test_a_run_from_request_to_response(monkeypatch):
    local = LocalEngine(Store(), 1, fake_training.COMMAND)
    monkeypatch.setattr(engine, "shared", lambda: local)
    monkeypatch.setattr(viewers, "closing", False)
    try:
        with TestClient(app) as client:
            url = f"/bnviz/runs/{local.request(Experiment(steps=50, momentum=0.001))}.ndjson"
            live, later = client.get(url), client.get(url)
        assert live.headers["cache-control"] == "no-store" and "immutable" in later.headers["cache-control"]
        assert live.content == later.content
        assert [json.loads(line)["type"] for line in live.iter_lines()] == ["header"] + ["snapshot"] * 50 + ["end"]
    finally:
        local.close()


# the real server

APP = """
import contextlib
import streamlit as st
from bnviz import engine
from bnviz.web.routes import lifespan, routes
from bnviz.config.experiment import Experiment

@contextlib.asynccontextmanager
async def with_a_run(app):
    async with lifespan(app):
        engine.shared().request(Experiment(steps=5000, snapshot_every=10, width=128))
        yield

app = st.App("main.py", routes=routes, lifespan=with_a_run)
"""
RUN = Experiment(steps=5000, snapshot_every=10, width=128)


@contextlib.contextmanager
def streamlit(script, cwd, *options):
    """`streamlit run` in a process group of its own, as in a terminal: the process and its URL."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", str(script), "--server.headless=true", f"--server.port={port}"]
    command += ["--server.address=127.0.0.1", "--browser.gatherUsageStats=false", *options]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "BNVIZ_WORKERS": "1"}
    process = subprocess.Popen(command, cwd=cwd, env=environment, start_new_session=True)
    try:
        yield process, f"http://127.0.0.1:{port}"
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def answer(url, seconds=60.0):
    deadline = time.monotonic() + seconds
    while True:
        with contextlib.suppress(httpx.TransportError):
            return httpx.get(url)
        assert time.monotonic() < deadline, "the server never answered"
        time.sleep(0.05)


def children(pid):
    output = subprocess.run(["ps", "--ppid", str(pid), "-o", "pid="], capture_output=True, text=True).stdout
    return [int(text) for text in output.split()]


def running(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def all_end(pids, seconds):
    deadline = time.monotonic() + seconds
    while any(map(running, pids)):
        assert time.monotonic() < deadline, "somebody is still there"
        time.sleep(0.02)


def test_the_app_starts_from_anywhere_and_leaves_no_orphans_when_killed(tmp_path):
    with streamlit(ROOT / "app.py", tmp_path, "--server.baseUrlPath=lab") as (process, url):
        assert answer(f"{url}/lab/bnviz/healthz").json()["status"] == "ok"
        assert httpx.get(f"{url}/lab/_stcore/health").text == "ok"
        workers = children(process.pid)
        assert len(workers) == 1
        process.kill()
        all_end([process.pid, *workers], 15)


@pytest.mark.slow
@pytest.mark.parametrize("number, stalled_readers, seconds", [(signal.SIGINT, 0, 10), (signal.SIGTERM, 1, 10)])
def test_the_server_ends_promptly_in_the_middle_of_streams(tmp_path, number, stalled_readers, seconds):
    (tmp_path / "app.py").write_text(APP, encoding="utf-8")
    (tmp_path / "main.py").write_text("", encoding="utf-8")
    with streamlit(tmp_path / "app.py", "/") as (process, url):
        answer(f"{url}/bnviz/healthz")
        workers = children(process.pid)
        stream = f"{url}/bnviz/runs/{RUN.id}.ndjson"
        with httpx.stream("GET", stream, timeout=60) as reading, contextlib.ExitStack() as stack:
            for _ in range(stalled_readers):
                stack.enter_context(stalled(stream))
            lines = reading.iter_lines()
            assert json.loads(next(lines))["id"] == RUN.id
            assert json.loads(next(lines))["index"] == 0
            assert f"bnviz_viewers {1 + stalled_readers}.0\n" in httpx.get(f"{url}/bnviz/metrics").text
            os.killpg(process.pid, number) if number == signal.SIGINT else process.send_signal(number)
            with contextlib.suppress(httpx.TransportError):
                assert not any(ndjson.is_end(line.encode()) for line in lines)
            all_end([process.pid, *workers], seconds)


@contextlib.contextmanager
def stalled(url):
    """A reader that asks and then reads nothing."""
    host, port = httpx.URL(url).host, httpx.URL(url).port
    with socket.socket() as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.connect((host, port))
        connection.sendall(f"GET {httpx.URL(url).path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        connection.recv(100)
        yield
