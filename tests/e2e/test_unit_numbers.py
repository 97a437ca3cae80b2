"""One unit in its own numbers, on the page at /: what stands there, what lights up, and what the keyboard does."""

import pytest

from tests.arithmetic import derived
from tests.e2e.lab import WIDE_PARTS

RUN = {"steps": 60, "step": 12, "layer": 2, "unit": 3}
NUMBERS = """() => Object.fromEntries(['z', 'hat', 'y', 'a'].map(part => [part,
  [...document.querySelectorAll(`.bnviz-numbers table [data-part=${part}][data-example]`)].map(node => node.textContent)]))"""
LIT = "[...document.querySelectorAll('.bnviz-numbers {}.bnviz-highlight')].map(node => node.dataset.part)"


@pytest.fixture(scope="module")
def page_with_numbers(module_visit):
    return unfold(module_visit(), **RUN)


@pytest.fixture
def lab_with_numbers(page_with_numbers):
    """A run stopped at step 12, its unit's numbers unfolded."""
    return page_with_numbers.reset(RUN["step"], RUN["layer"], RUN["unit"])


def unfold(lab, **parameters):
    lab.open(**parameters).trained()
    lab.wait(f"d.state === 'paused' && d.step === '{parameters['step']}'")
    lab.page.click(".bnviz-numbers summary")
    lab.wait("$('.bnviz-numbers').open && $('.bnviz-numbers-body').children.length")
    return lab


def read(text):
    return float(text.replace("−", "-").strip("()"))


def page_numbers(lab):
    return {part: [read(text) for text in texts] for part, texts in lab.page.evaluate(NUMBERS).items()}


def unit_parts(lab, step, arm="batch", running=False, layer=2, unit=3):
    """Parts of the unit, each [examples], from the recording of the run on show."""
    snapshot = next(one for one in lab.server.messages(lab.data["run"]) if one.get("step") == step)
    measured = snapshot["arms"][arm]
    parts = derived(measured["unit_examples"], measured["normalizer"], "relu", running)
    return {name: values[layer - 1, unit] for name, values in parts.items()}


def check(lab, step):
    numbers, texts = unit_parts(lab, step), page_numbers(lab)
    for part, values in texts.items():
        assert values == pytest.approx(numbers[part], abs=0.00501), (step, part)
    return texts


def number(lab, part, side="training"):
    """The number of the chosen example in a formula."""
    return read(lab.page.locator(f".bnviz-equation .bnviz-number[data-part={part}][data-side={side}]").first.inner_text())


def test_numbers_are_those_of_the_recording_at_the_step_on_show(lab_with_numbers):
    first = check(lab_with_numbers, 12)
    lab_with_numbers.press("ArrowRight")
    lab_with_numbers.wait("d.step === '13'")
    second = check(lab_with_numbers, 13)
    assert first["z"] != second["z"]
    lab_with_numbers.press("Home")
    lab_with_numbers.wait("d.step === '0'")
    check(lab_with_numbers, 0)


def test_formulas_hold_the_numbers_of_the_chosen_example(lab_with_numbers):
    page = lab_with_numbers.page
    page.hover(".bnviz-numbers table [data-part=a][data-example='5']")
    parts = {
        "training": ("z", "hat", "y", "a", "mean", "variance"),
        "evaluation": ("hat", "y"),
        "plain": ("z", "a"),
    }
    for side, names in parts.items():
        numbers = unit_parts(lab_with_numbers, 12, "none" if side == "plain" else "batch", side == "evaluation")
        for part in names:
            assert number(lab_with_numbers, part, side) == pytest.approx(numbers[part][5], abs=0.00501), (side, part)
    numbers = unit_parts(lab_with_numbers, 12)
    for part in ("gamma", "beta"):
        assert number(lab_with_numbers, part) == pytest.approx(numbers[part][5], abs=0.000501)


def test_pointing_at_a_number_lights_what_it_comes_from(lab_with_numbers):
    page = lab_with_numbers.page
    page.hover(".bnviz-numbers table [data-part=y][data-example='2']")
    assert set(page.evaluate(LIT.format(""))) == {"hat", "gamma", "beta"}
    in_table = ".bnviz-numbers table .bnviz-number.bnviz-highlight"
    assert page.locator(f"{in_table}[data-part=hat]").evaluate_all("nodes => nodes.map(node => node.dataset.example)") == ["2"]
    said = page.inner_text(".bnviz-numbers-said")
    assert page.inner_text(".bnviz-numbers table [data-part=gamma].bnviz-number") in said
    page.hover(".bnviz-numbers table [data-part=hat][data-example='0']")
    assert set(page.evaluate(LIT.format(""))) == {"z", "mean", "variance", "epsilon"}
    page.hover(".bnviz-numbers table .bnviz-number[data-part=mean]")
    assert page.locator(f"{in_table}[data-part=z]").count() == 8
    assert "all 64 examples" in page.inner_text(".bnviz-numbers-said")
    page.hover(".bnviz-numbers-side [data-side=evaluation].bnviz-number[data-part=y] >> nth=0")
    sides = page.locator(".bnviz-highlight").evaluate_all("nodes => nodes.map(node => node.dataset.side)")
    assert set(sides) == {"evaluation"}
    page.hover(".bnviz-headline")
    lab_with_numbers.wait("!$('.bnviz-highlight')")


