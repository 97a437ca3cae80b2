"""The head of every page names the files that the browser will need, and each of them is there."""

import re
from types import SimpleNamespace

import pytest
from starlette.applications import Starlette
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, StreamingResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from bnviz import engine
from bnviz.lessons import LESSONS, address
from bnviz.record.store import Store
from bnviz.web import assets
from bnviz.web.routes import head, routes, security

PAGE = "<!DOCTYPE html><html><head><title>x</title></head><body>é</body></html>"
BROWSER = {"accept": "text/html,application/xhtml+xml,*/*;q=0.8"}


async def page(request: Request):
    if request.headers.get("if-none-match"):
        return HTMLResponse(status_code=304)
    return HTMLResponse(PAGE, headers={"ETag": '"1"', "Last-Modified": "yesterday"})


async def data(request: Request):
    return JSONResponse({"head": "</head>"})


async def stream(request: Request):
    return StreamingResponse((piece for piece in ("</head>", "more")), media_type="application/x-ndjson")


@pytest.fixture(scope="module")
def link_cache():
    """Addresses of files that have been asked for: pages share most of theirs."""
    return set()


@pytest.fixture
def client(monkeypatch):
    monkeypatch.setattr(engine, "shared", lambda: SimpleNamespace(store=Store()))  # to ask it for a run would be an error
    app = Starlette(routes=[*routes, Route("/data", data), Route("/stream", stream), Route("/{rest:path}", page)])
    app.add_middleware(GZipMiddleware, minimum_size=1)
    app.add_middleware(head.Head)
    return TestClient(app)


def links(text):
    return re.findall(r'<link rel="(\w+)"[^>]*href="\./([^"]+)"', text)


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_page_names_files_that_are_there(client, link_cache, lesson):
    path = "/" if lesson == "live_shift" else f"/{address(lesson)}"
    response = client.get(path, headers=BROWSER)
    own_links = [(kind, href) for kind, href in links(response.text) if href.startswith("bnviz/")]
    scripts = [href.split("/", 3)[3] for kind, href in own_links if kind == "modulepreload"]
    story = f"lessons/{lesson}/story.js"
    main = "web/player/player.js" if story in assets.files() else "web/player/board.js"
    assert {main, *([story] if story in assets.files() else [])} <= set(scripts)
    for name in scripts:  # nothing that they import is missing
        expected = {
            assets.resolve(name, one) for one in re.findall(r'^import.* from "([./\w-]+\.js)"', text_of(name), re.MULTILINE)
        }
        assert expected <= set(scripts)
    for kind, href in set(own_links) - link_cache:
        answer = client.get(f"/{href}")
        assert answer.status_code == 200 and "immutable" in answer.headers["cache-control"], (kind, href)
    link_cache |= set(own_links)
    assert [kind for kind, href in own_links if "plotly" in href and "plotly-numbers" not in href] == ["prefetch"]


FALLBACK = {"modulepreload": "script-src", "stylesheet": "style-src", "prefetch": "default-src"}  # in Firefox


@pytest.mark.parametrize("kind", FALLBACK)
def test_firefox_may_load_what_the_head_names(kind):
    assert kind in {kind for kind, _ in links(head.tags("/"))}
    assert "'self'" in security.POLICY[FALLBACK[kind]].split()


def test_nothing_falls_back_to_the_default_but_what_is_prefetched():
    """What Content Security Policy 3 has fall back to default-src, if neither it nor what stands between them is there."""
    fetched = {"child", "connect", "font", "frame", "img", "manifest", "media", "object", "script", "style"}
    assert {f"{name}-src" for name in fetched - {"child"}} <= set(
        security.POLICY
    )  # frames and workers have frame-src, script-src


def text_of(name):
    return assets.files()[name].read_text(encoding="utf-8")


def test_the_page_is_whole_and_not_one_from_before(client):
    response = client.get("/", headers={**BROWSER, "if-none-match": '"1"', "accept-encoding": "gzip"})
    assert response.status_code == 200 and response.text.endswith("</head><body>é</body></html>")
    assert response.headers["content-length"] == str(len(response.content))
    assert not {"etag", "last-modified", "content-encoding"} & set(response.headers)
    assert response.text.index("<title>") < response.text.index("modulepreload") < response.text.index("</head>")


def test_whatever_is_no_page_stays_as_it_is(client):
    assert client.get("/data", headers=BROWSER).json() == {"head": "</head>"}
    assert client.get("/stream", headers=BROWSER).text == "</head>more"
    assert client.get("/", headers={"accept": "application/json"}).text == PAGE, "nobody wants to see a page"
    assert client.get("/some/file").text == PAGE
    assert client.head("/", headers=BROWSER).text == ""


def test_files_that_have_changed_have_another_address(tmp_path, monkeypatch, client):
    folder = tmp_path / "web" / "player"
    folder.mkdir(parents=True)
    (folder / "player.js").write_text("1", encoding="utf-8")
    monkeypatch.setattr(assets, "PACKAGE", tmp_path)
    first = assets.addresses()["files"]
    assert "immutable" in client.get(f"/{first}/web/player/player.js").headers["cache-control"]
    (folder / "player.js").write_text("22", encoding="utf-8")
    assert assets.addresses()["files"] != first
    again = client.get(f"/{first}/web/player/player.js")
    assert again.text == "22" and "immutable" not in again.headers["cache-control"]


@pytest.mark.parametrize("path", ["/", "/nowhere", "/lab", "/gamma-beta", "/lab/gamma-beta", "/gamma-beta/"])
def test_a_page_is_known_under_any_prefix(path):
    assert head.lesson_at(path) == ("gamma_beta" if "gamma" in path else "live_shift")


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/", True),
        ("/lab/gamma-beta", True),
        ("/bnviz/gamma-beta", True),
        ("/lab/bnviz/runs/0123456789abcdef/gamma_beta.html", False),
    ],
)
def test_a_saved_page_keeps_its_own_head(path, expected):
    scope = {"type": "http", "path": path, "headers": [(b"accept", BROWSER["accept"].encode())]}
    assert head.wants_page(scope) == expected
