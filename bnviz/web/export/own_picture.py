"""Pictures of a recording of somebody's own network, of the place that a link names. They are rendered without a browser.

Loads Streamlit, whose letters they have: import it where it is needed.
"""

from __future__ import annotations

from collections.abc import Mapping

from bnviz.config.fields import Field
from bnviz.record.ndjson import TAPS, split_lines
from bnviz.record.own_check import whole_lines
from bnviz.web.export.own_page import header_of
from bnviz.web.picture.own_arrays import OwnArrays
from bnviz.web.picture.own_card import own_animation, own_card

LAST_STEP = 10**12


def still(recording: bytes, place: Mapping[str, str]) -> bytes:
    """The PNG of one step, up to the last whole line. `place` has the step (without it, the last one), the layer and the signal
    (`tap`), as texts of a link. Raises BadField for a place that is not in it, and ValueError for a damaged recording."""
    step = Field("step", int, LAST_STEP, "Step", "", low=0, high=LAST_STEP)
    arrays, layer = _read(recording, place)
    return own_card(arrays, arrays.at(step.parse(place.get("step") or str(LAST_STEP))), layer)


def animated(recording: bytes, place: Mapping[str, str]) -> bytes:
    """The GIF of all of it; as `still`."""
    arrays, layer = _read(recording, place)
    return own_animation(arrays, layer)


def _read(recording: bytes, place: Mapping[str, str]) -> tuple[OwnArrays, int]:
    """What is shown, and the layer that stands out: the one in the middle unless the place says."""
    header = header_of(recording)
    layers, taps = len(header["layers"]), {tap: tap for tap in header["taps"] if tap in TAPS}
    middle = (layers + 1) // 2
    layer = Field("layer", int, middle, "Layer", "", low=1, high=layers).parse(place.get("layer") or str(middle))
    tap = Field("tap", str, "activation", "Signal", "", taps).parse(place.get("tap") or "activation")
    return OwnArrays([*whole_lines(split_lines(recording))], tap), layer
