"""The command line. The recorder is a stand-in except where the test says so."""

import os
import re
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

import bnviz
from bnviz.__main__ import main
from bnviz.config.experiment import FIELDS, Experiment
from bnviz.record import ndjson
from tests import ROOT

HEADER, SNAPSHOT = ndjson.line({"type": "header"}), ndjson.line({"type": "snapshot"})
LINES = [HEADER, None, SNAPSHOT, ndjson.end("finished", "", 1.0)]


@pytest.fixture
def recorded(monkeypatch):
    """What was recorded; `lines` is what the recorder yields, an exception among them is raised."""
    state = SimpleNamespace(experiments=[], lines=LINES)

    def record(experiment):
        state.experiments.append(experiment)
        for line in state.lines:
            if isinstance(line, BaseException):
                raise line
            yield line

    worker = SimpleNamespace(record=record)
    monkeypatch.setitem(sys.modules, "bnviz.engine.worker", worker)
    monkeypatch.setattr("bnviz.engine.worker", worker, raising=False)
    return state


def code(*arguments):
    """The exit code of a command line."""
    try:
        return main([str(argument) for argument in arguments])
    except SystemExit as error:
        return error.code


def test_a_recording_is_written_whole(recorded, tmp_path, capfd):
    out = tmp_path / "x.ndjson"
    assert code("run", "--out", out) == 0
    assert out.read_bytes() == b"".join(filter(None, LINES))
    assert recorded.experiments == [Experiment()]
    assert os.listdir(tmp_path) == ["x.ndjson"]
    assert capfd.readouterr() == ("", "")


def test_every_field_is_a_flag(recorded, tmp_path):
    other = (
        {
            "dataset": "spirals",
            "activation": "tanh",
            "initialization": "small",
            "coats": "mixed",
            "compare": "layer",
            "scale_start": "keep",
            "switch_examples": "test",
            "trainable": "scales",
            "skip_connections": "residual",
            "evaluation_coats": "coloured",
            "probe_noise": "omitted",
            "changes": "200:learning_rate=1",
        }
        | dict.fromkeys(
            ("fixed_scales", "gradient_shift", "look_inside", "microscope", "rising", "three_views", "bootstrap"), "yes"
        )
        | {"precision": "double"}
    )
    for name, field in FIELDS.items():
        value = other.get(name) or next(mark for mark in (*field.marks, 3) if mark != field.default)
        assert code("run", "--" + name.replace("_", "-"), value, "--out", tmp_path / "x.ndjson") == 0
        assert recorded.experiments[-1] == Experiment(**{name: value})


def test_standard_output(recorded, tmp_path, capfdbinary):
    assert code("run", "--out", "-") == 0
    assert capfdbinary.readouterr().out == b"".join(filter(None, LINES))


BAD = {
    "out of range": ["--batch-size", "1", "--out", "x.ndjson"],
    "nan": ["--learning-rate", "nan", "--out", "x.ndjson"],
    "infinite": ["--learning-rate", "1e999", "--out", "x.ndjson"],
    "huge": ["--seed", "9" * 5000, "--out", "x.ndjson"],
    "type": ["--steps", "many", "--out", "x.ndjson"],
    "choice": ["--activation", "swish", "--out", "x.ndjson"],
    "empty": ["--width", "", "--out", "x.ndjson"],
    "no value": ["--width", "--out", "x.ndjson"],
    "unknown flag": ["--nope", "1", "--out", "x.ndjson"],
    "abbreviated flag": ["--batch", "8", "--out", "x.ndjson"],
    "underscore": ["--batch_size", "8", "--out", "x.ndjson"],
    "too expensive": ["--steps", "5000", "--width", "256", "--out", "x.ndjson"],
    "no file": [],
    "no change": ["--changes", "learning_rate=1", "--out", "x.ndjson"],
    "change of nothing": ["--changes", "5:color=1", "--out", "x.ndjson"],
    "change beyond the end": ["--changes", "600:learning_rate=1", "--out", "x.ndjson"],
    "change beyond the network": ["--changes", "5:times_w7=2", "--out", "x.ndjson"],
    "other ending": ["--out", "x.json"],
    "no such folder": ["--out", "nowhere/x.ndjson"],
    "a folder": ["--out", "folder.ndjson"],
}


