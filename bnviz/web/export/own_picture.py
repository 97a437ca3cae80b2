"""Pictures of a recording of a user's own network, of the place that a link names. They are rendered without a browser.

Loads Streamlit, whose letters they have: import it where it is needed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bnviz.config.fields import Field
from bnviz.record.ndjson import TAPS, split_lines
from bnviz.record.own_check import whole_lines
from bnviz.web.export.own_page import header_of
from bnviz.web.picture.own_arrays import OwnArrays
from bnviz.web.picture.own_card import own_animation, own_card
from bnviz.web.picture.own_layers import findings_of, named_layer, usual_layer


def still(recording: bytes, place: Mapping[str, str], file: str = "") -> bytes:
    """The PNG of one step, up to the last whole line; `file` is the recording's name.

    `place` has the step (without it, the last one), the layer by its number (`layer`) or by its module's name (`module`), and the
    signal (`tap`), as texts. Raises BadField for a place that is not in it, and ValueError for a damaged recording."""
    arrays, layer = _read(recording, place)
    last = arrays.steps[-1]
    step = Field("step", int, last, "Step", "", low=0, high=last).parse(place.get("step") or str(last))
    return own_card(arrays, arrays.at(step), layer, file)


def animated(recording: bytes, place: Mapping[str, str], file: str = "") -> bytes:
    """The GIF of all of it; as `still`."""
    arrays, layer = _read(recording, place)
    return own_animation(arrays, layer, file)


def _read(recording: bytes, place: Mapping[str, str]) -> tuple[OwnArrays, int]:
    """What is shown, and the highlighted layer: the usual one unless the place says."""
    header, lines = header_of(recording), [*whole_lines(split_lines(recording))]
    taps = {tap: tap for tap in header["taps"] if tap in TAPS}
    tap = Field("tap", str, "activation", "Signal", "", taps).parse(place.get("tap") or "activation")
    return OwnArrays(lines, tap), _layer(header, lines, place)


def _layer(header: Mapping[str, Any], lines: Sequence[bytes], place: Mapping[str, str]) -> int:
    if name := place.get("module"):
        return named_layer(header, name)
    if text := place.get("layer"):
        return Field("layer", int, 1, "Layer", "", low=1, high=len(header["layers"])).parse(text)
    return usual_layer(header, findings_of(lines))
