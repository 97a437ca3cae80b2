"""Recordings of people's own networks on Python's side: the page, the pages without Streamlit, `bnviz view`, and their words."""

import csv
import gzip
import io
import json
import re
import subprocess
import sys

import numpy as np
import pytest
import torch
from PIL import Image
from starlette.testclient import TestClient
from streamlit.testing.v1 import AppTest
from torch import nn

import bnviz
from bnviz import __main__
from bnviz.record import ndjson
from bnviz.web import assets, player, words
from bnviz.web.export import own_page, own_picture, series, static_site
from bnviz.web.export.own_notebook import own_notebook
from bnviz.web.own import data, gallery, viewer
from bnviz.web.own.files import GrowingFile
from bnviz.web.picture import own_layers
from bnviz.web.picture.canvas import Canvas
from bnviz.web.picture.own_arrays import OwnArrays
from tests import ROOT
from tests.web.test_saved_page import part, put_together

EXAMPLES = list(words.own()["gallery"]["examples"])
LINES = [b'{"type":"header","layers":[]}\n', b'{"type":"snapshot"}\n', b'{"type":"end"}\n']


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    """A small recording, made by the very lines that the page shows."""
    path = tmp_path_factory.mktemp("own") / "run.ndjson"
    torch.manual_seed(0)
    layers = [part for inputs, units in ((4, 6), (6, 5)) for part in (nn.Linear(inputs, units), nn.BatchNorm1d(units), nn.ReLU())]
    model = nn.Sequential(*layers, nn.Linear(5, 3))
    names = {
        "model": model,
        "x_probe": torch.randn(16, 4),
        "y_probe": torch.randint(3, (16,)),
        "loss_fn": nn.CrossEntropyLoss(),
        "loader": [(torch.randn(8, 4), torch.randint(3, (8,))) for _ in range(3)],
        "optimizer": torch.optim.SGD(model.parameters(), 0.1),
    }
    exec(snippet("plain").replace('"run.ndjson"', repr(str(path))), names)
    return path


def snippet(key):
    return (data.SNIPPETS / f"{key}.py.txt").read_text(encoding="utf-8")


def test_the_lines_that_the_page_shows_record(recording):
    lines = recording.read_bytes().splitlines(keepends=True)
    assert own_page.header_of(recording.read_bytes())["hidden_layers"] == 2
    assert [json.loads(line)["type"] for line in lines] == ["header", *["snapshot"] * 4, "end"]


@pytest.mark.parametrize("key", words.own()["snippets"])
def test_the_lines_are_python(key):
    compile(snippet(key), key, "exec")
    assert ("bnviz.record(" if key == "plain" else f"from bnviz.integrations.{key} import RecorderCallback") in snippet(key)


def test_the_page_mounts_the_place_for_recordings(monkeypatch):
    mounted = []
    monkeypatch.setattr(player, "own", lambda data: mounted.append(data))
    page = AppTest.from_file(str(ROOT / "pages" / "own.py"), default_timeout=60).run()
    assert not page.exception and page.header[0].value == words.own()["title"]
    ((shown,),) = [mounted]
    assert shown["sources"] == [] and [one["key"] for one in shown["gallery"]] == EXAMPLES
    assert [one["name"] for one in shown["snippets"]] == ["PyTorch", "Lightning", "Hugging Face"]
    assert page.markdown[-1].value == words.own()["data"].strip() and "BNVIZ_DATA" in page.markdown[-1].value


def test_every_word_is_said():
    scripts = "".join(path.read_text(encoding="utf-8") for path in (words.PACKAGE / "web" / "own").glob("*.js"))
    own = words.own()
    tables = (own["story"], own["page"], own["page"]["errors"], own["findings"], *own["panels"].values())
    tables += (own["gallery"], *own["gallery"]["examples"].values(), *own["snippets"].values())
    said = [key for table in tables for key in table]
    taps = ("linear", "normalized", "activation")
    indirect = [*(f"{form}_{tap}" for tap in taps for form in ("of", "short")), *(f"save_{ending}" for ending in viewer.SAVED)]
    read = {"errors", "title", "caption", "definition", "examples", *indirect}
    assert [key for key in said if key not in read and not re.search(rf"\b{key}\b", scripts)] == []
    assert set(own["panels"]) == {"fan", "ridges", "shift", "bands", "learning", "views", "gradients"}