def test_the_keyboard_does_the_same_and_leaves_the_clock_alone(lab_with_numbers):
    page = lab_with_numbers.page
    page.focus(".bnviz-numbers summary")
    lab_with_numbers.press("Tab")
    focused = "({...document.activeElement.dataset})"
    assert page.evaluate(focused) == {"part": "z", "side": "training"}
    lab_with_numbers.press(*["ArrowDown"] * 5, "ArrowRight")
    assert page.evaluate(focused) == {"part": "y", "side": "training", "example": "1"}
    assert set(page.evaluate(LIT.format(""))) == {"hat", "gamma", "beta"}
    lab_with_numbers.press("ArrowRight", "ArrowLeft", "ArrowLeft", "ArrowUp")
    assert page.evaluate(focused) == {"part": "hat", "side": "training", "example": "0"}
    lab_with_numbers.press("ArrowRight", "Tab")
    assert not page.evaluate("Boolean(document.activeElement.closest('.bnviz-numbers'))"), "one stop for Tab"
    lab_with_numbers.wait("!$('.bnviz-highlight')")
    page.evaluate("document.activeElement.blur()")
    lab_with_numbers.press("ArrowLeft")
    lab_with_numbers.wait("d.step === '11'")  # only one arrow key was meant for the clock


@pytest.mark.slow
def test_choosing_a_unit_unfolds_it_and_all_units_together_ask_for_one(lab):
    lab.open(steps=60).trained().press("End")
    lab.wait("d.state === 'ended'")
    assert not lab.page.locator(".bnviz-numbers").evaluate("box => box.open")
    lab.choose_unit(4)
    lab.wait("$('.bnviz-numbers').open && $('.bnviz-numbers h3').textContent.startsWith('Unit 5 of layer 2')")
    lab.wait("$('.bnviz-numbers table')")
    lab.pool_units()
    lab.wait("$('.bnviz-numbers-body').textContent.includes('Choose a single unit')")


def test_while_it_plays_nodes_stay_and_nothing_moves(page_with_numbers):
    """The box is as high as before, and pointing goes on."""
    lab = page_with_numbers.reset(0, RUN["layer"], RUN["unit"])
    lab.page.select_option("[aria-label=Speed]", "2")
    lab.page.hover(".bnviz-numbers table [data-part=y][data-example='2']")
    lab.page.evaluate("window.kept = document.querySelector('.bnviz-numbers table [data-part=hat]')")
    lab.page.evaluate("window.seen = new Set(); window.texts = new Set()")
    lab.page.evaluate("""() => new MutationObserver(() => { seen.add(document.querySelector('.bnviz-numbers').offsetHeight);
        texts.add(document.querySelector('.bnviz-numbers-said').textContent); })
        .observe(document.querySelector('.bnviz-numbers'), {subtree: true, childList: true})""")
    lab.page.evaluate("document.activeElement.blur()")  # on the heading, Space folds
    lab.press("Space")
    lab.wait("d.state === 'ended'")
    assert lab.page.evaluate("kept.isConnected && document.querySelectorAll('.bnviz-highlight').length > 0")
    assert len(lab.page.evaluate("[...texts]")) > 2
    assert len(lab.page.evaluate("[...seen]")) == 1


def test_it_scrolls_inside_itself_where_it_is_narrow(lab_with_numbers):
    for width in (820, 390, 1400):
        lab_with_numbers.page.set_viewport_size({"width": width, "height": 900})
        lab_with_numbers.page.wait_for_function(f"() => ({WIDE_PARTS})().length === 0")  # charts take their width a moment later
        assert lab_with_numbers.page.evaluate("document.querySelector('.bnviz-numbers').scrollWidth <= innerWidth")


@pytest.mark.parametrize(
    "name, word", [("rms", "no mean is subtracted"), pytest.param("group", "16 units", marks=pytest.mark.slow)]
)
def test_other_normalizers_say_what_they_normalize_over(lab, name, word):
    unfold(lab, **RUN, compare=name)
    body = lab.page.inner_text(".bnviz-numbers-body")
    assert word in body and "the same way in training and in evaluation" in body
