"""``python -m bnviz sweep``: what is written, what survives, what is said. Rows are a stand-in's unless the test says so."""

import itertools
import os
import re
import resource
import signal
import subprocess
import sys

import pytest

from bnviz import engine
from bnviz.__main__ import main
from bnviz.config.experiment import FIELDS, Experiment
from bnviz.config.fields import LIVE
from bnviz.config.sweep import stacks, sweep_over, trainable_arms
from bnviz.record import csv_files
from tests import ROOT, fake_stack
from tests.waiting import until

OVER = ["sweep", "--axis", "batch_size", "--values", "16,4,8"]
PLAN = sweep_over(Experiment(), "batch_size", [4, 8, 16], seeds=2)


@pytest.fixture
def instant(monkeypatch):
    """The engine that the command gets."""
    monkeypatch.setenv("BNVIZ_STORE", "")
    stand_in = fake_stack.Instant()
    monkeypatch.setattr(engine, "make", stand_in.make)
    return stand_in


@pytest.fixture
def complete(instant, tmp_path):
    """The bytes of the complete file of OVER with two seeds."""
    path = tmp_path / "whole.csv"
    assert code(*OVER, "--seeds", 2, "--out", path) == 0
    instant.plans.clear()
    return path.read_bytes()


def code(*arguments):
    """The exit code of a command line."""
    try:
        return main([str(argument) for argument in arguments])
    except SystemExit as error:
        return error.code


def requested_places(instant):
    """The places of the sweep that the engine was asked for."""
    return [(plan.values[cell.point], cell.run.arm, cell.seed) for plan in instant.plans for cell in plan.cells()]


# what is written


def test_a_row_for_every_run_sorted_with_every_digit(instant, tmp_path, capfd):
    out = tmp_path / "x.csv"
    assert code(*OVER, "--seeds", 2, "--seed", fake_stack.DIVERGES - 1, "--learning-rate", "0.3", "--out", out) == 0
    header, *lines = out.read_text(encoding="utf-8").splitlines()
    assert header == "batch_size,seed,arm,train_accuracy,test_accuracy,best_test_accuracy,train_loss,test_loss,diverged_at,run"
    expected = []
    for size, arm, seed in itertools.product([4, 8, 16], ["batch", "none"], [6, 7]):
        one = fake_stack.row(stand_in(arm, batch_size=size, seed=seed, learning_rate=0.3))
        expected.append([str(size)] + ["" if one[name] is None else repr(one[name]).strip("'") for name in header.split(",")[1:]])
    assert [line.split(",") for line in lines] == expected
    assert lines[1].split(",")[-3:-1] == ["", "3"]  # diverged: no loss
    assert out.read_bytes().endswith(b"\n") and os.listdir(tmp_path) == ["x.csv"]
    assert capfd.readouterr() == ("", "")
    assert instant.closed == 1


def stand_in(arm, **fields):
    (run,) = sweep_over(Experiment(**fields), "width", [64], [arm], seeds=1).runs()
    return run


@pytest.mark.slow
def test_the_same_rows_as_training_them_directly(tmp_path, monkeypatch):
    """Real workers."""
    monkeypatch.setenv("BNVIZ_WORKERS", "1")
    monkeypatch.setenv("BNVIZ_STORE", "")
    small = {"dataset": "spirals", "width": 8, "steps": 12, "train_size": 64}
    flags = [text for name, value in small.items() for text in ("--" + name.replace("_", "-"), value)]
    arms = ["none", "batch", "layer"]
    assert code(*OVER, "--seeds", 2, "--arms", ",".join(arms), *flags, "--out", tmp_path / "x.csv") == 0
    from bnviz.engine.worker import load_training

    plan = sweep_over(Experiment(**small), "batch_size", [16, 4, 8], arms, seeds=2)
    rows = {row["run"]: row for stack in stacks(plan.runs()) for row in load_training().train_stack(stack) if row}
    places = sorted((plan.values[cell.point], cell.run.arm, cell.seed, cell.run.id) for cell in plan.cells())
    expected_rows = [
        {"batch_size": value, **{name: rows[run][name] for name in csv_files.COLUMNS}} for value, _, _, run in places
    ]
    assert (tmp_path / "x.csv").read_bytes() == csv_files.csv_text("batch_size", expected_rows)


