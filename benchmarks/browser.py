"""The page in headless Chromium against plain Streamlit: redraws, main thread, time to the first snapshot.

python -m benchmarks.browser
"""

from __future__ import annotations

import itertools
import statistics

from playwright.sync_api import Browser, Page, ViewportSize, sync_playwright

from benchmarks import Row, table
from bnviz.config.experiment import Experiment
from tests.e2e.lab import Server, launch, serve

ORDINARY: ViewportSize = {"width": 1400, "height": 900}
TALL: ViewportSize = {"width": 1400, "height": 3000}  # every panel in view, so that every panel is drawn
SECONDS = 6
VISITS = 3

# Counts redraws and milliseconds in long tasks. The player's chart is one node for ever, and each frame in which a line of it has
# moved counts. The plain page makes a new node for every figure, and draws some twice: there a new title counts, as it is seen.
WATCH = """() => {
  window.watched = {redraws: 0, long: 0, began: performance.now()};
  const add = list => { for (const task of list.getEntries()) watched.long += task.duration; };
  new PerformanceObserver(add).observe({type: 'longtask'});
}"""
WATCH_LINES = """(selector) => {
  let moved = false;
  const lines = {subtree: true, childList: true, attributeFilter: ['d']};
  new MutationObserver(() => { moved = true; }).observe(document.querySelector(selector), lines);
  const look = () => {
    watched.redraws += moved;
    moved = false;
    requestAnimationFrame(look);
  };
  look();
}"""
WATCH_TITLES = """(selector) => {
  const seen = new Set(), titles = () => [...document.querySelectorAll(selector)].map(title => title.textContent);
  const before = titles();
  const look = () => {
    for (const title of titles()) if (!before.includes(title)) seen.add(title);
    watched.redraws = seen.size;
    requestAnimationFrame(look);
  };
  look();
}"""
REPORT = "() => ({redraws: watched.redraws, long: watched.long, seconds: (performance.now() - watched.began) / 1000})"


def watch(page: Page, charts: int) -> tuple[float, float]:
    """Redraws a second of each of so many watched charts, and the share of time that was spent in long tasks."""
    page.wait_for_timeout(1000 * SECONDS)
    report = page.evaluate(REPORT)
    return report["redraws"] / charts / report["seconds"], report["long"] / 1000 / report["seconds"]


def player(browser: Browser, server: Server) -> tuple[float, float, float]:
    """The whole page while it plays 15 snapshots a second; both ridgelines are one chart, drawn at once. And plain Plotly's."""
    page = browser.new_context(viewport=TALL).new_page()
    page.goto(f"{server.url}/?seed=1")
    page.wait_for_selector(".bnviz-player[data-state=playing][data-trained-step='600']")
    page.select_option("[aria-label=Speed]", "1")  # by itself a run begins slower
    page.wait_for_function("() => document.querySelector('.bnviz-player').dataset.step > 20")
    page.click("[aria-label=Loop]")
    page.wait_for_selector("[aria-label=Loop][aria-pressed=true]")
    if page.get_attribute(".bnviz-player", "data-state") != "playing":  # a slow machine: it has come to its end
        page.click("[aria-label=Play]")
    page.evaluate(WATCH)
    page.evaluate(WATCH_LINES, "[data-panel=ridges] .bnviz-plot")
    report = watch(page, 1)
    assert page.get_attribute(".bnviz-player", "data-state") == "playing", "the player stands still"
    alone = plotly_alone(page)
    page.context.close()
    return *report, alone


# Figures of the ridgelines as the player hands them to Plotly, one after another.
GATHER = """(wanted) => {
  window.gathered = [];
  const {react} = Plotly;
  Plotly.react = (node, data, layout, config) => {
    if (gathered.length < wanted && node.closest("[data-panel=ridges]")) gathered.push(structuredClone({data, layout}));
    return react(node, data, layout, config);
  };
}"""
# The peer that plain Plotly can reach: an idle page, and one loop over those figures, a frame each.
LOOP = """(seconds) => new Promise((resolve) => {
  const node = document.body.appendChild(document.createElement("div")), began = performance.now();
  node.style.cssText = "position: fixed; inset: 0 auto auto 0";
  let redraws = 0;
  const draw = () => {
    const {data, layout} = gathered[redraws % gathered.length], taken = (performance.now() - began) / 1000;
    if (taken > seconds) return resolve(redraws / taken);
    Plotly.react(node, data, layout).then(() => { redraws += 1; requestAnimationFrame(draw); });
  };
  draw();
})"""
FIGURES = 40


def plotly_alone(page: Page) -> float:
    """Redraws a second of one Plotly.react loop over the player's own ridgelines, alone; the player is paused for it."""
    page.evaluate(GATHER, FIGURES)
    page.wait_for_function("(wanted) => gathered.length === wanted", arg=FIGURES)
    page.click("[aria-label=Pause]")
    page.wait_for_selector(".bnviz-player[data-state=paused]")
    page.wait_for_timeout(1000)
    return page.evaluate(LOOP, SECONDS)


# Redraws of the picture are counted where it is painted, against a page that does nothing but ask for animation frames.
COUNT = """() => {
  window.painted = {redraws: 0, frames: 0, began: performance.now()};
  const {clearRect} = CanvasRenderingContext2D.prototype;
  CanvasRenderingContext2D.prototype.clearRect = function (...box) {
    if (this.canvas.closest('.bnviz-picture')) painted.redraws += 1;
    clearRect.apply(this, box);
  };
  const count = () => { painted.frames += 1; requestAnimationFrame(count); };
  count();
}"""
COUNT_REPORT = "() => ({...painted, seconds: (performance.now() - painted.began) / 1000})"


