"""Whatever hands do to a page, it does not break, complain or keep what it no longer needs.

`make hands` gives them 40 seconds on every page (BNVIZ_HANDS_SECONDS). Otherwise they have one second on the first page, which
has the tour.
"""

import os
import time

import pytest

from bnviz.lessons import LESSONS, SWEEPING, address
from bnviz.web import words
from tests.e2e.hands import KEYS, Hands

SECONDS = float(os.environ.get("BNVIZ_HANDS_SECONDS", "1"))
SEED = int(os.environ.get("BNVIZ_HANDS_SEED", "8"))
LIVE = [lesson for lesson in LESSONS if lesson not in SWEEPING]
PLAYED = LIVE if SECONDS > 1 else LIVE[:1]
LISTS = {"selectbox", "option"}  # kinds of action that need a list
LISTS_BEHIND_A_BUTTON = {"batch_size"}  # lessons that have none in front
MAY_GROW_MB = (
    10  # what Streamlit, Plotly and V8 keep of what hands did first: with 12 seeds 2 to 6 in 40 s, and less in later rounds
)
COLLECTION_SECONDS = 20.0  # in which garbage that is collected late is gone
pytestmark = pytest.mark.timeout(300 + 4 * SECONDS)


def page_of(lesson):
    return "" if lesson == next(iter(LESSONS)) else address(lesson)


def turn_to(lab, lesson):
    """Go to another page in the same document."""
    lab.page.keyboard.press("Escape")  # closes what may lie above the navigation
    lab.page.locator(".st-key-pages").get_by_role("link", name=LESSONS[lesson], exact=True).click()


def leave(lab):
    """Go to the page that has no player, in the same document, and wait until the player is gone from it."""
    lab.page.evaluate("(window.players ??= []).push(new WeakRef(document.querySelector('.bnviz-player')))")
    lab.page.evaluate("history.pushState({}, '', 'for-teachers'); dispatchEvent(new PopStateEvent('popstate'))")
    lab.page.get_by_role("textbox", name=words.shared()["teachers"]["start"]).wait_for()
    lab.wait("!$('.bnviz-player')")


class Heap:
    """What the page's JavaScript holds, garbage collected."""

    def __init__(self, page):
        self.page, self.session = page, page.context.new_cdp_session(page)

    def mb(self):
        """Megabytes."""
        self.session.send("HeapProfiler.collectGarbage")
        return self.session.send("Runtime.getHeapUsage")["usedSize"] / 2**20

    def players(self):
        """How many of the players are held that the page has left."""
        self.session.send("HeapProfiler.collectGarbage")
        return self.page.evaluate("window.players.filter((one) => one.deref()).length")

    def falls_to(self, limit, measured):
        """What is held once it is no more than `limit`, or after COLLECTION_SECONDS; `measured` gives what it is now."""
        deadline = time.monotonic() + COLLECTION_SECONDS
        while (size := measured()) > limit and time.monotonic() < deadline:
            time.sleep(0.25)
        return size


@pytest.mark.slow
@pytest.mark.parametrize("lesson", PLAYED)
def test_hands_break_nothing_and_leave_nothing_behind(lab, lesson):
    lab.open(page_of(lesson))
    heap = Heap(lab.page)
    Hands(lab, SEED).play(1)  # what is loaded for the first time stays
    leave(lab)
    before = heap.mb()

    turn_to(lab, lesson)
    lab.wait("$('.bnviz-transport') && d.frames > 0")
    hands = Hands(lab, SEED + 1)
    hands.play(SECONDS, least=24 if lesson == LIVE[0] else 12)  # the first page has most that could be kept: its tour
    hands.play_every_kind()

    assert lab.page.locator("[data-testid=stException]").count() == 0
    lab.wait("['playing', 'paused', 'ended', 'loading'].includes(d.state)")
    missing = {action.__name__ for action in hands.actions} - hands.counts.keys()
    assert missing <= LISTS and (not missing or lesson in LISTS_BEHIND_A_BUTTON), hands.counts
    assert lab.troubles == []
    leave(lab)
    assert heap.falls_to(0, heap.players) == 0
    assert heap.falls_to(before + MAY_GROW_MB, heap.mb) <= before + MAY_GROW_MB


@pytest.fixture
def release_stream(lab):
    """A player that waits for its first snapshot; called, it lets the stream through."""
    held, through = [], []
    lab.page.route("**/bnviz/runs/**", lambda route: route.continue_() if through else held.append(route))
    lab.page.goto(f"{lab.server.url}/covariate-shift?steps=40&width=16&skip=1")
    lab.wait("$('.bnviz-transport')")

    def let_through():
        through.append(True)
        for route in held:
            route.continue_()

    return let_through


@pytest.mark.slow
def test_before_the_first_snapshot_no_button_and_no_key_breaks_anything(lab, release_stream):
    for button in lab.page.locator(".bnviz-transport button:not(.bnviz-stop)").all():
        button.click()
    lab.page.select_option("[aria-label=Speed]", "8")
    lab.page.locator("[aria-label=Snapshot]").fill("1")
    lab.page.evaluate("document.activeElement.blur()")
    lab.press(*KEYS)
    assert (lab.data["state"], lab.troubles) == ("loading", [])
    release_stream()
    lab.wait("d.frames > 0")


@pytest.mark.slow
def test_a_run_stopped_before_its_first_snapshot_has_ended(lab, release_stream):
    lab.page.get_by_role("button", name="Stop training").click()
    lab.wait("d.state === 'ended' && $('.bnviz-message').textContent.includes('stopped at step 0')")
    lab.press(*KEYS)
    assert lab.data["state"] == "ended"
