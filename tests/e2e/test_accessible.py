"""For everybody: small screens, dark and light, without a mouse, without motion, without seeing the charts."""

import csv
import re

import pytest

from bnviz.lessons import LESSONS
from bnviz.web import words
from tests.e2e.lab import PHONE, WIDE_PARTS

CONTRAST = """() => {
  const canvas = document.createElement('canvas').getContext('2d', {willReadFrequently: true});
  const rgb = colour => { canvas.clearRect(0, 0, 1, 1); canvas.fillStyle = colour; canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data].slice(0, 3); };
  const linear = one => one <= 0.04045 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4;
  const light = colour => { const [r, g, b] = rgb(colour).map(one => linear(one / 255));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const page = light(getComputedStyle(document.querySelector('.stApp')).backgroundColor);
  const ratio = colour => {
    const one = light(colour);
    return (Math.max(one, page) + 0.05) / (Math.min(one, page) + 0.05);
  };
  const style = (where, property) => getComputedStyle(document.querySelector(where))[property];
  const words = ['.bnviz-headline', '.bnviz-caption', '.bnviz-readout', '.bnviz-panel h3', '.bnviz-label'];
  return {...Object.fromEntries(words.map(where => [where, ratio(style(where, 'color'))])),
    ticks: ratio(style('.bnviz-plot .xtick text', 'fill')), axis: ratio(style('.bnviz-plot .xtitle', 'fill')), page};
}"""


@pytest.fixture(scope="module")
def page_open(module_visit):
    return module_visit().open(steps=40).trained()


@pytest.fixture
def page_at_end(page_open):
    """A finished run, at its end."""
    return page_open.reset()


@pytest.mark.slow
def test_words_and_axes_are_readable(page_at_end):
    lab = page_at_end
    lab.look_at("fan")
    lab.wait("$('.bnviz-plot .xtitle') && $('.bnviz-caption').textContent")
    for scheme in ("dark", "light"):
        lab.change_scheme(scheme)
        readable = "Object.values(parts).every(ratio => ratio >= 4.5)"
        right = f"page {'>' if scheme == 'light' else '<'} 0.5 && {readable}"
        lab.page.wait_for_function(f"() => {{ const {{page, ...parts}} = ({CONTRAST})(); return {right}; }}")


COVERED = """(panel) => {
  const box = panel.querySelector('.modebar').getBoundingClientRect();
  const crosses = (one) => one.left < box.right && box.left < one.right && one.top < box.bottom && box.top < one.bottom;
  const titles = panel.querySelectorAll('.annotation-text, .xtitle, .ytitle, .legendtext');
  return [...titles].filter(one => crosses(one.getBoundingClientRect())).map(one => one.textContent);
}"""


@pytest.mark.slow
def test_on_a_phone_a_finger_works_all_pages_have_names_and_plotlys_buttons_cover_no_title(visit):
    lab = visit(**PHONE)
    lab.open(steps=40).trained()
    lab.page.tap(".bnviz-play")
    lab.wait("d.state === 'paused' || d.state === 'ended'")
    lab.wait_plot("fan", "n._fullLayout?.dragmode === false")
    assert lab.page.evaluate(WIDE_PARTS) == []
    names = lab.page.locator(".st-key-pages a")
    assert names.all_inner_texts() == [*LESSONS.values(), words.own()["title"]] and names.first.is_visible()
    assert not lab.page.get_by_test_id("stExpandSidebarButton").is_visible()
    for panel in ("fan", "shift", "learning"):
        lab.page.locator(f"[data-panel={panel}] .bnviz-plot").tap()
        lab.wait_plot(panel, "n.querySelector('.modebar')")
        assert lab.page.locator(f"[data-panel={panel}]").evaluate(COVERED) == [], panel
    names.get_by_text(LESSONS["gamma_beta"]).tap()
    lab.page.wait_for_url("**/gamma-beta")
    lab.wait("d.frames > 0")
    lab.page.wait_for_function(f"() => ({WIDE_PARTS})().length === 0")  # charts that were just made take their width


@pytest.mark.slow
@pytest.mark.parametrize(("pages", "fades"), [({}, True), ({"pages": "live-shift,batch-size"}, False)])
def test_the_row_of_pages_fades_where_more_is_to_come(visit, pages, fades):
    lab = visit(viewport={"width": 390, "height": 844}).open(steps=40, **pages)
    style = "getComputedStyle($('.st-key-pages'))"
    if not fades:  # all of it is in view
        return lab.wait(f"$('.st-key-pages').scrollWidth === $('.st-key-pages').clientWidth && {style}.maskImage === 'none'")
    lab.wait(f"{style}.maskImage.startsWith('linear-gradient') && {style}.maskPosition === '-64px 0px'")  # at the right
    lab.page.eval_on_selector(".st-key-pages", "node => node.scrollTo(1e4, 0)")
    lab.wait(f"{style}.maskPosition === '0px 0px'")  # at the left


