"""Links: what they open, what is copied, and what becomes of nonsense in them."""

import pytest

from bnviz.config.experiment import Experiment

PLACE = {"step": 40, "layer": 3, "tap": "linear"}
ALERT = "[data-testid=stAlertContainer]"


def pressed_layer(lab):
    return lab.page.get_attribute(".bnviz-layers [aria-pressed=true]", "aria-label")


def test_a_cold_deep_link_opens_the_place(lab):
    lab.open(steps=60, batch_size=16, unit=2, target=0.6, **PLACE).trained()
    lab.wait("d.state === 'paused' && d.step === '40'")
    assert lab.data["run"] == Experiment(steps=60, batch_size=16).id
    assert pressed_layer(lab) == "Layer 3"
    assert lab.page.input_value("[aria-label=Signal]") == "linear"
    assert lab.unit == "unit 3"
    assert "z[3]" in lab.headline
    assert lab.page.locator(".st-key-batch_size input").get_attribute("aria-valuetext") == "16"
    assert lab.page.locator("h2").inner_text() == "Watch a[2] shift"
    assert lab.page.locator(ALERT).count() == 0
    lab.press("Space")
    lab.wait("d.state === 'ended' && d.step === '60'")


def test_a_copied_link_shows_the_same_place_to_somebody_else(visit):
    mine = visit(permissions=["clipboard-read", "clipboard-write"])
    mine.open(steps=60, seed=5).trained()
    mine.press("Home", *["ArrowRight"] * 20, "4")
    mine.wait("d.state === 'paused' && $('.bnviz-layers [aria-pressed=true]')?.ariaLabel === 'Layer 4'")
    mine.pool_units()
    mine.wait("$('.bnviz-scrub').value === '20' && $('.bnviz-readout').textContent.startsWith(`step ${d.step} `)")
    mine.page.click("[aria-label='Copy link to this step']")
    mine.wait("$('.bnviz-copied[role=status]').textContent === 'Copied'")
    link = mine.page.evaluate("navigator.clipboard.readText()")
    theirs = visit()
    theirs.page.goto(link)
    theirs.wait(f"d.state === 'paused' && d.step === '{mine.data['step']}'")
    assert theirs.data["run"] == mine.data["run"] == Experiment(steps=60, seed=5).id
    assert pressed_layer(theirs) == "Layer 4"
    theirs.wait(f"$('.bnviz-headline').textContent === {mine.headline!r}")
    assert theirs.unit == "all units pooled"


def test_a_link_shown_where_there_is_no_clipboard(visit):
    lab = visit()
    lab.page.add_init_script("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    lab.open(steps=40, step=8).wait("d.state === 'paused' && d.step === '8'")
    lab.page.click("[aria-label='Copy link to this step']")
    lab.wait("$('.bnviz-message').textContent.includes('step=8')")


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"batch_size": "many", "steps": "40"}, ["batch_size = many"]),
        ({"learning_rate": "nan", "bogus": "1", "layer": "9"}, ["learning_rate = nan", "bogus = 1", "layer = 9"]),
        ({"seed": "9" * 400, "tap": "<b>x</b>", "step": "-1"}, ["seed = 999", "tap = <b>x</b>", "step = -1"]),
    ],
)
def test_nonsense_is_named_and_the_page_works(lab, parameters, named):
    lab.open(**parameters)
    text = lab.page.inner_text(ALERT)
    assert all(one in text for one in named) and len(text) < 500
    assert lab.data["run"] == Experiment(steps=int(parameters.get("steps", 600))).id
    lab.wait("d.frames > 3 && ['playing', 'ended'].includes(d.state)")


def test_too_expensive_is_refused_with_the_reason_and_the_page_works(lab):
    lab.open(steps=5000, snapshot_every=1)
    assert "5001 snapshots" in lab.page.inner_text(ALERT)
    assert lab.data["run"] == Experiment().id
    lab.page.get_by_text("Tiny batches").click()
    lab.wait(f"d.run === '{Experiment(batch_size=4).id}' && d.frames > 3 && !$('{ALERT}')")


PUSHED = """
window.pushed = 0;
const push = history.pushState;
history.pushState = function () { pushed += 1; push.apply(this, arguments); };
"""


def has_step(step):
    return f"new URLSearchParams(location.search).get('step') === {step!r}"


def test_the_address_holds_the_step_where_it_was_paused_and_none_while_it_plays(visit):
    lab = visit().open(steps=60, seed=6).trained()
    assert "step" not in lab.place
    lab.press("Home", *["ArrowRight"] * 3, "4")
    lab.wait(f"{has_step('3')} && new URLSearchParams(location.search).get('layer') === '4'")
    assert lab.place == {
        "step": "3",
        "layer": "4",
        "tap": "activation",
        "unit": str(int(lab.unit.removeprefix("unit ")) - 1),
        "target": "0.75",
    }
    theirs = visit()
    theirs.page.goto(lab.page.url)
    theirs.wait("d.state === 'paused' && d.step === '3'")
    assert pressed_layer(theirs) == "Layer 4"
    lab.press("Space")
    lab.wait("!new URLSearchParams(location.search).has('step')")
    lab.wait("d.state === 'ended'")
    assert lab.place["layer"] == "4" and "step" not in lab.place and lab.address == {"steps": "60", "seed": "6"}


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
