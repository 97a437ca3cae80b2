"""The page /gamma-beta: predict, play, read the answer; a link; γ and β moved by hand."""

import re

import httpx
import numpy as np
import pytest

from bnviz import numerals
from bnviz.lessons.gamma_beta.page import PAGE
from bnviz.web import words

SHORT = {"steps": 60, "width": 32}
TALL = {"viewport": {"width": 1400, "height": 3400}}  # all panels are in view
WORDS = words.catalogue("gamma_beta")
EXPECTED = WORDS["predictions"]


def first_reaching(messages, arm, target):
    return next((one["step"] for one in messages[1:-1] if one["arms"][arm]["test_accuracy"] >= target), float("inf"))


def verdict(messages, target):
    """What the page should find: steps must differ by more than 15 % and a snapshot, mean training losses by more than 5 %."""
    free, fixed = (first_reaching(messages, arm, target) for arm in ("batch", "fixed"))
    if abs(free - fixed) <= max(0.15 * min(free, fixed), messages[0]["experiment"]["snapshot_every"]):
        return "alike"
    mean = {arm: sum(one["arms"][arm]["train_loss"] for one in messages[1:-1]) for arm in ("batch", "fixed")}
    quicker, other = ("batch", "fixed") if free < fixed else ("fixed", "batch")
    if mean[other] / mean[quicker] <= 1.05:
        return "alike"
    return "faster" if free < fixed else "slower"


def move(lab, name, value):
    slider = lab.page.locator(f"[aria-label='{name} by hand']")
    slider.evaluate("(node, value) => { node.value = value; node.dispatchEvent(new Event('input')); }", str(value))


@pytest.mark.slow
def test_predict_play_and_read_the_answer(visit, server):
    lab = visit(**TALL).open("gamma-beta", prediction=True, target=0.6, **SHORT)
    run = PAGE.default.replace(**SHORT).id
    assert lab.data["run"] == run and lab.page.is_hidden(".bnviz-answer")
    lab.wait("d.state === 'paused' && d.step === '0'")  # it waits for the guess
    lab.trained()
    messages = server.messages(run)
    outcome = verdict(messages, 0.6)
    guess = next(name for name in EXPECTED if name != outcome)
    lab.page.get_by_text(EXPECTED[guess], exact=True).click()
    lab.page.select_option("[aria-label=Speed]", "8")
    lab.wait("d.state === 'ended' && $('.bnviz-answer').textContent.includes('You expected')")
    answer = lab.page.inner_text(".bnviz-answer")
    assert answer.startswith(f"Measured: {EXPECTED[outcome]}") and answer.endswith(f"You expected: {EXPECTED[guess]}.")
    for arm in ("batch", "fixed"):
        latest = [one["arms"][arm]["test_accuracy"] for one in messages if one["type"] == "snapshot"][-5:]
        assert f"accuracy {numerals.percent(np.mean(latest)).replace(' ', chr(160))}" in answer
    lab.page.get_by_text(EXPECTED[outcome], exact=True).click()
    lab.wait(f"$('.bnviz-answer').textContent.endsWith({WORDS['story']['agreed']!r})")
    mean, std = (messages[-2]["arms"]["batch"][key]["normalized"][1] for key in ("unit_mean", "unit_std"))
    figures = [float(number) for number in re.findall(r"-?\d+\.\d+", lab.headline.replace(numerals.MINUS, "-"))]
    assert figures == pytest.approx([mean.min(), mean.max(), std.min(), std.max()], abs=0.006)


@pytest.fixture(scope="module")
def page_open(module_visit):
    return module_visit(**TALL).open("gamma-beta", **SHORT).trained()


@pytest.fixture
def page_at_end(page_open):
    """A finished run, at its end."""
    lab = page_open.reset(unit=3)
    lab.wait("d.state === 'ended' && d.step === '60'")
    return lab


def test_every_panel_has_data_and_the_standardized_signal_is_pinned(page_at_end):
    lab = page_at_end
    panels = lab.page.evaluate("[...document.querySelectorAll('.bnviz-panel')].map(panel => panel.dataset.panel)")
    assert panels == ["scatter", "scales", "journey", "bands", "learning", "means", "hand"]
    for panel in panels:
        lab.wait_plot(panel, "n.data?.length && n.data.every(t => t.feed.kind === 'reached' || [...t.x].some(Number.isFinite))")
    pinned = lab.plot("scales", "n.data.filter(t => t.feed.kind === 'pinned').map(t => [...t.y])")
    for values, one in zip(pinned, (0, 0, 1, 1), strict=True):
        assert values == pytest.approx([one] * len(values), abs=0.01)
    assert lab.plot("scatter", "n.data[0].x.length") == 32
    lab.pool_units()
    lab.wait_plot("scatter", "n.data[2].x.length === 0")
    assert WORDS["story"]["hand_pooled"] in lab.page.inner_text("[data-panel=hand] .bnviz-caption")