def test_a_saved_page_holds_the_recording_and_asks_for_nothing(recording):
    page = own_page.saved_page(recording.read_bytes()).decode()
    assert put_together(part(page, "lines"), part(page, "arrays")) == recording.read_bytes()
    assert "connect-src data: blob:;" in page and not re.search(r'(src|href)="(?!data:)', page)
    assert [name for name, _ in json.loads(part(page, "files"))["modules"]][-1] == "web/own/own.js"


@pytest.mark.parametrize("contents", [b"", b"a,b\n", b'{"type":"header","experiment":{}}\n', b"[]\n", b"\xff\n"])
def test_what_is_no_recording_of_an_own_network_is_refused(contents):
    with pytest.raises(own_page.NotOwn):
        own_page.saved_page(contents)


def test_every_example_is_in_the_gallery_as_a_small_whole_recording():
    assert set(EXAMPLES) == {path.stem for path in (ROOT / "examples").glob("*.py")}
    assert set(gallery.FOLDER.iterdir()) == {path(key) for key in EXAMPLES for path in (gallery.path_of, gallery.program_of)}
    assert sum(gallery.path_of(key).stat().st_size for key in EXAMPLES) < 600_000
    for key in EXAMPLES:
        header, *snapshots, end = ndjson.read(gzip.decompress(gallery.path_of(key).read_bytes()).splitlines())
        assert (header["type"], end["status"], isinstance(end["findings"], list)) == ("header", "finished", True), key
        assert [one["index"] for one in snapshots] == list(range(len(snapshots))) and len(snapshots) > 5, key


def test_a_recording_of_the_gallery_keeps_all_but_some_histograms_of_units(recording):
    before = list(ndjson.read(recording.read_bytes().splitlines()))
    after = list(gallery.thinned(before))
    assert after[0] == {**before[0], "watched_units": before[0]["watched_units"][:3]} and len(before[0]["watched_units"]) > 3
    for old, new in zip(before[1:], after[1:], strict=True):
        if old["type"] == "end":
            assert new == old
            continue
        (part,), (whole,) = new["arms"].values(), old["arms"].values()
        assert list(part) == list(whole)
        assert part["unit_counts"]["linear"].shape[1] == 3 == part["unit_zeros"]["linear"].shape[1]
        assert (part["unit_counts"]["linear"] == whole["unit_counts"]["linear"][:, :3]).all()
        assert part["counts"] is whole["counts"]


def test_the_gallery_is_served_with_the_page(tmp_path):
    files, name = assets.files(), gallery.entries()[0]["file"]
    assert files[name] == gallery.path_of(EXAMPLES[0])
    client = TestClient(viewer.application([tmp_path]), base_url="http://127.0.0.1:1")
    answer = client.get(f"/{assets.addresses()['files']}/{name}")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/gzip")
    assert answer.content == files[name].read_bytes()


def test_a_title_cannot_become_markup():
    page = own_page.page("", {"data": {"name": "</script><b>"}}, title="<b>x</b>")
    assert "<b>" not in page


def test_the_static_site_has_the_page(tmp_path):
    plan = static_site.Plan("live_shift")
    page = static_site._own_page([plan])
    assert '<a href="index.html">' in page and '<a href="own.html" aria-current="page">' in page
    assert '"script": "files/player.js"' in page and "connect-src data: blob:" in page
    navigation = static_site._navigation(plan, [plan, static_site.Plan("weight_decay")])
    names = re.findall(r">([^<]+)</", navigation)
    assert names == ["The lecture", "Live shift", "Beyond it", "Weight decay", "Your own network"]


def test_a_growing_file_is_served_up_to_its_last_whole_line(tmp_path):
    path = tmp_path / "run.ndjson"
    path.write_bytes(LINES[0] + LINES[1][:7])
    file = GrowingFile(path)

    def lines(start, version=""):
        found = file.lines(start, version)
        return None if found is None else b"".join(found[1])

    assert lines(0) == LINES[0] and lines(1) == b"" and lines(2) is None
    path.write_bytes(b"".join(LINES))
    assert lines(1) == LINES[1] + LINES[2] and lines(3) == b""
    version = file.version
    assert lines(3, version) == b"" and lines(3, "00000000") is None
    path.write_bytes(LINES[0])  # it is cut off
    assert lines(3, version) is None and lines(0) == LINES[0] and lines(1, version) == b""
    other = LINES[0].replace(b"[]", b"[1]")
    path.write_bytes(other + b"".join(LINES[1:]))  # another recording, which is as long
    assert lines(1, version) is None and lines(0) == other + LINES[1] + LINES[2] and lines(1, file.version) == LINES[1] + LINES[2]
    path.write_bytes(other[:9])
    assert (lines(0), file.version) == (b"", "")