@pytest.mark.parametrize("arguments", BAD.values(), ids=BAD)
def test_bad_input_is_one_line_and_2(recorded, tmp_path, monkeypatch, capfd, arguments):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.ndjson").mkdir()
    assert code("run", *arguments) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert err.count("\n") == 1 and err.startswith("python -m bnviz") and len(err) < 250
    assert recorded.experiments == []
    assert os.listdir(tmp_path) == ["folder.ndjson"]


@pytest.mark.parametrize("arguments", [[], ["walk"]])
def test_no_such_command_is_2(arguments, capfd):
    assert code(*arguments) == 2
    assert capfd.readouterr().err.count("\n") == 1


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([*LINES[:3], ndjson.end("failed", "out of memory", 1.0)], 1),
        (LINES[:3], 1),
        ([*LINES[:3], KeyboardInterrupt()], 130),
        ([*LINES[:3], OSError(28, "No space left on device")], 2),
        ([*LINES[:3], ndjson.end("diverged", "", 1.0)], 0),
    ],
    ids=["failed", "broken off", "interrupted", "disk full", "diverged"],
)
def test_a_recording_without_result_leaves_the_old_file(recorded, tmp_path, capfd, lines, expected):
    out = tmp_path / "x.ndjson"
    out.write_bytes(b"before")
    recorded.lines = lines
    assert code("run", "--out", out) == expected
    assert os.listdir(tmp_path) == ["x.ndjson"]
    assert (out.read_bytes() == b"before") == (expected != 0)
    assert capfd.readouterr().err.count("\n") == (1 if expected in (1, 2) else 0)


def test_an_error_of_the_recorder_leaves_nothing(recorded, tmp_path):
    recorded.lines = [LINES[0], RuntimeError("?")]
    with pytest.raises(RuntimeError):
        main(["run", "--out", str(tmp_path / "x.ndjson")])
    assert os.listdir(tmp_path) == []


