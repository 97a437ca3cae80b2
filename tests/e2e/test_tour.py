"""The tour of the page /: by keyboard, from a link, left, and on a phone. Its logic is tested without a browser
(tests/web/core/tour.test.mjs)."""

import re

import pytest

from bnviz.config.experiment import Experiment
from bnviz.lessons.live_shift.page import PAGE
from tests.e2e.lab import PHONE

WORDS = PAGE.words["tour"]
TITLES = [text for key, text in WORDS.items() if key.endswith("_title")]
OBSERVED = {"gradient_shift": "yes"}
PLAIN, NOISY = Experiment(**OBSERVED), Experiment(**OBSERVED, changes="300:input_noise=1")
ANSWERED = "$('.bnviz-tour-answer').textContent && !$('.bnviz-tour-answer').classList.contains('bnviz-label')"
SCORE_CARD = 9
EIGHTFOLD = ">>>"  # keys that set the speed
FOCUSED = "document.activeElement === $('.bnviz-tour h3')"
PLACES = re.compile(r"[az]\[\d+\]|[Ss]tep \d+|[Ll]ayer \d+|After \d+ steps")  # numbers that name places
SHOWN = """[...document.querySelectorAll('.bnviz-readings, .bnviz-outline, .bnviz-layers button')]
  .map((part) => `${part.innerText} ${part.getAttribute('aria-description') ?? ''}`).join(' | ')"""
POINTED = """() => {
  const $ = (selector) => document.querySelector(selector);
  const {top, bottom} = ($('.bnviz-outline') ?? $('.bnviz-pointer:not([hidden])')).getBoundingClientRect();
  const card = $('.bnviz-tour').getBoundingClientRect();
  return {top, bottom, cardTop: card.top, cardBottom: card.bottom, height: innerHeight};
}"""


def at_card(lab, number):
    lab.wait(f"d.tour === '{number}' && $('.bnviz-tour h3').textContent === {TITLES[number - 1]!r}")
    lab.wait(f"new URLSearchParams(location.search).get('tour') === '{number}'")


def await_pointer(lab, condition):
    """Wait until what is pointed at stands `at` a place."""
    lab.page.wait_for_function(f"() => {{ const at = ({POINTED})(); return {condition}; }}")


def unseen_numbers(lab):
    """What a card says was measured, and neither its table nor the chart it points at nor the picture's layers say."""
    said, shown = lab.page.inner_text(".bnviz-tour-answer"), lab.page.evaluate(SHOWN)
    said, shown = (set(re.findall(r"\d+(?:\.\d+)?", PLACES.sub("", text))) for text in (said, shown))
    assert said
    return said - shown


def skip_guess(lab):
    if lab.page.locator(".bnviz-tour [data-guess=skip]").count():
        lab.page.click(".bnviz-tour [data-guess=skip]")


def await_end(lab):
    lab.wait("!d.tour && !$('.bnviz-tour')")
    assert "tour" not in lab.address


def label(lab):
    return lab.page.inner_text(".bnviz-take-tour")


@pytest.mark.slow
def test_the_whole_tour_by_keyboard(lab):
    lab.open().press(*EIGHTFOLD)
    lab.page.focus(".bnviz-take-tour")
    lab.press("Enter")
    runs = []
    for number in range(1, len(TITLES) + 1):
        at_card(lab, number)
        lab.wait(FOCUSED)
        await_pointer(lab, "at.top >= at.cardBottom - 6 && at.top < at.height - 200")  # beside the card
        if lab.page.locator(".bnviz-tour [data-guess=skip]").count():
            lab.press("Tab")  # to the button that leaves
            lab.press("Tab")
            lab.press("Space")  # which is the button's here, not the tour's
            lab.wait(f"$('.bnviz-tour [aria-pressed=true]') && d.tour === '{number}'")
            lab.wait(FOCUSED)
        lab.wait(ANSWERED)
        runs.append(lab.data["run"])
        if number != SCORE_CARD:  # its numbers are painted: tests/lessons/test_live_shift_tour.py reads those
            assert not unseen_numbers(lab), number
        lab.press("Space" if number % 2 else "ArrowRight")
    await_end(lab)
    assert label(lab) == "Take the tour"
    assert lab.page.evaluate("document.activeElement.className") == "bnviz-take-tour"
    last = Experiment(**OBSERVED, changes="300:batch_size=4")
    assert runs == [NOISY.id, *[PLAIN.id] * 8, last.id]


def test_a_cold_link_opens_its_card(lab):
    lab.open(tour=3)
    at_card(lab, 3)
    lab.wait(f"d.run === '{PLAIN.id}' && {ANSWERED}")
    assert lab.address == {"gradient_shift": "yes"} and lab.place["tour"] == "3"
    lab.press("ArrowLeft")
    at_card(lab, 2)
    assert lab.page.get_attribute(".bnviz-curtain", "aria-pressed") == "true"
    lab.press("ArrowRight", "ArrowRight")
    at_card(lab, 4)
    lab.wait("$('.bnviz-curtain').ariaPressed === 'false'")


