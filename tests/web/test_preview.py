"""Pictures of runs by address, and what is shown of a link where it is sent: from what is at hand; nothing is trained."""

import io
import re
from html import unescape
from types import SimpleNamespace
from urllib.parse import urlencode, urlsplit

import pytest
from PIL import Image
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse
from starlette.routing import Route
from starlette.testclient import TestClient

from bnviz import engine
from bnviz.config.experiment import Experiment
from bnviz.engine import worker
from bnviz.lessons import LESSONS, address
from bnviz.record import ndjson
from bnviz.record.store import Store
from bnviz.web import words
from bnviz.web.routes import head, pictures, preview, routes
from bnviz.web.routes.render_cache import RenderCache

SETTINGS = {"width": 8, "steps": 20, "snapshot_every": 5, "dataset": "mnist1d", "train_size": 100}
RUN = Experiment(**SETTINGS)
CARD, FILM = f"/bnviz/runs/{RUN.id}/card.png", f"/bnviz/runs/{RUN.id}/picture.gif"
ROBOT = {"accept": "*/*"}  # what most of those ask for that show previews
PAGE = "<!DOCTYPE html><html><head><title>x</title></head><body></body></html>"


@pytest.fixture(scope="module")
def lines():
    return [line for line in worker.record(RUN) if line]


@pytest.fixture
def store(monkeypatch):
    """All that the engine has: to ask it for a run would be an error."""
    store = Store()
    monkeypatch.setattr(engine, "shared", lambda: SimpleNamespace(store=store))
    monkeypatch.setattr(pictures, "_cache", RenderCache(pictures.MEMORY, pictures.WAITING))
    return store


@pytest.fixture
def stored(store, lines):
    recording, _ = store.start(RUN.id)
    for line in lines:
        recording.append(line)
    store.finish(recording)
    return recording


async def page(request: Request):
    return HTMLResponse(PAGE)


@pytest.fixture
def client(store):
    app = Starlette(routes=[*routes, Route("/{rest:path}", page)])
    app.add_middleware(head.Head)
    return TestClient(app, "https://bnviz.example")


def shown(response):
    """What the page says of itself to others, by name."""
    metadata = re.findall(r'<meta (?:property|name)="([^"]+)" content="([^"]*)">', response.text)
    return {name: unescape(text) for name, text in metadata}


# the pictures


def test_a_run_at_hand_has_a_card_and_an_animation(client, stored):
    card, film = client.get(CARD, params={"step": 10}), client.get(f"/lab{FILM}")
    for response, kind in ((card, "png"), (film, "gif")):
        assert (response.status_code, response.headers["content-type"]) == (200, f"image/{kind}")
        assert "immutable" in response.headers["cache-control"] and f"{RUN.id}" in response.headers["content-disposition"]
    assert Image.open(io.BytesIO(card.content)).size == (preview.WIDTH, preview.HEIGHT)
    assert Image.open(io.BytesIO(film.content)).n_frames > 1
    assert client.get(CARD, params={"step": 20}).content != card.content
    assert client.get(CARD, params={"step": 10}, headers={"if-none-match": card.headers["etag"]}).status_code == 304


def test_each_is_drawn_once(client, stored, monkeypatch):
    first = client.get(CARD).content
    monkeypatch.setattr(pictures, "_arrays", None)  # rendering would be an error
    assert client.get(CARD).content == first


def test_who_asks_only_for_the_head_has_nothing_drawn(client, stored, monkeypatch):
    monkeypatch.setattr(pictures, "_render", None)
    for at in (CARD, FILM):
        response = client.head(at)
        assert response.status_code == 200 and "immutable" in response.headers["cache-control"] and not response.content


@pytest.mark.parametrize(
    ("query", "status", "expected"),
    [
        ("step=21", 400, "step"),
        ("layer=x", 400, "layer"),
        ("lesson=nowhere", 404, "no such page"),
        ("lesson=does_it_hold", 404, "no such page"),
    ],
)
def test_what_cannot_be_shown_is_said(client, stored, query, status, expected):
    response = client.get(f"{CARD}?{query}")
    assert response.status_code == status and expected in response.json()["error"]
    assert response.headers["cache-control"] == "no-store"