def test_every_axis_and_every_arm_there_is(instant, tmp_path):
    others = {
        "dataset": "spirals, cats",
        "activation": "tanh, relu",
        "initialization": "small, he",
        "coats": "mixed, black",
        "compare": "layer,rms",
        "precision": "single,double",
    }
    for name, field in FIELDS.items():
        if name == "seed" or field.role == LIVE:
            continue
        options = list(field.choices or (*field.marks, 3, 4))
        values = others.get(name) or ",".join(map(str, options[:2]))
        out = tmp_path / f"{name}.csv"
        assert code("sweep", "--axis", name.replace("_", "-"), "--values", values, "--seeds", 1, "--out", out) == 0
        assert (
            out.read_text(encoding="utf-8").startswith(f"{name},seed,arm,") and out.read_text(encoding="utf-8").count("\n") == 5
        )
    arms = ",".join(trainable_arms())
    assert code(*OVER, "--arms", arms, "--seeds", 1, "--out", tmp_path / "arms.csv") == 0
    assert (tmp_path / "arms.csv").read_text(encoding="utf-8").count("\n") == 1 + 3 * len(trainable_arms())


def test_standard_output_is_in_order_and_nothing_else(instant, complete, capfd):
    assert code(*OVER, "--seeds", 2, "--out", "-") == 0
    assert capfd.readouterr() == (complete.decode(), "")


def test_rows_come_to_standard_output_as_soon_as_those_before_them_are_there(capfd):
    table = csv_files.Stream(PLAN)
    rows = [{"batch_size": place[0], **fake_stack.row(cell.run)} for place, cell in cells_in_order()]
    lines = [csv_files.csv_text("batch_size", [row], header=False).decode() for row in rows]
    outputs = []
    for number in (1, 2, 0, 3, 11, 4):
        capfd.readouterr()
        table.add(rows[number])
        outputs.append(capfd.readouterr().out)
    assert outputs == ["", "", "".join(lines[:3]), lines[3], "", lines[4]]


def cells_in_order():
    return sorted(((PLAN.values[cell.point], cell.run.arm, cell.seed), cell) for cell in PLAN.cells())


def test_there_is_no_limit_on_what_it_may_cost(instant, tmp_path):
    big = ["--steps", 5000, "--width", 256, "--hidden-layers", 25, "--seeds", 20]
    assert code(*OVER, *big, "--out", tmp_path / "x.csv") == 0


def test_workers_and_the_engine_of_the_environment(instant, tmp_path):
    code(*OVER, "--workers", 3, "--out", tmp_path / "x.csv")
    assert instant.workers == 3
    code(*OVER, "--out", tmp_path / "y.csv")
    assert instant.workers is None  # engine.make knows


