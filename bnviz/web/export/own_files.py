"""The formats in which a recording of a user's own network can be saved, by the ending of the file."""

from __future__ import annotations

import json
from collections.abc import Mapping

from bnviz.record.check import Damaged
from bnviz.record.ndjson import split_lines
from bnviz.record.own_check import NOTHING_RECORDED, whole_recording
from bnviz.web.export import own_notebook, own_page, series

ENDINGS = {"html": "a page", "csv": "a table", "png": "a picture", "gif": "an animation", "ipynb": "a notebook"}


def make(recording: bytes, file: str, ending: str, place: Mapping[str, str]) -> bytes:
    """The file of a recording, up to its last whole line; `file` is the name of the recording's own. A picture shows the step,
    layer and signal that `place` names. Raises KeyError for another ending, BadField for a place that the recording lacks, and
    ValueError for one that is damaged, or not of a user's own network, with the message of `bnviz check`."""
    whole = whole_recording(recording)
    if ending in ("png", "gif"):
        from bnviz.web.export import own_picture  # loads Streamlit, which nothing else need wait for

        return (own_picture.still if ending == "png" else own_picture.animated)(whole, place, file)
    makers = {
        "html": lambda: _page(whole, file),
        "csv": lambda: series.own_series(whole),
        "ipynb": lambda: own_notebook.own_notebook(whole, file),
    }
    return makers[ending]()


def _page(whole: bytes, file: str) -> bytes:
    """A page that plays a whole recording. Raises Damaged where there is nothing to play."""
    if not any(json.loads(line)["type"] == "snapshot" for line in split_lines(whole)):
        raise Damaged(NOTHING_RECORDED)
    return own_page.saved_page(whole, file)