def test_a_terminal_gets_a_bar(recorded, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    recorded.lines = [HEADER, *[SNAPSHOT] * Experiment().snapshots, LINES[-1]]
    assert code("run", "--out", tmp_path / "x.ndjson") == 0
    total = len(recorded.lines)
    out, err = capsys.readouterr()
    assert out == "" and f" 0/{total} [" in err and re.search(rf"\r100%\|█+\| {total}/{total} \[", err) and err.endswith("\n")


def test_help_names_every_field(capsys):
    assert code("run", "--help") == 0
    output = capsys.readouterr().out
    assert all("--" + name.replace("_", "-") in output for name in FIELDS)


def test_version_in_a_process_of_its_own():
    done = subprocess.run([sys.executable, "-m", "bnviz", "--version"], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"bnviz {bnviz.__version__}\n", "")


def test_a_mistake_is_answered_without_loading_torch():
    script = (
        "import sys, bnviz.__main__ as cli\n"
        "try: cli.main(['run', '--width', '1', '--out', 'x.ndjson'])\n"
        "except SystemExit as error: print(error.code, 'torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == "2 False\n"


SLOW = """
import sys, time, types
worker = types.ModuleType("bnviz.engine.worker")
def record(experiment):
    yield b"header"
    print("started", flush=True)
    time.sleep(60)
worker.record = record
import bnviz.engine
sys.modules["bnviz.engine.worker"] = bnviz.engine.worker = worker
from bnviz.__main__ import main
sys.exit(main(["run", "--out", sys.argv[1]]))
"""


@pytest.mark.parametrize(("number", "expected"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_leaves_nothing_behind(tmp_path, number, expected):
    arguments = [sys.executable, "-c", SLOW, str(tmp_path / "x.ndjson")]
    with subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "started\n"
        time.sleep(0.05)
        process.send_signal(number)
        assert process.communicate(timeout=60)[1] == ""
    assert process.returncode == expected
    assert os.listdir(tmp_path) == []


@pytest.fixture(scope="module")
def a_run(tmp_path_factory):
    """A recording as a file, really trained."""
    path = tmp_path_factory.mktemp("runs") / "run.ndjson"
    small = {"width": 8, "steps": 10, "dataset": "mnist1d", "train-size": 100}
    assert code("run", *[text for name, value in small.items() for text in (f"--{name}", value)], "--out", path) == 0
    return path


def test_a_recording_becomes_a_page(a_run, tmp_path, capfd):
    out = tmp_path / "x.html"
    assert code("export", a_run, "--page", "batch-size", "--out", out) == 0
    assert "<h1>The noise microscope</h1>" in out.read_text(encoding="utf-8")
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(("arguments", "beginning"), [(["--step", "5"], b"\x89PNG"), ([], b"GIF89a")])
def test_a_recording_becomes_a_picture(a_run, tmp_path, capfd, arguments, beginning):
    out = tmp_path / ("x.png" if arguments else "x.gif")
    assert code("export", a_run, *arguments, "--out", out) == 0
    assert out.read_bytes().startswith(beginning)
    assert code("export", a_run, "--step", "11", "--out", tmp_path / "y.png") == 2
    assert "step = '11'" in capfd.readouterr().err and not (tmp_path / "y.png").exists()


@pytest.mark.parametrize(("ending", "begins"), [("zip", b"PK"), ("ipynb", b"{"), ("csv", b"step,epoch,")])
def test_the_ending_says_what_a_recording_becomes(a_run, tmp_path, capfd, ending, begins):
    out = tmp_path / f"x.{ending}"
    assert code("export", a_run, "--out", out) == 0
    assert out.read_bytes().startswith(begins)
    assert capfd.readouterr() == ("", "")


def test_a_page_is_chosen_for_a_page_only(a_run, tmp_path, capfd):
    assert code("export", a_run, "--page", "batch-size", "--out", tmp_path / "x.csv") == 2
    assert "--page batch-size: expected together with" in capfd.readouterr().err and os.listdir(tmp_path) == []


@pytest.mark.parametrize("ending", ["html", "zip", "ipynb", "csv", "gif"])
@pytest.mark.parametrize(
    ("contents", "arguments", "message"),
    [
        (None, [], "cannot read"),
        (b"no recording", [], "no whole recording"),
        (HEADER + SNAPSHOT, [], "no whole recording"),
        (HEADER + LINES[-1][:20], [], "no whole recording"),
        (b"", ["--page", "nowhere"], "invalid choice: 'nowhere'"),
        (b"", ["--out", "x.txt"], "ends in .html, .png, .gif, .zip, .ipynb, .csv"),
    ],
)
def test_what_is_no_recording_or_no_page_is_one_line_and_2(tmp_path, capfd, contents, arguments, message, ending):
    source, out = tmp_path / "given.ndjson", tmp_path / f"x.{ending}"
    if contents is not None:
        source.write_bytes(contents)
    assert code("export", source, "--out", out, *arguments) == 2
    error = capfd.readouterr().err
    assert message in error and error.count("\n") == 1
    assert not out.exists()


def test_a_site_is_written_and_its_size_is_told(tmp_path, monkeypatch, capfd):
    calls = []

    def plan(lessons, varied):
        calls.append((lessons, varied))
        return [SimpleNamespace(lesson="batch_size", size=3), SimpleNamespace(lesson="gamma_beta", size=4)]

    monkeypatch.setattr("bnviz.web.export.static_site.plan_site", plan)
    monkeypatch.setattr("bnviz.web.export.static_site.write", lambda folder, plans, workers: 12_300_000)
    assert code("site", "--page", "batch-size", "gamma-beta", "--vary", "learning-rate", "--out", tmp_path) == 0
    assert calls == [(["batch_size", "gamma_beta"], ["learning_rate"])]
    assert capfd.readouterr().out == f"{tmp_path / 'batch-size.html'}: 7 recordings, 12.3 MB\n"


@pytest.mark.parametrize(
    "arguments, reason", [((), "holds something else"), (("--vary", "colour"), "colour"), (("--page", "cats"), "cats")]
)
def test_a_site_that_cannot_be_written_gets_one_line(tmp_path, capfd, arguments, reason):
    (tmp_path / "thesis.tex").write_text("years of work", encoding="utf-8")
    assert code("site", "--out", tmp_path, *arguments) == 2
    assert reason in (message := capfd.readouterr().err) and message.count("\n") == 1
    assert os.listdir(tmp_path) == ["thesis.tex"]
