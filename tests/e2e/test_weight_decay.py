"""The page /weight-decay in a browser: four networks from a real run, the answer, and W[2] times 1,000."""

import re

import numpy as np
import pytest

from bnviz.lessons.weight_decay.page import PAGE
from bnviz.web import words

WORDS = words.catalogue("weight_decay")
SMALL = {"dataset": "mnist1d", "width": 16, "hidden_layers": 3, "steps": 60, "train_size": 500}
LINES = "n.data.filter((one) => one.feed?.arm === '{arm}').map((one) => Array.from(one.y))[0]"


def line_values(lab, panel, arm):
    """The first line of an arm in a panel."""
    return np.array(lab.plot(panel, LINES.format(arm=arm)), float)


def test_both_ways_are_one_loss_with_batch_norm_and_two_without(lab):
    lab.open("weight-decay", **SMALL).at_the_end()
    assert lab.data["run"] == PAGE.default.replace(**SMALL).id
    last = [message for message in lab.server.messages(lab.data["run"]) if message["type"] == "snapshot"][-1]["arms"]
    for arm in last:
        assert line_values(lab, "losses", arm)[-1] == pytest.approx(last[arm]["train_loss"])
    np.testing.assert_allclose(line_values(lab, "losses", "batch-rising"), line_values(lab, "losses", "batch"), rtol=1e-6)
    assert not np.allclose(line_values(lab, "losses", "none-rising"), line_values(lab, "losses", "none"), rtol=1e-3)
    assert re.search(r"both ways have the same training loss: at step 60 the learning rate is 1\.8\d times as high", lab.headline)


@pytest.mark.slow
def test_the_guess_is_judged_by_what_was_measured(lab):
    lab.open("weight-decay", prediction=True, **SMALL).trained()
    assert lab.page.locator("[data-panel=losses]").is_hidden()
    lab.page.get_by_text(WORDS["predictions"]["diverges"], exact=True).click()
    lab.press("End")
    lab.wait("d.state === 'ended' && $('.bnviz-answer').checkVisibility()")
    answer = lab.page.inner_text(".bnviz-answer")
    assert WORDS["predictions"]["diverges"] in answer and "not so here" in answer and "of the loss" in answer


@pytest.mark.slow
def test_w2_times_1000_divides_the_gradient_and_changes_no_loss(lab):
    lab.open("weight-decay", **SMALL, changes="30:times_w2=1000").at_the_end()
    assert "Step 30 multiplied W[2] by 1000" in lab.headline and "became 1.0 · 10⁻⁶ times as high as before" in lab.headline
    sizes = line_values(lab, "sizes", "batch")
    steps = lab.plot("sizes", "Array.from(n.data[0].x)")
    place = steps.index(30)
    assert sizes[place + 1] / sizes[place] == pytest.approx(1000, rel=0.02)
    losses = line_values(lab, "losses", "batch")
    assert losses[place + 1] < 1.5 * losses[place]
    plain = line_values(lab, "losses", "none")
    assert not plain[place + 1] < 10 * plain[place], "nothing takes the size out of the plain network's weights"


@pytest.mark.slow
def test_more_decay_than_a_rate_can_rise_for_is_said(lab):
    lab.open("weight-decay", **SMALL, weight_decay=10, learning_rate=0.3).at_the_end()
    assert "no rising learning rate does the same" in lab.page.inner_text(".stMain")
    assert lab.headline.startswith(WORDS["story"]["no_rate"][:40])
