"""Own data sets: files in a folder, what is wrong with some, and that their contents are part of an experiment's id."""

import io
import json
import logging
import os
import subprocess
import sys
import zipfile

import numpy as np
import pytest
import torch

from bnviz.config.experiment import FIELDS, Experiment
from bnviz.config.sweep import sweep_over
from bnviz.data import DATA_SETS, load, own
from bnviz.data.limits import MOST_FEATURES, MOST_ROWS, BadData
from bnviz.data.table import read_table
from bnviz.engine import task, worker
from bnviz.record import ndjson
from bnviz.train import loop
from bnviz.web.export.archive import archive
from bnviz.web.export.validation import InvalidRecording, check_recording
from tests import ROOT

EVERYTHING = {"look_inside": "yes", "gradient_shift": "yes", "microscope": "yes", "fixed_scales": "yes", "three_views": "yes"}


def flowers(seed=0, rows=150):
    """A table of three kinds of flowers, whose columns have units far apart, with one column that is constant."""
    random, kinds = np.random.default_rng(seed), ("setosa", "versicolor", "virginica")
    lines = ["width,height,species,zero"]
    for row in range(rows):
        kind = row * 3 // rows
        lines.append(f"{kind + random.normal(0, 0.3):.4f},{1000 * kind + random.normal(0, 300):.1f},{kinds[kind]},0.1")
    return "\n".join(lines).replace("species", "class")


def table(text):
    return read_table(text.encode())


def parts(**changes):
    """The arrays of an archive."""
    random = np.random.default_rng(0)
    usual = {"x_train": random.normal(size=(30, 3)), "y_train": np.arange(30) % 3}
    return {**usual, "x_test": random.normal(size=(10, 3)), "y_test": np.arange(10) % 3, **changes}


