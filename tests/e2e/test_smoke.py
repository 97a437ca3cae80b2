"""Smoke tests in Firefox and WebKitGTK: every page draws, and what a visitor does most works. All else is tested in Chromium.

What the two do differently is in `tests/e2e/webdriver.py`.
"""

import httpx
import pytest

from bnviz.config.experiment import Experiment
from bnviz.lessons import address
from bnviz.web.export.saved_page import PLAYING
from tests.e2e.lab import SMALL_SWEEPS, Lab
from tests.e2e.webdriver import PAGES

pytestmark = pytest.mark.slow

PLAYERS = ["", *map(address, PLAYING[1:])]
# Scrolls to the first chart: those that nobody sees are not drawn.
CHART_SEEN = """() => {
  const chart = document.querySelector("[data-panel] .bnviz-plot");
  chart?.scrollIntoView({block: "center"});
  return Boolean(chart?.querySelector(".main-svg"));
}"""


@pytest.fixture(scope="module", params=PAGES)
def browser_page(request, server):
    """The one page of a browser, for all of these tests."""
    try:
        with PAGES[request.param]() as page:
            yield Lab(page, server)
    except FileNotFoundError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture
def lab(browser_page):
    """The same; the console must stay clean."""
    yield browser_page
    browser_page.page.report()
    troubles, browser_page.troubles[:] = browser_page.troubles[:], []
    assert troubles == []


def see_a_chart(lab):
    """Wait until the first chart is on the screen and drawn."""
    lab.page.wait_for_function(CHART_SEEN)


def test_play_and_pause(lab):
    lab.open("batch-size", steps=40, step=8).trained().press("l")  # in a loop it does not end before it is paused
    lab.wait("d.state === 'paused' && d.step === '8'")
    lab.page.click("[aria-label=Play]")
    lab.wait("d.state === 'playing' && d.step !== '8'")
    lab.page.click("[aria-label=Pause]")
    lab.wait("d.state === 'paused'")


@pytest.mark.parametrize("page", PLAYERS)
def test_a_lesson_is_drawn(lab, page):
    see_a_chart(lab.open(page, steps=20, step=8).trained())


@pytest.mark.parametrize("page", SMALL_SWEEPS)
def test_a_board_is_drawn(lab, page):
    see_a_chart(lab.open(page, **SMALL_SWEEPS[page]))


def test_a_page_without_a_run_is_shown(lab):
    lab.page.goto(f"{lab.server.url}/for-teachers")
    assert lab.page.inner_text(".stMainBlockContainer h2")


def test_a_setting_begins_another_run(lab):
    lab.open(steps=40).from_the_start().trained()
    lab.page.focus(".st-key-batch_size input")
    lab.press("ArrowLeft")
    lab.wait(f"d.run === '{Experiment(steps=40, batch_size=32).id}' && d.trainedStep === '40'")
    assert lab.address == {"steps": "40", "batch_size": "32"}


def test_batch_norm_begins_in_mid_run(lab):
    lab.open(steps=60, step=16).trained().wait("d.state === 'paused' && d.step === '16'")
    lab.page.click(".bnviz-act-start")
    lab.wait(f"d.run === '{Experiment(steps=60, batch_norm_from=16).id}' && d.step > 16")
    assert lab.address == {"steps": "60", "batch_norm_from": "16"}


def test_a_link_opens_the_place_that_it_names(lab):
    lab.open(steps=60, batch_size=16, step=40, layer=3, tap="linear").trained()
    lab.wait("d.state === 'paused' && d.step === '40'")
    assert lab.data["run"] == Experiment(steps=60, batch_size=16).id
    assert "z[3]" in lab.headline


def test_a_saved_page_plays_from_a_file(lab, tmp_path):
    lab.open(steps=40).trained()
    run = lab.data["run"]
    path = tmp_path / "saved.html"
    path.write_bytes(httpx.get(f"{lab.server.url}/bnviz/runs/{run}/live_shift.html").raise_for_status().content)
    lab.page.goto(path.as_uri())
    lab.wait("d.frames > 0")
    lab.press(*">>>")
    lab.wait("d.state === 'ended'")
    see_a_chart(lab)
    assert (lab.data["run"], lab.data["step"]) == (run, "40")
