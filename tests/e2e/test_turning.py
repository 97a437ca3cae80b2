"""Settings that are changed while it trains: from a step on, without a jump back, in the link, and undone again.

Which run is on show meanwhile, and where, is tested without a browser (tests/web/core/edits.test.mjs).
"""

import pytest

from bnviz.config.experiment import Experiment
from bnviz.lessons.weight_decay.page import PAGE as weight_decay

STEPS = 400
IS_OVER = "$('.bnviz-over').checkVisibility({visibilityProperty: true})"


def watch(visit, step=60):
    """A run that plays and has come to a step."""
    lab = visit().open(steps=STEPS)
    lab.page.evaluate("""window.seen = []; new MutationObserver(() => seen.push(
      Number(document.querySelector('.bnviz-player').dataset.step))).observe(document.querySelector('.bnviz-player'),
      {attributes: true, attributeFilter: ['data-step']})""")
    lab.wait(f"d.step >= {step}")
    return lab


def address_settings(lab):
    """The run's experiment, as the address has it."""
    texts = {name: value for name, value in lab.address.items() if name in ("changes", "batch_norm_from", "batch_size")}
    return texts


def slide(lab, name, key, times):
    slider = lab.page.locator(f".st-key-{name} input")
    slider.focus()
    for _ in range(times):
        slider.press(key)


def test_switch_batch_norm_on_then_the_batch_size_to_4_and_send_the_link(visit):
    lab = watch(visit)
    lab.page.click(".bnviz-act-start")
    lab.wait("new URLSearchParams(location.search).has('batch_norm_from')")
    start = int(address_settings(lab)["batch_norm_from"])
    lab.wait(f"d.run === '{Experiment(steps=STEPS, batch_norm_from=start).id}' && d.step >= {start + 40}")
    lab.page.get_by_role("button", name="from step").click()
    slide(lab, "batch_size", "ArrowLeft", 4)
    lab.wait("/batch_size=4$/.test(new URLSearchParams(location.search).get('changes'))")
    link = address_settings(lab)
    assert "batch_size" not in link, "it began with the size that it had"
    lab.wait(f"d.step >= {int(link['changes'].split(':')[0]) + 20}")
    seen = lab.page.evaluate("seen")
    assert seen == sorted(seen), "the player never jumps back"
    assert lab.page.locator(".bnviz-flag").count() == 2
    theirs = visit().open(steps=STEPS, **link)
    assert theirs.page.locator(".bnviz-flag").count() == 2
    assert theirs.data["run"] == Experiment(steps=STEPS, batch_norm_from=start, changes=link["changes"]).id


@pytest.mark.slow
def test_flags_are_moved_by_key_and_by_hand_and_removed(visit):
    lab = visit().open(steps=100, changes="40:learning_rate=1", step=80).trained()
    lab.page.focus(".bnviz-flag summary")
    lab.press("ArrowRight")
    lab.wait(f"d.run === '{Experiment(steps=100, changes='41:learning_rate=1').id}'")
    lab.trained().wait("d.state === 'ended'")  # while snapshots arrive, flags find their places
    flag, track = (lab.page.locator(one).bounding_box() for one in (".bnviz-flag summary", ".bnviz-track"))
    lab.page.mouse.move(flag["x"] + 5, flag["y"] + 5)
    lab.page.mouse.down()
    lab.page.mouse.move(track["x"] + track["width"] * 0.9, flag["y"] + 5, steps=4)
    lab.page.mouse.up()
    lab.wait("Number($('.bnviz-flag').dataset.step) > 60")
    lab.page.click(".bnviz-flag summary")
    lab.page.get_by_role("button", name="remove").click()
    lab.wait(f"d.run === '{Experiment(steps=100).id}' && !$('.bnviz-flag')")
    assert "changes" not in lab.address


@pytest.mark.slow
def test_a_slider_is_not_taken_back_by_a_slow_server(visit):
    """The answer to the first key comes when the second and the third have been pressed."""
    lab, held, holding = visit(), [], []

    def hold(socket):
        server = socket.connect_to_server()
        server.on_message(lambda message: held.append((socket, message)) if holding else socket.send(message))

    lab.page.route_web_socket("**/_stcore/stream", hold)
    lab.open(steps=40).from_the_start()
    lab.page.evaluate("""() => {
      const slider = document.querySelector('.st-key-batch_size input');
      window.seen = [];
      new MutationObserver(() => seen.push(Number(slider.ariaValueText))).observe(slider, {attributes: true});
    }""")
    holding.append(True)
    slide(lab, "batch_size", "ArrowLeft", 1)
    while not any(Experiment(steps=40, batch_size=32).id.encode() in message for _, message in held):
        lab.page.wait_for_timeout(20)
    slide(lab, "batch_size", "ArrowLeft", 2)
    holding.clear()
    for socket, message in held:
        socket.send(message)
    lab.wait(f"d.run === '{Experiment(steps=40, batch_size=8).id}' && d.trainedStep === '40'")
    seen = lab.page.evaluate("seen")
    assert seen == sorted(seen, reverse=True) and seen[-1] == 8


HOLD = """async (keys) => {
  const slider = document.querySelector('.st-key-batch_size input'), seen = [];
  slider.focus();
  let [rests, before] = [0, performance.now()];
  for (const key of keys) {
    slider.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true, cancelable: true}));
    await new Promise(requestAnimationFrame);
    seen.push(Number(slider.ariaValueText));
    if (performance.now() - before > 150) rests += 1; // on a busy machine a key comes so late that the setting has rested
    before = performance.now();
  }
  return [seen, rests];
}"""


