"""The page /does-it-hold: a verdict from real runs, pills, links, the way back, and room for it all."""

import dataclasses
import re

import numpy as np
import pytest

from bnviz.judge.verdict import words as together
from bnviz.lessons.does_it_hold.claims import CLAIMS
from bnviz.lessons.does_it_hold.claims.faster import steps_needed
from bnviz.lessons.does_it_hold.sentences import WORDS
from tests.e2e.lab import SMALL_SWEEPS, Lab

CLAIM = CLAIMS["faster"]
TINY = {name: value for name, value in SMALL_SWEEPS["does-it-hold"].items() if name not in ("claim", "seeds")}
SWEEP = dataclasses.replace(CLAIM.sweep, base=CLAIM.sweep.base.replace(**TINY), seeds=2)


def open(lab: Lab) -> Lab:
    return lab.open("does-it-hold", claim="faster", **TINY, seeds=2)


def verdict(lab: Lab) -> str:
    return re.sub(r"\s+", " ", lab.page.inner_text(".st-key-verdict"))


def test_the_verdict_and_the_charts_are_what_the_rows_say(lab, server):
    open(lab).wait("d.state === 'ended'")
    assert lab.data["run"] == SWEEP.id
    rows = [message for message in server.messages(SWEEP.id) if message["type"] == "row"]
    judgement = CLAIM.judge(SWEEP, rows)
    lab.page.locator(".st-key-verdict").get_by_text(judgement.summary).wait_for()
    assert lab.page.get_by_label("First seed", exact=True).count() == 1  # beside how many seeds there are
    text = verdict(lab)
    assert together({"": judgement}, len(CLAIMS))[""] in text
    assert CLAIM.published in text and CLAIM.checked in text and WORDS["page"]["other_settings"] in text
    panels = lab.page.evaluate("[...document.querySelectorAll('.bnviz-panel')].map(panel => panel.dataset.panel)")
    assert panels == ["faster-0", "faster-1", "faster-2"]
    with np.errstate(invalid="ignore"):
        single = np.concatenate(steps_needed(SWEEP, rows).tolist()).ravel()
    points = lab.plot("faster-0", "n.data.filter(t => t.mode === 'markers').flatMap(t => Array.from(t.y))")
    assert np.allclose(np.array(points, float), single, equal_nan=True)
    path = lab.plot("faster-2", "n.data.filter(t => t.showlegend).map(t => t.x.at(-1))")
    assert path == [SWEEP.base.steps] * 2
    assert lab.address == {"claim": "faster", **{name: str(value) for name, value in TINY.items()}, "seeds": "2"}


@pytest.mark.slow
def test_a_pill_opens_another_claim_and_the_browser_finds_the_way_back(lab, server):
    open(lab).wait("d.state === 'ended'")
    other = CLAIMS["largest-rate"]
    lab.page.get_by_test_id("stButtonGroup").get_by_text(other.name).click()
    lab.wait(f"d.run === '{other.sweep.id}' && d.state === 'ended'")
    lab.page.get_by_text(other.published).first.wait_for()
    assert lab.address == {"claim": other.key} and "agrees" in verdict(lab), "of the rows that the release ships"
    lab.page.get_by_role("button", name="Run it here").click()
    lab.wait(f"d.run === '{other.sweep.id}' && d.state === 'playing'")
    assert f" of {len(other.sweep.runs())} runs have finished" in verdict(lab) and "agrees" in verdict(lab)
    lab.page.get_by_role("button", name="Stop", exact=True).click()
    lab.wait("d.state === 'paused'")
    server.await_metric("runs_active", 0)
    lab.page.go_back()
    lab.wait(f"d.run === '{SWEEP.id}' && d.state === 'ended'")
    assert CLAIM.published in verdict(lab)


def test_a_claim_that_is_not_there_is_named(lab):
    lab.open("does-it-hold", claim="nonsense", **TINY, seeds=2)
    alert = lab.page.locator("[data-testid=stAlert]")
    alert.first.wait_for()
    assert "claim = nonsense" in alert.first.inner_text() and "same-score" in alert.first.inner_text()
    lab.wait("d.state === 'ended'")
