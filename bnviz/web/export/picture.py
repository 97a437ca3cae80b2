"""Pictures of a run: a card of one step (PNG), and the whole run as an animation (GIF). They are rendered without a browser.

Loads the lessons' pages, and with them Streamlit: import it where it is needed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from bnviz.config.experiment import Experiment
from bnviz.record import ndjson
from bnviz.web.export.saved_page import page_of
from bnviz.web.export.validation import validated_header
from bnviz.web.picture import animation, card
from bnviz.web.picture.recording_arrays import RecordingArrays
from bnviz.web.site import links

PLACE = ("step", "layer", "tap", "motion")  # what of a link's place a picture shows
Reader = Callable[[bytes, str, str], RecordingArrays]


def read_arrays(recording: bytes, tap: str, motion: str) -> RecordingArrays:
    """What pictures show of a recording, NDJSON as the route gives it."""
    return RecordingArrays(ndjson.split_lines(recording), tap, motion)


def still(lesson: str, recording: bytes, place: Mapping[str, str], read: Reader = read_arrays) -> bytes:
    """The PNG of one step of `recording`, in the frame of a lesson.

    `place` has the step (the last one, if it does not say), the layer, the signal (`tap`) and the `motion`, as texts of a link.
    Raises KeyError for a lesson that plays no run, InvalidRecording, and BadField for a place that is not in it.
    """
    page = page_of(lesson)
    view = parse_view(recording, place)
    arrays = read(recording, view["tap"], view["motion"])
    number = len(arrays) - 1 if view["step"] is None else arrays.at(int(view["step"]))
    return card.card(arrays, number, page.words["title"], page.default, view["layer"] or page.layer)


def animated(lesson: str, recording: bytes, place: Mapping[str, str], read: Reader = read_arrays) -> bytes:
    """The GIF of the whole of `recording`; as `still`."""
    page = page_of(lesson)
    view = parse_view(recording, place)
    arrays = read(recording, view["tap"], view["motion"])
    return animation.animation(arrays, page.words["title"], view["layer"] or page.layer)


def parse_view(recording: bytes, place: Mapping[str, str]) -> dict:
    """Step, layer, tap and motion: the texts', or None, None and the usual ones. Raises InvalidRecording, and BadField."""
    fields = links.view_fields(Experiment.of_recording(validated_header(recording)["experiment"]), cards=0)
    values = {name: fields[name].parse(text) for name, text in place.items() if name in PLACE}
    return {"step": None, "layer": None, "tap": links.VIEW["tap"], "motion": links.VIEW["motion"], **values}
