"""Pictures of a run: a card of one step (PNG), and all of it as a moving picture (GIF). Made without a browser.

Loads the lessons' pages, and with them Streamlit: import it where it is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bnviz.config.experiment import Experiment
from bnviz.web.export.saved_page import page_of
from bnviz.web.export.whole import whole
from bnviz.web.picture import animation, card
from bnviz.web.picture.film import Film
from bnviz.web.site import links

PLACE = ("step", "layer", "tap")  # what of a link's place a picture shows
Filming = Callable[[bytes, str], Film]


def filmed(recording: bytes, tap: str) -> Film:
    """The film of a recording, NDJSON as the route gives it."""
    return Film(recording.splitlines(keepends=True), tap)


def still(lesson: str, recording: bytes, place: Mapping[str, str], film: Filming = filmed) -> bytes:
    """The PNG of one step of `recording`, in the frame of a lesson.

    `place` has the step (the last one, if it does not say), the layer and the signal (`tap`), as texts of a link. Raises KeyError
    for a lesson that plays no run, NotWhole, and BadField for a place that is not in it.
    """
    page = page_of(lesson)
    seen = looked_at(recording, place)
    shown = film(recording, str(seen["tap"]))
    number = len(shown) - 1 if seen["step"] is None else shown.at(int(seen["step"]))
    return card.card(shown, number, page.words["title"], page.default, seen["layer"] or page.layer)


def moving(lesson: str, recording: bytes, place: Mapping[str, str], film: Filming = filmed) -> bytes:
    """The GIF of the whole of `recording`; as `still`."""
    page = page_of(lesson)
    seen = looked_at(recording, place)
    return animation.animation(film(recording, str(seen["tap"])), page.words["title"], seen["layer"] or page.layer)


def looked_at(recording: bytes, place: Mapping[str, str]) -> dict:
    """Step, layer and tap: those that the texts name, or None, None, activation. Raises NotWhole, and BadField."""
    fields = links.view_fields(Experiment(**whole(recording)["experiment"]), cards=0)
    found = {name: fields[name].parse(text) for name, text in place.items() if name in PLACE}
    return {"step": None, "layer": None, "tap": links.VIEW["tap"], **found}
