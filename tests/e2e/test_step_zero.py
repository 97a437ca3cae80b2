"""The page /step-zero in a browser: the guess, the charts, presets and links."""

import pytest

from bnviz.lessons.step_zero.judge import PREDICTIONS
from bnviz.lessons.step_zero.page import PAGE, sweep
from bnviz.lessons.step_zero.results import WORDS
from bnviz.web import words
from bnviz.web.words import fill

SMALL = {"hidden_layers": 12, "width": 32, "seeds": 5}
CHARTS = ("rank", "cosine", "gradient")


def test_all_is_measured_and_drawn_without_any_training(lab):
    lab.open("step-zero", **SMALL).wait("d.state === 'ended'")
    expected = sweep(PAGE.default.replace(hidden_layers=12, width=32), {"seeds": 5})
    assert lab.data["run"] == expected.id and lab.data["step"] == "10"
    for chart in CHARTS:
        assert lab.plot(chart, "n.data.find((one) => one.line.width === 2.5).x.length") == 12
    rows = [message for message in lab.server.messages(expected.id) if message["type"] == "row"]
    assert {tuple(row["checkpoints"]) for row in rows} == {(0,)}
    mean = sum(row["effective_rank"][0][-1] for row in rows if row["curve"] == "batch") / 5
    expression = "n.data.find((one) => one.name === 'with batch norm' && one.line.width === 2.5).y.at(-1)"
    assert lab.plot("rank", expression) == pytest.approx(mean)
    assert "Training ends" not in lab.page.inner_text(".stMain")


def test_the_guess_comes_first_and_is_answered_with_what_was_measured(lab):
    lab.open("step-zero", prediction=True, **SMALL)
    lab.wait("d.state === 'ended'")
    assert lab.page.inner_text(".st-key-guess").startswith(words.shared()["player"]["predict_first"])
    assert lab.page.locator(".bnviz-panel").count() == 0
    lab.page.get_by_text(PREDICTIONS["steady"], exact=True).click()
    lab.wait("$('.bnviz-panel')")
    wrong = fill(WORDS["answer"]["wrong"], prediction=PREDICTIONS["steady"], found=WORDS["answer"]["apart"])
    assert wrong in lab.page.inner_text(".st-key-verdict")
    assert WORDS["half"]["apart"] in lab.page.inner_text(".st-key-verdict")


@pytest.mark.slow
def test_a_preset_measures_anew_and_its_link_names_it(lab):
    lab.open("step-zero", **SMALL).wait("d.state === 'ended'")
    before = lab.data["run"]
    lab.page.get_by_text(WORDS["presets"]["orthogonal"]["name"], exact=True).click()
    lab.wait(f"d.run !== '{before}' && d.state === 'ended'")
    assert lab.address["activation"] == "identity" and lab.address["initialization"] == "orthogonal"
    assert lab.plot("gradient", "n.data.find((one) => one.line.width === 2.5).x.length") == 50


@pytest.mark.slow
def test_a_bad_value_is_named_and_the_rest_holds(lab):
    lab.open("step-zero", hidden_layers=5, width=16, seeds=3, initialization="banana")
    lab.page.locator("[data-testid=stAlert]", has_text="initialization").wait_for()
    assert lab.data["run"] == sweep(PAGE.default.replace(hidden_layers=5, width=16), {"seeds": 3}).id
