"""Things that break, and what the viewer notices: a pause at most."""

import contextlib
import functools
import os
import signal

import pytest

from bnviz.config.experiment import Experiment
from bnviz.engine import worker
from tests.e2e.lab import port_of, serve

LONG = Experiment(steps=700, snapshot_every=10, seed=76)
BROKEN = "The stream cannot be reached"
WATCH = """() => {
  const player = document.querySelector('.bnviz-player');
  window.seen = {states: new Set([player.dataset.state]), trained: [], steps: []};
  new MutationObserver(() => {
    seen.states.add(player.dataset.state);
    seen.trained.push(Number(player.dataset.trainedStep));
    seen.steps.push(Number(player.dataset.step));
  }).observe(player, {attributes: true});
}"""


@pytest.fixture
def server(server_alone):
    return server_alone


@functools.cache
def plain_lines(experiment):
    """The lines of a recording that nothing disturbs, without the end, which holds the time taken."""
    return [line for line in worker.record(experiment) if line][:-1]


@pytest.mark.slow
def test_a_worker_killed_in_mid_run_costs_a_pause_and_nothing_else(lab, server):
    changes = {"steps": LONG.steps, "snapshot_every": LONG.snapshot_every, "seed": LONG.seed}
    lab.open(**changes)
    lab.page.evaluate(WATCH)
    lab.wait("d.trainedStep > 100")
    workers, restarts = server.workers(), server.metric("worker_restarts_total")
    assert len(workers) == 1
    assert server.metric("runs_active") == 1
    os.kill(workers[0], signal.SIGKILL)
    lab.wait(f"d.trainedStep === '{LONG.steps}'")
    assert server.metric("worker_restarts_total") == restarts + 1
    assert server.workers() != workers
    seen = lab.page.evaluate("({...seen, states: [...seen.states]})")
    assert seen["states"] in (["playing"], ["playing", "ended"])  # a slow machine's player has caught up with the training
    assert seen["trained"] == sorted(seen["trained"]) and seen["steps"] == sorted(seen["steps"])
    assert lab.data["run"] == LONG.id
    assert server.lines(LONG.id)[:-1] == plain_lines(LONG)


def whole_run_by_component(lab):
    lab.wait(f"d.trainedStep === '100' && $('.bnviz-message').textContent.startsWith('{BROKEN}')")
    lab.press("End")
    lab.wait("d.state === 'ended' && d.step === '100'")
    assert lab.plot("fan", "n.data[0].y.filter(Number.isFinite).length") > 0


@pytest.mark.slow
def test_without_the_route_the_run_comes_with_the_page(visit):
    """A host that answers unknown addresses with a page of its own."""
    lab = visit(clean=False)
    page = {"status": 404, "content_type": "text/html", "body": "<h1>Not here</h1>"}
    lab.page.route("**/bnviz/runs/**", lambda route: route.fulfill(**page))
    lab.open(steps=100, seed=77)
    whole_run_by_component(lab)
    assert {trouble.split(" (")[0] for trouble in lab.troubles} == {
        "error: Failed to load resource: the server responded with a status of 404"
    }
    lab.page.get_by_text("Tiny batches").click()
    lab.wait(f"d.run === '{Experiment(batch_size=4).id}' && d.trainedStep > 20 && d.step > 0")


@pytest.mark.slow
def test_a_page_outlives_its_server_and_plays_on_where_it_was(visit):
    """The next server knows nothing of the run but what the page says. (One that ends in order: `test_two_servers.py`.)"""
    experiment, lab = LONG, visit(clean=False)
    with serve() as lab.server:
        lab.open(steps=LONG.steps, snapshot_every=LONG.snapshot_every, seed=experiment.seed)
        lab.wait("d.trainedStep > 100")
        lab.page.evaluate(WATCH)
        lab.server.process.kill()
        lab.page.get_by_text("The connection was lost").wait_for()
    with serve(port=port_of(lab.server)) as lab.server:
        lab.wait(f"d.trainedStep === '{LONG.steps}'")
        seen = lab.page.evaluate("({...seen, states: [...seen.states]})")
        assert set(seen["states"]) <= {"playing", "ended"} and seen["steps"] == sorted(seen["steps"])
        assert lab.server.lines(experiment.id)[:-1] == plain_lines(experiment)
        lab.server.await_metric("runs_requested_total", 2, more=True)  # by the stream, and then by the page
        lab.page.get_by_text("Tiny batches").click()
        lab.wait(f"d.run !== '{experiment.id}' && d.trainedStep > 0")


def test_who_watches_a_run_alone_may_stop_it_and_play_what_has_arrived(lab, server):
    lab.open(steps=4000, batch_size=256, seed=77)
    active = server.metric("runs_active")
    lab.page.get_by_role("button", name="Stop training").click()
    lab.wait("$('.bnviz-message').textContent.includes('Training was stopped at step')")
    lab.wait("d.state === 'ended'")
    assert 0 < int(lab.data["trainedStep"]) < 4000
    server.await_metric("runs_active", active - 1)
    lab.press("Home")
    lab.wait("d.step === '0' && d.state === 'paused'")
    assert not lab.troubles


@contextlib.contextmanager
def page_freeze(lab):
    """As Chromium freezes a tab that nobody sees: no timer, no animation frame and no network event of the page runs."""
    session = lab.page.context.new_cdp_session(lab.page)
    session.send("Page.setWebLifecycleState", {"state": "frozen"})
    yield
    session.send("Page.setWebLifecycleState", {"state": "active"})


@contextlib.contextmanager
def process_stop(lab):
    """As under a closed lid: the processes that show pages do not run at all, and are not told of it."""
    processes = lab.page.context.browser.new_browser_cdp_session().send("SystemInfo.getProcessInfo")["processInfo"]
    renderers = [process["id"] for process in processes if process["type"] == "renderer"]
    assert renderers
    try:
        for process in renderers:
            os.kill(process, signal.SIGSTOP)
        yield
    finally:
        for process in renderers:
            os.kill(process, signal.SIGCONT)


@pytest.mark.slow
@pytest.mark.parametrize("suspended", [page_freeze, process_stop])
def test_a_laptop_that_sleeps_while_the_run_is_trained_wakes_up_to_all_of_it(lab, server, suspended):
    experiment = LONG.replace(steps=300, seed=78 if suspended is page_freeze else 79)
    lab.open(steps=experiment.steps, snapshot_every=LONG.snapshot_every, seed=experiment.seed)
    lab.page.evaluate(WATCH)
    with suspended(lab):
        assert len(server.lines(experiment.id)) > experiment.snapshots  # waits until it has ended
    lab.wait(f"d.trainedStep === '{experiment.steps}'")
    seen = lab.page.evaluate("({...seen, states: [...seen.states]})")
    assert seen["steps"] == sorted(seen["steps"]) and set(seen["states"]) <= {"playing", "ended"}