def archived(**changes):
    file = io.BytesIO()
    np.savez(file, **{name: array for name, array in parts(**changes).items() if array is not None})
    return file.getvalue()


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Call it with files by name: they are the own data sets from then on."""

    def write(**files):
        for name, contents in files.items():
            path = tmp_path / name.replace("_", ".")
            path.write_bytes(contents if isinstance(contents, bytes) else contents.encode())
        found = own.data_sets(str(tmp_path), [name for name in DATA_SETS if not DATA_SETS[name].sha256])
        for name, data in found.sets.items():
            monkeypatch.setitem(DATA_SETS, name, data)
            monkeypatch.setitem(FIELDS["dataset"].choices, name, data.label)
        return found

    return write


def test_a_table_has_rows_with_or_without_a_header():
    body = "".join(f"{row},{row / 2},{'ab'[row % 2]}\n" for row in range(30))
    with_names, without = table(f"left,right,kind\n{body}"), table(body)
    assert with_names.x.shape == (30, 2) and (with_names.x == without.x).all() and (with_names.y == without.y).all()
    assert set(without.y) == {"a", "b"}
    assert (table(body.replace(",", ";")).x == without.x).all()


def test_what_is_predicted_is_the_named_column_or_the_last():
    rows = [(row % 3, row / 7, row) for row in range(30)]
    body = "\n".join(",".join(map(str, row)) for row in rows)
    assert table(f"class,a,b\n{body}").y.tolist() == [row[0] for row in rows]
    assert table(f"a,Target,b\n{body}").y[:, 0].tolist() == [row[1] for row in rows]
    assert table(f"a,b,c\n{body}").y.shape == (30, 1)  # 30 whole numbers are no classes, three are
    assert table("\n".join(f"{row[1]},{row[0]}" for row in rows)).y.shape == (30,)


@pytest.mark.parametrize(
    ("edit", "message"),
    [
        (lambda lines: [*lines[:16], "n/a,1,setosa,0.1", *lines[17:]], 'row 17, column "width": "n/a" is not a number'),
        (lambda lines: [*lines[:16], "1,nan,setosa,0.1", *lines[17:]], 'row 17, column "height": "nan" is not a number'),
        (lambda lines: [*lines[:16], "1,1e31,setosa,0.1", *lines[17:]], 'row 17, column "height": "1e31" is larger than 1e+30'),
        (lambda lines: [*lines[:16], "1_0,1,setosa,0.1", *lines[17:]], 'row 17, column "width": "1_0" is not a number'),
        (lambda lines: [lines[0], "", *lines[1:16], "1,2,,0.1"], 'row 18, column "class": this cell is empty'),
        (lambda lines: [*lines[:5], "1,2,setosa", *lines[6:]], "row 6: 3 values, and 4 are expected"),
        (lambda _: ["1,2,3"] * 8 + ["1,n/a,3"], 'row 9, column 2: "n/a" is not a number'),
        (lambda lines: [f"{row},a{row},1" for row in range(200)], 'row 1, column 2: "a0" is not a number'),
        (lambda _: ["a,class", *(f"{row},k{row}" for row in range(200))], 'column "class": 200 classes, and the limit is 100'),
        (lambda _: ["a,b", *(f"{row},{row / 3}" for row in range(7)), "7,-"], 'row 9, column "b": "-" is not a number'),
        (lambda _: [",".join("1" * (MOST_FEATURES + 2))], f"{MOST_FEATURES + 1:,} features, and the limit is {MOST_FEATURES:,}"),
        (lambda lines: ["1,2"] * (MOST_ROWS + 1), f"more than {MOST_ROWS:,} rows, the limit"),
        (lambda lines: [], "this file is empty"),
        (lambda lines: [lines[0]], "there is no row below the header"),
    ],
)  # fmt: skip
def test_a_bad_table_is_told_with_row_and_column(edit, message):
    with pytest.raises(BadData) as error:
        table("\n".join(edit(flowers().split("\n"))))
    assert str(error.value) == message


def test_a_table_in_another_encoding_is_told_with_its_row():
    with pytest.raises(BadData, match="row 3: this is not UTF-8 text"):
        read_table("a,b\n1,x\n2,ü\n".encode("latin-1"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"y_test": None}, "the array y_test is missing; there should be x_train, y_train, x_test, y_test"),
        ({"x_test": np.array([[1.0, 2, 3]] * 9 + [[1, np.nan, 3]])}, "x_test, row 10, column 2: nan is not a number"),
        ({"x_test": np.ones((9, 3))}, "x_test has 9 rows, and y_test has 10"),
        ({"x_test": np.ones((10, 4))}, "training and test examples have different shapes"),
        ({"x_train": np.ones((30, 3))}, "the training examples are all the same"),
        ({"y_train": np.zeros(30, int), "y_test": np.zeros(10, int)}, "there is only one class"),
        ({"y_test": np.zeros(10)}, "y_train and y_test hold different kinds of values"),
        ({"y_test": np.zeros((10, 2))}, "training and test examples have different shapes"),
        ({"y_train": np.arange(30) % 3 == 1, "y_test": np.full(10, "a")}, "y_train and y_test hold different kinds of values"),
        ({"x_train": np.array([[None] * 3] * 30)}, "this is not an archive of NumPy arrays"),
        (
            {"x_test": np.ones((2, 3)), "y_test": np.arange(2)},
            "30 training and 2 test examples, and at least 16 and 4 are needed",
        ),
    ],
)
def test_a_bad_archive_is_told(folder, changes, message):
    found = folder(points_npz=archived(**changes))
    assert not found.sets
    (problem,) = found.problems
    assert problem.removeprefix("points.npz").lstrip(":, ") == message


def test_arrays_that_are_no_archive_are_told(folder):
    found = folder(text_npz="hello", cut_npz=archived()[:300], fashion_csv=flowers(), odd__csv=flowers())
    assert not found.sets
    assert found.problems == (
        "cut.npz: this is not an archive of NumPy arrays",
        "fashion.csv: there is a data set with this name already",
        "odd..csv: a name of up to 40 letters, digits, - and _ is expected",
        "text.npz: this is not an archive of NumPy arrays",
    )


def test_features_are_standardized_each_by_itself_and_images_as_a_whole(folder):
    random = np.random.default_rng(1)
    images = random.integers(0, 255, (40, 4, 4)).astype(np.uint8)
    images[:, 0] = 0
    labels = np.arange(40) % 2
    folder(
        flowers_csv=flowers(),
        images_npz=archived(x_train=images[:30], y_train=labels[:30], x_test=images[30:], y_test=labels[30:]),
    )
    x = load("flowers").x_train
    assert np.allclose(x[:, :2].mean(0), 0, atol=1e-6) and np.allclose(x[:, :2].std(0), 1, atol=1e-5) and not x[:, 2].any()
    x = load("images").x_train
    assert x.shape == (30, 16) and np.allclose([x.mean(), x.std()], [0, 1], atol=1e-5) and len(np.unique(x[:, :4])) == 1
    data, split = DATA_SETS["flowers"], load("flowers")
    assert (data.features, data.classes, data.train_size, data.test_size, data.loss) == (3, 3, 120, 30, "cross-entropy")
    assert np.bincount(split.y_train[:60]).min() > 10  # shuffled, for `train_size` takes the first ones
    assert all(np.array_equal(one, other) for one, other in zip(split, data.load(), strict=True))


def test_numbers_to_predict_are_standardized(folder):
    folder(prices_csv="\n".join(f"{row},{row % 7},{1e6 + 1000.5 * row}" for row in range(100)))
    y = load("prices").y_train
    assert DATA_SETS["prices"].loss == "squared" and y.shape == (80, 1) and y.dtype == np.float32
    assert abs(y.mean()) < 1e-6 and abs(y.std() - 1) < 1e-5


def test_other_contents_are_another_experiment(folder):
    built_in = Experiment().id
    folder(flowers_csv=flowers())
    before, sweep = Experiment(dataset="flowers"), sweep_over(Experiment(), "dataset", ["spirals", "flowers"])
    ids, payload, load_before = (before.id, sweep.id), task.experiment_payload(before), DATA_SETS["flowers"].load
    folder(flowers_csv=flowers(seed=1))
    after = Experiment(dataset="flowers")
    assert after == before and after.id != ids[0] and Experiment().id == built_in
    assert sweep_over(Experiment(), "dataset", ["spirals", "flowers"]).id != ids[1]
    with pytest.raises(own.ChangedData, match="flowers.csv has changed"):
        load_before()
    line = next(filter(None, worker.lines_for(payload)))  # a worker that was started later
    assert ndjson.status(line) == "failed" and "the file of flowers is another one now" in json.loads(line)["message"]


def test_a_run_measures_all_there_is_and_its_script_has_its_data(folder):
    torch.set_num_threads(1)
    folder(flowers_csv=flowers())
    experiment = Experiment(dataset="flowers", width=8, hidden_layers=3, steps=60, batch_size=8, **EVERYTHING)
    recording = b"".join(line for line in worker.record(experiment, loop) if line)
    header, *_, last, end = ndjson.read(recording.splitlines())
    assert end["status"] == "finished" and header["contents"] == DATA_SETS["flowers"].sha256
    assert header["probe_size"] == 30 and last["arms"]["batch"]["test_accuracy"] > 0.9
    check_recording(recording)
    with zipfile.ZipFile(io.BytesIO(archive(recording))) as files, np.load(io.BytesIO(files.read("data.npz"))) as data:
        assert all(np.array_equal(data[name], array) for name, array in load("flowers")._asdict().items())
        assert "flowers.csv" in files.read("README.txt").decode()
    folder(flowers_csv=flowers(seed=1))
    with pytest.raises(InvalidRecording, match="of the data set flowers, which this program does not have"):
        check_recording(recording)


def test_bad_files_are_named_once(folder, caplog):
    problems = folder(flowers_csv=flowers().replace("0.1\n", "x\n", 1)).problems
    with caplog.at_level(logging.WARNING):
        own.log_problems(problems)
        own.log_problems(problems)
    assert caplog.messages == ['left out of the data sets: flowers.csv, row 2, column "zero": "x" is not a number']


def test_the_command_line_knows_them(tmp_path):
    (tmp_path / "flowers.csv").write_text(flowers(), encoding="utf-8")
    (tmp_path / "bad.csv").write_text("1,2\n3,x", encoding="utf-8")
    environment = {**os.environ, "BNVIZ_DATA": tmp_path.name, "PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-m", "bnviz", "run", "--dataset", "bad", "--out", "-"]
    result = subprocess.run(command, cwd=tmp_path.parent, env=environment, capture_output=True, text=True)
    assert result.returncode == 2 and 'bad.csv, row 2, column 2: "x" is not a number' in result.stderr
    assert "linear-map, flowers\n" in result.stderr
    assert "BNVIZ_DATA" in own.data_sets(str(tmp_path / "nowhere")).problems[0]