def test_on_a_wide_screen_pages_are_named_once(page_at_end):
    links = page_at_end.page.get_by_role("link", name=LESSONS["gamma_beta"])
    assert links.count() == 1


def test_reduced_motion_shows_the_end_and_plays_on_request(visit):
    lab = visit(reduced_motion="reduce")
    lab.page.add_init_script("window.states = []; addEventListener('DOMContentLoaded', () => new MutationObserver(() =>"
        " states.push(document.querySelector('.bnviz-player')?.dataset.state)).observe(document.body,"
        " {subtree: true, attributes: true, attributeFilter: ['data-state']}))")  # fmt: skip
    lab.open(steps=60).trained()
    lab.wait("d.state === 'ended' && d.step === '60'")
    assert "playing" not in lab.page.evaluate("states"), "nothing starts by itself"
    lab.press("Space")
    lab.wait("d.state === 'playing' && d.step < 60")
    lab.page.select_option("[aria-label=Speed]", "8")
    lab.wait("d.state === 'ended' && d.step === '60'")


def test_every_chart_has_a_text_alternative_with_current_numbers(page_at_end):
    lab = page_at_end.reset(12)
    lab.wait("d.step === '12'")
    for step, key in ((12, None), (13, "ArrowRight"), (40, "End")):
        if key:
            lab.press(key)
        lab.wait(f"[...document.querySelectorAll('.bnviz-plot')].every(n => n.ariaLabel?.includes('step {step}:'))")
        plots = lab.page.locator(".bnviz-plot")
        for label in plots.evaluate_all(
            "nodes => nodes.map(node => [node.getAttribute('role'), node.getAttribute('aria-label')])"
        ):
            assert label[0] == "figure"
            assert re.search(r"\d", label[1].split(f"step {step}:")[1]), label


def test_every_control_is_reached_by_tab_in_order(page_at_end):
    lab = page_at_end
    lab.page.evaluate("document.querySelector('.bnviz-player').scrollIntoView()")
    reached = []
    lab.page.focus("[data-testid=stPopoverButton]")
    for _ in range(90):
        lab.press("Tab")
        reached.append(lab.page.evaluate("document.activeElement.getAttribute('aria-label')"))
        if reached[-1] == "Copy link to this step":
            break
    expected = [
        "Signal",
        *(f"Layer {layer}" for layer in range(1, 6)),
        "Test accuracy to reach",
        "To the start",
        "One snapshot back",
        "Play",
    ]
    expected += ["One snapshot on", "Snapshot", "Speed", "Loop", "Copy link to this step"]
    assert [label for label in reached if label in expected] == expected


def test_every_chart_has_its_numbers_in_a_table(page_at_end, server):
    lab = page_at_end.reset(12)
    lab.wait("d.step === '12'")
    lab.look_at("learning")
    for panel in lab.page.locator(".bnviz-panel").all():
        panel.scroll_into_view_if_needed()
        lab.page.wait_for_function("(box) => box.querySelector('.bnviz-plot').data", arg=panel.element_handle())
        button = panel.get_by_role("button", name="Data: ")
        button.focus()
        lab.press("Enter")
        dialog = lab.page.get_by_role("dialog")
        assert dialog.get_by_role("rowheader").count() > 3
        assert dialog.locator("caption").first.inner_text().startswith(panel.locator("> header h3").inner_text())
        lab.press("ArrowRight", "Escape")
        lab.page.wait_for_selector("dialog", state="detached")
        assert lab.data["step"] == "12", "keys belong to the dialog while it is open"
        assert button.evaluate("one => one === document.activeElement"), "the focus is where it was"
    lab.page.locator("[data-panel=learning]").get_by_role("button", name="Data: ").click()
    head, *rows = lab.page.locator("dialog tr").evaluate_all(
        "rows => rows.map(row => [...row.cells].map(cell => cell.textContent))"
    )
    snapshots = [
        message for message in server.messages(lab.data["run"]) if message["type"] == "snapshot" and message["step"] <= 12
    ]
    expected = {one["step"]: pytest.approx(one["arms"]["batch"]["train_loss"], rel=1e-3) for one in snapshots}
    name = "with batch norm, training loss"
    assert {int(row[0]): float(row[head.index(name)]) for row in rows} == expected
    called = f"Learning-step-12-bnviz-{lab.data['run'][:8]}.csv"
    with lab.page.expect_download() as saving:
        lab.page.get_by_role("button", name=f"Download {called}").click()
    assert saving.value.suggested_filename == called
    with open(saving.value.path(), newline="", encoding="utf-8") as file:
        saved = list(csv.DictReader(file))
    assert {int(row["step"]): float(row[name]) for row in saved} == expected
    lab.page.get_by_role("button", name="Close").click()
    lab.page.wait_for_selector("dialog", state="detached")