def picture(browser: Browser, app: Server) -> list[Row]:
    """The picture of the networks on the first screen, where no chart is in view, while it plays."""
    page = browser.new_context(viewport={"width": 1400, "height": 800}).new_page()
    page.goto(f"{app.url}/?seed=1")
    page.wait_for_selector(".bnviz-player[data-state=playing][data-trained-step='600']")
    page.evaluate(COUNT)
    page.wait_for_timeout(1000 * SECONDS // 2)
    report = page.evaluate(COUNT_REPORT)
    page.context.close()
    ours, peer = report["redraws"] / report["seconds"], report["frames"] / report["seconds"]
    return [
        Row("redraws/s of the networks' picture", f"animation frames: {peer:.1f}", f"{ours:.1f}", f"{ours / peer:.2f}", "≥ 60/s")
    ]


def plain(browser: Browser, server: Server) -> tuple[float, float]:
    """st.plotly_chart in a fragment."""
    page = browser.new_context(viewport=TALL).new_page()
    page.goto(server.url)
    page.wait_for_function("() => document.querySelectorAll('.js-plotly-plot').length >= 2")
    page.wait_for_timeout(2000)
    page.evaluate(WATCH)
    page.evaluate(WATCH_TITLES, ".gtitle")
    report = watch(page, 2)
    page.context.close()
    return report


def redraws(browser: Browser, app: Server) -> list[Row]:
    """Charts that move."""
    ours, ours_long, alone = player(browser, app)
    with serve("benchmarks/plain/app.py") as server:
        peer_rate, peer_long = plain(browser, server)
    peer = "st.plotly_chart in a 0.1 s fragment"
    what = "redraws/s of the two ridgelines, whole page playing"
    return [
        Row(what, f"{peer}: {peer_rate:.1f}", f"{ours:.1f}", f"{ours / peer_rate:.1f}", "≥ 4"),
        Row(what, f"one Plotly.react loop over them, alone: {alone:.1f}", f"{ours:.1f}", f"{ours / alone:.1f}", "≥ 2, or ≥ 30/s"),
        Row(
            "main thread in long tasks, 15 snapshots/s",
            f"{peer}: {peer_long:.0%}",
            f"{ours_long:.0%}",
            f"{ours_long / peer_long:.2f}",
            "≤ 25 %",
        ),
    ]


# The page reads its own clock, since a query from outside waits until the main thread is idle.
SIGHT = """
new MutationObserver((_, observer) => {
  if (!(%s)) return;
  observer.disconnect();
  window.seenAt = performance.now();
}).observe(document, {subtree: true, childList: true, attributes: true});
"""
TITLES = "document.querySelector('[data-testid=stMain] h1')"
DRAWN = "document.querySelector('.bnviz-player[data-frames]')"
PLOTS = "[...document.querySelectorAll('[data-panel] .bnviz-plot')]"
ALL_DRAWN = f"{DRAWN} && {PLOTS}.length && {PLOTS}.every((plot) => plot.querySelector('.main-svg'))"


def opening(browser: Browser, url: str, sight: str, viewport: ViewportSize = ORDINARY) -> float:
    """Seconds from opening `url` in a fresh context until the JavaScript condition `sight` holds."""
    context = browser.new_context(viewport=viewport)
    page = context.new_page()
    page.add_init_script(SIGHT % sight)
    page.add_init_script("localStorage['bnviz more charts'] = 'open'")
    page.goto(url, wait_until="commit")
    page.wait_for_function("() => window.seenAt", timeout=60_000)
    elapsed = page.evaluate("window.seenAt") / 1000
    context.close()
    return elapsed


def first_snapshot(browser: Browser, app: Server) -> list[Row]:
    """From an empty cache to the first drawn snapshot, and to all charts, on a warm server."""
    runs = (Experiment(seed=seed) for seed in itertools.count(1000))
    with serve("hello") as hello:
        times = []
        for run in itertools.islice(runs, VISITS + 1):
            known = [
                opening(browser, hello.url, TITLES),
                opening(browser, app.url, DRAWN),
                opening(browser, app.url, ALL_DRAWN, TALL),
            ]
            times.append([*known, opening(browser, f"{app.url}/?seed={run.seed}", DRAWN)])
            app.lines(run.id)  # until it is trained
    peer, *ours = (statistics.median(column) for column in zip(*times[1:], strict=True))
    whats = ("first drawn snapshot, recorded run", "last of all charts, recorded run", "first drawn snapshot, new run")
    return [
        Row(
            f"opening the page to the {what}",
            f"streamlit hello: {peer:.2f} s",
            f"{elapsed:.2f} s",
            f"{elapsed / peer:.2f}",
            reach,
        )
        for what, elapsed, reach in zip(whats, ours, ("≤ 1.5", "≤ 2.5", "≤ 1.5"), strict=True)
    ]


def rows() -> list[Row]:
    """All rows of this subject."""
    with sync_playwright() as playwright, launch(playwright) as browser, serve(workers=2) as app:
        for seed in (Experiment().seed, 1):  # the runs that are looked at are there before
            with browser.new_context() as context:
                context.new_page().goto(f"{app.url}/?seed={seed}")
                app.lines(Experiment(seed=seed).id)
        return [*picture(browser, app), *redraws(browser, app), *first_snapshot(browser, app)]


if __name__ == "__main__":
    print(table(rows()))
