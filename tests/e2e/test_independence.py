"""The page /independence: predict, play, read the answer; links; the linear net; what is not measured."""

import re

import numpy as np
import pytest

from bnviz.config.experiment import Experiment
from bnviz.lessons.independence.page import PAGE, PRESETS
from bnviz.web import words

STORY, PREDICTIONS = PAGE.words["story"], PAGE.words["predictions"]
OUTCOMES = {
    "without": "more_without",
    "with": "more_with",
    "same": "as_much",
}  # sentences about the gradient, as answers say them
LAYER = 3
SHORT = {"steps": 60, "snapshot_every": 4, "hold_from": 20}
TALL = {"viewport": {"width": 1400, "height": 3000}}  # all panels are in view


def medians(server, run, layer=LAYER, key="gradient_shift_relative"):
    """The medians over a whole run, without and with batch norm."""
    snapshots = server.messages(run)[1:-1]
    return [float(np.median([snapshot["arms"][arm][key][layer - 1] for snapshot in snapshots])) for arm in ("none", "batch")]


def numbers(text):
    return [float(number) for number in re.findall(r"(\d+\.?\d*)\s%", text)]


def agrees(answer):
    return STORY["agrees"].split("{")[0] in answer


def contradicts(answer):
    return STORY["contradicts"].split("{")[0] in answer


def go_to_end(lab):
    lab.trained().press("End")
    lab.wait("d.state === 'ended'")
    return lab


def test_predict_play_and_read_the_answer(visit, server):
    lab = visit(**TALL).open("independence", prediction=True, **SHORT)
    run = PAGE.default.replace(**SHORT).id
    assert lab.data["run"] == run and lab.page.is_hidden(".bnviz-answer")
    lab.wait("d.state === 'paused' && d.step === '0'")  # it waits for the guess
    lab.page.get_by_text(PREDICTIONS["with"]).click()
    lab.page.select_option("[aria-label=Speed]", "8")
    lab.wait("d.state === 'ended'")
    none, batch = medians(server, run)
    outcome = "without" if none > 1.1 * batch else "with" if batch > 1.1 * none else "same"
    changes = words.fill(STORY[OUTCOMES[outcome]], norm="batch norm")
    lab.wait(f"/gradient of layer 3 changes {changes}: .*up to step 60/.test($('.bnviz-answer').textContent)")
    answer = lab.page.inner_text(".bnviz-answer")
    right, wrong = (words.fill(STORY[key], prediction=PREDICTIONS["with"]) for key in ("right", "wrong"))
    assert (right in answer) == (outcome == "with") and (wrong in answer) == (outcome != "with")
    assert agrees(answer) == (outcome == "without") and contradicts(answer) == (outcome == "with")
    for text in (answer, lab.headline):
        assert np.allclose(numbers(text)[:2], [100 * none, 100 * batch], atol=1)


@pytest.mark.slow
def test_every_panel_shows_both_arms_and_holding_is_seen(visit, server):
    lab = go_to_end(visit(**TALL).open("independence", **SHORT))
    panels = lab.page.evaluate("[...document.querySelectorAll('.bnviz-panel')].map(panel => panel.dataset.panel)")
    assert panels == ["amount", "direction", "every-layer", "profile", "paths", "stillness", "learning"]
    for panel in panels:
        lab.wait_plot(panel, "n.data?.length && n.data.every(trace => Array.from(trace.y).some(Number.isFinite))")
    held = "n.data.find(trace => trace.feed.arm === 'batch-held')"
    moved = lab.plot("stillness", f"[...{held}.x.keys()].filter(i => {held}.x[i] > 20).map(i => {held}.y[i])")
    assert moved and set(moved) == {0}
    last = server.messages(lab.data["run"])[-2]["arms"]
    cost = lab.plot(
        "paths", "n.data.find(trace => trace.feed.kind === 'cost' && !trace.feed.smooth && trace.feed.arm === 'none').y.at(-1)"
    )
    assert cost == last["none-held"]["train_loss"] - last["none"]["train_loss"]


@pytest.mark.slow
def test_a_cold_deep_link_opens_the_layer_and_the_step(lab, server):
    lab.open("independence", steps=40, hold_from=0, layer=5, step=20).trained()
    lab.wait("d.state === 'paused' && d.step === '20' && $('.bnviz-headline').textContent.includes('W[5]')")
    assert lab.data["run"] == PAGE.default.replace(steps=40, hold_from=0).id
    assert lab.page.locator("[data-panel=paths]").count() == 0
    go_to_end(lab)
    lab.wait("d.step === '40'")
    assert np.allclose(numbers(lab.headline), [100 * value for value in medians(server, lab.data["run"], 5)], atol=1)


@pytest.mark.slow
def test_the_linear_net_says_the_opposite_where_it_measures_it(lab, server):
    changes = {**PRESETS["linear_net"], "steps": 6}
    lab.open("independence", **changes, layer=20)
    lab.page.get_by_text(PREDICTIONS["without"]).click()
    go_to_end(lab)
    none, batch = medians(server, lab.data["run"], 20)
    lab.wait("/up to step 6/.test($('.bnviz-answer').textContent)")
    answer = lab.page.inner_text(".bnviz-answer")
    assert contradicts(answer) == (batch > 1.1 * none) and agrees(answer) == (none > 1.1 * batch)
    assert "no accuracy" in lab.page.inner_text("[data-panel=learning]")


@pytest.mark.slow
def test_what_is_not_measured_is_said(lab):
    lab.open("independence", gradient_shift="no", hold_from=0, steps=20)
    assert lab.headline == STORY["not_measured"]
    lab.open("independence", **SHORT, layer=1)
    assert lab.headline == STORY["first_layer"]


@pytest.mark.slow
def test_the_page_at_the_root_shows_a_run_without_accuracy(lab):
    go_to_end(lab.open(dataset="linear-map", activation="identity", width=10, learning_rate=0.01, steps=20))
    assert "no accuracy" in lab.page.inner_text("[data-panel=learning]")
    experiment = Experiment(dataset="linear-map", activation="identity", width=10, learning_rate=0.01, steps=20)
    assert lab.data["run"] == experiment.id
