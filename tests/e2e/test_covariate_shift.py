"""The page /covariate-shift: predict, play, read the answer, follow a link."""

import re

import numpy as np
import pytest

from bnviz.config.experiment import Experiment
from bnviz.lessons.covariate_shift.page import PAGE

PATH = "covariate-shift"
TALL = {"viewport": {"width": 1400, "height": 2400}}  # all panels are in view
SHORT = PAGE.default.replace(steps=40, snapshot_every=4)
TRAINED, MIXED, EARLIER = (  # how these sentences begin
    PAGE.words["story"][key].split("{")[0] for key in ("world_black", "world_mixed", "earlier")
)


@pytest.fixture(scope="module")
def page_open(module_visit):
    """The page with a short run, all of it shown."""
    return module_visit(**TALL).open(PATH, steps=40, snapshot_every=4).at_the_end()


@pytest.fixture
def page_at_end(page_open):
    lab = page_open.reset()
    lab.wait("d.state === 'ended' && d.step === '40'")
    return lab


def test_predict_play_and_read_the_answer(visit):
    lab = visit(**TALL).open(PATH, prediction=True, steps=40, snapshot_every=4)
    assert lab.data["run"] == SHORT.id
    assert lab.page.locator("h2").inner_text() == PAGE.words["title"]
    assert lab.page.locator(".bnviz-answer").is_hidden()
    lab.page.get_by_role("radio", name=PAGE.words["predictions"]["others"]).click()
    lab.wait("d.state === 'playing' || d.state === 'ended'")
    lab.trained().press("End")
    lab.wait("d.state === 'ended' && $('.bnviz-answer').textContent.includes('step 40')")
    last = lab.server.messages(lab.data["run"])[-2]["arms"]
    answer = lab.page.inner_text(".bnviz-answer")
    figures = [int(share) for share in re.findall(r"(\d+)\s%", answer)]
    expected = [
        (100 * last[arm]["coat_recall"][level][kind]) for arm in ("none", "batch") for kind in (1, 0) for level in (-1, 0)
    ]
    assert figures == [pytest.approx(share, abs=0.51) for share in expected]
    assert PAGE.words["predictions"]["others"] in answer
    drops = {arm: np.subtract(last[arm]["coat_recall"][0], last[arm]["coat_recall"][-1]) for arm in ("none", "batch")}
    right = [drop[0] > 0.08 for drop in drops.values()]
    story = PAGE.words["story"]
    assert (story["neither_agrees"] in answer) == (not any(right)) and (story["both_agree"] in answer) == all(right)


def test_the_headline_agrees_with_the_recording(page_at_end):
    lab = page_at_end
    last = lab.server.messages(SHORT.id)[-2]["arms"]
    figures = [int(share) for share in re.findall(r"(\d+)\s%", lab.headline)]
    accuracy = [100 * last[arm]["coat_recall"][level].mean() for arm in ("none", "batch") for level in (0, -1)]
    assert figures == [pytest.approx(share, abs=0.51) for share in accuracy]


@pytest.mark.slow
def test_a_deep_link_opens_another_world_and_place(visit):
    lab = visit().open(PATH, coats="mixed", steps=40, snapshot_every=4, step=20, layer=3)
    lab.wait("d.state === 'paused' && d.step === '20'")
    assert lab.data["run"] == SHORT.replace(coats="mixed").id
    assert lab.page.get_attribute(".bnviz-layers [aria-pressed=true]", "aria-label") == "Layer 3"
    assert lab.headline.startswith(MIXED)
    assert lab.page.locator(".st-key-album img").count() == 3


def test_which_animals_change_and_how_far_is_chosen_on_the_panels(page_at_end):
    lab = page_at_end
    others = "n.data.find(trace => trace.feed.kind === 'coat-levels' && trace.feed.class === 0).y"
    lab.wait_plot("coats", f"new Set({others}).size > 1")
    lab.page.select_option("[aria-label='Which animals are coloured']", "cats")
    lab.wait_plot("coats", f"new Set({others}).size === 1")
    lab.page.locator("[aria-label='How coloured']").fill("0")
    lines = "n.data.filter(trace => trace.feed.kind === 'coat-steps' && trace.feed.arm === 'batch' && trace.feed.class === 1)"
    lab.wait_plot("on-the-way", f"(([one, other]) => String(one.y) === String(other.y))({lines})")
    assert PAGE.words["story"]["level_black"] in lab.page.inner_text("[data-panel=on-the-way] .bnviz-caption")


def test_every_panel_shows_numbers_and_has_a_text_alternative(page_at_end):
    lab = page_at_end
    for panel in ("coats", "remedy", "coat-unit", "coat-shift", "on-the-way", "learning"):
        lab.wait_plot(panel, "n.data?.some(trace => Array.from(trace.y).some(Number.isFinite))")
        assert re.search(r"step 40: .*\d", lab.plot(panel, "n.getAttribute('aria-label')")), panel


@pytest.mark.slow
def test_other_data_say_what_is_missing(visit):
    lab = visit(**TALL).open(PATH, dataset="spirals", steps=20)
    assert lab.headline == PAGE.words["story"]["no_animals"]
    assert lab.data["run"] == Experiment(dataset="spirals", steps=20).id
    assert lab.page.locator(".bnviz-panel").count() == 1


@pytest.mark.slow
def test_the_remedy_is_compared_with_the_run_before(page_at_end):  # the last one on this page: it is another run afterwards
    lab = page_at_end
    lab.wait(f"$('.bnviz-headline').textContent.startsWith('{TRAINED}')")
    before = re.findall(r"(\d+)\s%", lab.headline)
    lab.page.locator(".st-key-coats [role=combobox]").click()
    lab.page.get_by_role("option", name="black to coloured").click()
    lab.wait(f"d.run === '{SHORT.replace(coats='mixed').id}' && d.step === '40'")
    lab.wait(f"$('.bnviz-headline').textContent.includes('{EARLIER}')")
    assert re.findall(r"(\d+)\s%", lab.headline.split(EARLIER)[1]) == [before[1], before[3]]
