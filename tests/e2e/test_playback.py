"""The transport: by mouse and by keyboard."""

import io

import pytest
from PIL import Image

SHORT = {"steps": 60}  # 28 snapshots: 0, 1, … 16, then every fourth


@pytest.fixture
def still(lab):
    """A short run, all of it there, shown at its end."""
    lab.open(**SHORT).trained().press("End")
    lab.wait("d.state === 'ended' && d.step === '60'")
    return lab


def at(lab, step, state="paused"):
    lab.wait(f"d.step === '{step}' && d.state === '{state}'")
    lab.wait(f"$('.bnviz-readout').textContent.startsWith('step {step} of 60')")


def test_keys_step_both_ways_and_jump(still):
    still.press("Home")
    at(still, 0)
    still.press("ArrowLeft")
    at(still, 0)
    still.press("ArrowRight", "ArrowRight")
    at(still, 2)
    still.press("ArrowLeft")
    at(still, 1)
    still.press("End")
    at(still, 60, "ended")
    still.press("ArrowLeft")
    at(still, 56)
    still.page.focus(".bnviz-scrub")  # the same keys do the same on the scrubber itself
    still.press("Home")
    at(still, 0)
    still.press("ArrowRight")
    at(still, 1)
    still.wait("$('.bnviz-scrub').getAttribute('aria-valuetext') === 'step 1 of 60' && $('.bnviz-scrub').value === '1'")


def test_space_plays_and_pauses_and_keys_set_speed_and_loop(still):
    still.press("Space")  # at the end: from the start
    still.wait("d.state === 'playing' && d.step > 0 && d.step < 30")
    still.press("Space")
    still.wait("d.state === 'paused'")
    step = int(still.data["step"])
    assert 0 < step < 60
    still.press("Space")
    still.wait(f"d.state === 'playing' && d.step > {step}")
    at(still, 60, "ended")
    speed = still.page.locator("[aria-label=Speed]")
    still.press("<", "<", "<")
    assert speed.input_value() == "0.25"
    still.press(*">>>>>>>")
    assert speed.input_value() == "8"
    loop = still.page.locator("[aria-label=Loop]")
    still.press("l")
    still.wait("$('[aria-label=Loop]').getAttribute('aria-pressed') === 'true'")
    still.press("Space")
    comes_round(still)
    loop.click()
    at(still, 60, "ended")


def comes_round(lab):
    """The last step is shown, and an early one after it."""
    lab.wait("d.step > 40")
    lab.wait("d.step < 40")
    assert lab.data["state"] == "playing"


def test_keys_change_the_layer_but_not_while_somebody_types(still):
    still.press("4")
    still.wait("$('[aria-label=\"Layer 4\"]').getAttribute('aria-pressed') === 'true'")
    still.page.locator(".st-key-batch_size input").focus()
    still.press("1")
    still.page.locator("[aria-label=Speed]").focus()
    still.press("Home")
    still.draw_more(0)
    assert still.data["step"] == "60"
    assert still.page.locator("[aria-label='Layer 4']").get_attribute("aria-pressed") == "true"


def test_the_mouse_works_every_control(still):
    page = still.page
    page.click("[aria-label=Play]")
    still.wait("d.state === 'playing'")
    page.click("[aria-label=Pause]")
    still.wait("d.state === 'paused'")
    buffer = "Number($('.bnviz-buffer').style.getPropertyValue('--{}'))"
    scrub(still, 0.5)
    still.wait(f"{buffer.format('trained')} === 1 && Math.abs({buffer.format('shown')} - 0.5) < 0.1")
    middle = int(still.data["step"])
    assert 8 <= middle <= 20
    page.click("[aria-label='One snapshot on']")
    still.wait(f"d.step > {middle} && d.state === 'paused'")
    page.click("[aria-label='One snapshot back']")
    at(still, middle)
    page.select_option("[aria-label=Speed]", "4")
    page.click("[aria-label=Loop]")
    page.click("[aria-label=Play]")
    comes_round(still)
    page.click("[aria-label=Loop]")
    at(still, 60, "ended")


def scrub(lab, share):
    """Drag the scrubber's thumb from where it is to a share of the track."""
    box = lab.page.locator(".bnviz-scrub").bounding_box()
    y, now = box["y"] + box["height"] / 2, lab.page.locator(".bnviz-scrub").evaluate("one => one.value / one.max")
    lab.page.mouse.move(box["x"] + 8 + now * (box["width"] - 16), y)
    lab.page.mouse.down()
    lab.page.mouse.move(box["x"] + share * box["width"], y, steps=5)
    lab.page.mouse.up()
    lab.wait("d.state === 'paused' && $('.bnviz-readout').textContent.startsWith(`step ${d.step} of`)")


WIDTHS = """
window.widths = new Set();
const measure = () => {
  const written = document.fonts.status === "loaded" && document.querySelector(".bnviz-readout")?.textContent;
  const track = written && document.querySelector(".bnviz-track");
  if (track) widths.add(Math.round(track.getBoundingClientRect().width));
  requestAnimationFrame(measure);
};
measure();
"""


@pytest.mark.parametrize("width", [1400, 820, 390])
def test_the_time_line_keeps_its_width(visit, width):
    lab = visit(viewport={"width": width, "height": 900})
    lab.page.add_init_script(WIDTHS)
    lab.open(steps=400, seed=91).trained()
    lab.wait("d.state === 'ended' && d.step === '400'")
    assert len(lab.page.evaluate("[...widths]")) == 1


def test_nothing_stands_out_beside_the_transport(visit):
    """Of what it hides: left of it, the sign of what can be unfolded."""
    lab = visit().open(steps=40).trained()
    box = lab.page.locator(".bnviz-transport").bounding_box()
    beside = {"x": box["x"] - 4, "y": box["y"] + 2, "width": 4, "height": box["height"] - 2}
    lab.page.evaluate("document.querySelector('.bnviz-transport').style.setProperty('--line', 'transparent')")
    for scrolled in range(0, 60, 5):  # whatever lies below it
        lab.page.evaluate(f"document.querySelector('.stMain').scrollTo(0, {scrolled})")
        seen = Image.open(io.BytesIO(lab.page.screenshot(clip=beside))).convert("RGB").getcolors()
        assert seen == [(seen[0][0], (255, 255, 255))]


UNITS = """
window.units = [];
const look = () => {
  const shown = document.querySelector(".bnviz-units [aria-checked=true]")?.ariaLabel;
  if (shown && shown !== units.at(-1)) units.push(shown);
  requestAnimationFrame(look);
};
look();
"""


def test_the_unit_is_chosen_once_a_run(visit):
    first, second = visit(), visit()
    for lab in (first, second):
        lab.page.add_init_script(UNITS)
        lab.open(steps=600, seed=77, width=96).trained()
        units = lab.page.evaluate("units")
        assert len(units) <= 2, "the first one until there is something to go by, then the telling one"
    assert first.page.evaluate("units").pop() == units[-1], "the same run, the same unit, however it arrives"


def test_the_unit_that_somebody_chose_stays(lab):
    lab.page.add_init_script(UNITS)
    lab.open(steps=60).from_the_start()
    lab.choose_unit(7)
    lab.page.locator(".st-key-batch_size input").press("ArrowLeft")
    lab.wait("new URLSearchParams(location.search).get('batch_size') === '32' && d.frames > 0")
    lab.trained()
    assert lab.page.evaluate("units").pop() == lab.unit == "unit 8"
