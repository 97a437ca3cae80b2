"""What people do with the charts themselves, and that playback leaves it alone."""

import time

import numpy as np
import pytest

from bnviz.config.experiment import FIELDS
from bnviz.web.assets import addresses
from tests.e2e.lab import Lab

RANGES = "['xaxis', 'yaxis'].map(name => n._fullLayout[name].range.map(Number))"


@pytest.fixture(scope="module")
def page_open(module_visit):
    lab = module_visit().open(steps=120, snapshot_every=1)
    lab.press("l")
    return lab.trained()


@pytest.fixture
def loop(page_open):
    """A run that plays again and again, so that there are frames for as long as the test needs them."""
    page_open.reset(0).press("Space")
    page_open.wait_plot("shift", "n.querySelector('.nsewdrag')")
    page_open.wait("d.state === 'playing'")
    yield page_open
    page_open.press("End")


def drag(lab, panel, start=(0.3, 0.3), end=(0.7, 0.7)):
    box = lab.box(panel)
    (x0, y0), (x1, y1) = ((box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in (start, end))
    lab.page.mouse.move(x0, y0)
    lab.page.mouse.down()
    lab.page.mouse.move(x1, y1, steps=6)
    lab.page.mouse.up()


def await_plots(lab, panel, times=3):
    """Wait until Plotly has drawn the panel so many times more."""
    lab.plot(panel, "(n.plotted = 0, n.on('plotly_afterplot', () => { n.plotted += 1; }), 0)")
    lab.wait_plot(panel, f"n.plotted >= {times}")


MOVED = """(n.plotted = 0, n.moved = 0, n.on('plotly_afterplot', () => { n.plotted += 1; }),
  new MutationObserver(() => { n.moved += 1; }).observe(n, {subtree: true, attributeFilter: ['d']}), 0)"""


@pytest.fixture
def clock_page(browser, server):
    """A page whose time a test moves: how many frames it draws a second does not depend on the machine."""
    context = browser.new_context(viewport={"width": 1400, "height": 900})
    lab = Lab(context.new_page(), server)
    lab.page.clock.install()
    yield lab
    context.close()
    assert lab.troubles == []


@pytest.mark.slow
def test_playing_bends_ridgelines_and_a_pause_has_them_drawn(clock_page):
    clock_page.open(steps=60).trained().press("Home", "<")
    clock_page.wait_plot("ridges", "n.querySelector('.js-fill')")
    clock_page.plot("ridges", MOVED)
    clock = clock_page.page.clock
    clock.pause_at(time.time() + 60)
    clock_page.press("Space")
    clock.run_for(600)
    plots, moves = clock_page.plot("ridges", "[n.plotted, n.moved]")
    assert plots > 1 and moves > 3 * plots
    clock_page.press("Space")
    clock.run_for(300)
    assert clock_page.data["state"] == "paused"
    front = "n.data.find(trace => trace.feed.kind === 'ridge-front').y[0]"
    clock_page.wait_plot("ridges", f"{front} === {clock_page.data['step']}")


@pytest.mark.slow
@pytest.mark.parametrize("panel", ["shift", "ridges"])
def test_zoom_is_kept_while_playing_and_a_double_click_resets(loop, panel):
    loop.wait_plot(panel, "n.querySelector('.nsewdrag')")
    home = loop.plot(panel, RANGES)
    drag(loop, panel)
    loop.wait_plot(panel, f"JSON.stringify({RANGES}) !== '{str(home).replace(' ', '')}'")
    zoomed = loop.plot(panel, RANGES)
    (low, high), _ = zoomed
    assert 0.25 < (high - low) / (home[0][1] - home[0][0]) < 0.55
    await_plots(loop, panel)
    assert loop.data["state"] == "playing"
    assert loop.plot(panel, RANGES) == zoomed
    box = loop.box(panel)
    loop.page.mouse.dblclick(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    loop.wait_plot(panel, f"JSON.stringify({RANGES}[0]) === '{str(home[0]).replace(' ', '')}'")


def test_a_legend_choice_is_kept_while_playing(loop):
    toggle = loop.page.locator("[data-panel=shift] .legendtoggle").first
    toggle.scroll_into_view_if_needed()
    toggle.click()
    loop.wait_plot("shift", "n._fullData[0].visible === 'legendonly'")
    await_plots(loop, "shift")
    assert loop.plot("shift", "n._fullData.map(trace => trace.visible)")[:2] == ["legendonly", True]
    assert loop.plot("learning", "n._fullData[0].visible") is True
    toggle.click()
    loop.wait_plot("shift", "n._fullData[0].visible === true")


def test_charts_have_buttons_only_for_what_stays_here(page_open):
    page_open.reset().look_at("fan")
    titles = page_open.page.evaluate("[...document.querySelectorAll('.modebar-btn')].map((button) => button.dataset.title)")
    assert set(titles) == {"Save the chart as a picture (PNG)", "Reset axes"}


def test_hover_names_numbers_while_playing_and_after(loop):
    loop.wait_plot("shift", "n.data[0].x.length > 8")
    hover(loop, 6)
    assert loop.data["state"] == "playing"
    loop.press("End")
    loop.wait("d.state === 'ended'")
    loop.wait_plot("shift", "n.data[0].x.length > 100")
    hover(loop, 100)


def hover(lab, index):
    """Point at one snapshot's dot on the first line of the panel of shifts, and read what is said there."""
    lab.box("shift")
    axes = "[n._fullLayout.xaxis, n._fullLayout.yaxis]"
    x, y = lab.plot("shift", f"{axes}.map((axis, place) => axis._offset + axis.d2p(n.data[0]['xy'[place]][{index}]))")
    node = lab.page.locator("[data-panel=shift] .bnviz-plot").bounding_box()
    for nudge in (3, 0):
        lab.page.mouse.move(node["x"] + x + nudge, node["y"] + y)
    lab.page.wait_for_selector("[data-panel=shift] .hovertext")
    assert "step" in lab.page.text_content("[data-panel=shift] .hovertext")


# The ridgelines with their lines a bit higher: once bent to them, and once drawn by Plotly. Both are sampled along their paths,
# for Plotly leaves out points that lie on a straight line.
BEND = """async ([address, how]) => {
  const {bend} = await import(address);
  const {data, layout} = document.querySelector("[data-panel=ridges] .bnviz-plot");
  const copy = () => structuredClone({data, layout});
  const hooks = {
    higher: (trace) => { trace.y = trace.y.map((y, place) => y === null ? y : y + 20 * Math.sin(place)); },
    "with a gap": (trace) => { trace.y[Math.floor(trace.y.length / 2)] = null; },
    "as dots": (trace) => { hooks.higher(trace); trace.mode = "markers"; },
  };
  const [before, after] = [copy(), copy()];
  if (how === "as dots") for (const trace of before.data) trace.mode = "markers";
  after.data.forEach(hooks[how]);
  const draw = (figure) => Plotly.newPlot(document.body.appendChild(document.createElement("div")), figure.data, figure.layout);
  const sample = (node) => [...node.querySelectorAll(".js-line, .js-fill")].map((path) => {
    const places = Array.from({length: 40}, (_, place) => path.getPointAtLength(path.getTotalLength() * place / 40));
    return places.map(({x, y}) => [x, y]);
  });
  const [ours, theirs] = [await draw(before), await draw(after)];
  const [still, done] = [sample(ours), bend(ours, after.data)];
  const result = {done, still, ours: sample(ours), theirs: sample(theirs)};
  for (const node of [ours, theirs]) { Plotly.purge(node); node.remove(); }
  return result;
}"""


def bend_lines(lab, how):
    """What becomes of the ridgelines' lines if they are to be bent: whether they were, and points along their paths."""
    module = f"{lab.server.url}/{addresses()['files']}/web/player/bending.js"
    result = lab.page.evaluate(BEND, [module, how])
    return result["done"], *(np.array(result[whose]) for whose in ("still", "ours", "theirs"))


def test_bent_lines_run_where_plotly_would_draw_them(page_open):
    lab = page_open.reset()
    lab.wait_plot("ridges", "n.data[0].x.length > 100")
    done, still, ours, theirs = bend_lines(lab, "higher")
    assert done and len(ours) > 20
    assert np.abs(ours - theirs).max() < 2 and np.abs(ours - still).max() > 5
    for other in ("with a gap", "as dots"):  # left to Plotly
        done, still, ours, _ = bend_lines(lab, other)
        assert not done and np.array_equal(ours, still)


@pytest.mark.slow
def test_choosers_change_the_charts_without_a_rerun(lab):
    sent = []
    lab.page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    lab.open(steps=60).trained().press("End")
    lab.wait("d.state === 'ended'")
    before, lines = len(sent), "JSON.stringify(n.data.find(trace => trace.feed.arm === 'batch').y)"
    states = [lab.plot("fan", lines)]
    for choose in (
        lambda: lab.page.click("[aria-label='Layer 4']"),
        lambda: lab.page.select_option("[aria-label=Signal]", "linear"),
        lambda: lab.page.select_option("[aria-label=Signal]", "normalized"),
    ):
        choose()
        lab.wait_plot("fan", f"{lines} !== {states[-1]!r}")
        states.append(lab.plot("fan", lines))
    assert len(set(states)) == len(states)
    lab.wait("$('.bnviz-headline').textContent.includes('layer 4')")
    lab.pool_units()
    lab.wait("$('[data-panel=ridges]').textContent.includes('all units pooled')")
    assert before > 0 and len(sent) == before
    assert lab.address == {"steps": "60"}
    move_the_target(lab)


def move_the_target(lab):
    target = lab.page.locator(".bnviz-target input")
    target.scroll_into_view_if_needed()
    target.fill("0.5")
    lab.wait_plot("learning", "n.data.find(trace => trace.feed.kind === 'target').y[0] === 0.5")
    lab.wait("$('[data-panel=learning]').textContent.includes('50\\u00a0% of the 1,000 test images')")


def save_file(lab, press):
    """What a press makes the browser save: the file's name and contents."""
    with lab.page.expect_download() as download:
        press()
    return download.value.suggested_filename, download.value.path().read_bytes()


def test_a_chart_is_saved_as_a_picture_with_words(lab):
    lab.open(steps=40, step=40, learning_rate=0.3).trained().look_at("shift")
    run, width, height = lab.data["run"][:8], *lab.plot("shift", "[n.clientWidth, n.clientHeight]")
    lab.page.hover("[data-panel=shift] .bnviz-plot")
    name, png = save_file(lab, lambda: lab.page.click("[data-panel=shift] .modebar-btn[data-title*=picture]"))
    assert name == f"How-far-a-2-has-moved-step-40-bnviz-{run}.png" and png.startswith(b"\x89PNG")
    assert int.from_bytes(png[16:20], "big") == 2 * max(width, 640) and int.from_bytes(png[20:24], "big") > 2 * height

    lab.page.click("[data-panel=shift] button >> text=Data")
    name, svg = save_file(lab, lambda: lab.page.get_by_role("button", name="as a drawing (SVG)").click())
    assert name == f"How-far-a-2-has-moved-step-40-bnviz-{run}.svg"
    title = lab.page.inner_text("[data-panel=shift] h3 >> nth=0")
    for words in (title, f"step 40, Learning rate: 0.3, {FIELDS['steps'].label}: 40", "without batch norm", lab.data["run"]):
        assert words in svg.decode(), words