def test_it_is_a_dialog_that_traps_nobody_and_ends_when_something_else_is_touched(lab):
    lab.open(tour=4)
    at_card(lab, 4)
    card = lab.page.locator(".bnviz-tour")
    assert card.get_attribute("role") == "dialog" and card.get_attribute("aria-modal") == "false"
    assert lab.page.get_by_role("dialog", name=TITLES[3]).count() == 1
    assert lab.page.locator(".bnviz-tour-answer").get_attribute("aria-live") in ("off", "polite")
    lab.wait(FOCUSED)
    for _ in range(8):
        lab.press("Tab")
    assert lab.page.evaluate("!document.querySelector('.bnviz-tour').contains(document.activeElement)")
    lab.page.mouse.move(700, 500)  # to read and to scroll does not end it
    lab.page.mouse.wheel(0, 200)
    lab.page.click(".bnviz-tour p >> nth=0")
    lab.page.click("h2")
    assert lab.data["tour"] == "4"
    lab.page.click(".bnviz-play")
    await_end(lab)
    assert label(lab) == "Resume the tour"


@pytest.mark.slow
def test_a_setting_changed_by_keyboard_ends_it_and_the_address_forgets_it(lab):
    lab.open(tour=4)
    at_card(lab, 4)
    lab.wait(f"d.run === '{PLAIN.id}'")
    slider = lab.page.locator(".st-key-batch_size input")
    slider.focus()
    slider.press("ArrowLeft")
    await_end(lab)
    lab.wait("/32/.test(location.search)")
    assert "tour" not in lab.address


def test_a_guess_is_judged(lab):
    lab.open(tour=1)
    at_card(lab, 1)
    lab.wait("$('.bnviz-tour-answer').textContent.includes('Guess first')")  # what was measured waits for it
    lab.page.click(".bnviz-tour [data-guess=stays]")
    lab.wait(ANSWERED)
    answer = lab.page.inner_text(".bnviz-tour-answer")
    assert answer.startswith("Not “It stays”.")
    assert "covariate shift" in answer
    lab.press("ArrowRight")
    at_card(lab, 2)
    lab.press("ArrowLeft")
    at_card(lab, 1)
    lab.wait(f"{ANSWERED} && !$('.bnviz-tour [data-guess]:enabled')")  # a guess stands


@pytest.mark.slow
def test_back_in_the_browser_is_back_in_the_tour(lab):
    lab.open(tour=1)
    lab.wait(f"d.run === '{NOISY.id}' && location.search.includes('input_noise') && location.search.includes('tour=1')")
    lab.press("ArrowRight")
    at_card(lab, 2)
    lab.wait(f"d.run === '{PLAIN.id}' && !location.search.includes('input_noise')")
    lab.page.go_back()
    at_card(lab, 1)
    lab.wait(f"d.run === '{NOISY.id}'")


def test_nothing_answers_before_the_guess_and_esc_gives_back_what_was_there(lab):
    lab.open(steps=300, layer=3).wait("d.step > 5")
    lab.press(" ")
    lab.wait("d.state === 'paused'")
    before, step = lab.data["run"], lab.data["step"]
    lab.page.click(".bnviz-take-tour")
    for number in range(2, 5):
        at_card(lab, number - 1)
        lab.press("ArrowRight")
    at_card(lab, 4)
    lab.wait(f"d.run === '{PLAIN.id}' && p.classList.contains('bnviz-veiled') && d.state === 'paused'")
    hidden = "getComputedStyle($('.bnviz-headline')).visibility === 'hidden'"
    lab.wait(f"d.step === '0' && {hidden}")
    lab.page.click(".bnviz-tour [data-guess=less]")
    lab.wait(f"d.step > 20 && d.state === 'playing' && !({hidden})")
    lab.press("Escape")
    await_end(lab)
    lab.wait(f"d.run === '{before}' && $('.bnviz-layers [aria-pressed=true]').dataset.layer === '3'")
    lab.wait(f"d.state === 'paused' && d.step === '{step}' && $('.bnviz-curtain').ariaPressed === 'false'")
    lab.wait("$('.stMain').scrollTop === 0")
    assert lab.address == {"steps": "300"}


@pytest.mark.slow
def test_on_a_phone_the_sheet_leaves_what_it_points_at_in_view(visit):
    lab = visit(**PHONE, reduced_motion="reduce").open()
    lab.page.tap(".bnviz-take-tour")
    for number in range(1, len(TITLES) + 1):
        at_card(lab, number)
        if lab.page.locator(".bnviz-tour [data-guess=skip]").count():
            lab.page.tap(".bnviz-tour [data-guess=skip]")
        lab.wait(ANSWERED)
        await_pointer(lab, "at.top < at.cardTop - 150 && at.bottom > 60 + 150")
        place = lab.page.evaluate(POINTED)
        assert place["cardBottom"] == place["height"] and place["cardTop"] > place["height"] / 2 - 1
        assert lab.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        lab.page.tap(".bnviz-tour-next")
    await_end(lab)
