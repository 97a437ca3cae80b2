"""A run as a Jupyter notebook that reads its recording and draws it with Plotly, without bnviz.

The notebook is the template notebook.py.txt, whose cells begin with `# %%`; those of Markdown name their text in the catalogue.
"""

from __future__ import annotations

import base64
import gzip
import json
import re
from collections.abc import Mapping
from typing import Any

from bnviz.config.arms import ARMS, original
from bnviz.config.experiment import FIELDS, Experiment
from bnviz.config.fields import format_value
from bnviz.record import ndjson
from bnviz.web import words
from bnviz.web.export.series import by_layer, single
from bnviz.web.export.template import FOLDER, rendered
from bnviz.web.export.validation import validated_header
from bnviz.web.figures import COLOURS

LARGEST = 3_000_000  # characters of a recording that is a part of the notebook
PLOTTED_KEYS = {"counts", "percentiles"}  # keys with more than a number for each layer that are drawn
TEXTS = (
    "notebook_title", "notebook_read", "notebook_alone", "notebook_beside",
    "notebook_learning", "notebook_percentiles", "notebook_ridges", "notebook_shift",
)  # fmt: skip
SAID_OF_SETTINGS = ("notebook_usual", "notebook_settings")
_CELL = re.compile(r"^# %%(?: \[markdown\] (\w+))?\n", re.MULTILINE)


def notebook(recording: bytes, file: str) -> bytes:
    """The notebook (nbformat 4.5) of a recording, NDJSON as the route gives it; raises InvalidRecording.

    A recording that is too large to be a part of it is read from `file` beside it.
    """
    header = validated_header(recording)
    values = {"arms": _arms(header["arms"])}
    return document("notebook.py.txt", values, packed_without_units(recording), file, _texts(header, file))


def document(template: str, values: Mapping[str, object], packed: str, file: str, texts: Mapping[str, str]) -> bytes:
    """The notebook of a template, with these values and texts, and a packed recording, or the name of the file that has it."""
    alone = len(packed) <= LARGEST
    common = {
        "alone": alone,
        "reader": (FOLDER / "reader.py.txt").read_text(encoding="utf-8").rstrip(),
        "recording": json.dumps(packed if alone else file),
    }
    _, *parts = _CELL.split(rendered(template, {**common, **values}))
    cells = [_cell(place, texts.get(text), code) for place, (text, code) in enumerate(zip(parts[::2], parts[1::2], strict=True))]
    python = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": python, "language_info": {"name": "python"}}
    whole_notebook = {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(whole_notebook, indent=1, ensure_ascii=False).encode() + b"\n"


def packed_without_units(recording: bytes) -> str:
    """The recording without what is known of single units and examples: gzip, in base64."""
    kept = b"".join(ndjson.line(_without_units(message)) for message in ndjson.read(ndjson.split_lines(recording)))
    return base64.b64encode(gzip.compress(kept, 9, mtime=0)).decode("ascii")


def _without_units(message: Mapping[str, Any]) -> dict[str, Any]:
    if message["type"] != "snapshot":
        return dict(message)
    arms = {
        arm: {key: value for key, value in values.items() if key in PLOTTED_KEYS or single(value) or by_layer(value)}
        for arm, values in message["arms"].items()
    }
    return {**message, "arms": arms}


def _arms(arms: list[str]) -> str:
    """A dictionary: label, colour and dash of every network."""
    about = {arm: ", held" * ARMS[arm].held + ", rising rate" * ARMS[arm].rising for arm in arms}
    styles = {arm: (ARMS[arm].label + about[arm], COLOURS[original(arm)]) for arm in arms}
    lines = (
        f'    "{arm}": ("{label}", "{colour}", "{"dot" if ARMS[arm].derived else "solid"}"),'
        for arm, (label, colour) in styles.items()
    )
    return "\n".join(["{", *lines, "}"])


def _texts(header: Mapping[str, Any], file: str) -> dict[str, str]:
    """The cells of Markdown by name."""
    texts, usual = words.shared()["export"], Experiment()
    experiment = Experiment.of_recording(header["experiment"])
    names = [name for name in FIELDS if getattr(experiment, name) != getattr(usual, name)]
    settings = ", ".join(f"`{name} = {format_value(getattr(experiment, name))}`" for name in names)
    values = {
        "id": header["id"],
        "arms": ", ".join(ARMS[arm].label for arm in header["arms"]),
        "settings": words.fill(texts[SAID_OF_SETTINGS[bool(names)]], settings=settings),
        "file": f"`{file}`",
        **header["versions"],
    }
    return {name: words.fill(texts[name], **values) for name in TEXTS}


def _cell(place: int, text: str | None, code: str) -> dict[str, Any]:
    """A cell: Markdown if there is a text, else code. One that holds a recording is folded away."""
    id = f"cell-{place}"
    if text is not None:
        return {"cell_type": "markdown", "id": id, "metadata": {}, "source": text.splitlines(keepends=True)}
    metadata = {"jupyter": {"source_hidden": True}} if code.startswith("RECORDING") else {}
    source = code.rstrip().splitlines(keepends=True)
    return {"cell_type": "code", "id": id, "metadata": metadata, "execution_count": None, "outputs": [], "source": source}