def test_moving_a_unit_by_hand_is_answered(page_at_end, server):
    lab = page_at_end
    lab.wait_plot("hand", "n.data?.[0]?.x.length")
    for value in (1, 2, 3):  # the last one counts
        move(lab, "γ", value)
    move(lab, "β", -1)
    caption = "$('[data-panel=hand] .bnviz-caption').textContent"
    lab.wait(f"{caption}.includes('γ = 3.00, β = {numerals.MINUS}1.00 set by hand')")
    query = {"layer": 2, "unit": 3, "gamma": 3, "beta": -1}
    answer = httpx.get(f"{server.url}/bnviz/runs/{lab.data['run']}/by-hand", params=query).json()
    right = f"{100 * answer['after']['test_accuracy']:.1f}\u00a0% of the 1,000 test images classified correctly"
    assert right in lab.page.inner_text("[data-panel=hand] .bnviz-caption")
    lab.wait_plot("hand", f"n.data[2].x[1] === {answer['after']['test_accuracy']}")
    lab.page.click("text=as learnt >> nth=0")
    lab.wait(f"{caption}.includes({WORDS['story']['hand_move']!r})")


@pytest.mark.slow
def test_where_the_route_leads_nowhere_it_is_said_quietly(visit):
    lab = visit(clean=False, **TALL)
    lab.page.route("**/by-hand?*", lambda route: route.fulfill(status=200, body="<html>", content_type="text/html"))
    lab.open("gamma-beta", **SHORT).trained().press("End")
    lab.wait(f"$('[data-panel=hand] .bnviz-caption').textContent === {WORDS['story']['hand_unreachable']!r}")
    lab.wait("d.state === 'ended'")  # the rest of the page goes on


@pytest.mark.slow
def test_a_deep_link_opens_the_place_and_what_is_switched_off_is_left_out(lab):
    lab.open("gamma-beta", fixed_scales="no", look_inside="no", step=20, layer=3, **SHORT).trained()
    lab.wait("d.state === 'paused' && d.step === '20'")
    assert "layer 3" in lab.headline
    panels = lab.page.evaluate("[...document.querySelectorAll('.bnviz-panel')].map(panel => panel.dataset.panel)")
    assert panels == ["scatter", "scales", "learning", "hand"]
    lab.page.get_by_text("clearly faster", exact=True).click()
    lab.wait("$('.bnviz-answer').textContent.includes('switched off')")


@pytest.mark.slow
def test_a_finished_run_is_asked_once_and_a_stopped_one_never(visit):
    lab, requests = visit(**TALL), []
    lab.page.on("request", lambda request: requests.append(request.url) if "/by-hand?" in request.url else None)
    lab.open("gamma-beta", unit=2, steps=5000, width=32)
    lab.wait("d.step > 0")
    lab.page.click("[aria-label='Stop training']")
    lab.wait(f"$('[data-panel=hand] .bnviz-caption').textContent === {WORDS['story']['hand_waiting']!r}")
    assert lab.page.is_disabled("[aria-label='γ by hand']")
    assert requests == []
    lab.open("gamma-beta", unit=2, **SHORT).trained().press("End")
    lab.wait_plot("hand", "n.data?.[0]?.x.length")
    lab.press("Home")
    lab.wait("+d.step === 0")
    assert len(requests) == 1


@pytest.mark.slow
def test_with_layer_norm_panels_that_say_nothing_are_left_out(lab):
    lab.open("gamma-beta", compare="layer", unit=1, **SHORT).trained().press("End")
    panels = lab.page.evaluate("[...document.querySelectorAll('.bnviz-panel')].map(panel => panel.dataset.panel)")
    assert panels == ["scatter", "scales", "journey", "bands", "learning", "hand"]
    lab.wait("$('[data-panel=hand] .bnviz-caption').textContent.includes('(dotted)')")
    lab.page.get_by_text(EXPECTED["faster"], exact=True).click()
    lab.wait("$('.bnviz-answer').textContent.includes('layer norm')")
