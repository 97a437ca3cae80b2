"""axe-core finds nothing serious on any page, light or dark, that is ours to mend."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from bnviz.lessons import LESSONS, address
from tests.e2e.lab import Lab

GRAVE = ("serious", "critical")
TINY = {
    "regularization": {"dataset": "mnist1d", "train_size": 100, "batch_size": 16, "steps": 20, "seeds": 3},
    "step-zero": {"hidden_layers": 5, "width": 16, "seeds": 3},
    "does-it-hold": {"claim": "faster", "width": 16, "hidden_layers": 2, "seeds": 2},
}
# What is Streamlit's own: the rule, and a part of the element's place or text. Nothing here is made by this package.
STREAMLITS: list[tuple[str, str]] = []


# Of the rules, colours alone can differ between light and dark.
RULES = {"light": {}, "dark": {"runOnly": ["color-contrast"]}}


def violations(lab: Lab, rules: dict) -> list[str]:
    """What axe-core complains about, gravely, in one line for each element."""
    response = Axe().run(lab.page, options=rules).response["violations"]
    nodes = [(rule, node) for rule in response if rule["impact"] in GRAVE for node in rule["nodes"]]
    return [
        f"{rule['id']}: {node['target']} {node['failureSummary']}"
        for rule, node in nodes
        if not any(rule["id"] == name and part in str(node["target"]) for name, part in STREAMLITS)
    ]


def pages() -> list[str]:
    return ["" if lesson == next(iter(LESSONS)) else address(lesson) for lesson in LESSONS]


SCHEMES = pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.slow)])


@SCHEMES
@pytest.mark.parametrize("page", pages())
def test_no_page_keeps_anybody_out(visit, page, scheme):
    lab = visit(color_scheme=scheme)
    if page in TINY:
        lab.open(page, **TINY[page]).wait("d.state === 'ended'")
    else:
        lab.open(page, steps=20, width=16).at_the_end()
    assert violations(lab, RULES[scheme]) == []
    lab.page.locator(".bnviz-tools button:visible").last.click()
    lab.page.wait_for_selector("dialog[open]")
    assert violations(lab, RULES[scheme]) == [], "with a table of numbers"


@SCHEMES
def test_a_page_that_waits_for_a_guess_keeps_nobody_out(visit, scheme):
    lab = visit(color_scheme=scheme)
    lab.page.goto(f"{lab.server.url}/gamma-beta?steps=20")
    lab.wait("$('.bnviz-skip')")
    assert violations(lab, RULES[scheme]) == []
