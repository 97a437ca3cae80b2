"""What holds for every page alike, on a small run, opened once: the policy, axe-core in light and dark, and every width."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from bnviz.lessons import LESSONS, address
from tests.e2e.lab import SMALL_SWEEPS, VIOLATION_LISTENER, WIDE_PARTS, Lab

GRAVE = ("serious", "critical")
# What passes is not reported: to say where it all stands takes two thirds of the time.
OPTIONS = {"resultTypes": ["violations"], "preload": False}
CONTRAST = {"runOnly": ["color-contrast"]}  # the only rule whose answer can differ between light and dark
SMALL_RUN = {"steps": 20, "width": 16}
QUICK = ("", "gamma-beta", "step-zero")  # the pages that `make test` looks at, too
TABLES = ("", "step-zero")  # a page of a run and one of a sweep: tables of numbers look the same on all
# What is Streamlit's own: the rule, and a part of the element's place or text. Nothing here is made by this package.
STREAMLITS: list[tuple[str, str]] = []
PICTURE = ".bnviz-picture canvas"
WITH_SMALL_PICTURE = ("covariate-shift", "gamma-beta", "independence", "batch-size")
# Width, height, and how many networks of the picture are above the transport there.
SCREENS = ((1400, 900, 2), (390, 844, 1), (820, 1180, 2))
LOW_SCREEN = (1280, 720, 2)  # of the first page
LINES_OF_CHANGES = """() => [...document.querySelectorAll('.bnviz-modes button, .bnviz-actions > button, .bnviz-hand summary')]
  .filter((node) => node.checkVisibility()).map((node) => node.getBoundingClientRect().top).sort((a, b) => a - b)
  .filter((top, place, tops) => place === 0 || top - tops[place - 1] > 10).length"""
SHOWS_NETWORKS = """(networks) => {
  document.querySelector('.stMain').scrollTo(0, 0);
  const box = (part) => document.querySelector(part).getBoundingClientRect(), picture = box('.bnviz-picture');
  return picture.top + (picture.height * networks) / 2 <= box('.bnviz-transport').top;
}"""
CHARTS_OF_OTHER_WIDTH = """() => [...document.querySelectorAll('.bnviz-plot.js-plotly-plot')].filter((node) => {
  const {top, bottom} = node.getBoundingClientRect(); // those that are not on the screen are drawn anew once they are
  return top < innerHeight && bottom > 0 && Math.abs(node._fullLayout.width - node.clientWidth) > 1;
})"""


COVERED_TITLES = """() => [...document.querySelectorAll('.bnviz-plot:has(.modebar)')].flatMap((plot) => {
  const bars = [...plot.querySelectorAll('.modebar-btn')].map((node) => node.getBoundingClientRect());
  return [...plot.querySelectorAll('.infolayer [class*=title]')].filter((title) => {
    const {left, right, top, bottom} = title.getBoundingClientRect();
    return bars.some((bar) => left < bar.right && right > bar.left && top < bar.bottom && bottom > bar.top);
  }).map((title) => title.textContent);
})"""


def faults(lab: Lab, context: str | None = None, rules: dict | None = None) -> list[str]:
    """What axe-core complains about, gravely, in one line for each element."""
    response = Axe().run(lab.page, context=context, options={**OPTIONS, **(rules or {})}).response["violations"]
    nodes = [(rule, node) for rule in response if rule["impact"] in GRAVE for node in rule["nodes"]]
    return [
        f"{rule['id']}: {node['target']} {node['failureSummary']}"
        for rule, node in nodes
        if not any(rule["id"] == name and part in str(node["target"]) for name, part in STREAMLITS)
    ]


def open_small(lab: Lab, page: str) -> None:
    """The page with a small experiment, at its end."""
    if page in SMALL_SWEEPS:
        lab.open(page, **SMALL_SWEEPS[page]).wait("d.state === 'ended'")
    else:
        lab.open(page, **SMALL_RUN).at_the_end()
    lab.look_at(lab.page.get_attribute("[data-panel]:has(.bnviz-plot)", "data-panel"))


def check_widths(lab: Lab) -> None:
    for width in (820, 390, 1400):
        lab.page.set_viewport_size({"width": width, "height": 900})
        lab.page.wait_for_function(f"() => ({CHARTS_OF_OTHER_WIDTH})().length === 0")
        lab.page.wait_for_function(f"() => ({WIDE_PARTS})().length === 0")
        if width == 390:  # where the buttons of a chart are below it
            assert lab.page.evaluate(COVERED_TITLES) == []


def check_first_screen(lab: Lab, page: str) -> None:
    """Before anybody scrolls, both networks are in view; on a phone the first one."""
    for width, height, networks in (*SCREENS, *([LOW_SCREEN] if page == "" else [])):
        lab.page.set_viewport_size({"width": width, "height": height})
        lab.page.wait_for_function(SHOWS_NETWORKS, arg=networks)


def check_changes(lab: Lab) -> None:
    """Where the picture has not the whole width, what can be changed at a step takes two lines."""
    lab.page.set_viewport_size({"width": 820, "height": 900})
    lab.page.wait_for_function(f"() => ({LINES_OF_CHANGES})() === 2")


def check_small_picture(lab: Lab) -> None:
    """Beside a lesson's own charts the two networks are small, and move."""
    assert lab.page.locator(".bnviz-small canvas").count() == 1
    assert lab.page.eval_on_selector(PICTURE, "(node) => node.clientHeight") < 260
    trained = lab.page.eval_on_selector(PICTURE, "(node) => node.toDataURL()")
    lab.press("Home")
    lab.wait(f"$('{PICTURE}').toDataURL() !== {trained!r}")
    lab.press("End")
    lab.wait("d.state === 'ended'")


