"""The transport: by mouse and by keyboard. What it does to the clock is tested without a browser (tests/web/core)."""

import contextlib
import io

import pytest
from PIL import Image

from tests.e2e.conftest import visits

SHORT = {"steps": 60}  # 28 snapshots: 0, 1, … 16, then every fourth


@pytest.fixture(scope="module")
def short_run(tabs, server):
    """A short run, all of it there, on one page for the tests of this file."""
    with contextlib.contextmanager(visits)(tabs, server) as visit:
        yield visit().open(**SHORT).trained()


@pytest.fixture
def still(short_run):
    """The same, shown at its end."""
    short_run.page.evaluate("document.activeElement.blur()")
    short_run.press("End")
    short_run.wait("d.state === 'ended' && d.step === '60'")
    return short_run


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


def test_keys_play_in_a_loop_at_another_speed(still):
    speed, loop = still.page.locator("[aria-label=Speed]"), still.page.locator("[aria-label=Loop]")
    still.press(*"<<<")
    assert speed.input_value() == "0.25"
    still.press(*">>>>>>>", "l", "Space")
    assert speed.input_value() == "8" and loop.get_attribute("aria-pressed") == "true"
    comes_round(still)
    still.press("l")
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
    page.click("[aria-label=Loop]")  # so that it does not end before it is paused
    page.click("[aria-label=Play]")
    still.wait("d.state === 'playing'")
    page.click("[aria-label=Pause]")
    still.wait("d.state === 'paused'")
    page.click("[aria-label=Loop]")
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


@pytest.mark.parametrize("width", [1400, pytest.param(390, marks=pytest.mark.slow)])
def test_the_time_line_keeps_its_width(visit, width):
    lab = visit(viewport={"width": width, "height": 900})
    lab.page.add_init_script(WIDTHS)
    lab.open(steps=100, seed=91).press(*">>>")
    lab.trained().wait("d.state === 'ended' && d.step === '100'")
    assert len(lab.page.evaluate("[...widths]")) == 1


def test_nothing_stands_out_beside_the_transport(still):
    """Of what it hides: left of it, the sign of what can be unfolded."""
    lab = still
    box = lab.page.locator(".bnviz-transport").bounding_box()
    beside = {"x": box["x"] - 4, "y": box["y"] + 2, "width": 4, "height": box["height"] - 2}
    lab.page.evaluate("document.querySelector('.bnviz-transport').style.setProperty('--line', 'transparent')")
    for scrolled in range(0, 60, 5):  # whatever lies below it
        lab.page.evaluate(f"document.querySelector('.stMain').scrollTo(0, {scrolled})")
        seen = Image.open(io.BytesIO(lab.page.screenshot(clip=beside))).convert("RGB").getcolors()
        assert seen == [(seen[0][0], (255, 255, 255))]
