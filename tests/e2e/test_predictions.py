"""Predict first: nothing that answers is shown before the guess, or before somebody would rather not guess."""

from urllib.parse import urlencode

import pytest

from bnviz.web import words
from tests.e2e.lab import SMALL_SWEEPS

SAID = words.shared()["player"]
SHORT = {"steps": 20, "width": 16}
SEEN = "[...document.querySelectorAll('.bnviz-panel')].filter(one => one.checkVisibility()).map(one => one.dataset.panel)"
ASKS = f"$('.bnviz-headline').textContent.startsWith({SAID['predict_first']!r})"
WAITS = f"d.state === 'paused' && d.step === '0' && {ASKS}"


@pytest.mark.parametrize("page", ["batch-size", pytest.param("gamma-beta", marks=pytest.mark.slow)])
def test_a_page_waits_for_the_guess_and_plays_when_it_is_skipped(lab, page):
    lab.open(page, prediction=True, **SHORT).trained()
    lab.wait(WAITS)
    assert lab.page.evaluate(SEEN) == [] and not lab.page.is_visible(".bnviz-fold"), "no frame of a chart is empty"
    assert lab.page.get_by_text(SAID["guess_first"]).is_visible()
    lab.press("Space", "End", "ArrowRight")
    assert lab.page.evaluate("document.activeElement.textContent") == SAID["skip"], "it says what there is to do first"
    lab.draw_more(0)
    assert lab.data["step"] == "0" and lab.page.is_hidden(".bnviz-answer")
    lab.page.get_by_role("button", name=SAID["skip"]).click()
    lab.wait(f"d.state === 'ended' && d.step === '20' && !({ASKS})")
    assert lab.page.evaluate(SEEN) and not lab.page.get_by_text(SAID["guess_first"]).is_visible()
    assert lab.page.locator("[data-testid=stException]").count() == 0


@pytest.mark.slow
def test_play_points_at_the_question_that_it_waits_for(lab):
    lab.open("gamma-beta", prediction=True, **SHORT).trained()
    lab.wait(WAITS)
    lab.page.evaluate("document.querySelector('.stMain').scrollTo(0, 1e6)")
    lab.page.click("[aria-label=Play]")
    question = "$('.st-key-prediction-gamma_beta')"
    lab.wait(f"$('.bnviz-copied').textContent === {SAID['predict_first']!r}")
    lab.wait(f"getComputedStyle({question}).outlineStyle === 'solid' && {question}.getBoundingClientRect().top > 60")
    lab.wait(f"!{question}.matches('.bnviz-outline')")


@pytest.mark.slow
def test_who_has_guessed_or_skipped_is_not_asked_again(lab):
    lab.open("gamma-beta", prediction=True, **SHORT).wait(WAITS)
    lab.page.get_by_role("button", name=SAID["skip"]).click()
    lab.wait(f"d.state === 'ended' && !({ASKS})")
    before = lab.data["run"]
    lab.page.locator(".st-key-learning_rate input").press("ArrowRight")
    lab.wait(f"d.run !== '{before}' && d.state === 'ended' && d.step === '20' && !({ASKS})")


@pytest.mark.slow
def test_a_sweep_keeps_its_verdict_and_its_charts_until_then(lab):
    settings = {**SMALL_SWEEPS["regularization"], "seeds": 5}  # so many as a verdict takes
    lab.page.goto(f"{lab.server.url}/regularization?{urlencode(settings)}")
    lab.wait("d.state === 'ended'")
    assert lab.page.inner_text(".st-key-guess").startswith(SAID["predict_first"])
    assert lab.page.locator(".bnviz-panel").count() == 0
    lab.page.get_by_role("button", name=SAID["skip"]).click()
    lab.wait("$('.bnviz-panel') && $('.st-key-verdict').textContent.includes('Does it regularize?')")