def check_table(lab: Lab) -> None:
    """A table of a chart's numbers, in light and dark."""
    lab.page.locator(".bnviz-tools button:visible").last.click()
    lab.page.wait_for_selector("dialog[open]")
    assert faults(lab, "dialog") == []
    lab.change_scheme("dark")
    assert faults(lab, "dialog", CONTRAST) == []
    lab.press("Escape")


def pages() -> list:
    """All lessons' paths; the first lesson's is the root."""
    paths = ["", *map(address, list(LESSONS)[1:])]
    return [path if path in QUICK else pytest.param(path, marks=pytest.mark.slow) for path in paths]


@pytest.fixture(scope="module")
def module_lab(module_visit):
    """A tab in which breaches of the policy are gathered, of each document anew."""
    lab = module_visit()
    lab.page.add_init_script(VIOLATION_LISTENER)
    return lab


@pytest.mark.parametrize("page", pages())
def test_a_page_keeps_to_the_policy_keeps_nobody_out_and_fits_every_width(module_lab, page):
    lab = module_lab
    open_small(lab, page)
    if page in WITH_SMALL_PICTURE:
        check_small_picture(lab)
    if page not in SMALL_SWEEPS:
        check_first_screen(lab, page)
    if page == "":
        check_changes(lab)
    check_widths(lab)
    assert faults(lab) == []
    lab.change_scheme("dark")
    assert faults(lab, rules=CONTRAST) == []
    lab.change_scheme("light")
    if page in TABLES:
        check_table(lab)
    if page not in SMALL_SWEEPS:
        lab.page.click(".bnviz-save > summary")
    assert lab.page.evaluate("violations") == []
    lab.change_scheme("light")


def test_the_page_for_teachers_keeps_to_the_policy_and_keeps_nobody_out(module_lab):
    module_lab.page.goto(f"{module_lab.server.url}/for-teachers")
    module_lab.page.wait_for_selector(".stMainBlockContainer h1, .stMainBlockContainer h2")
    assert module_lab.page.evaluate("violations") == []
    assert faults(module_lab) == []


@pytest.mark.slow
def test_a_page_that_waits_for_a_guess_keeps_nobody_out(module_lab):
    lab = module_lab
    lab.page.goto(f"{lab.server.url}/gamma-beta?steps=20&width=16")
    lab.wait("$('.bnviz-skip')")
    assert faults(lab) == []
    lab.change_scheme("dark")
    assert faults(lab, rules=CONTRAST) == []
    lab.change_scheme("light")