def test_the_viewer_shows_its_files_to_this_machine_alone(tmp_path):
    paths = [tmp_path / "a.ndjson", tmp_path / "b" / "a.ndjson"]
    paths[1].parent.mkdir()
    for path in paths:
        path.write_bytes(b"".join(LINES))
    client = TestClient(viewer.application(paths), base_url="http://127.0.0.1:1")
    page = client.get("/").text
    (text,) = re.findall(r'id="page">(.*?)</script>', page)
    contents = json.loads(text)
    assert [one["name"] for one in contents["data"]["sources"]] == [str(path) for path in paths]
    assert "connect-src 'self'" in page
    address = contents["data"]["sources"][1]["address"]
    assert client.get(f"/{address}").content == b"".join(LINES)
    assert client.get(f"/{address}?from=2").content == LINES[2]
    version = client.get(f"/{address}").headers["Bnviz-Recording"]
    assert client.get(f"/{address}?from=2&version={version}").content == LINES[2]
    refused = [
        (f"/{address}?from=4", 410),
        (f"/{address}?from=1&version=00000000", 410),
        (f"/{address}?from=x", 404),
        ("/recordings/2.ndjson", 404),
        ("/a.ndjson", 404),
    ]
    assert [(name, client.get(name).status_code) for name, _ in refused] == refused
    assert client.get(f"/{address}", headers={"host": "evil.example"}).status_code == 400
    assert client.get(f"/{address}", headers={"sec-fetch-site": "cross-site", "sec-fetch-mode": "cors"}).status_code == 404
    paths[1].unlink()
    assert client.get(f"/{address}").status_code == 404
    files = contents["data"]["addresses"]["files"]
    assert client.get(f"/{files}/web/own/own.js").status_code == 200


def test_the_viewer_saves_recordings_of_own_networks(recording, tmp_path):
    lab = tmp_path / "lab.ndjson"
    lab.write_bytes(b'{"type":"header","format":1,"experiment":{}}\n')
    client = TestClient(viewer.application([recording, lab]), base_url="http://127.0.0.1:1")
    page, table = (client.get(f"/saved/0.{ending}") for ending in ("html", "csv"))
    assert page.content == own_page.saved_page(recording.read_bytes(), recording.name)
    assert table.content == series.own_series(recording.read_bytes())
    assert table.headers["content-disposition"] == 'attachment; filename="run.csv"'
    picture = client.get("/saved/0.png?step=1&layer=2&tap=linear")
    assert picture.content == own_picture.still(
        recording.read_bytes(), {"step": "1", "layer": "2", "tap": "linear"}, "run.ndjson"
    )
    names = ("1.html", "1.csv", "1.gif", "0.zip", "2.csv", "0.png?layer=3", "0.png?tap=x")
    assert [client.get(f"/saved/{name}").status_code for name in names] == [409, 409, 409, 404, 404, 409, 409]


def test_the_command_names_a_file_that_is_not_there():
    command = [sys.executable, "-m", "bnviz", "view", "none.ndjson"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert (done.returncode, done.stderr) == (2, "python -m bnviz view: none.ndjson: there is no such file\n")


def test_a_table_has_a_row_a_snapshot_and_parameters_by_name(recording):
    *whole, last, _ = recording.read_bytes().splitlines(keepends=True)
    cut = b"".join(whole) + last[:99]  # training was killed while the last snapshot was written
    rows = list(csv.DictReader(series.own_series(cut).decode().splitlines()))
    assert [(row["step"], row["arm"]) for row in rows] == [("0", "model"), ("1", "model"), ("2", "model")]
    assert float(rows[2]["gradient_norm 0.weight"]) > 0 and rows[0]["gradient_norm 0.weight"] == ""
    assert float(rows[2]["shift_from_first_activation_1"]) > 0 == float(rows[0]["shift_from_first_activation_1"])


STARTS = {".html": b"<!doctype html>", ".csv": b"step,", ".png": b"\x89PNG", ".gif": b"GIF89a", ".ipynb": b"{", ".zip": None}


@pytest.mark.parametrize("ending", STARTS)
def test_the_command_makes_files_of_each_kind(recording, tmp_path, ending, capsys):
    out = tmp_path / f"own{ending}"
    if STARTS[ending] is None:
        with pytest.raises(SystemExit, match="2"):
            __main__.main(["export", str(recording), "--out", str(out)])
        assert "an animation (.gif), a notebook (.ipynb), not into .zip" in capsys.readouterr().err
    else:
        step = ["--step", "1", "--layer", "4"] if ending == ".png" else []
        assert __main__.main(["export", str(recording), *step, "--out", str(out)]) == 0
        assert out.read_bytes().startswith(STARTS[ending])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--step", "9999"], "step = '9999': expected a whole number from 0 to 3"),
        (["--page", "batch-size"], "--page batch-size: expected for a recording of the lab, and this one is of your own network"),
        (["--layer", "up2"], "layer = 'up2': expected the module of a recorded layer: 1, 4"),
    ],
)
def test_a_place_that_an_own_recording_lacks_is_one_line_and_2(recording, tmp_path, arguments, message, capsys):
    with pytest.raises(SystemExit, match="2"):
        __main__.main(["export", str(recording), *arguments, "--out", str(tmp_path / "x.png")])
    error = capsys.readouterr().err
    assert message in error and error.count("\n") == 1 and not (tmp_path / "x.png").exists()


