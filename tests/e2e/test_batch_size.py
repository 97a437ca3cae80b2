"""The page /batch-size: predict, play, read the answer; dots and words against the recording; what is not measured."""

import re

import numpy as np
import pytest

from bnviz.config.experiment import Experiment
from bnviz.lessons.batch_size.measures import DRAWS
from bnviz.lessons.batch_size.page import PAGE
from bnviz.web import words

SHORT = {"dataset": "mnist1d", "width": 32, "steps": 24, "snapshot_every": 1, "train_size": 1024}
TALL = {"viewport": {"width": 1400, "height": 3000}}  # all panels are in view
SIZES = [2, 4, 8, 16, 32, 64, 128, 256, 512]
OWN = SIZES.index(64)
WORDS = words.catalogue("batch_size")


def microscope_at(server, run, step):
    """What the microscope says at this step, by arm."""
    (snapshot,) = [message for message in server.messages(run)[1:-1] if message["step"] == step]
    return {arm: snapshot["arms"][arm]["microscope"] for arm in ("none", "batch")}


def numbers(text):
    return [float(number) for number in re.findall(r"\d+\.?\d*", text)]


def go_to_end(lab):
    lab.trained().press("End")
    lab.wait("d.state === 'ended'")
    return lab


def caption(lab, panel):
    return lab.page.inner_text(f"[data-panel={panel}] .bnviz-caption")


def dots(lab, panel, scene, arm="batch"):
    """Where a panel's dots stand: sizes, values."""
    feed = f"t.feed.scene === '{scene}' && t.feed.arm === '{arm}'"
    return np.array(lab.plot(panel, f"n.data.filter(t => {feed}).map(t => [t.x, t.y])")[0])


def test_predict_play_and_read_the_answer(visit, server):
    lab = visit(**TALL).open("batch-size", prediction=True, **SHORT)
    run = PAGE.default.replace(**SHORT).id
    assert lab.data["run"] == run and lab.page.is_hidden(".bnviz-answer")
    lab.page.get_by_text("a quarter").click()
    lab.page.select_option("[aria-label=Speed]", "8")
    lab.wait("d.state === 'ended' && /At step 24,/.test($('.bnviz-answer').textContent)")  # it plays by itself
    part = microscope_at(server, run, 24)
    sd = part["batch"]["mates"]["activation_sd"][1]
    slope = np.polyfit(np.log(SIZES[2:]), np.log(sd[2:]), 1)[0]
    shares = {"a quarter": 1 / 4, "half": 1 / 2, "all": 1}
    nearest = min(shares, key=lambda name: abs(np.log(shares[name]) - slope * np.log(4)))
    answer = lab.page.inner_text(".bnviz-answer")
    assert numbers(answer.split("leave ")[1])[0] == pytest.approx(100 * 4**slope, abs=1) and f"−{-slope:.2f}" in answer
    name = {"a quarter": "quarter", "half": "half", "all": "all"}[nearest]
    agreed = "as you said" if nearest == "a quarter" else f"you said {WORDS['predictions']['quarter']}"
    assert f"{WORDS['predictions'][name]} ({agreed})" in answer

    figures = numbers(lab.headline)
    scatter = part["batch"]["mates"]["prediction_sd"]
    assert figures[1::2] == [2, 64, 512] and np.allclose(figures[::2], scatter[[0, OWN, -1]], rtol=0.1, atol=0.006)
    assert (
        part["none"]["mates"]["prediction_sd"].max() < 1e-6
        and words.fill(WORDS["story"]["plain_still"], norm="batch norm") in lab.headline
    )
    rates = [float(f"{100 * part['batch']['dropout_rate'][place]:.2g}") for place in (0, OWN, -1)]
    assert numbers(caption(lab, "rates").split("at a dropout rate of ")[1])[::2] == rates


@pytest.fixture(scope="module")
def page_open(module_visit):
    return module_visit(**TALL).open("batch-size", **SHORT).trained()


