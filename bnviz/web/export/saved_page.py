"""A lesson's page with one run as one HTML file: the player, its words and the whole recording. It makes no requests.

All that a browser needs is packed with gzip and written in base64. The recording's arrays are packed as bytes, apart from its
text: in base64 gzip finds less to save.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from html import escape
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from bnviz.config.experiment import FIELDS, Experiment
from bnviz.data import DATA_SETS
from bnviz.lessons import LESSONS, SWEEPING
from bnviz.web import assets, words
from bnviz.web.export.comparison import comparable
from bnviz.web.export.markup import head, html
from bnviz.web.export.packing import pack, packed_plotly, split_arrays
from bnviz.web.export.validation import validated_header
from bnviz.web.player import messages
from bnviz.web.site import links, live_edits
from bnviz.web.site.page import Page

FOLDER = Path(__file__).parent
PLAYING = tuple(lesson for lesson in LESSONS if lesson not in SWEEPING)


def page_of(lesson: str) -> Page:
    """The page of a lesson that plays a run; KeyError for any other name."""
    if lesson not in PLAYING:
        raise KeyError(lesson)
    return import_module(f"bnviz.lessons.{lesson}.page").PAGE


def saved_page(lesson: str, recording: bytes, live: str = "", beside: bytes = b"") -> bytes:
    """The HTML file of a lesson that plays `recording`, NDJSON as the route gives it.

    `live` is the address of the page that it was saved from: it opens at the place that this names. `beside` is the recording
    that it is compared with, if any. Raises KeyError for a lesson without a run, and InvalidRecording.
    """
    page, header = page_of(lesson), validated_header(recording)
    experiment = Experiment.of_recording(header["experiment"])
    export_texts = words.shared()["export"]
    texts = {
        "title": page.words["title"],
        "claim": page.words["claim"],
        "saved": words.fill(export_texts["saved"], id=header["id"], **header["versions"]),
        "credit": words.fill(words.shared()["page"]["credit"], credit=DATA_SETS[experiment.dataset].credit),
        "settings_title": export_texts["settings"],
        "noscript": export_texts["noscript"],
    }
    parts = {
        "settings": _settings(experiment),
        "live": f'<a href="{escape(live)}">{escape(export_texts["live"])}</a>' if live else "",
        "head": head(page.words["title"], f"<style>\n{(FOLDER / 'saved_page.css').read_text(encoding='utf-8')}</style>"),
        "limits": html(page.limits_text(experiment)),
        "script": script("saved_page.js"),
        "files": pack(json.dumps(_files(page, experiment, live, beside)).encode()),
        "plotly": packed_plotly(),
        **_packed("", recording),
        **_packed("beside_", comparable(beside, page.panels(experiment))),
    }
    template = (FOLDER / "saved_page.html").read_text(encoding="utf-8")
    return words.fill(template, **{name: escape(text) for name, text in texts.items()}, **parts).encode()


def _packed(name: str, recording: bytes) -> dict[str, str]:
    """Two parts of the page: a recording's lines and its arrays."""
    return {f"{name}{part}": pack(one) for part, one in zip(("lines", "arrays"), split_arrays(recording), strict=True)}


def page_data(page: Page, experiment: Experiment, place: Mapping[str, object] | None = None) -> dict[str, Any]:
    """What the player is told where there is no server to be asked; `place` is what a link says of what is on show."""
    view = {**links.VIEW, "layer": min(page.layer, experiment.hidden_layers), **(place or {})}
    panels = [panel for panel in page.panels_in_order(experiment) if not panel.get("asks")]
    data = messages.player_data(experiment.id, experiment, panels, view, page.lesson)
    return {**data, "changes": live_edits.changes_data(experiment), "usual": dataclasses.asdict(page.default), "alone": True}


def _place(page: Page, experiment: Experiment, live: str) -> dict[str, object]:
    """What of the experiment's run was on show at an address; nothing if that is the address of another one."""
    link = links.parse(parse_qs(urlsplit(live).query, keep_blank_values=True), page.default)
    return {**link.view, "beside": None} if link.experiment == experiment else {}


def _beside(experiment: Experiment, recording: bytes) -> dict[str, Any] | None:
    """The run that this recording is of, as the player is told of a comparison (types.d.ts: Data)."""
    if not recording:
        return None
    header = validated_header(recording)
    other = Experiment.of_recording(header["experiment"])
    return {"run": header["id"], **live_edits.contrast(other, experiment), "query": "", "stream": ""}


def _files(page: Page, experiment: Experiment, live: str, beside: bytes) -> dict[str, Any]:
    """What the player is told, and what it is made of."""
    bundle = assets.bundle(["web/player/player.js", f"lessons/{page.lesson}/story.js"])
    data = {**page_data(page, experiment, _place(page, experiment, live)), "beside": _beside(experiment, beside)}
    return {"data": data, **bundle, "loader": assets.loader("player")}


def script(name: str) -> str:
    """A page's own script, and what it unpacks with."""
    return f"{(FOLDER / 'unpacking.js').read_text(encoding='utf-8')}\n{(FOLDER / name).read_text(encoding='utf-8')}"


def _settings(experiment: Experiment) -> str:
    """All settings as rows of a table."""
    rows = []
    for field in FIELDS.values():
        value = getattr(experiment, field.name)
        rows.append(f"<tr><th scope='row'>{escape(field.label)}</th><td>{escape(field.value_label(value)) or '–'}</td></tr>")
    return "".join(rows)
