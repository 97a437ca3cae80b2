"""The app as it is served to others: behind nginx and Caddy, in a frame of Streamlit Community Cloud, after a restart."""

import contextlib
import os
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import expect

from bnviz.config.experiment import Experiment
from tests.e2e import fronts
from tests.e2e.lab import Lab, Server, free_port, port_of, serve
from tests.e2e.test_trouble import whole_run_by_component
from tests.waiting import until

# Streamlit's socket and the rest, whatever the prefix; what a proxy that knows nothing of our routes lets through.
TO_STREAMLIT = """
    proxy_pass http://127.0.0.1:{app}{path};
    proxy_http_version 1.1;
    proxy_set_header Host $http_host;
    proxy_set_header Upgrade $http_upgrade;
    proxy_set_header Connection $bnviz_connection;
"""
MAP = 'map $http_upgrade $bnviz_connection { default upgrade; "" close; }\n'
ONLY_STREAMLIT = """
server {{
    listen 127.0.0.1:{port};
    location /lab/_stcore/ {{ {forward} }}
    location /lab/static/ {{ {forward} }}
    location = /lab/ {{ {forward} }}
}}
"""
# As Community Cloud does: the page at an address holds a frame with the app at the same address below /~/+/.
FRAMED = """
server {{
    listen 127.0.0.1:{port};
    default_type text/html;
    location /~/+/ {{ {forward} }}
    location / {{
        return 200 "<!doctype html><iframe style='width: 1300px; height: 800px' allow='clipboard-write'></iframe>
        <script>document.querySelector('iframe').src = '/~/+' + location.pathname + location.search</script>";
    }}
}}
"""


@pytest.fixture(scope="module")
def app():
    """The app below /lab/."""
    with serve(base="lab") as running:
        yield running


@pytest.fixture(scope="module")
def front_port():
    """One port for all proxies, one after the other: what the browser has compiled it keeps by address."""
    return free_port()


@pytest.fixture
def behind(tmp_path, front_port):
    """Start a proxy with what a function of its port says; returns the port. It ends after the pages have."""
    with contextlib.ExitStack() as running:

        def start(front, site):
            port = free_port(front_port)
            running.enter_context(front(site(port), port, tmp_path))
            return port

        yield start


@pytest.fixture
def through(behind, visit):
    """A page of the app at another address, the port of a proxy; a name, as outside."""

    def open_through(app, port, **options):
        lab = visit(**options)
        lab.server = Server(app.process, f"http://lab.localhost:{port}/lab")
        return lab

    return open_through


FRONTS = [(fronts.nginx, "nginx.conf"), pytest.param(fronts.caddy, "Caddyfile", marks=pytest.mark.slow)]


@pytest.mark.slow
@pytest.mark.parametrize("front, file", FRONTS, ids=["nginx", "caddy"])
def test_behind_a_proxy_the_page_plays_while_the_run_is_trained(behind, through, app, front, file):
    lab = through(app, behind(front, lambda port: fronts.shipped(file, port_of(app), port)))
    lab.open(steps=4000, batch_size=256, snapshot_every=100, seed=len(file))
    assert app.metric("runs_active") == 1  # so what is seen has not waited for the end
    lab.wait("d.trainedStep > 100")
    assert app.metric("runs_active") == 1
    assert lab.page.inner_text(".bnviz-message") == ""
    lab.page.get_by_role("button", name="Stop training").click()
    lab.wait("d.state === 'ended'")
    app.await_metric("runs_active", 0)


class Echo(BaseHTTPRequestHandler):
    """Answers with the address that it is asked for."""

    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(self.path.encode())

    def log_message(self, format, *args):
        """Nothing is written of it."""