def net():
    return nn.Sequential(nn.Linear(4, 40), nn.Tanh(), nn.Linear(40, 3), nn.ReLU(), nn.Linear(3, 2))


def wide(arms=2, lost=False):
    """The lines of a recording of layers of 40 and 3 units; with `lost`, the last snapshot of its first arm is not measured."""
    torch.manual_seed(0)
    models = {f"net {arm}": net() for arm in range(arms)}
    recorder = bnviz.record(models, probe=torch.randn(30, 4), every=1, title="`<b>`")
    for _ in range(2):
        for model in models.values():
            nn.init.normal_(model[0].weight, std=1e30 if lost else 1)
        recorder.step()
    recorder.close()
    header, *snapshots, end = recorder.messages()
    if lost:
        snapshots[-1]["arms"]["net 0"] = {"train_loss": None}
    return b"".join(map(ndjson.line, (header, *snapshots, end)))


def test_a_picture_shows_its_step_layer_and_signal_and_an_animation_all_steps():
    lines = wide()
    pictures = [{}, {"step": "1"}, {"step": "1", "layer": "2"}, {"tap": "linear"}]
    images = [Image.open(io.BytesIO(own_picture.still(lines, place))) for place in pictures]
    assert {image.size for image in images} == {(1200, 630)}
    assert len({image.convert("RGB").tobytes() for image in images}) == len(pictures)
    assert own_picture.still(lines, {"step": "2"}) == own_picture.still(lines, {})
    animation = Image.open(io.BytesIO(own_picture.animated(lines, {"layer": "1"})))
    assert animation.n_frames == 3


def own_messages(layers=("a", "b", "c"), normalizers=(), findings=(), **more):
    """The lines of a made-up recording of one snapshot, of layers with these names; `more` is of its header."""
    listed = [
        {"name": name, "units": [0, 1], "values": 9, "normalizer": "BatchNorm1d" * (name in normalizers)} for name in layers
    ]
    edges = {tap: np.tile(np.linspace(-1, 1, 13), (len(layers), 1)) for tap in ndjson.TAPS}
    header = {"type": "header", "arms": ["model"], "layers": listed, "taps": list(ndjson.TAPS), "edges": edges, **more}
    part = {"probe_loss": 0.2, "probe_accuracy": 0.99, "evaluation_loss": 2.1, "evaluation_accuracy": 0.1}
    snapshot = {"type": "snapshot", "step": 3, "arms": dict.fromkeys(header["arms"], part)}
    end = {"type": "end", "status": "finished", "message": "", "seconds": 1, "findings": list(findings)}
    return [ndjson.line(message) for message in (header, snapshot, end)]


def texts_of(picture, monkeypatch):
    """All that a picture says."""
    said = []
    monkeypatch.setattr(Canvas, "text", lambda self, x, y, words, *_, **__: said.append(words))
    picture()
    return said


@pytest.mark.parametrize("paint", [own_picture.still, own_picture.animated])
def test_a_picture_says_which_view_its_numbers_are_of_and_what_the_recording_is_called(paint, monkeypatch):
    said = texts_of(lambda: paint(b"".join(own_messages()), {}, "run.ndjson"), monkeypatch)
    table = ["", "loss", "accuracy", "as in training", "0.20", "99 %", "evaluation", "2.1", "10 %"]
    assert any(said[place : place + 9] == table for place in range(len(said)))
    assert "run.ndjson" in said and "Why batch norm works" not in said
    header = dict(next(ndjson.read(own_messages())), view="evaluation")
    said = texts_of(lambda: paint(b"".join([ndjson.line(header), *own_messages()[1:]]), {}), monkeypatch)
    assert "as in training" not in said and "2.1" in said


