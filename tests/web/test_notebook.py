"""The notebook of a run: its cells, run by themselves, draw the numbers of the recording."""

import json
import re

import numpy as np
import pytest

from bnviz.config.experiment import Experiment
from bnviz.engine import worker
from bnviz.record import ndjson
from bnviz.web import words
from bnviz.web.export import notebook as notebooks
from bnviz.web.export.notebook import notebook
from bnviz.web.export.template import FOLDER
from tests import ROOT

SMALL = {"width": 8, "steps": 30, "snapshot_every": 3, "dataset": "mnist1d", "train_size": 100}
RUNS = {
    "usual": Experiment(**SMALL),
    "held, and another normalizer": Experiment(**SMALL, hold_from=10, compare="layer", fixed_scales="yes", look_inside="yes"),
    "numbers": Experiment(**{**SMALL, "dataset": "linear-map", "activation": "identity"}, changes="10:batch_size=4"),
    "diverged": Experiment(**SMALL, activation="identity", learning_rate=10.0),
}


@pytest.fixture(scope="module", params=RUNS)
def recording(request):
    return b"".join(line for line in worker.record(RUNS[request.param]) if line)


def code(document):
    return ["".join(cell["source"]) for cell in json.loads(document)["cells"] if cell["cell_type"] == "code"]


def figures(document):
    """The names that the cells leave behind, run one after another in a namespace of their own."""
    names = {"__name__": "__main__"}
    for source in code(document):
        exec(compile(source, "cell", "exec"), names)
    return names


def traces(figure):
    """Lines that are really drawn: x and y."""
    return [(np.array(one.x), np.array(one.y, float)) for one in figure.data]


def test_its_charts_show_the_numbers_of_the_recording(recording):
    names = figures(notebook(recording, "x.ndjson"))
    header, *snapshots, end = ndjson.read(recording.splitlines())
    steps = [one["step"] for one in snapshots]

    def recorded(key):
        """[arms, snapshots, …] of layer 2 where there are layers."""
        series = [[one["arms"][arm][key] for one in snapshots] for arm in header["arms"]]
        return np.array([[one["activation"][1] if isinstance(one, dict) else one for one in arm] for arm in series], float)

    measures = [key for key in ("train_loss", "test_loss", "test_accuracy") if not np.isnan(recorded(key)).all()]
    learning, shift, percentiles = (traces(names[name]) for name in ("learning", "shift", "percentiles"))
    assert len(learning) == len(measures) * len(header["arms"]) and "train_loss" in measures
    for chart, keys in ((learning, measures), (shift, ("shift_from_first", "shift_step"))):
        assert np.array_equal([y for _, y in chart], [arm for key in keys for arm in recorded(key)], equal_nan=True)
    assert all(x.tolist() == steps for x, _ in learning + shift + percentiles)
    low, middle, high = np.moveaxis(recorded("percentiles"), 2, 0)
    for arm, (one, two, three) in enumerate(zip(low, high, middle, strict=True)):
        chart = [y for _, y in percentiles[3 * arm : 3 * arm + 3]]
        assert np.array_equal(chart, [one, two, three], equal_nan=True)


def test_its_ridges_are_the_histograms_without_the_zeros(recording):
    names = figures(notebook(recording, "x.ndjson"))
    header, *snapshots, _ = ndjson.read(recording.splitlines())
    ridges, focus = traces(names["ridges"])[1::2], names["chosen"]
    assert focus[0] == 0 and focus[-1] == len(snapshots) - 1 and len(ridges) == len(focus) * len(header["arms"])
    for arm, name in enumerate(header["arms"]):
        first = snapshots[0]["arms"][name]
        counts = first["counts"]["activation"][1].astype(float)
        counts[np.flatnonzero(header["edges"]["activation"] <= 0).max()] -= first["zeros"]["activation"][1]
        y = ridges[arm * len(focus)][1]
        assert y / y.max() == pytest.approx(counts / counts.max())


def test_it_is_a_notebook(recording):
    """What nbformat 4.5 asks for; see its schema."""
    document = json.loads(notebook(recording, "x.ndjson"))
    assert (document["nbformat"], document["nbformat_minor"]) == (4, 5) and document["metadata"]["kernelspec"][
        "name"
    ] == "python3"
    assert len({cell["id"] for cell in document["cells"]}) == len(document["cells"])
    for cell in document["cells"]:
        assert re.fullmatch(r"[a-zA-Z0-9-_]{1,64}", cell["id"]) and cell["source"] and isinstance(cell["source"], list)
        extra = {"outputs", "execution_count"} if cell["cell_type"] == "code" else set()
        assert cell.keys() == {"cell_type", "id", "metadata", "source"} | extra
        assert "$" not in "".join(cell["source"]) and not re.search(r"^# %%|#\?|\{\w+\}$", "".join(cell["source"]), re.MULTILINE)
    assert not any(re.search(r"\bbnviz\b", source) for source in code(notebook(recording, "x.ndjson")))


def test_it_says_which_run_it_is_and_what_is_not_as_usual():
    recording = b"".join(line for line in worker.record(RUNS["numbers"]) if line)
    text = "".join(json.loads(notebook(recording, "x.ndjson"))["cells"][0]["source"])
    assert RUNS["numbers"].id in text and "`dataset = linear-map`" in text and "`changes = 10:batch_size=4`" in text


def test_what_is_too_large_is_read_from_the_file_beside(tmp_path, monkeypatch):
    recording = b"".join(line for line in worker.record(RUNS["usual"]) if line)
    alone = figures(notebook(recording, "x.ndjson"))
    monkeypatch.setattr(notebooks, "LARGEST", 1000)
    document = notebook(recording, "run of mine.ndjson")
    assert len(document) < 20_000 and "run of mine.ndjson" in json.loads(document)["cells"][4]["source"][0]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "run of mine.ndjson").write_bytes(recording)
    assert figures(document)["learning"] == alone["learning"]


def test_the_documentation_has_the_same_reader():
    """The reader of docs/recording.md, run there and here."""
    match = re.search(r"```python\n(.*?)```", (ROOT / "docs/recording.md").read_text(encoding="utf-8"), re.DOTALL)[1]
    reader = (FOLDER / "reader.py.txt").read_text(encoding="utf-8")
    assert match == f"import base64\nimport json\n\nimport numpy as np\n\n\n{reader}" and len(reader.split("\n\n")) == 3
    names = {}
    exec(match, names)
    recording = [line for line in worker.record(RUNS["usual"]) if line]
    for one, other in zip(names["read"](recording), ndjson.read(recording), strict=True):
        assert repr(one) == repr(other)


def test_every_text_has_its_cell():
    template = (FOLDER / "notebook.py.txt").read_text(encoding="utf-8")
    assert set(re.findall(r"\[markdown\] (\w+)", template)) == set(notebooks.TEXTS) <= words.shared()["export"].keys()