def test_a_terminal_gets_a_bar(instant, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    assert code(*OVER, "--seeds", 2, "--out", tmp_path / "x.csv") == 0
    out, err = capsys.readouterr()
    assert out == "" and " 0/12 [" in err and re.search(r"\r100%\|█+\| 12/12 \[.*\]\n$", err)


# what is said of mistakes

BAD = {
    "changes": ["--axis", "width", "--values", "8", "--changes", "20:learning_rate=1", "--out", "x.csv"],
    "normalized later": ["--axis", "width", "--values", "8", "--batch-norm-from", "20", "--out", "x.csv"],
    "changes as axis": ["--axis", "changes", "--values", "20:learning_rate=1", "--out", "x.csv"],
    "no axis": ["--values", "2", "--out", "x.csv"],
    "no values": ["--axis", "width", "--out", "x.csv"],
    "no file": ["--axis", "width", "--values", "8"],
    "unknown axis": ["--axis", "nope", "--values", "8", "--out", "x.csv"],
    "seed as axis": ["--axis", "seed", "--values", "1,2", "--out", "x.csv"],
    "bad value": ["--axis", "width", "--values", "8,many", "--out", "x.csv"],
    "value out of range": ["--axis", "batch-size", "--values", "8,1", "--out", "x.csv"],
    "nan": ["--axis", "learning_rate", "--values", "nan", "--out", "x.csv"],
    "huge": ["--axis", "width", "--values", "9" * 5000, "--out", "x.csv"],
    "no value at all": ["--axis", "width", "--values", "", "--out", "x.csv"],
    "trailing comma": ["--axis", "width", "--values", "8,", "--out", "x.csv"],
    "line break": ["--axis", "width", "--values", "8\n9", "--out", "x.csv"],
    "bad choice": ["--axis", "activation", "--values", "relu,swish", "--out", "x.csv"],
    "twice the same": ["--axis", "width", "--values", "8,16,8", "--out", "x.csv"],
    "axis given, too": ["--axis", "width", "--values", "8", "--width", "9", "--out", "x.csv"],
    "bad field": ["--axis", "width", "--values", "8", "--momentum", "2", "--out", "x.csv"],
    "no seeds": ["--axis", "width", "--values", "8", "--seeds", "0", "--out", "x.csv"],
    "too many seeds": ["--axis", "width", "--values", "8", "--seeds", "21", "--out", "x.csv"],
    "half a seed": ["--axis", "width", "--values", "8", "--seeds", "1.5", "--out", "x.csv"],
    "seeds past the last": ["--axis", "width", "--values", "8", "--seed", "9998", "--out", "x.csv"],
    "unknown arm": ["--axis", "width", "--values", "8", "--arms", "none,nope", "--out", "x.csv"],
    "held arm": ["--axis", "width", "--values", "8", "--arms", "batch-held", "--out", "x.csv"],
    "twice the same arm": ["--axis", "width", "--values", "8", "--arms", "none,none", "--out", "x.csv"],
    "no arm": ["--axis", "width", "--values", "8", "--arms", "", "--out", "x.csv"],
    "no workers": ["--axis", "width", "--values", "8", "--workers", "0", "--out", "x.csv"],
    "unknown flag": ["--axis", "width", "--values", "8", "--nope", "1", "--out", "x.csv"],
    "abbreviated flag": ["--ax", "width", "--values", "8", "--out", "x.csv"],
    "other ending": ["--axis", "width", "--values", "8", "--out", "x.ndjson"],
    "no such folder": ["--axis", "width", "--values", "8", "--out", "nowhere/x.csv"],
    "a folder": ["--axis", "width", "--values", "8", "--out", "folder.csv"],
    "a pipe": ["--axis", "width", "--values", "8", "--out", "pipe.csv"],
}


@pytest.mark.parametrize("arguments", BAD.values(), ids=BAD)
def test_bad_input_is_one_line_and_2(instant, tmp_path, monkeypatch, capfd, arguments):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.csv").mkdir()
    os.mkfifo(tmp_path / "pipe.csv")
    assert code("sweep", *arguments) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert err.count("\n") == 1 and err.startswith("python -m bnviz") and len(err) < 250
    assert instant.plans == []
    assert sorted(os.listdir(tmp_path)) == ["folder.csv", "pipe.csv"]


OTHERS = {
    "a recording": b'{"type":"header"}\n',
    "another table": b"a,b\n1,2\n",
    "a picture": b"\x89PNG\r\n\x1a\n\0\0\0" * 20,
    "no line at all": b"hello",
    "zeros": bytes(100),
    "an endless line": b"9" * 200_000 + b"\n",
    "nothing but an empty line": b"\n",
    "another axis": b"width,seed,arm,train_accuracy,test_accuracy,best_test_accuracy,train_loss,test_loss,diverged_at,run\n",
    "a line too much": lambda complete: complete + b"# my notes\n",
    "a column too much": lambda complete: complete.replace(b"\n", b",1\n"),
    "an empty line": lambda complete: complete + b"\n",
    "not a number": lambda complete: complete.replace(b",4.0,", b",much,"),
    "no run": lambda complete: b"\n".join(line.rpartition(b",")[0] + b"," for line in complete.splitlines()),
    "rows of another run": lambda complete: complete.replace(b"-none\n", b"-batch\n"),
    "an unknown run without a name": lambda complete: complete + b"4,5,none,,,,,,,\n",
    "another seed": lambda complete: complete.replace(b"\n4,0,", b"\n4,5,"),
}


@pytest.mark.parametrize("contents", OTHERS.values(), ids=OTHERS)
def test_a_file_of_something_else_is_left_alone(instant, complete, tmp_path, capfd, contents):
    out, contents = tmp_path / "x.csv", contents(complete) if callable(contents) else contents
    out.write_bytes(contents)
    assert code(*OVER, "--seeds", 2, "--out", out) == 2
    error = capfd.readouterr().err
    assert error.count("\n") == 1 and "x.csv" in error
    assert out.read_bytes() == contents and instant.plans == []


@pytest.mark.parametrize("other", [["--learning-rate", "0.3"], ["--seed", "1"], ["--arms", "none"], ["--values", "16,4"]])
def test_a_file_of_another_sweep_is_left_alone(instant, complete, tmp_path, other):
    (tmp_path / "x.csv").write_bytes(complete)
    assert code(*OVER, "--seeds", 2, *other, "--out", tmp_path / "x.csv") == 2
    assert (tmp_path / "x.csv").read_bytes() == complete and instant.plans == []


def test_a_mistake_is_answered_without_torch_and_a_sweep_never_loads_it(tmp_path):
    script = (
        "import sys\nfrom tests import fake_stack\nfrom bnviz import engine\nfrom bnviz.__main__ import main\n"
        "engine.make = fake_stack.Instant().make\n"
        "print(main(sys.argv[1:]), 'torch' in sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests'}"}
    arguments = [sys.executable, "-c", script, *OVER, "--out", str(tmp_path / "x.csv")]
    done = subprocess.run(arguments, env=environment, capture_output=True, text=True)
    assert done.stdout == "0 False\n", done.stderr


# what survives


def test_a_whole_file_is_not_touched(instant, complete, tmp_path):
    out = tmp_path / "x.csv"
    out.write_bytes(complete)
    os.utime(out, (1, 1))
    assert code(*OVER, "--seeds", 2, "--out", out) == 0
    assert out.stat().st_mtime == 1 and instant.plans == []


def test_wherever_a_file_was_cut_off_it_is_completed(instant, tmp_path):
    out, over = tmp_path / "x.csv", [*OVER[:-1], "8,4", "--seeds", 1, "--out", tmp_path / "x.csv"]
    assert code(*over) == 0
    complete, places = out.read_bytes(), sorted(requested_places(instant))
    ends = [at for at, byte in enumerate(complete) if byte == ord("\n")]
    for length in sorted({*range(0, len(complete), 5), *(at + more for at in ends for more in (-1, 0, 1))}):
        out.write_bytes(complete[:length])
        instant.plans.clear()
        assert code(*over) == 0
        assert out.read_bytes() == complete
        assert sorted(requested_places(instant)) == places[max(0, complete[:length].count(b"\n") - 1) :]


def test_rows_in_any_order_and_more_values_and_seeds_than_before(instant, complete, tmp_path):
    header, *lines = complete.splitlines(keepends=True)
    out = tmp_path / "x.csv"
    out.write_bytes(header + b"".join(lines[7:2:-1]))
    assert code(*OVER[:-1], "16,4,8,2", "--seeds", 3, "--out", out) == 0
    assert len(requested_places(instant)) == 4 * 2 * 3 - 5
    assert set(complete.splitlines()) < set(out.read_bytes().splitlines())
    assert out.read_bytes().splitlines()[1].startswith(b"2,0,batch,")


def test_where_the_axis_means_nothing_one_run_has_a_row_for_every_value(instant, tmp_path):
    over = ["sweep", "--axis", "ghost_batch_size", "--values", "4,8", "--seeds", 1, "--out", tmp_path / "x.csv"]
    assert code(*over) == 0
    complete = (tmp_path / "x.csv").read_bytes()
    assert [line.split(b",")[0] for line in complete.splitlines() if b"-none" in line] == [b"4", b"8"]
    (tmp_path / "x.csv").write_bytes(complete[: complete.rindex(b"8,0,none")])
    instant.plans.clear()
    assert code(*over) == 0
    assert requested_places(instant) == [(8, "none", 0)] and (tmp_path / "x.csv").read_bytes() == complete


def test_a_failed_sweep_keeps_its_rows_and_goes_on(instant, complete, tmp_path, capfd):
    out = tmp_path / "x.csv"
    header, first, second, *_ = complete.splitlines(keepends=True)
    out.write_bytes(header + first + second[:20])  # one row and a half
    instant.ending, instant.without = ("failed", "out of memory"), [cell.run for cell in PLAN.cells()[:5]]
    assert code(*OVER, "--seeds", 2, "--out", out) == 1
    assert capfd.readouterr().err == (
        f"python -m bnviz sweep: out of memory; 8 of 12 rows are kept in {out}; repeat the sweep to continue from there\n"
    )
    assert out.read_bytes().count(b"\n") == 9 and instant.closed == 2
    instant.ending, instant.without = ("finished", ""), ()
    instant.plans.clear()
    assert code(*OVER, "--seeds", 2, "--out", out) == 0
    assert len(requested_places(instant)) == 4 and out.read_bytes() == complete


@pytest.mark.parametrize("room", [0, 50, 300, 1000])
def test_a_full_disk_keeps_what_fitted_and_goes_on(instant, complete, tmp_path, capsys, room):
    out = tmp_path / "x.csv"
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, limits[1]))
    try:
        assert code(*OVER, "--seeds", 2, "--out", out) == 2
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    error = capsys.readouterr().err
    assert error.count("\n") == 1 and "cannot write" in error
    assert out.stat().st_size == room
    row_count = max(0, out.read_bytes().count(b"\n") - 1)
    assert room < 300 or f"{row_count} of 12 rows are kept" in error
    instant.plans.clear()
    assert code(*OVER, "--seeds", 2, "--out", out) == 0
    assert out.read_bytes() == complete and len(requested_places(instant)) == 12 - row_count


