"""The page /regularization, and with it the board: rows fill in, stop and resume, links, charts that stay as they are left."""

import re

import pytest

from bnviz.lessons.regularization.judge import verdict
from bnviz.lessons.regularization.page import PAGE, sweep
from tests.e2e.lab import SMALL_SWEEPS, Lab

# A few stacks, long enough to be stopped in the middle: each with its own seed, so nothing is known yet.
SMALL = {"dataset": "mnist1d", "width": 32, "train_size": 200, "batch_size": 64, "steps": 200}
TINY = {name: value for name, value in SMALL_SWEEPS["regularization"].items() if name != "seeds"}
PANELS = ["test", "train", "gap", "statistics", "learning", "compared"]
RANGES = "['xaxis', 'yaxis'].map(name => n._fullLayout[name].range.map(Number))"
MARK = "[...document.querySelectorAll('.bnviz-plot')].forEach((node, place) => { node.place = place; })"
MARKED = "[...document.querySelectorAll('.bnviz-plot')].map(node => node.place)"
WATCH = """() => {
  window.records = [];
  const look = (all) => all.some(({target}) => target.matches('.bnviz-player'))
    && records.push({...document.querySelector('.bnviz-player').dataset});
  const attributeFilter = ['data-trained-step', 'data-state'];
  new MutationObserver(look).observe(document.body, {attributes: true, subtree: true, attributeFilter});
}"""


def of(changes, seeds=3):
    return sweep(PAGE.default.replace(**changes), {"seeds": seeds})


def open(lab: Lab, changes, seeds=3) -> Lab:
    return lab.open("regularization", **changes, seeds=seeds)


def button(lab, name):
    return lab.page.get_by_role("button", name=name, exact=True)


def drag(lab, panel):
    box = lab.box(panel)
    lab.page.mouse.move(box["x"] + 0.3 * box["width"], box["y"] + 0.3 * box["height"])
    lab.page.mouse.down()
    lab.page.mouse.move(box["x"] + 0.7 * box["width"], box["y"] + 0.7 * box["height"], steps=6)
    lab.page.mouse.up()