@pytest.mark.slow
def test_every_dot_is_a_recorded_draw_and_without_batch_norm_they_lie_on_one_another(page_open, server):
    lab = page_open.reset(layer=2, unit=3)
    part = microscope_at(server, lab.data["run"], 24)
    panels = lab.page.evaluate("[...document.querySelectorAll('.bnviz-panel')].map(panel => panel.dataset.panel)")
    assert panels == ["mates", "said", "scatter", "rates", "mean", "variance", "learning"]
    for panel in panels:
        lab.wait_plot(panel, "n.data?.length && n.data.every(trace => Array.from(trace.y).some(Number.isFinite))")
    for scene in ("mates", "dropout"):
        batch = part["batch"]
        (low, high), used = batch["range"][1][3], batch["used"][1][3]
        x, y = dots(lab, "mates", scene)
        expected = low + batch[scene]["activation"][1][3] / 254 * (high - low) - used
        assert np.allclose(y, expected.ravel(), atol=1e-4) and len(y) == len(SIZES) * DRAWS
        assert (np.abs(np.log2(x / np.repeat(SIZES, DRAWS))) < 0.45).all()
        assert np.allclose(dots(lab, "said", scene)[1], batch[scene]["prediction"].ravel(), atol=1e-6)
    assert np.abs(dots(lab, "mates", "mates", "none")[1]).max() < 1e-6
    assert np.ptp(dots(lab, "said", "mates", "none")[1]) < 1e-6
    theory = lab.plot("mean", "n.data.find(t => t.feed.key === 'mean_sd_theory').y")
    assert np.allclose(theory, np.sqrt(1 / np.array(SIZES) - 1 / 1024), rtol=1e-5)

    means = [part[arm]["mean_sd"][1][OWN] for arm in ("none", "batch")]
    assert f"{means[0]:.3f} σ without and {means[1]:.3f} σ with" in caption(lab, "mean")
    assert ("this same minibatch" in caption(lab, "mean")) == (means[1] < 0.7 * part["none"]["mean_sd_theory"][OWN])
    lab.press("1")
    lab.wait("!/this same minibatch/.test($('[data-panel=mean] .bnviz-caption').textContent)")
    lab.wait("/does not change a\\[1\\]/.test($('[data-panel=scatter] .bnviz-caption').textContent)")
    lab.pool_units()
    lab.wait("/in turn\\./.test($('[data-panel=mates] .bnviz-caption').textContent)")
    for label in lab.page.locator(".bnviz-plot").evaluate_all("nodes => nodes.map(node => node.getAttribute('aria-label'))"):
        assert re.search(r"\d", label.split("step 24:")[1]) and "undefined" not in label and "NaN" not in label


@pytest.mark.slow
def test_between_two_measurements_the_last_one_is_shown(page_open, server):
    lab = page_open.reset(20, layer=3, unit=1)
    lab.page.get_by_text("half", exact=True).click()
    lab.wait("/^At step 16,.* a\\[3\\]/.test($('.bnviz-answer').textContent)")
    part = microscope_at(server, lab.data["run"], 16)["batch"]
    first = "n.data.find(t => t.feed.scene === 'mates' && t.feed.arm === 'batch').y[0]"
    lab.wait_plot("said", f"Math.abs({first} - {part['mates']['prediction'].flat[0]}) < 1e-6")
    assert np.allclose(dots(lab, "said", "mates")[1], part["mates"]["prediction"].ravel(), atol=1e-6)


@pytest.mark.slow
def test_what_is_not_measured_is_said_and_numbers_are_no_probabilities(lab):
    lab.open("batch-size", **SHORT, microscope="no")
    assert lab.headline == WORDS["story"]["missing"]
    assert lab.page.locator(".bnviz-panel").count() == 1
    changes = {"dataset": "linear-map", "activation": "identity", "width": 10, "learning_rate": 0.001, "steps": 20}
    go_to_end(lab.open("batch-size", **changes))
    lab.wait("/first predicted number/.test($('.bnviz-headline').textContent)")
    assert lab.data["run"] == PAGE.default.replace(**changes).id != Experiment(**changes).id
    assert "class" not in lab.page.inner_text("[data-panel=said]")


@pytest.mark.slow
def test_another_example_is_another_run_with_another_picture(lab):
    lab.open("batch-size", steps=10, width=16)
    assert "The chosen example is number 4 of the test images. Its class: shirt." in lab.page.inner_text(".st-key-portrait")
    before = lab.data["run"]
    lab.page.get_by_role("button", name="Increment").or_(lab.page.get_by_test_id("stNumberInputStepUp")).first.click()
    lab.wait(f"d.run !== '{before}' && d.frames > 0")
    assert lab.address == {"steps": "10", "width": "16", "example": "5"}
    lab.page.get_by_text("The chosen example is number 5 of the test images.").wait_for()