@pytest.mark.slow
def test_a_key_that_is_held_shows_each_value_and_asks_when_it_rests(visit):
    lab, sent = visit(), []
    lab.page.on("websocket", lambda socket: socket.on("framesent", lambda frame: sent.append(frame)))
    lab.open(steps=40).from_the_start()
    sent.clear()
    seen, rests = lab.page.evaluate(HOLD, [*["ArrowLeft"] * 5, *["ArrowRight"] * 5] * 3 + ["ArrowLeft"] * 4)
    assert seen == [32, 16, 8, 4, 2, 4, 8, 16, 32, 64] * 3 + [32, 16, 8, 4]
    lab.wait(f"d.run === '{Experiment(steps=40, batch_size=4).id}'")
    assert len(sent) <= 5 + 2 * rests, "thirty-four keys"


@pytest.mark.slow
def test_a_setting_behind_the_button_does_not_come_back_after_a_preset(visit):
    lab = visit().open("weight-decay", prediction=True, skip=1)
    lab.page.get_by_role("button", name="More settings").click()
    lab.page.get_by_role("slider", name="momentum").focus()
    lab.page.keyboard.press("ArrowRight")
    lab.page.wait_for_url("**momentum**")
    lab.page.keyboard.press("Escape")
    lab.page.get_by_role("slider", name="momentum").wait_for(state="hidden")
    lab.page.get_by_role("radio", name="PyTorch's ε").click()
    lab.page.wait_for_url("**epsilon**")
    preset = weight_decay.default.replace(**weight_decay.presets["epsilon"]).id
    lab.wait(f"d.run === '{preset}' && d.trainedStep > 0")
    lab.page.get_by_role("radio", name="takes another course").click()
    lab.wait("$('.bnviz-answer').checkVisibility() && $('.bnviz-answer').textContent")
    assert lab.data["run"] == preset and "momentum" not in lab.page.url


@pytest.mark.slow
def test_a_menu_closes_by_escape_and_by_a_press_elsewhere(visit):
    lab = visit().open(steps=100, changes="40:learning_rate=1", step=52).trained()
    lab.wait("d.state === 'paused' && d.step === '52'")
    for menu, focus in ((".bnviz-flag", ".bnviz-link"), (".bnviz-menu", ".bnviz-menu > summary")):
        opened = f"$('{menu}').open"
        lab.page.click(f"{menu} > summary")
        lab.page.focus(focus)
        lab.press("Escape")
        lab.wait(f"!{opened} && document.activeElement === $('{menu} > summary')")
        for elsewhere in ("h2", ".bnviz-readout", ".bnviz-link"):
            lab.page.click(f"{menu} > summary")
            lab.wait(opened)
            lab.page.click(elsewhere)
            lab.wait(f"!{opened}")


@pytest.mark.slow
def test_at_the_end_it_is_said_why_nothing_can_be_changed_and_one_press_leads_back(visit):
    lab = visit().open(steps=100, changes="40:batch_size=4", step=20).trained()
    lab.wait("d.step === '20' && $('.bnviz-still').textContent.startsWith('Still in effect at step 20: Batch size 64.')")
    lab.press("End")
    lab.wait("d.state === 'ended' && !$('.bnviz-still').textContent")
    lab.wait(f"{IS_OVER} && $('.bnviz-act-start').disabled")
    assert "The run is over" in lab.page.inner_text(".bnviz-over")
    lab.page.get_by_role("button", name="Go back to step 68").click()
    lab.wait("d.state === 'paused' && d.step === '68' && !" + IS_OVER)
    lab.page.click(".bnviz-act-toggle")
    lab.wait(f"d.run === '{Experiment(steps=100, changes='40:batch_size=4;68:compare=none').id}' && d.step > 68")
    lab.press("Home")
    lab.wait(f"d.step === '0' && {IS_OVER}")
    assert "Training has not started yet" in lab.page.inner_text(".bnviz-over")


def test_nothing_below_moves_when_the_note_and_the_offer_appear(visit):
    lab = visit(viewport={"width": 1400, "height": 900}).open(steps=60, changes="20:batch_size=4").trained()
    lab.press("Home")
    lab.wait("d.step === '0' && $('.bnviz-answer').hidden && $('.bnviz-offers').hidden")
    height = lab.page.evaluate("document.querySelector('.bnviz-top').offsetHeight")
    lab.press("End")
    lab.wait("d.step === '60' && !$('.bnviz-answer').hidden && !$('.bnviz-offers').hidden")
    assert lab.page.evaluate("document.querySelector('.bnviz-top').offsetHeight") == height


def test_on_a_phone_it_is_said_beside_the_settings_from_when_on_they_apply(visit):
    lab = visit(viewport={"width": 390, "height": 844}).open(steps=100, step=52).trained()
    lab.wait("d.state === 'paused' && d.step === '52'")
    start, here = (box.bounding_box() for box in lab.page.locator(".bnviz-segments button").all())
    assert start["y"] == here["y"], "both in one line"
    settings = lab.page.locator(".st-key-settings").bounding_box()
    assert 0 <= settings["y"] - (here["y"] + here["height"]) < 60
    assert lab.page.locator(".bnviz-act-toggle").bounding_box()["y"] < lab.page.locator(".bnviz-panels").first.bounding_box()["y"]
