"""The page inside a page of somebody else's, which has another origin; and what can be taken out of the save menu for it."""

import http.server
import threading
from urllib.parse import quote

import httpx
import pytest
from PIL import Image

from tests.web.test_preview import shown

SHORT = {"steps": 40, "seed": 5}
AROUND = ["stSidebar", "stHeading", "stSlider", "stTopNavLink", "stPageLink"]  # of a whole page
SCROLLING = """() => [document.scrollingElement, ...document.querySelectorAll('*')].filter((one) =>
  one.scrollHeight > one.clientHeight + 1 && /auto|scroll/.test(getComputedStyle(one).overflowY)).map((one) => one.className)"""


class _Elsewhere(http.server.BaseHTTPRequestHandler):
    """A page that holds what its address says, whatever it is."""

    def do_GET(self):
        page = f"<!DOCTYPE html><body style='margin: 0'>{http.server.urllib.parse.unquote(self.path[2:])}"
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(page.encode())

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def elsewhere():
    """The address of another server, a page of which holds the HTML in its query."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Elsewhere) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/?"
        server.shutdown()


@pytest.fixture
def inside(visit, elsewhere):
    """Open a page of the app in a frame of another page; gives that frame once its player shows something."""

    def open_inside(query, width=900, height=500):
        lab = visit(clean=False, viewport={"width": width, "height": height})
        code = f'<iframe src="{lab.server.url}/?embed=true&{query}" width="{width}" height="{height}" style="border: 0"></iframe>'
        lab.page.goto(elsewhere + quote(code))
        frame = lab.page.frames[1]
        frame.wait_for_function("() => Number(document.querySelector('.bnviz-player')?.dataset.frames) > 0")
        return frame

    return open_inside


@pytest.mark.parametrize(("width", "height"), [(900, 500), pytest.param(390, 600, marks=pytest.mark.slow)])
def test_in_a_frame_there_is_the_player_alone_and_all_of_it(inside, width, height):
    frame = inside("steps=40&seed=5&step=20", width, height)
    frame.wait_for_selector(".bnviz-player[data-step='20']")
    visible = "(node) => node.checkVisibility({visibilityProperty: true})"
    for name in AROUND:
        assert not any(one.evaluate(visible) for one in frame.locator(f"[data-testid={name}]").all()), name
    assert frame.evaluate(SCROLLING) == [] and frame.evaluate("document.documentElement.scrollWidth") == width
    for part in (".bnviz-headline", ".bnviz-picture canvas", ".bnviz-play", ".bnviz-way-out"):
        box = frame.locator(part).bounding_box()
        assert box["x"] >= 0 and box["x"] + box["width"] <= width and box["y"] + box["height"] <= height, part
    frame.click(".bnviz-layers button >> nth=2")  # nothing lies over it
    frame.wait_for_function("() => document.querySelector('.bnviz-headline').textContent.includes('a[3]')")
    frame.click(".bnviz-play")
    frame.wait_for_selector(".bnviz-player[data-state=ended]")
    frame.click(".bnviz-link")  # where there is no clipboard, the link is shown
    frame.wait_for_function("() => document.querySelector('.bnviz-message').textContent.includes('steps=40')")
    assert "embed" not in frame.inner_text(".bnviz-message")
    way = frame.locator(".bnviz-way-out")
    way.evaluate("(link) => link.addEventListener('click', (event) => event.preventDefault())")
    way.click()
    whole = way.get_attribute("href")
    assert "/?steps=40&seed=5" in whole and "layer=3" in whole and "embed" not in whole
    assert way.get_attribute("target") == "_blank"


def test_a_link_chooses_panels_and_is_told_of_those_there_are_not(inside):
    frame = inside("steps=40&seed=5&panels=learning,fun")
    frame.wait_for_selector("[data-panel=learning] .main-svg")
    assert frame.locator("[data-panel]").count() == 1 and not frame.locator(".bnviz-picture").is_visible()
    warning = frame.inner_text("[data-testid=stAlert]")
    assert "panels = fun" in warning and "network, the-mean-of-every-unit, what-the-next" in warning


@pytest.mark.slow
def test_the_menu_gives_code_and_pictures(visit, tmp_path):
    lab = visit()
    lab.open(**SHORT, step=20).trained()
    lab.page.click(".bnviz-save > summary")
    for name, kind in (("Picture of this step", "PNG"), ("Animation", "GIF")):
        with lab.page.expect_download() as waiting:
            lab.page.get_by_role("link", name=name).click()
        waiting.value.save_as(tmp_path / kind)
        with Image.open(tmp_path / kind) as picture:
            assert picture.format == kind
        assert waiting.value.suggested_filename.endswith(f"{'-step20' if kind == 'PNG' else ''}.{kind.lower()}")
    lab.page.get_by_role("button", name="Embed").click()
    dialog = lab.page.get_by_role("dialog", name="Embed")
    assert "network, the-mean-of-every-unit, what-the-next" in dialog.inner_text()
    code = dialog.locator("pre").inner_text()
    dialog.get_by_text("Copied.").wait_for()
    assert lab.page.evaluate("navigator.clipboard.readText()") == code
    assert f'src="{lab.server.url}/?steps=40&amp;seed=5' in code and "embed=true" in code and "step=20" in code


@pytest.mark.slow
def test_to_preview_a_link_trains_nothing_until_somebody_opens_it(lab):
    query = "steps=40&seed=77&step=20"
    before = lab.server.metric("runs_requested_total"), lab.server.metric("runs_started_total")
    for method, path in (("GET", "/"), ("HEAD", "/"), ("GET", "/gamma-beta"), ("GET", "/bnviz/runs/0123456789abcdef/card.png")):
        response = httpx.request(method, f"{lab.server.url}{path}?{query}", headers={"accept": "*/*"})
        assert response.status_code == (404 if "card" in path else 200)
    assert "cards/live_shift.png" in shown(httpx.get(f"{lab.server.url}/?{query}"))["og:image"]
    assert (lab.server.metric("runs_requested_total"), lab.server.metric("runs_started_total")) == before
    lab.open(steps=40, seed=77).trained()
    picture = shown(httpx.get(f"{lab.server.url}/?{query}"))["og:image"]
    assert f"runs/{lab.data['run']}/card.png" in picture
    assert httpx.get(picture).content.startswith(b"\x89PNG")