def test_what_is_measured_exactly_is_one_click_away(page_at_end):
    lab = page_at_end
    lab.page.locator("[data-panel=shift]").get_by_role("button", name="Definition: ").click()
    text = lab.page.get_by_role("dialog").inner_text()
    assert "Wasserstein-1" in text and "512 fixed test images" in text and "{" not in text
    lab.page.mouse.click(5, 5)  # a press beside it closes it
    lab.page.wait_for_selector("dialog", state="detached")
    assert "Wasserstein" not in lab.page.inner_text(".bnviz-player")


# Of what shows a value, and of its moving part: whether a border, an outline or the background stands out from the page.
STANDS_OUT = """() => {
  const canvas = getComputedStyle(document.body).backgroundColor;
  const seen = ([where, part]) => {
    const style = getComputedStyle(document.querySelector(where), part);
    const lines = ['border-top', 'outline'].filter((line) => style.getPropertyValue(`${line}-style`) !== 'none'
      && parseFloat(style.getPropertyValue(`${line}-width`)) > 0).map((line) => style.getPropertyValue(`${line}-color`));
    return [style.backgroundColor, ...lines].some((colour) => ![canvas, 'rgba(0, 0, 0, 0)'].includes(colour));
  };
  const parts = {
    'time line': ['.bnviz-buffer'], 'shown': ['.bnviz-buffer', '::after'], 'trained': ['.bnviz-buffer', '::before'],
    'rail': ['.stSlider [role=group] > div > div:first-child'], 'thumb': ['.stSlider [role=group] > div > div:has(input)'],
  };
  return Object.keys(parts).filter((name) => !seen(parts[name]));
}"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_time_line_and_sliders_are_seen_in_forced_colours(page_at_end, scheme):
    lab = page_at_end
    lab.page.emulate_media(forced_colors="active", color_scheme=scheme)
    try:
        assert lab.page.evaluate("matchMedia('(forced-colors: active)').matches")
        assert lab.page.evaluate(STANDS_OUT) == []
    finally:
        lab.page.emulate_media(forced_colors="none", color_scheme="light")


UNDRAWN = """() => [...document.querySelectorAll('.bnviz-plot')]
  .filter(node => node.clientWidth && !node.querySelector('.main-svg')).map(node => node.closest('[data-panel]').dataset.panel)"""


def test_charts_that_were_never_on_the_screen_are_on_paper(visit):
    lab = visit(viewport={"width": 1400, "height": 500})
    lab.open(steps=40, step=8).trained()
    lab.wait("d.state === 'paused' && d.step === '8'")
    assert {"learning", "noise"} <= set(lab.page.evaluate(UNDRAWN))
    lab.page.pdf()
    assert lab.page.evaluate(UNDRAWN) == []


SCREENS = {  # width and height in CSS pixels, and how many of the screen's each is
    "125 %": (1120, 720, 1.25),
    "200 %": (700, 450, 2),
    "a phone's": (390, 800, 3),
}
BLURRED = """() => [...document.querySelectorAll('.bnviz-picture canvas')]
  .filter(one => Math.abs(one.width - one.clientWidth * devicePixelRatio) > 2).length"""


@pytest.mark.slow
@pytest.mark.parametrize("name", SCREENS)
def test_zoom_and_fine_screens_blur_nothing_and_nothing_sticks_out(page_at_end, name):
    """A browser's zoom of 200 % is a page of half the width with pixels of twice the size."""
    width, height, scale = SCREENS[name]
    session = page_at_end.page.context.new_cdp_session(page_at_end.page)
    metrics = {"width": width, "height": height, "deviceScaleFactor": scale, "mobile": False}
    session.send("Emulation.setDeviceMetricsOverride", metrics)
    try:
        page_at_end.wait(f"devicePixelRatio === {scale} && ({BLURRED})() === 0")
        page_at_end.wait_plot("fan", "n._fullLayout && Math.abs(n._fullLayout.width - n.clientWidth) <= 1")
        assert page_at_end.page.evaluate(WIDE_PARTS) == []
    finally:
        session.send("Emulation.clearDeviceMetricsOverride")
        session.detach()


@pytest.mark.slow
def test_where_people_write_from_the_right_numbers_and_sliders_are_as_elsewhere(visit):
    lab = visit(locale="ar-EG")
    lab.open(steps=40, step=8).trained()
    lab.wait("d.state === 'paused' && d.step === '8'")
    assert lab.page.evaluate("navigator.language") == "ar-EG"
    texts = lab.page.inner_text(".bnviz-player")
    assert "step 8 of 40" in texts and not re.search("[\u0660-\u0669]", texts)
    lab.press("ArrowRight")
    lab.wait("d.step === '9'")
    assert lab.page.evaluate(WIDE_PARTS) == []
