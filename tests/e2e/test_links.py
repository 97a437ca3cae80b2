"""Links: what they open and what is copied. Their parts are tested without a browser (tests/web/core/address.test.mjs)."""

import pytest

from bnviz.config.experiment import Experiment

PLACE = {"step": 40, "layer": 3, "tap": "linear"}
ALERT = "[data-testid=stAlertContainer]"


def pressed_layer(lab):
    return lab.page.get_attribute(".bnviz-layers [aria-pressed=true]", "aria-label")


def test_a_cold_deep_link_opens_the_place(lab):
    lab.open(steps=60, batch_size=16, unit=2, target=0.6, charts="front", **PLACE).trained()
    lab.wait("d.state === 'paused' && d.step === '40'")
    assert lab.data["run"] == Experiment(steps=60, batch_size=16).id
    assert pressed_layer(lab) == "Layer 3"
    assert lab.page.input_value("[aria-label=Signal]") == "linear"
    assert lab.unit == "unit 3"
    assert lab.page.get_attribute(".bnviz-fold", "open") is None  # although this browser has left it open elsewhere
    assert "z[3]" in lab.headline
    assert lab.page.locator(".st-key-batch_size input").get_attribute("aria-valuetext") == "16"
    assert lab.page.locator("h2").inner_text() == "Watch a[2] shift"
    assert lab.page.locator(ALERT).count() == 0
    lab.press("Space")
    lab.wait("d.state === 'ended' && d.step === '60'")


def test_a_link_is_copied_and_shown_where_there_is_no_clipboard(lab):
    lab.open(steps=40, step=8).wait("d.state === 'paused' && d.step === '8'")
    lab.page.click("[aria-label='Copy link to this step']")
    lab.wait("$('.bnviz-copied[role=status]').textContent === 'Copied'")
    link = lab.page.evaluate("navigator.clipboard.readText()")
    assert "step=8" in link and "charts=all" in link
    assert "step=8" not in lab.page.inner_text(".bnviz-message")
    lab.page.evaluate("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    lab.page.click("[aria-label='Copy link to this step']")
    lab.wait("$('.bnviz-message').textContent.includes('step=8')")


PUSHED = """
window.pushed = 0;
const push = history.pushState;
history.pushState = function () { pushed += 1; push.apply(this, arguments); };
"""


def has_step(step):
    return f"new URLSearchParams(location.search).get('step') === {step!r}"


@pytest.mark.slow
def test_player_and_page_do_not_fight_over_the_address(visit):
    lab = visit()
    lab.page.add_init_script(PUSHED)
    lab.open("gamma-beta", steps=40, width=16).trained()
    lab.press("Home", "ArrowRight", "3")
    lab.wait(has_step("1"))
    before = lab.data["run"]
    lab.page.get_by_role("radio", name="clearly faster").click()  # the page runs anew, with the same experiment
    lab.wait("$('.bnviz-answer').textContent.includes('clearly faster')")
    assert lab.page.evaluate("pushed") == 0 and lab.place["step"] == "1" and lab.place["layer"] == "3"
    lab.page.locator(".st-key-learning_rate input").press("ArrowRight")
    lab.wait(f"d.run !== '{before}' && d.state === 'ended'")
    lab.wait("new URLSearchParams(location.search).get('layer') === '3'")
    assert lab.page.evaluate("pushed") == 1 and "step" not in lab.place
    lab.page.go_back()
    lab.wait(f"d.run === '{before}' && d.state === 'paused' && d.step === '1'")
    assert pressed_layer(lab) == "Layer 3"