def test_a_run_that_is_not_at_hand_or_not_whole_has_no_picture(client, store, lines):
    for at in (CARD, FILM, "/bnviz/runs/x/card.png"):
        assert client.get(at).status_code == 404
    recording, _ = store.start(RUN.id)
    for line in lines[:-1]:
        recording.append(line)
    assert client.get(CARD).status_code == 409
    recording.append(ndjson.end("stopped", "", 1.0))
    assert client.get(FILM).status_code == 409


def test_a_crowd_is_told_to_come_back(client, stored, monkeypatch):
    monkeypatch.setattr(pictures, "_cache", RenderCache(pictures.MEMORY, -1))
    response = client.get(CARD)
    assert response.status_code == 503 and response.headers["retry-after"]


# what is said of a link


def test_a_link_shows_its_own_run(client, stored):
    tags = shown(client.get(f"/gamma-beta?{urlencode({**SETTINGS, 'step': 10, 'layer': 3, 'embed': 'true'})}", headers=ROBOT))
    assert "og:image" in tags and RUN.id not in tags["og:image"], "the page's default is another one"
    tags = shown(client.get(f"/?{urlencode({**SETTINGS, 'step': 10, 'layer': 3, 'embed': 'true'})}", headers=ROBOT))
    assert tags["og:title"] == words.catalogue("live_shift")["title"] and tags["og:description"].startswith("The claim: ")
    assert tags["twitter:card"] == "summary_large_image"
    assert tags["og:image"] == f"https://bnviz.example{CARD}?lesson=live_shift&step=10&layer=3"
    picture = client.get(tags["og:image"])
    assert picture.status_code == 200
    assert Image.open(io.BytesIO(picture.content)).size == (int(tags["og:image:width"]), int(tags["og:image:height"]))


@pytest.mark.parametrize("lesson", [*LESSONS, "own"])
def test_a_link_whose_run_is_not_at_hand_shows_the_page(client, lesson):
    tags = shown(client.get(f"/{'' if lesson == 'live_shift' else address(lesson)}", headers=ROBOT))
    assert urlsplit(tags["og:image"]).path == f"/bnviz/cards/{lesson}.png"
    assert client.get(tags["og:image"]).headers["content-type"] == "image/png"
    assert tags["og:title"] == (words.own() if lesson == "own" else words.catalogue(lesson))["title"]


def test_there_is_no_card_of_anything_else(client):
    for name in ("nowhere", "..%2Fdata"):
        assert client.get(f"/bnviz/cards/{name}.png").status_code == 404


def test_nonsense_in_a_link_does_no_harm(client, stored):
    endless = f"{urlencode(SETTINGS)}&x={'x' * preview.LONGEST}"
    for query in ("batch_size=x&step=%3Cscript%3E", endless, "%ff=%ff", "changes=1:x=2"):
        response = client.get(f"/?{query}", headers=ROBOT)
        assert "bnviz/cards/live_shift.png" in shown(response)["og:image"] and "<script>" not in response.text


def test_who_asks_only_for_a_pages_head_gets_no_body(client, monkeypatch):
    monkeypatch.setattr(preview, "_tags", None)
    assert client.head("/", headers=ROBOT).status_code == 200


@pytest.mark.parametrize(
    ("path", "headers", "where"),
    [
        ("/", {}, "http://inside:8501"),
        ("/lab/", {}, "http://inside:8501/lab"),
        ("/lab/gamma-beta", {}, "http://inside:8501/lab"),
        ("/gamma-beta/", {}, "http://inside:8501"),
        ("/lab/own/", {}, "http://inside:8501/lab"),
        ("/nowhere", {}, "http://inside:8501"),
        ("/", {"x-forwarded-proto": "https", "x-forwarded-host": "bnviz.example"}, "https://bnviz.example"),
        ("/", {"x-forwarded-proto": "https, http", "x-forwarded-host": "a.example, b"}, "https://a.example"),
        ("/", {"host": "[::1]:80"}, "http://[::1]:80"),
        ("/", {"x-forwarded-host": 'x"><script>'}, None),
        ("/", {"x-forwarded-proto": "javascript"}, None),
        ('/"><script>/', {}, "http://inside:8501"),
    ],
)
def test_addresses_are_those_from_outside(path, headers, where):
    pairs = [(name.encode(), value.encode()) for name, value in {"host": "inside:8501", **headers}.items()]
    assert preview.site({"type": "http", "path": path, "scheme": "http", "headers": pairs}) == where
