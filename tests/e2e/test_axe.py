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


@pytest.mark.parametrize("scheme", ["light", pytest.param("dark", marks=pytest.mark.slow)])
def test_no_page_keeps_anybody_out(visit, scheme):
    lab, rules = visit(color_scheme=scheme), RULES[scheme]
    complaints = {}
    for page in pages():
        if page in TINY:
            lab.open(page, **TINY[page]).wait("d.state === 'ended'")
        else:
            lab.open(page, steps=20, width=16).at_the_end()
        complaints[page] = violations(lab, rules)
        lab.page.locator(".bnviz-tools button:visible").last.click()
        lab.page.wait_for_selector("dialog[open]")
        complaints[f"{page}, data"] = violations(lab, rules)
        lab.press("Escape")
    lab.page.goto(f"{lab.server.url}/gamma-beta?steps=20")
    lab.wait("$('.bnviz-skip')")
    complaints["waiting for a guess"] = violations(lab, rules)
    assert {page: some for page, some in complaints.items() if some} == {}