def test_a_disk_that_is_full_only_for_the_sorting_keeps_every_row(instant, complete, tmp_path, monkeypatch, capfd):
    out = tmp_path / "x.csv"
    monkeypatch.setattr(os, "fsync", lambda file: (_ for _ in ()).throw(OSError(28, "No space left on device")))
    assert code(*OVER, "--seeds", 2, "--out", out) == 2
    assert "12 of 12 rows are kept" in capfd.readouterr().err
    assert sorted(out.read_bytes().splitlines()) == sorted(complete.splitlines())
    assert sorted(os.listdir(tmp_path)) == ["whole.csv", "x.csv"]


def test_full_standard_output_is_one_line_and_2(tmp_path):
    with open("/dev/full", "wb") as full:
        done = subprocess.run([sys.executable, "-c", START, *OVER, "--out", "-"], env=started(tmp_path), stdout=full, stderr=-1)
    assert (done.returncode, done.stderr.count(b"\n")) == (2, 1), done.stderr


START = """
import sys
from tests import fake_stack
from bnviz import engine
from bnviz.__main__ import main
engine.make = fake_stack.make
sys.exit(main(sys.argv[1:]))
"""
GATED = ["sweep", "--axis", "batch_size", "--values", f"8,{fake_stack.GATED}", "--seeds", "2"]


