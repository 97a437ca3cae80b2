"""What browsers are told to keep to."""

from starlette.applications import Starlette
from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from bnviz.web.routes import middleware, routes
from bnviz.web.routes.security import HEADERS


async def page(request):
    return PlainTextResponse("", headers={"Referrer-Policy": "no-referrer"})


async def stream(request):
    return StreamingResponse(piece for piece in ("one", "two"))


def test_every_answer_says_it_and_what_a_route_says_itself_stands():
    client = TestClient(Starlette(routes=[*routes, Route("/own", page), Route("/stream", stream)], middleware=middleware))
    for path in ("/robots.txt", "/bnviz/nothing", "/stream", "/lab/bnviz/runs/x.ndjson"):
        found = client.get(path).headers
        assert {name: found[name] for name in HEADERS} == HEADERS, path
    assert client.get("/own").headers["referrer-policy"] == "no-referrer"
    assert client.get("/stream").text == "onetwo"


def test_programs_that_read_the_web_are_asked_to_leave_settings_and_runs_alone():
    said = TestClient(Starlette(routes=routes)).get("/robots.txt").text.splitlines()
    assert said == ["User-agent: *", "Disallow: /*?", "Disallow: /*bnviz/runs/"]