@pytest.mark.slow
def test_rows_fill_in_on_the_same_nodes_after_a_stop_too_and_zoom_and_legend_survive(lab, server):
    changes = {**SMALL, "seed": 100}
    open(lab, changes)
    lab.page.evaluate(WATCH)
    lab.page.evaluate(MARK)
    total = len(of(changes).cells())
    assert lab.data["run"] == of(changes).id
    lab.wait("d.state === 'playing' && +d.step > 0")
    button(lab, "Stop").click()
    lab.wait("d.state === 'paused' && d.step === d.trainedStep")
    rows_before = int(lab.data["trainedStep"])
    assert 0 < rows_before < total
    server.await_metric("runs_active", 0)
    lab.page.get_by_text(re.compile(r"\d+ of 42 runs, stopped")).wait_for()
    home = lab.plot("test", RANGES)
    drag(lab, "test")
    lab.wait_plot("test", f"JSON.stringify({RANGES}) !== '{str(home).replace(' ', '')}'")
    zoomed = lab.plot("test", RANGES)
    lab.page.locator("[data-panel=gap] .legendtoggle").first.click()
    lab.wait_plot("gap", "n._fullData.some(trace => trace.visible === 'legendonly')")

    button(lab, "Resume").click()
    lab.page.get_by_text(re.compile(r"\d+ of 42 runs, about \d+ (s|min) left")).wait_for()
    server.await_metric("runs_active", 1)
    lab.wait(f"+d.step > {rows_before}")
    assert lab.plot("test", RANGES) == zoomed
    lab.wait("d.state === 'ended'")
    assert lab.page.evaluate(MARKED) == list(range(len(PANELS)))
    assert lab.plot("test", RANGES) == zoomed
    box = lab.box("test")
    lab.page.mouse.dblclick(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    lab.wait_plot(
        "test", f"{RANGES}[1].every((end, place) => end === n.layout.yaxis.range[place]) && {RANGES}[0][1] === {home[0][1]}"
    )
    (low, high), values = (
        lab.plot("test", f"{RANGES}[1]"),
        lab.plot("test", "n.data.flatMap(one => one.y).filter(Number.isFinite)"),
    )
    assert low <= min(values) and max(values) <= high, "zoomed out, it shows all that has arrived meanwhile"
    assert lab.plot("gap", "n._fullData.some(trace => trace.visible === 'legendonly')")
    assert lab.data["step"] == lab.data["trainedStep"] == str(total)
    records = lab.page.evaluate("records")
    for key in ("trainedStep", "step", "frames"):
        values = [int(one[key]) for one in records]
        assert values == sorted(values) and values[-1] > values[0], key
    assert all(int(one["step"]) <= int(one["trainedStep"]) <= total for one in records)
    assert {one["run"] for one in records} == {of(changes).id}
    states = list(dict.fromkeys(one["state"] for one in records))
    assert [state for state in states if state != "loading"] == ["playing", "paused", "ended"]
    lab.page.get_by_text("All 42 runs have finished.").wait_for()
    button(lab, "Stop").wait_for(state="detached")


@pytest.mark.slow
def test_a_cold_link_shows_what_was_measured_and_then_nothing_ticks(lab, server):
    changes, sent = {**TINY, "label_noise": 0.5}, []
    lab.page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    lab.open("regularization", **changes)
    lab.wait("d.state === 'ended'")
    expected = of(changes, seeds=5)
    rows = [message for message in server.messages(expected.id) if message["type"] == "row"]
    assert lab.data["run"] == expected.id and len(rows) == len(expected.cells())
    sentence = re.sub(r"[*>-] ?|\n+", " ", verdict(expected, rows))
    text = lab.page.inner_text(".st-key-verdict")
    assert re.findall(r"[−+]?\d+\.\d", text) == re.findall(r"[−+]?\d+\.\d", sentence) != []
    panels = lab.page.evaluate("[...document.querySelectorAll('.bnviz-panel')].map(panel => panel.dataset.panel)")
    assert panels == PANELS
    for panel in panels:
        lab.wait_plot(
            panel, "n._fullData?.length && n.ariaLabel.includes('With 50 % random labels') || n.ariaLabel.includes('groups of 4')"
        )
    before = len(sent)
    lab.page.wait_for_timeout(1600)  # two ticks, had there been any
    assert len(sent) == before
    assert lab.address == {name: str(value) for name, value in changes.items()}


@pytest.mark.slow
def test_another_setting_is_another_sweep_on_the_same_nodes(lab):
    open(lab, TINY, seeds=5)  # so many as a verdict takes
    lab.wait("d.state === 'ended'")
    lab.page.evaluate(MARK)
    lab.page.get_by_text("higher with both").click()
    lab.wait("/compared with groups of \\d+, test accuracy is/.test($('.st-key-verdict').textContent)")
    slider = lab.page.get_by_role("slider", name="Label noise")
    slider.press("ArrowRight")
    lab.wait(f"d.run === '{of({**TINY, 'label_noise': 0.5}, seeds=5).id}' && d.state === 'ended'")
    lab.wait_plot("test", "n.layout.annotations[0].text.startsWith('50')")
    assert lab.page.evaluate(MARKED) == list(range(len(PANELS)))


@pytest.mark.slow
def test_without_our_routes_the_board_comes_with_the_page(visit):
    lab = visit(clean=False)
    lab.page.route("**/bnviz/**", lambda route: route.abort())
    open(lab, TINY)
    lab.wait("d.state === 'ended'")
    assert lab.plot("test", "n._fullData.length") > 0


def test_the_boards_charts_have_tables_too(lab):
    open(lab, TINY).wait("d.state === 'ended'")
    lab.page.locator("[data-panel=test]").get_by_role("button", name="Data: ").click()
    values = "n.data.flatMap(one => Array.from(one.y)).filter(Number.isFinite)"
    points = lab.plot("test", f"{values}.map(one => Number(one.toPrecision(4)))")
    rows = lab.page.locator("dialog tbody tr td:last-child").all_inner_texts()
    assert 0 < len(rows) <= 300 and {float(one) for one in rows} <= set(points)
    lab.press("Escape")
    lab.page.wait_for_selector("dialog", state="detached")


@pytest.mark.slow
def test_what_is_too_expensive_or_bad_is_named(lab):
    lab.open("regularization", steps=5000, seeds=10, bogus=1, step=3)
    alerts = lab.page.locator("[data-testid=stAlert]")
    alerts.nth(1).wait_for()
    texts = " ".join(alerts.all_inner_texts())
    assert "s of computing" in texts and "bogus = 1" in texts and "step = 3" in texts
    assert lab.data["run"] == sweep(PAGE.default, {"seeds": 5}).id
    lab.wait("d.state === 'ended'")
