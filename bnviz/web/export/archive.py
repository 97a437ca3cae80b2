"""A run's script as a zip file, with the data that it reads and a word on what it is."""

from __future__ import annotations

import functools
import io
import json
import textwrap
import zipfile
from collections.abc import Mapping
from typing import Any

import numpy as np

from bnviz.config.experiment import Experiment
from bnviz.data import DATA_SETS, FOLDER
from bnviz.record import ndjson
from bnviz.web import words
from bnviz.web.export.script import script
from bnviz.web.export.validation import validated_header

DATA = "data.npz"
SHAPES = "cat_vs_other.npz"  # what bnviz/data/coats.py reads, which needs nothing else of bnviz
EPOCH = (1980, 1, 1, 0, 0, 0)  # the date of all files in it, so that equal runs give equal bytes


def archive(recording: bytes) -> bytes:
    """The zip file of a recording, NDJSON as the route gives it; raises InvalidRecording or TooLong."""
    header = validated_header(recording)
    experiment = Experiment.of_recording(header["experiment"])
    last = json.loads(ndjson.split_lines(recording)[-2])
    files = {
        "experiment.py": script(experiment).encode(),
        **_data(experiment),
        "README.txt": readme(experiment, header, last["arms"]).encode(),
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as file:
        for name, contents in files.items():
            file.writestr(zipfile.ZipInfo(name, EPOCH), contents, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def _data(experiment: Experiment) -> dict[str, bytes]:
    """What the script reads, by file name, and its licence."""
    data = DATA_SETS[experiment.dataset]
    licence = {data.licence: (FOLDER / data.licence).read_bytes()} if data.licence else {}
    if not data.has_coats:
        return {DATA: _arrays(experiment.dataset, experiment.examples), **licence}
    paint = (FOLDER / "coats.py").read_text(encoding="utf-8").replace(SHAPES, DATA)
    return {"coats.py": paint.encode(), DATA: (FOLDER / SHAPES).read_bytes(), **licence}


@functools.lru_cache(2)
def _arrays(name: str, examples: int) -> bytes:
    """The data set with so many training examples, as NumPy's own archive. Packing it takes half a second."""
    split = DATA_SETS[name].load()._asdict()
    packed = io.BytesIO()
    np.savez_compressed(packed, **{part: array[:examples] if "train" in part else array for part, array in split.items()})
    return packed.getvalue()


def readme(experiment: Experiment, header: Mapping[str, Any], arms: Mapping[str, Any]) -> str:
    """What the files are, what made the run, and what its last snapshot says of its networks."""
    texts, data = words.shared()["export"], DATA_SETS[experiment.dataset]
    paragraphs = [
        words.fill(texts["readme_title"], id=header["id"]),
        texts["readme_run"],
        words.fill(texts["readme_made"], **header["versions"]),
        "\n".join(f"    {name}: {_final_values(snapshot)}" for name, snapshot in arms.items()),
        texts["readme_same"],
        words.fill(texts["readme_painted"] if data.has_coats else texts["readme_data"], credit=data.credit),
        words.fill(texts["readme_licence"], name=data.licence) if data.licence else "",
    ]
    return "\n\n".join(one if one.startswith(" ") else textwrap.fill(one, 100) for one in paragraphs if one) + "\n"


def _final_values(snapshot: Mapping[str, Any]) -> str:
    """The line that the script ends with for a network; what is no finite number is `nan` there."""
    names = {"training loss": "train_loss", "test loss": "test_loss", "test accuracy": "test_accuracy"}
    values = {name: snapshot[key] for name, key in names.items() if key != "test_accuracy" or snapshot[key] is not None}
    return ", ".join(f"{name} {'nan' if value is None else f'{value:.6f}'}" for name, value in values.items())