@pytest.mark.parametrize(
    ("contents", "expected"),
    [
        ({}, 2),
        ({"normalizers": "c"}, 3),
        ({"normalizers": "c", "findings": [{"arm": "model", "layer": ""}, None, {"arm": "model", "layer": "a"}]}, 1),
        ({"normalizers": "a", "findings": [{"arm": "model", "layer": "b.weight"}, {"arm": "model", "layer": "c"}]}, 2),
    ],
)
def test_a_picture_is_about_the_layer_of_the_first_finding_else_about_a_normalized_one(contents, expected):
    lines = own_messages(**contents)
    header = next(ndjson.read(lines))
    assert own_layers.usual_layer(header, own_layers.findings_of(lines)) == expected
    recording = b"".join(lines)
    assert own_picture.still(recording, {}) == own_picture.still(recording, {"module": "abc"[expected - 1]})


@pytest.mark.parametrize("paint", [own_picture.still, own_picture.animated])
def test_each_network_of_a_picture_has_its_own_names_of_layers(paint, monkeypatch):
    others = next(ndjson.read(own_messages(("d", "e", "f"))))["layers"]
    lines = own_messages(arms=["G", "D"], arm_layers={"D": others}, findings=[{"arm": "D", "layer": "f"}])
    said = texts_of(lambda: paint(b"".join(lines), {}), monkeypatch)
    names = [text for text in said if text.startswith("module")]
    assert names == [f'module "{name}"' for name in "abcdef"]
    if paint is own_picture.still:
        assert said[-1] == 'a has moved since the first snapshot: G, module "c": beyond measure; D, module "f": beyond measure'


@pytest.mark.parametrize("arms", [1, 4])
def test_what_was_not_measured_leaves_a_gap_in_pictures(arms):
    lines = wide(arms, lost=True)
    arrays = OwnArrays(lines.splitlines(keepends=True))
    assert np.isnan(arrays.series["net 0"].heights[-1]).all() and np.isnan(arrays.series["net 0"].motion[:, 1, 3:]).all()
    assert own_picture.still(lines, {}) and own_picture.animated(lines, {})


@pytest.mark.parametrize("lost", [False, True])
def test_the_notebook_draws_what_was_recorded(lost):
    lines = wide(lost=lost)
    cells = json.loads(own_notebook(lines, "x.ndjson"))["cells"]
    code, texts = (["".join(one["source"]) for one in cells if one["cell_type"] == kind] for kind in ("code", "markdown"))
    assert texts[0].startswith(r"# \`\<b\>\`")
    names = {}
    for one in code:
        exec(compile(one, "cell", "exec"), names)
    _, *snapshots, _ = ndjson.read(lines.splitlines())
    expected = [one["arms"]["net 1"]["shift_from_first"]["activation"][0] for one in snapshots]
    assert np.array_equal(names["shift"].data[1].y, expected) and names["LAYER"] == 1
    counts = snapshots[-1]["arms"]["net 1"]["counts"]["activation"][0] / np.diff(names["edges"])
    drawn = np.array(names["ridges"].data[-1].y) - 2
    assert np.allclose(drawn / drawn.max(), counts / counts.max())


def test_a_notebook_names_the_layers_of_each_network(capsys):
    class Shared(nn.Sequential):
        """A module that is called twice."""

        def forward(self, x):
            return self[1](self[0](self[0](x).relu()).relu())

    ours = nn.Sequential(nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 4), nn.ReLU(), nn.Linear(4, 2))
    models = {"ours": ours, "theirs": Shared(nn.Linear(4, 4), nn.Linear(4, 2))}
    recorder = bnviz.record(models, probe=torch.randn(30, 4), every=1)
    recorder.step()
    recorder.close()
    names = {}
    for one in json.loads(own_notebook(b"".join(recorder.lines()), "x.ndjson"))["cells"]:
        if one["cell_type"] == "code":
            code = "".join(one["source"]).replace("LAYER, TAP = 1", "LAYER, TAP = 2")
            exec(compile(code, "cell", "exec"), names)
    assert capsys.readouterr().out == "1  0, Linear\n2  ours: 2, Linear  theirs: 0 (call 2), Linear\n"
    labels = ["ours: 2", "theirs: 0 (call 2)"]
    assert [trace.name for trace in names["shift"].data[:2]] == labels
    assert [one.text for one in names["percentiles"].layout.annotations] == labels
    assert [one.text for one in names["ridges"].layout.annotations] == labels
    assert names["ridges"].layout.xaxis.title.text == "activation of layer 2"