def started(folder):
    """The environment of a command whose workers are stand-ins."""
    here = {
        "PYTHONPATH": str(ROOT),
        "BNVIZ_TEST_GATE": str(folder / "gate"),
        "BNVIZ_TEST_LOG": str(folder / "log"),
        "BNVIZ_STORE": "",
    }
    return {**os.environ, **here}


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_whatever_stops_it_the_same_command_goes_on(tmp_path, number):
    out, gate, log = tmp_path / "x.csv", tmp_path / "gate", tmp_path / "log"
    command = [sys.executable, "-c", START, *GATED, "--out", str(out)]
    with subprocess.Popen(command, env=started(tmp_path), stderr=subprocess.PIPE, text=True, start_new_session=True) as process:
        until(lambda: out.exists() and out.read_bytes().count(b"\n") == 5)  # the other four wait at the gate
        os.killpg(process.pid, number) if number == signal.SIGINT else process.send_signal(number)  # as Ctrl-C does it
        error = process.communicate(timeout=60)[1]
    message = f"interrupted; 4 of 8 rows are kept in {out}; repeat the sweep to continue from there\n"
    expected = {signal.SIGINT: (130, message), signal.SIGTERM: (143, message), signal.SIGKILL: (-9, "")}
    assert (process.returncode, error.removeprefix("python -m bnviz sweep: ")) == expected[number]
    until(lambda: subprocess.run(["pgrep", "--session", str(process.pid)], stdout=subprocess.DEVNULL).returncode)  # no orphans
    before = log.read_text(encoding="utf-8").splitlines()
    gate.touch()
    assert subprocess.run(command, env=started(tmp_path), capture_output=True).returncode == 0
    ids = [line.split(",")[-1] for line in out.read_text(encoding="utf-8").splitlines()[1:]]
    assert len(before) == 4 and len(set(ids)) == 8 and sorted(log.read_text(encoding="utf-8").splitlines()) == sorted(ids)


def test_rows_are_kept_in_the_store_where_there_is_one(tmp_path):
    gate, log, environment = tmp_path / "gate", tmp_path / "log", started(tmp_path) | {"BNVIZ_STORE": str(tmp_path / "store")}
    command = [sys.executable, "-c", START, *GATED]
    gate.touch()
    for out in ("-", str(tmp_path / "x.csv")):
        done = subprocess.run([*command, "--out", out], env=environment, capture_output=True)
        assert done.returncode == 0, done.stderr
    assert (tmp_path / "x.csv").read_bytes() == subprocess.run([*command, "--out", "-"], env=environment, stdout=-1).stdout
    assert len(log.read_text(encoding="utf-8").splitlines()) == 8
