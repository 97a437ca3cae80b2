"""The static site in a browser: from a disk without any network, and from a server of plain files."""

import dataclasses
import functools
import http.server
import threading

import pytest

from bnviz.web.export import static_site
from tests.e2e.lab import standalone_page
from tests.web.test_static_site import small

ENDED = ".bnviz-player[data-state=ended]"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    site = tmp_path_factory.mktemp("site")
    played = static_site.plan_site(["live_shift", "gamma_beta"], ["batch_size"], {"steps": 40})
    (swept,) = static_site.plan_site(["regularization"])
    front, *others = played
    few = [run for run in front.runs if run.batch_size in (4, 16, 64)]
    static_site.write(site, [dataclasses.replace(front, runs=tuple(few)), *others_short(others), small(swept)])
    return site


def others_short(plans):
    return [dataclasses.replace(plan, runs=plan.runs[:1], presets=dict(list(plan.presets.items())[:1])) for plan in plans]


@pytest.fixture(scope="module")
def page(browser, request):
    """A page that may ask for files, or for nothing but the server that a test names; what it complains about is gathered. One
    for all tests that want the same."""
    offline = getattr(request, "param", True)
    with standalone_page(browser, ("file:", "blob:", "data:", "http://127.0.0.1"), offline) as page:
        yield page


def run_of(page):
    return page.get_attribute(".bnviz-player", "data-run")


def await_run(page, other_than):
    page.wait_for_function("(run) => document.querySelector('.bnviz-player').dataset.run !== run", arg=other_than)
    return run_of(page)


@pytest.mark.slow
def test_a_lesson_plays_from_a_disk_and_settings_move_among_recorded_runs(page, folder):
    page.goto(f"{(folder / 'index.html').as_uri()}?steps=40")
    page.wait_for_selector(ENDED, state="attached")
    page.wait_for_selector("[data-panel] .main-svg", state="attached")
    assert page.inner_text("h1") == "Watch a[2] shift" and "a[2]" in page.inner_text(".bnviz-headline")
    default = run_of(page)

    page.get_by_role("button", name="Too fast for the plain net").click()
    fast = await_run(page, default)
    assert "learning_rate=1" in page.url and page.get_by_role("slider", name="Learning rate").input_value() == "2"

    size = page.get_by_role("slider", name="Batch size")
    size.fill("0")
    small = await_run(page, fast)
    assert "batch_size=4" in page.url and page.get_by_role("slider", name="Learning rate").input_value() == "1"
    assert "nearest" in page.inner_text("#notice")

    page.go_back()
    assert await_run(page, small) == fast
    page.go_back()
    assert await_run(page, fast) == default


@pytest.mark.slow
def test_a_link_means_the_same_as_in_the_app_and_says_what_is_not_there(page, folder):
    page.goto(f"{(folder / 'index.html').as_uri()}?steps=40&batch_size=16.0&step=20&layer=3&utm_source=a&fbclid=b")
    page.wait_for_selector(".bnviz-player[data-step='20'][data-state=paused]", state="attached")
    assert "a[3]" in page.inner_text(".bnviz-headline") and page.inner_text("#notice") == ""
    page.goto(f"{(folder / 'index.html').as_uri()}?batch_size=3&width=12&colour=red&step=20")
    page.wait_for_selector(".bnviz-player[data-step='20']", state="attached")
    assert page.inner_text("#notice") == (
        "This page has no setting called colour. No recorded run has all of these settings. "
        "You see the nearest one, with Batch size: 64, Learning rate: 0.1, Activation: relu."
    )


@pytest.mark.slow
def test_a_guess_is_asked_for_and_judged(page, folder):
    page.goto((folder / "gamma-beta.html").as_uri())
    page.wait_for_selector(".bnviz-player[data-state=paused]", state="attached")
    page.get_by_role("button", name="about as fast").click()
    page.wait_for_selector(ENDED, state="attached")
    assert "about as fast" in page.inner_text(".bnviz-player .bnviz-answer")


@pytest.mark.slow
@pytest.mark.parametrize("page", [False], indirect=True)
def test_a_sweep_is_shown_by_a_server_of_plain_files(page, folder):
    handler = functools.partial(Quiet, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page.goto(f"http://127.0.0.1:{server.server_port}/")
        page.get_by_role("link", name="Regularization").click()
        page.wait_for_selector("#guess:not([hidden])")
        assert page.inner_text("#verdict") == "" and page.locator("[data-panel]").count() == 0
        page.click("#skip")
        page.wait_for_selector("[data-panel] .main-svg")
        assert "Too few seeds" in page.inner_text("#verdict"), "of two seeds"
        server.shutdown()


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        """Nobody reads it."""
