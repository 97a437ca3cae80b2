"""A page saved as a file: how it is got from the app, and that it plays where there is no network at all."""

import pytest

from bnviz.config.experiment import Experiment
from bnviz.engine import worker
from bnviz.web.export.saved_page import PLAYING, page_of, saved_page
from tests.e2e.lab import standalone_page

SHORT = {"steps": 40, "seed": 5}
VISIBLE = "(node) => node.checkVisibility()"


@pytest.fixture(scope="module")
def offline(browser):
    """A page without network for all tests of this file; all that it complains about, and every request, is gathered."""
    with standalone_page(browser, ("file:", "blob:", "data:")) as page:
        yield page


def play_file(page, path):
    """Open a file and wait until its run has been played to the end and its charts are drawn."""
    page.goto(path.as_uri())
    return play_on(page)


def play_on(page):
    page.select_option("[aria-label=Speed]", "8")
    page.wait_for_selector(".bnviz-player[data-state=ended]", state="attached")
    page.wait_for_selector("[data-panel] .bnviz-plot .main-svg", state="attached")
    return page.evaluate("({...document.querySelector('.bnviz-player').dataset})")


def test_the_app_saves_it_and_it_plays_from_a_file(lab, offline, tmp_path):
    lab.open(**SHORT, step=12, unit=3, beside="steps=40&seed=5&batch_size=8").trained()
    lab.wait("d.step === '12' && $('.bnviz-ghost').checkVisibility()")
    lab.page.click(".bnviz-save > summary")
    lab.wait("/[?&]beside=/.test($('.bnviz-save a')?.href)")  # once the run beside it has been trained as well
    with lab.page.expect_download() as download:
        lab.page.get_by_role("link", name="This page with the whole run").click()
    run = Experiment(**SHORT).id
    assert download.value.suggested_filename == f"bnviz-live-shift-{run}.html"
    path = tmp_path / "saved.html"
    download.value.save_as(path)

    offline.goto(path.as_uri())
    offline.wait_for_selector(".bnviz-player[data-state=paused][data-step='12']", state="attached")
    offline.locator(".bnviz-ghost", has_text="Batch size 8").wait_for()
    assert offline.get_attribute(".bnviz-units [aria-checked=true]", "aria-label") == "unit 4"
    offline.click("[aria-label=Play]")
    state = play_on(offline)
    assert (state["run"], state["step"], state["trainedStep"]) == (run, "40", "40")
    assert offline.inner_text("h1") == "Watch a[2] shift"
    lab.press("End")
    lab.wait("d.step === '40'")
    assert lab.headline == offline.inner_text(".bnviz-headline")
    for selector in (".bnviz-hand", ".bnviz-take-tour", ".bnviz-save"):
        assert not any(node.evaluate(VISIBLE) for node in offline.locator(selector).all()), selector
    live = offline.get_by_role("link", name="Open it live").get_attribute("href")
    assert live.startswith(f"{lab.server.url}/?steps=40&seed=5")
    offline.click(".bnviz-layers button >> nth=3")
    offline.wait_for_function("() => document.querySelector('.bnviz-headline').textContent.includes('a[4]')")


def test_while_it_trains_there_is_nothing_to_save(lab):
    lab.open(steps=5000, seed=5)
    lab.page.click(".bnviz-save > summary")
    lab.page.locator(".bnviz-save", has_text="when its training has ended").wait_for()  # filled a moment after it unfolds
    assert lab.page.locator(".bnviz-save a").count() == 0


def test_a_run_is_cited_with_what_made_it(lab):
    lab.open(**SHORT).trained()
    lab.page.click(".bnviz-save > summary")
    lab.page.get_by_role("button", name="Cite this run").click()
    dialog = lab.page.get_by_role("dialog", name="Cite this run")
    for text in dialog.locator("pre").all_inner_texts():
        assert Experiment(**SHORT).id in text and "torch" in text and "steps = 40" in text
    lab.press("Escape")
    lab.wait("!$('dialog')")


@pytest.mark.slow
@pytest.mark.parametrize("lesson", PLAYING[1:])
def test_every_other_lesson_plays_from_a_file(offline, tmp_path, lesson):
    experiment = page_of(lesson).default.replace(steps=16, width=16, changes="", hold_from=0)
    path = tmp_path / "saved.html"
    path.write_bytes(saved_page(lesson, b"".join(line for line in worker.record(experiment) if line)))
    assert play_file(offline, path)["run"] == experiment.id
