"""Two runs in the same charts: a pinned one stands in the link, and the link brings it along."""

import pytest

from bnviz.config.experiment import Experiment

FAINT = "n.data.filter((trace) => trace.line?.dash === 'dot' && trace.opacity < 1 && trace.y.length > 1).length"
STEPS = 60


def test_a_link_shows_two_runs_and_can_be_changed_and_sent_on(visit):
    lab = visit().open(steps=STEPS, batch_size=8, beside=f"steps={STEPS}&batch_size=256", step=40).trained()
    lab.wait("d.state === 'paused' && d.step === '40' && $('.bnviz-ghost').checkVisibility()")
    lab.wait("$('.bnviz-ghost').textContent.includes('another run (Batch size 256). After about as many examples as step 40')")
    lab.wait_plot("learning", "n.layout.xaxis.title.text === 'examples seen (epochs)'")
    lab.wait_plot("learning", f"{FAINT} === 4")
    assert lab.data["run"] == Experiment(steps=STEPS, batch_size=8).id

    lab.press("ArrowRight")  # the address is written anew, with all that belongs in it
    lab.wait("new URLSearchParams(location.search).get('step') !== '40'")
    assert dict(part.split("=") for part in lab.place["beside"].split("&")) == {"steps": str(STEPS), "batch_size": "256"}

    lab.page.click(".bnviz-ghost-dismiss")
    lab.wait_plot("learning", f"{FAINT} === 0")
    lab.wait("!location.search.includes('beside')")


def test_charts_count_steps_or_examples_and_the_link_says_which(visit):
    title, end = "n.layout.xaxis.title.text", "n.layout.xaxis.range[1]"
    lab = visit().open(steps=STEPS, batch_size=8, beside=f"steps={STEPS}&batch_size=256", step=40, charts="all").trained()
    lab.wait_plot("learning", f"{title} === 'examples seen (epochs)' && Math.abs({end} - 60 * 8 / 5000) < 1e-9")
    lab.page.get_by_role("group", name="Charts over").get_by_text("steps").click()
    lab.wait_plot("learning", f"{title} === 'step' && {end} === {STEPS}")
    lab.wait("$('.bnviz-ghost').textContent.includes('Compared step by step')")
    lab.wait("new URLSearchParams(location.search).get('time') === 'steps'")

    lab.open(steps=STEPS, time="epochs", step=40, charts="all").trained()  # alone, where a link wants it
    lab.wait_plot("learning", f"{title} === 'examples seen (epochs)' && Math.abs({end} - 60 * 64 / 5000) < 1e-9")


def test_the_choice_of_runs_closes_and_leaves_the_picture_free(visit):
    lab = visit().open(steps=STEPS, step=40).trained()
    lab.page.get_by_role("button", name="Compare with…").click()
    choice = lab.page.locator(".st-key-compare-with")
    choice.get_by_text("256", exact=True).click()
    lab.wait("$('.bnviz-ghost').textContent.includes('Batch size 256')")
    choice.wait_for(state="hidden")
    lab.page.get_by_role("button", name="Compared: Batch size 256").click()  # it opens again
    choice.wait_for()


@pytest.mark.slow
def test_a_run_that_cannot_be_is_named(visit):
    lab = visit().open(steps=STEPS, beside="batch_size=banana")
    assert "beside" in lab.page.inner_text("[data-testid=stAlert]") and "banana" in lab.page.inner_text("[data-testid=stAlert]")
    assert not lab.page.locator(".bnviz-ghost").is_visible()
