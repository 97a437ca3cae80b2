"""What browsers are told to keep to, by which names the app is asked, and who may have it compute."""

from types import SimpleNamespace

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient
from streamlit.config import set_option

from bnviz import engine
from bnviz.config.experiment import Experiment
from bnviz.engine.local import LocalEngine
from bnviz.record.store import Store
from bnviz.web import player
from bnviz.web.routes import middleware, preview, routes
from bnviz.web.routes.security import HEADERS
from tests import fake_training


async def page(request):
    return PlainTextResponse("", headers={"Referrer-Policy": "no-referrer"})


async def stream(request):
    return StreamingResponse(piece for piece in ("one", "two"))


def test_every_answer_says_it_and_what_a_route_says_itself_stands():
    client = TestClient(Starlette(routes=[*routes, Route("/own", page), Route("/stream", stream)], middleware=middleware))
    for path in ("/robots.txt", "/bnviz/nothing", "/stream", "/lab/bnviz/runs/x.ndjson"):
        headers = client.get(path).headers
        assert {name: headers[name] for name in HEADERS} == HEADERS, path
    assert client.get("/own").headers["referrer-policy"] == "no-referrer"
    assert client.get("/stream").text == "onetwo"


def test_programs_that_read_the_web_are_asked_to_leave_settings_and_runs_alone():
    lines = TestClient(Starlette(routes=routes)).get("/robots.txt").text.splitlines()
    assert lines == ["User-agent: *", "Disallow: /*?", "Disallow: /*bnviz/runs/"]


def test_only_the_names_that_the_app_has_are_answered():
    client = TestClient(Starlette(routes=routes, middleware=middleware))
    set_option("server.allowedHosts", ["lab.example", "*.lab.example"])
    try:
        statuses = {host: client.get("/robots.txt", headers={"host": host}).status_code for host in HOSTS}
        scope = {"path": "/", "headers": [(b"host", b"lab.example"), (b"x-forwarded-host", b"evil.example")]}
        assert preview.site(scope) == "http://lab.example"
    finally:
        set_option("server.allowedHosts", [])
    assert statuses == HOSTS
    assert client.get("/robots.txt", headers={"host": "evil.example"}).status_code == 200  # any, unless they are named


HOSTS = {"lab.example": 200, "lab.example:8501": 200, "a.lab.example": 200, "evil.example": 400, "lab.example.evil": 400, "": 400}


@pytest.mark.parametrize(
    ("site", "mode", "starts"),
    [
        ("cross-site", "no-cors", 0),
        ("cross-site", "cors", 0),
        ("same-origin", "cors", 1),
        ("cross-site", "navigate", 1),
        ("", "", 1),
    ],
)
def test_a_page_of_another_site_can_have_no_run_begun(monkeypatch, site, mode, starts):
    """Its visitors' browsers would ask for it; they say so."""
    experiment, requests = Experiment(seed=31), []
    shared = SimpleNamespace(store=Store(), recording=lambda id: None, request=lambda one: requests.append(one) or one.id)
    monkeypatch.setattr(engine, "shared", lambda: shared)
    headers = {"sec-fetch-site": site, "sec-fetch-mode": mode}
    assert (
        TestClient(Starlette(routes=routes)).get(f"/bnviz/runs/{experiment.id}.ndjson?seed=31", headers=headers).status_code
        == 404
    )
    assert len(requests) == starts


def test_nobody_stops_a_run_that_somebody_else_watches(monkeypatch):
    """Not even who opens its page and does not read it, so that there is one reader: the other one."""
    local = LocalEngine(Store(), 1, fake_training.COMMAND)
    monkeypatch.setattr(engine, "shared", lambda: local)
    try:
        run = local.request(Experiment(steps=5000, momentum=0.01), "a student")
        recording = local.recording(run)
        with recording.subscribe(lambda: None):
            local.request(Experiment(steps=5000, momentum=0.01), "a stranger")
            player.stop(run, "a stranger")
            assert not recording.ended
        own_id = local.request(Experiment(steps=4000, momentum=0.01), "a student")
        player.stop(own_id, "a student")
        assert local.recording(own_id).status != "stopped" and not recording.ended  # asked for again, it is begun again
        assert local.endings["stopped"] == 1
    finally:
        local.close()