@pytest.fixture
def echo():
    """The port of a stand-in for the app that says what it is asked for."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Echo) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server.server_address[1]
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("front, file", [(fronts.nginx, "nginx.conf"), (fronts.caddy, "Caddyfile")], ids=["nginx", "caddy"])
@pytest.mark.parametrize("path", ["/lab", "/lab/batch-size", "/lab/bnviz/runs/x.ndjson"])
def test_the_query_of_a_link_survives_every_proxy(behind, echo, front, file, path):
    port = behind(front, lambda port: fronts.shipped(file, echo, port))
    query = "changes=200%3Alearning_rate%3D1%3B350%3Abatch_size%3D8&seed=43&beside=a%26b"
    answer = httpx.get(f"http://127.0.0.1:{port}{path}?{query}", follow_redirects=True)
    assert answer.text == f"{'/lab/' if path == '/lab' else path}?{query}"


@pytest.mark.slow
def test_behind_a_proxy_that_knows_only_streamlits_own_addresses_the_run_comes_with_the_page(behind, through, app):
    forward = TO_STREAMLIT.format(app=port_of(app), path="")
    lab = through(app, behind(fronts.nginx, lambda port: MAP + ONLY_STREAMLIT.format(port=port, forward=forward)), clean=False)
    lab.open(steps=100, seed=91)
    whole_run_by_component(lab)
    troubles = [trouble for trouble in lab.troubles if "/favicon.png" not in trouble]  # a Chromium with a window asks for one
    assert troubles and all("/lab/bnviz/" in trouble and "404" in trouble for trouble in troubles)


@pytest.mark.slow
def test_a_link_that_is_copied_in_a_frame_of_community_cloud_is_the_address_that_people_see(behind, visit, server):
    forward = TO_STREAMLIT.format(app=port_of(server), path="/")
    port = behind(fronts.nginx, lambda port: MAP + FRAMED.format(port=port, forward=forward))
    page = visit(clean=False).page
    player = page.frame_locator("iframe").locator(".bnviz-player[data-state=paused][data-step='20']")
    page.goto(f"http://lab.localhost:{port}/gamma-beta?steps=40&step=20&skip=1")
    player.get_by_role("button", name="Copy link to this step").click()
    expect(player.locator(".bnviz-copied[role=status]")).to_have_text("Copied")
    link = page.evaluate("navigator.clipboard.readText()")
    assert link.startswith(f"http://lab.localhost:{port}/gamma-beta?") and "step=20" in link
    assert "/~/+/gamma-beta?" in page.frames[1].url  # it has moved nowhere
    page.goto(link)
    expect(player).to_be_visible()


@pytest.mark.slow
def test_a_link_opened_on_a_server_that_has_just_begun_shows_what_an_earlier_one_trained(visit, tmp_path):
    experiment, lab = Experiment(steps=100, seed=92), visit(clean=False)
    for started in (1, 0):
        # At an address of which the browser has nothing in its cache.
        with serve(store=str(tmp_path), port=free_port()) as lab.server:
            lab.open(steps=100, seed=92, step=40).trained()
            lab.wait(f"d.run === '{experiment.id}' && d.state === 'paused' && d.step === '40'")
            assert lab.server.metric("runs_started_total") == started
            until(lambda: list(tmp_path.rglob("*.ndjson.gz")))  # it is written just after its last line was sent


MEMORY = 700 * 2**20  # bytes: what Streamlit Community Cloud grants at the least
GROUPS = {  # of the two versions of control groups: folder, limit, and how often it was met
    Path("/sys/fs/cgroup/memory"): ("memory.limit_in_bytes", "memory.failcnt"),
    Path("/sys/fs/cgroup"): ("memory.max", "memory.events"),
}


@pytest.fixture
def little_memory():
    """A control group with 700 MB; where none can be made, there is nothing to test."""
    for parent, (limit, met) in GROUPS.items():
        folder = parent / f"bnviz-test-{os.getpid()}"
        if not (parent / "cgroup.procs").exists():
            continue
        with contextlib.suppress(OSError):
            folder.mkdir()
            try:
                (folder / limit).write_text(str(MEMORY), encoding="utf-8")
            except OSError:
                folder.rmdir()
                raise
            yield folder, met
            while (folder / "cgroup.procs").read_text(encoding="utf-8"):  # the killed ones are still leaving
                time.sleep(0.05)
            return folder.rmdir()
    pytest.skip("no control group can be made here")


@pytest.mark.slow
def test_with_700_mb_it_starts_one_worker_and_plays_the_default_experiment(browser, little_memory):
    group, met = little_memory
    with serve(workers=None, group=group) as server:
        page = browser.new_page()
        Lab(page, server).open().wait("d.state === 'ended' && d.step === '600'")
        page.close()
        assert httpx.get(f"{server.url}/bnviz/healthz").json()["workers"] == {"alive": 1, "wanted": 1}
        assert server.metric("worker_restarts_total") == 0
        assert (group / met).read_text(encoding="utf-8").strip() in ("0",) or "oom_kill 0" in (group / met).read_text(
            encoding="utf-8"
        )
