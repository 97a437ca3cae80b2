"""The page of people's own networks in a browser: a file that is dropped plays, and nothing of it leaves the page."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from bnviz.web.export import own_page, own_picture, static_site
from bnviz.web.export.own_notebook import own_notebook
from tests import ROOT
from tests.e2e.lab import WIDE_PARTS, standalone_page
from tests.e2e.test_every_page import faults
from tests.web.test_own import recording  # noqa: F401  (a fixture)

ENDED = ".bnviz-own[data-state=ended]"
SPARE = """(menu, name) => {
  const {font, paddingLeft, paddingRight} = getComputedStyle(menu), pen = document.createElement('canvas').getContext('2d');
  pen.font = font;
  const sign = 20; // that it opens
  return menu.clientWidth - parseFloat(paddingLeft) - parseFloat(paddingRight) - sign - pen.measureText(name).width;
}"""  # pixels that a menu has left beside a name
DROP = """([name, text]) => {
  const files = new DataTransfer();
  files.items.add(new File([text], name));
  const drop = new DragEvent("drop", {dataTransfer: files, bubbles: true, cancelable: true});
  document.querySelector(".bnviz-drop").dispatchEvent(drop);
}"""


def draws(page):
    """Wait until the first chart is drawn."""
    page.locator("[data-panel=fan]").scroll_into_view_if_needed()
    page.wait_for_selector("[data-panel=fan] .main-svg", state="attached")


def test_a_dropped_file_plays_and_nothing_of_it_is_sent(lab, server, recording):  # noqa: F811
    page, sent = lab.page, []
    page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(str(frame))))
    page.goto(f"{server.url}/own?layer=1&unit=pooled&step=1&example=table")
    page.wait_for_selector(".bnviz-own[data-step='1']")
    with page.expect_download() as program:
        page.get_by_text("Save table.py").click()
    assert program.value.suggested_filename == "table.py"
    assert program.value.path().read_bytes() == (ROOT / "examples" / "table.py").read_bytes()
    assert len(sent) > 0  # Streamlit's own socket is listened to
    before, requests = len(sent), []
    page.on("request", lambda request: requests.append((request.method, request.url, request.post_data)))

    *lines, end = recording.read_text(encoding="utf-8").splitlines()
    finding = {"kind": "dead_units", "arm": "model", "layer": "4", "step": 1, "certainty": "certain", "severity": "note"}
    finding["numbers"] = {"share": "20 %", "last": 2, "so_many": "since step 2", "many": "since step 1", "count": 1}
    text = "\n".join([*lines, json.dumps({**json.loads(end), "findings": [finding]})])
    page.evaluate(DROP, ["mine.ndjson", text])
    page.get_by_text("Shown: mine.ndjson").wait_for()
    assert "example" not in page.url
    page.get_by_label("Unit", exact=True).select_option("pooled")
    page.get_by_role("slider", name="Snapshot").fill("1")
    page.wait_for_selector(".bnviz-own[data-step='1']")
    draws(page)
    assert "unit_counts" in text and page.get_by_label("Unit", exact=True).input_value() == "pooled"
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_selector(ENDED)
    page.get_by_role("radio").first.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_url(lambda url: "layer=2" in url and "target" not in url)
    page.locator(".bnviz-window button[aria-pressed=true]", has_text=re.compile('^module "4"$')).wait_for()
    page.get_by_text('In module "4", 20 % of the recorded units are dead.').wait_for()
    page.get_by_role("button", name='Show module "4" at step 2').click()
    page.wait_for_selector(".bnviz-own[data-step='2'][data-state=paused]")
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_selector(ENDED)
    page.evaluate(DROP, ["holiday.csv", "a,b\n1,2\n"])
    page.get_by_text("holiday.csv is not a recording of bnviz").wait_for()
    assert page.locator(ENDED).count() == 1  # what was on show stays

    assert faults(lab) == [] == page.evaluate(WIDE_PARTS)
    page.set_viewport_size({"width": 390, "height": 900})
    page.wait_for_function(f"() => ({WIDE_PARTS})().length === 0")
    assert page.get_by_role("combobox", name="Layer", exact=True).evaluate(SPARE, 'generator: module "blocks.0.norm1"') > 0

    secret = json.loads(text.partition("\n")[0])["id"]
    assert not any(secret in frame or "mine" in frame for frame in sent[before:])
    assert [one for one in requests if one[0] != "GET" or one[2] or secret in one[1] or "mine" in one[1]] == []


@pytest.mark.parametrize("kind", ["static site", "saved page"])
def test_it_plays_from_a_disk_without_any_network(browser, recording, tmp_path, kind):  # noqa: F811
    file = tmp_path / "own.html"
    if kind == "static site":
        static_site._write_files(tmp_path)
        static_site.write_own(tmp_path, [])
    else:
        file.write_bytes(own_page.saved_page(recording.read_bytes()))
    with standalone_page(browser, ("file:", "blob:", "data:")) as page:
        page.goto(file.as_uri())
        if kind == "static site":
            page.set_input_files(".bnviz-drop input", recording)
        page.wait_for_selector(ENDED)
        draws(page)
        assert page.get_attribute(".bnviz-own", "data-step") == "3"
        if kind == "static site":
            page.goto(f"{file.as_uri()}?layer=2&unit=pooled&step=1")  # a place in the first recording, not in the next
            page.set_input_files(".bnviz-drop input", recording)
            page.wait_for_selector(".bnviz-own[data-step='1'][data-state=paused]")
            page.get_by_role("slider", name="Snapshot").fill("2")
            page.wait_for_url("**step=2*")
            page.set_input_files(".bnviz-drop input", [])
            page.set_input_files(".bnviz-drop input", recording)
            page.wait_for_selector(ENDED)
            assert page.get_by_role("radio").first.get_attribute("aria-checked") == "true" and "layer" not in page.url
            run = page.get_attribute(".bnviz-own", "data-run")
            page.get_by_role("button", name="A table").click()
            page.wait_for_selector(f".bnviz-own[data-run]:not([data-run='{run}'])")
            page.get_by_text("Shown: table.csv").wait_for()
            page.wait_for_url("**?example=table")


@pytest.fixture
def viewer(recording):  # noqa: F811
    """The address at which `bnviz view` shows the recording."""
    command = [sys.executable, "-m", "bnviz", "view", str(recording), "--no-open"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        yield process.stdout.readline().strip()
        process.terminate()


@pytest.mark.slow
def test_the_viewer_saves_what_is_on_show(browser, recording, viewer):  # noqa: F811
    with standalone_page(browser, (viewer, "blob:", "data:"), offline=False) as page:
        page.goto(f"{viewer}?layer=2&step=1")
        page.wait_for_selector(".bnviz-own[data-step='1'][data-state=paused]")
        files = {}
        for name in ("a picture of this step", "a notebook"):
            with page.expect_download() as download:
                page.get_by_role("link", name=name).click()
            files[download.value.suggested_filename] = Path(download.value.path()).read_bytes()
        place = {"step": "1", "layer": "2", "tap": "activation"}
        expected = {"run.png": own_picture.still(recording.read_bytes(), place, "run.ndjson")}
        assert files == {**expected, "run.ipynb": own_notebook(recording.read_bytes(), "run.ndjson")}
