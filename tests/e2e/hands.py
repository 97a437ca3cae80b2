"""Random hands: somebody who tries everything on a page, quickly and in no order. The same seed does the same things.

They find places on the screen and press there. Nothing here keeps a handle to an element: while a debugger holds one, its memory
cannot be collected.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable

from tests.e2e.lab import Lab

KEYS = (" ", "ArrowLeft", "ArrowRight", "Home", "End", "<", ">", "l", "m", "?", *"12345678")
# One of the visible elements that match, scrolled into view if it is not, and where it is then; null if there is none.
_FIND = """
([selector, share]) => {
  const visible = [...document.querySelectorAll(selector)].filter((one) => one.checkVisibility() && !one.disabled);
  if (!visible.length) return null;
  const one = visible[Math.floor(share * visible.length)];
  const {top, bottom} = one.getBoundingClientRect();
  if (top < 0 || bottom > innerHeight - 60) one.scrollIntoView({block: "center"});
  const {x, y, width, height} = one.getBoundingClientRect();
  window.handsAt = new WeakRef(one);
  return {x, y, width, height};
}
"""
# Something to the element found last, if it is still there.
_ON_IT = """
([action, share]) => {
  const one = window.handsAt?.deref();
  const actions = {
    slide: () => { one.value = +one.min + share * (one.max - one.min); one.dispatchEvent(new Event("input")); },
    choose: () => { one.selectedIndex = Math.floor(share * one.length); one.dispatchEvent(new Event("change")); },
    focus: () => one.focus(),
    blur: () => one.blur(),
  };
  if (!one) return null;
  actions[action]();
  return one.value ?? null;
}
"""

_TRAVEL = """
(steps) => {
  const there = navigation.entries()[navigation.currentEntry.index + steps];
  if (there?.sameDocument && new URL(there.url).pathname === location.pathname) history.go(steps);
}
"""


class Hands:
    """Two hands on one page. `counts` says how often each kind of action had an effect."""

    def __init__(self, lab: Lab, seed: int):
        self.page, self.random = lab.page, random.Random(seed)
        self.counts: dict[str, int] = {}
        self.actions: dict[Callable[[], bool], int] = {
            self.button: 6, self.choose: 3, self.scrub: 4, self.key: 6, self.wheel: 2, self.drag: 3, self.double_click: 2,
            self.setting: 4, self.preset: 2, self.selectbox: 1, self.option: 2, self.popover: 1, self.travel: 1, self.scheme: 1,
        }  # fmt: skip

    def play(self, seconds: float, least: int = 0) -> None:
        """Do one thing after another for so long, and until at least so many are done."""
        end = time.monotonic() + seconds
        while time.monotonic() < end or sum(self.counts.values()) < least:
            [action] = self.random.choices(list(self.actions), list(self.actions.values()))
            self.try_once(action)

    def play_every_kind(self, attempts: int = 20) -> None:
        """Do each kind of action that has had no effect so far until it has one, or give up after so many attempts."""
        for action in self.actions:
            for _ in range(attempts):
                if action.__name__ in self.counts:
                    break
                self.prepare(action)
                self.try_once(action)

    def prepare(self, action: Callable[[], bool]) -> None:
        """Make a place for an action: nothing lies above the page, and a list is open for its options."""
        if self.find("dialog[open]") or action != self.option:
            self.page.keyboard.press("Escape")
        if action == self.option:
            self.selectbox()

    def try_once(self, action: Callable[[], bool]) -> None:
        if action():
            self.counts[action.__name__] = self.counts.get(action.__name__, 0) + 1

    def find(self, selector: str) -> dict[str, float] | None:
        return self.page.evaluate(_FIND, [selector, self.random.random()])

    def do(self, action: str) -> str | None:
        """Act on the element found last; returns its value then."""
        return self.page.evaluate(_ON_IT, [action, self.random.random()])

    def click(self, selector: str) -> bool:
        if (box := self.find(selector)) is None:
            return False
        self.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        return True

    # --- the player

    def button(self) -> bool:
        return self.click(".bnviz-player button")

    def choose(self) -> bool:
        """An entry of one of the player's own choosers."""
        if self.find(".bnviz-player select") is None:
            return False
        self.do("choose")
        return True

    def scrub(self) -> bool:
        """One of the player's sliders, the place in the run among them."""
        if self.find(".bnviz-player input[type=range]") is None:
            return False
        self.do("slide")
        return True

    def key(self) -> bool:
        self.page.keyboard.press(self.random.choice(KEYS))
        return True

    # --- the charts

    def point(self) -> dict[str, float] | None:
        """Move the mouse to somewhere on a chart."""
        if (box := self.find(".bnviz-plot .nsewdrag")) is None:
            return None
        across, down = self.random.random(), self.random.random()
        place = {"x": box["x"] + across * box["width"], "y": box["y"] + down * box["height"]}
        self.page.mouse.move(**place)
        return place

    def wheel(self) -> bool:
        if self.point() is None:
            return False
        self.page.mouse.wheel(0, self.random.choice((-300, 300)))
        return True

    def drag(self) -> bool:
        if (place := self.point()) is None:
            return False
        self.page.mouse.down()
        self.page.mouse.move(place["x"] + self.random.uniform(-150, 150), place["y"] + self.random.uniform(-90, 90), steps=2)
        self.page.mouse.up()
        return True

    def double_click(self) -> bool:
        if (place := self.point()) is None:
            return False
        self.page.mouse.dblclick(**place)
        return True

    # --- the page's settings

    def setting(self) -> bool:
        """One of Streamlit's sliders, a step or two in one direction. At its end it stays as it is."""
        if self.find("[data-testid=stSlider] input") is None:
            return False
        before = self.do("focus")
        key = self.random.choice(("ArrowLeft", "ArrowRight"))
        for _ in range(self.random.randint(1, 3)):
            self.page.keyboard.press(key)
        return self.do("blur") != before

    def preset(self) -> bool:
        return self.click("[data-testid=stButtonGroup] button")

    def selectbox(self) -> bool:
        """Open one of Streamlit's lists."""
        return self.click("[data-testid=stSelectbox] [role=combobox]")

    def option(self) -> bool:
        """An entry of the list that is open."""
        return self.click("[role=option]")

    def popover(self) -> bool:
        """Open or close what lies behind the button at the end."""
        return self.click("[data-testid=stPopover] button")

    # --- the browser

    def travel(self) -> bool:
        """Back or on in the browser's history, as long as that leads to this page and loads nothing anew."""
        self.page.evaluate(_TRAVEL, self.random.choice((-1, 1)))
        return True

    def scheme(self) -> bool:
        self.page.emulate_media(color_scheme=self.random.choice(("light", "dark")))
        return True
