"""A recording of a user's own network as a Jupyter notebook that reads it and draws it with Plotly, without bnviz.

The notebook is the template own_notebook.py.txt: see notebook.py.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from bnviz.record.ndjson import split_lines
from bnviz.record.own_check import whole_lines
from bnviz.web import words
from bnviz.web.export.notebook import TEXTS, document, packed_without_units
from bnviz.web.export.own_page import header_of
from bnviz.web.picture.own_layers import findings_of, usual_layer
from bnviz.web.picture.palette import colours_of

SHARED_TEXTS = ("notebook_read", "notebook_alone", "notebook_beside")  # what a run of the lab says as well


def own_notebook(recording: bytes, file: str) -> bytes:
    """The notebook (nbformat 4.5) of a recording, up to its last whole line; as `notebook`. Raises NotOwn, and ValueError for a
    damaged line."""
    header = header_of(recording)
    lines = [*whole_lines(split_lines(recording))]
    packed, layer = packed_without_units(b"".join(lines)), usual_layer(header, findings_of(lines))
    values = {"arms": json.dumps(colours_of(header["arms"]), ensure_ascii=False), "layer": layer}
    return document("own_notebook.py.txt", values, packed, file, _texts(header, file))


def _texts(header: Mapping[str, Any], file: str) -> dict[str, str]:
    """The cells of Markdown by name."""
    own, shared = words.own()["notebook"], words.shared()["export"]
    versions = {"bnviz": "", "torch": "", "python": "", **(header.get("versions") or {})}
    title = _plain(header.get("title") or own["untitled"])
    values = {"title": title, "arms": ", ".join(map(_plain, header["arms"])), "file": f"`{file}`", **versions}
    return {name: words.fill((shared if name in SHARED_TEXTS else own)[name], **values) for name in TEXTS}


def _plain(text: object) -> str:
    """A user's text, which Markdown shows unchanged."""
    return "".join(f"\\{one}" if one in "\\`*_{}[]<>()#+-.!|~$&" else one for one in " ".join(str(text).split()))
