"""The page /train-and-eval in a browser: a guess, what was measured of every view, the cause, and a remedy."""

import numpy as np
import pytest

from bnviz.lessons.train_and_eval.page import PAGE
from bnviz.web import words

WORDS = words.catalogue("train_and_eval")
SMALL = {"dataset": "mnist1d", "width": 16, "hidden_layers": 3, "steps": 60, "train_size": 500, "learning_rate": 0.3}
LINE = "n.data.filter((one) => one.feed?.key === '{key}').map((one) => Array.from(one.y))[0]"


def line_values(lab, panel, key):
    """The first line of a measure in a panel."""
    return np.array(lab.plot(panel, LINE.format(key=key)), float)


def test_the_views_are_drawn_as_measured_and_the_guess_is_judged(lab):
    lab.open("train-and-eval", prediction=True, **SMALL).trained()
    assert lab.page.locator("[data-panel=views]").is_hidden()
    lab.page.get_by_text(WORDS["predictions"]["better"], exact=True).click()
    lab.press("End")
    lab.wait("d.state === 'ended' && $('.bnviz-answer').checkVisibility()")
    assert lab.data["run"] == PAGE.default.replace(**SMALL).id
    last = [message for message in lab.server.messages(lab.data["run"]) if message["type"] == "snapshot"][-1]["arms"]["batch"]
    lab.wait_plot("views", f"n.data.some((one) => one.feed?.key === 'running_accuracy' && one.x.at(-1) === {SMALL['steps']})")
    for key in ("minibatch_accuracy", "running_accuracy", "recomputed_accuracy"):
        assert line_values(lab, "views", key)[-1] == pytest.approx(last["evaluation"][key])
    np.testing.assert_allclose(line_values(lab, "layers", "mean_error"), last["evaluation"]["mean_error"], rtol=1e-6)
    answer = lab.page.inner_text(".bnviz-answer")
    assert WORDS["predictions"]["better"] in answer and "with running statistics" in answer
    assert "Initial values still make up 94" in lab.headline
    remedy_in_place(lab)


def remedy_in_place(lab):
    """The button asks for the run with another momentum, beside which the one before stays in the chart."""
    button = lab.page.locator("[data-panel=remedies] button[aria-pressed]").nth(1)
    button.scroll_into_view_if_needed()
    momentum = float(button.inner_text().split()[-1])
    button.click()
    lab.wait(f"d.run === '{PAGE.default.replace(**SMALL, statistics_momentum=momentum).id}' && d.state !== 'loading'")
    lab.press("End")
    lab.wait(f"$('[data-panel=remedies] .bnviz-caption').textContent.includes({WORDS['story']['costs_none']!r})")
    assert button.get_attribute("aria-pressed") == "true"
    assert lab.plot("remedies", "n.data[1].y.length") == 2
