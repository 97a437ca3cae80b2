"""Scripts wait in line for a slot: in which order they run, and what becomes of one that makes way or never ends."""

import threading
from contextlib import suppress

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from bnviz import engine
from bnviz.web.compat import RerunException
from bnviz.web.slots import COUNT, Slots, slots
from tests import ROOT
from tests.engine.test_engine import until


class Crowd:
    """Scripts in threads of their own that note when they have a slot, and keep it until they are let go."""

    def __init__(self, slots):
        self.slots, self.ran, self.gates = slots, [], {}

    def start(self, *names, supersede=0):
        """Start scripts, each in line behind the one before; the first `supersede` times each makes way for newer settings."""
        for name in names:
            before = self.slots.waiting + len(self.ran)
            self.gates[name] = threading.Semaphore(0)
            threading.Thread(target=self.run, args=(name, supersede), daemon=True).start()
            until(lambda before=before: self.slots.waiting + len(self.ran) > before)

    def run(self, name, supersede):
        for turn in range(supersede + 1):
            with suppress(RerunException), self.slots.slot():
                self.ran.append(name)
                self.gates[name].acquire()
                if turn < supersede:
                    raise RerunException(None)

    def let_go(self, name):
        """The script's run ends, now or when it comes to it."""
        self.gates[name].release()


@pytest.fixture
def crowd():
    return Crowd(Slots(count=1))


def test_a_script_waits_until_another_one_has_ended_and_they_come_in_order():
    crowd = Crowd(Slots(count=2))
    crowd.start("a", "b", "c", "d", "e")
    assert crowd.ran == ["a", "b"] and crowd.slots.waiting == 3
    crowd.let_go("b")
    until(lambda: crowd.ran == ["a", "b", "c"])
    crowd.let_go("a")
    until(lambda: crowd.ran == ["a", "b", "c", "d"])
    crowd.let_go("d")
    until(lambda: crowd.ran == ["a", "b", "c", "d", "e"])


def test_one_that_makes_way_for_newer_settings_has_the_next_turn_with_these(crowd):
    """Else it would wait as long again, be asked anew meanwhile, and never end."""
    crowd.start("a")
    crowd.start("b", supersede=1)
    crowd.start("c", "d")
    crowd.let_go("a")
    crowd.let_go("b")
    until(lambda: crowd.ran == ["a", "b", "c"] and crowd.slots.waiting == 2)
    for name in "cb":
        crowd.let_go(name)
    until(lambda: crowd.ran == ["a", "b", "c", "b", "d"])


def test_one_that_makes_way_again_and_again_does_not_keep_the_others_waiting(crowd):
    crowd.start("a", supersede=3)
    crowd.start("b", "c", "d")
    for name, waiting in (("a", 3), ("b", 2), ("a", 2)):
        crowd.let_go(name)
        until(lambda waiting=waiting: crowd.slots.waiting == waiting)
    until(lambda: crowd.ran == ["a", "b", "a", "c"] and crowd.slots.waiting == 2)
    crowd.let_go("c")
    until(lambda: crowd.ran == ["a", "b", "a", "c", "d"])


def test_an_error_gives_the_slot_back(crowd):
    with pytest.raises(ZeroDivisionError), crowd.slots.slot():
        1 / 0  # noqa: B018
    crowd.start("a")
    assert crowd.ran == ["a"]


def test_a_script_that_has_a_slot_needs_no_other_one_for_its_parts(crowd):
    part = crowd.slots.slot()(lambda: crowd.ran.append("part"))
    with crowd.slots.slot():
        part()
    assert crowd.ran == ["part"] and crowd.slots.waiting == 0


def test_a_script_that_never_ends_takes_nobodys_slot_for_ever():
    crowd = Crowd(Slots(count=1, hung_seconds=0.05))
    crowd.start("hangs", "b")
    until(lambda: crowd.ran == ["hangs", "b"])


@pytest.mark.parametrize("count", [COUNT, 0])
def test_a_page_waits_for_its_turn(monkeypatch, count):
    class Engine:
        def notice(self):
            reached.set()
            st.stop()

    reached = threading.Event()
    monkeypatch.setattr(engine, "shared", Engine)
    monkeypatch.setattr(slots, "_count", count)
    page = AppTest.from_file(str(ROOT / "bnviz" / "frame.py"), default_timeout=60)
    threading.Thread(target=page.run, daemon=True).start()
    until(lambda: reached.is_set() or slots.waiting)
    assert reached.is_set() == (count > 0)
    monkeypatch.setattr(slots, "_count", COUNT)
    with slots.slot():  # lets in who waits, too
        until(reached.is_set)
