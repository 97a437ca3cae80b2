"""What somebody sees who opens the page, and who changes the experiment."""

import math
import re

import httpx
import pytest

from bnviz.config.experiment import Experiment

TALL = {"viewport": {"width": 1400, "height": 3000}}  # all panels are in view
# Panels that still lack numbers of an arm: on a busy machine the last charts are drawn some frames after the end.
PANELS_WITHOUT_DATA = """() => [...document.querySelectorAll('.bnviz-panel')].flatMap(panel => {
  const expected = {"layers-none": ["none"], "layers-batch": ["batch"]}[panel.dataset.panel] ?? ["none", "batch"];
  const counts = {};
  for (const trace of panel.querySelector('.bnviz-plot').data ?? []) {
    const numbers = (trace.z ?? [trace.y]).flat().filter(Number.isFinite);
    if (trace.feed.arm) counts[trace.feed.arm] = (counts[trace.feed.arm] ?? 0) + numbers.length;
  }
  const arms = Object.keys(counts);
  return arms.length === expected.length && expected.every(arm => counts[arm] > 0) ? [] : [panel.dataset.panel];
})"""


@pytest.mark.slow
def test_a_paired_run_plays_by_itself(visit, server):
    lab = visit(**TALL)
    lab.page.goto(server.url)
    lab.wait("d.state === 'playing' && d.frames >= 5 && d.step > 0")
    assert lab.data["run"] == Experiment().id
    lab.page.select_option("[aria-label=Speed]", "8")
    lab.wait("d.state === 'ended'")
    assert lab.data["step"] == lab.data["trainedStep"] == "600"
    lab.page.wait_for_function(f"() => ({PANELS_WITHOUT_DATA})().length === 0")
    assert lab.page.locator(".bnviz-panel").count() >= 7
    assert lab.address == {}


def test_the_headline_agrees_with_the_recording(lab, server):
    lab.open().trained().press("End")
    lab.wait("d.state === 'ended' && $('.bnviz-headline').textContent.includes('times')")
    frames = server.messages(lab.data["run"])[1:-1]
    last = frames[-1]
    assert last["step"] == 600
    none, batch = (last["arms"][arm]["shift_from_first"]["activation"][1] for arm in ("none", "batch"))
    plain, compared = (sum(frame["arms"][arm]["test_accuracy"] for frame in frames[-5:]) / 5 for arm in ("none", "batch"))
    assert float(re.search(r"moved (\S+) times", lab.headline)[1]) == pytest.approx(none / batch, rel=0.02)
    assert ("less" if none > batch else "more") in lab.headline
    assert re.findall(r"(\d+)\W%", lab.headline) == [f"{100 * share:.0f}" for share in (compared, plain)]


def test_changing_the_batch_size_starts_another_run_in_the_same_charts(visit):
    lab = visit(**TALL).open(steps=60).from_the_start().trained()
    lab.press("End")
    lab.wait("d.state === 'ended' && $('.stApp').dataset.testScriptState === 'notRunning'")
    assert expected_noise(lab) == pytest.approx(math.sqrt(1 / 64 + 1 / 512))  # waits for the charts, which come after the picture
    before = lab.data
    lab.page.evaluate("document.querySelectorAll('.bnviz-plot').forEach((node, index) => { node.mark = index + 1; })")
    slider = lab.page.locator(".st-key-batch_size input")
    slider.focus()
    for _ in range(3):
        slider.press("ArrowLeft")
    lab.wait(f"d.run !== '{before['run']}' && new URLSearchParams(location.search).get('batch_size') === '8'")
    assert lab.address == {"steps": "60", "batch_size": "8"}
    lab.wait_plot(
        "noise", "Math.abs(n.data.find(trace => trace.feed.kind === 'expected').y[0] - Math.sqrt(1 / 8 + 1 / 512)) < 1e-6"
    )
    lab.wait("d.state === 'ended' && d.step === '60'")
    assert lab.data["run"] == Experiment(steps=60, batch_size=8).id
    assert int(lab.data["frames"]) > int(before["frames"])
    marks = lab.page.evaluate("[...document.querySelectorAll('.bnviz-plot')].map(node => node.mark)")
    assert marks == list(range(1, len(marks) + 1))
    assert lab.page.locator(".bnviz-player").count() == 1


def expected_noise(lab):
    lab.wait_plot("noise", "n.data?.length")
    return lab.plot("noise", "n.data.find(trace => trace.feed.kind === 'expected').y[0]")


@pytest.mark.slow
def test_a_value_from_a_link_survives_the_settings_that_are_folded_away(lab):
    lab.open(width=33, steps=40).from_the_start()
    slider = lab.page.locator(".st-key-batch_size input")
    slider.press("ArrowLeft")
    lab.wait(f"d.run === '{Experiment(width=33, steps=40, batch_size=32).id}'")
    lab.page.click("[data-testid=stPopoverButton]")
    lab.page.wait_for_selector("[class*=st-key-width] input")
    assert lab.page.locator("[class*=st-key-width] input").get_attribute("aria-valuetext") == "33"
    lab.page.locator("[class*=st-key-seed] input").fill("7")
    lab.page.locator("[class*=st-key-seed] input").press("Enter")
    lab.wait(f"d.run === '{Experiment(width=33, steps=40, batch_size=32, seed=7).id}'")
    assert lab.address == {"width": "33", "steps": "40", "batch_size": "32", "seed": "7"}


@pytest.mark.slow
def test_the_back_button_returns_to_the_run_before(lab):
    lab.open(steps=40)
    before = lab.data["run"]
    lab.page.get_by_text("Tiny batches").click()
    lab.wait(f"d.run === '{Experiment(batch_size=4).id}'")
    assert lab.address == {"batch_size": "4"}
    lab.page.go_back()
    lab.wait(f"d.run === '{before}'")


@pytest.mark.slow
def test_divergence_is_said_and_drawn(lab):
    lab.open(learning_rate=10, steps=60).trained().press("End")
    lab.wait("d.state === 'ended' && $('.bnviz-headline').textContent.includes('diverged')")
    assert lab.plot("fan", "n.data[0].y.filter(Number.isFinite).length") > 0
    assert lab.plot("ridges", "n.data.length") > 0


@pytest.mark.parametrize("path", ["healthz", "metrics"])
def test_the_routes_beside_the_page_answer(server, path):
    assert httpx.get(f"{server.url}/bnviz/{path}").status_code == 200
    unknown = httpx.get(f"{server.url}/bnviz/runs/{'0' * 16}.ndjson")
    assert unknown.status_code == 404 and unknown.json()["error"]
