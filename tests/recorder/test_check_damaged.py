"""A recording of one's own network that was damaged: `bnviz check` reports what is whole, or says in one line what is wrong."""

import csv
import json

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st

import bnviz
from bnviz.__main__ import main
from bnviz.judge.network import not_looked_for
from bnviz.record.check import Damaged
from bnviz.web.export import own_files, own_page, series
from tests.recorder.training import cross_entropy, examples, mlp
from tests.test_damaged import JSON, TRIES, mutated, places, with_value

X, Y = examples()


@pytest.fixture(scope="module")
def whole():
    """A recording with two arms, every view and a training loss that is no number, as a file holds it."""
    models = {name: mlp(widths=(20, 5, 4)) for name in "ab"}
    recorder = bnviz.record(models, probe=(X, Y), loss=cross_entropy, recompute=[X], every=2, title="Two")
    for step in range(4):
        recorder.step(loss={"a": torch.tensor(float("nan") if step == 2 else 1.0), "b": 1.0})
    recorder.close()
    return b"".join(recorder.lines())


@pytest.fixture
def checked(tmp_path, capfd):
    """Check a file with these bytes; returns the exit code and what was printed."""

    def check(contents):
        path = tmp_path / "given.ndjson"
        path.write_bytes(contents)
        try:
            code = main(["check", str(path)])
        except SystemExit as stop:
            code = stop.code
        printed, error = capfd.readouterr()
        assert code in (0, 1, 2)
        assert (printed == "" and error.count("\n") == 1) if code == 2 else (error == "" and printed), error
        assert all(one.isprintable() or one == "\n" for one in printed + error)
        return code, printed + error

    return check


def test_a_whole_recording_is_checked(whole, checked):
    code, printed = checked(whole)
    assert code == 1 and "for the first time at step 3" in " ".join(printed.split())


@pytest.mark.parametrize("ends", [True, False])
def test_a_file_without_snapshots_holds_nothing(whole, checked, ends):
    header, *_, end = whole.splitlines(keepends=True)
    contents = header + end * ends
    code, printed = checked(contents)
    assert code == 2 and "nothing was recorded" in printed
    with pytest.raises(Damaged, match="nothing was recorded"):
        own_files.make(contents, "a", "html", {})


def test_what_could_not_be_looked_for_is_said_and_the_end_says_the_same(checked):
    recorder = bnviz.record(mlp(None), probe=(X, Y[:3]), loss=cross_entropy)
    recorder.step(loss=1.0)
    recorder.close()
    printed = " ".join(checked(b"".join(recorder.lines()))[1].split())
    looked_for, *missing = printed.split(" Not looked for: ")
    assert "evaluation much worse" in looked_for, "there is no batch norm, so the gap is known to be none"
    assert (
        "a loss that ends far above its start, in training and on the probe, because the loss on the probe was not" in missing[-1]
    )
    *_, end = recorder.messages()
    assert end["not_looked_for"]["loss_rose"] == "loss" and " ".join(not_looked_for(end["not_looked_for"]).split()) in printed


@TRIES
@given(seed=st.integers(0, 2**32))
def test_any_damage_is_one_line_and_2_or_no_damage_at_all(whole, checked, seed):
    checked(mutated(whole, seed))


@TRIES
@given(data=st.data())
def test_a_value_of_another_kind_is_one_line_and_2(whole, checked, data):
    lines = whole.splitlines()
    number = data.draw(st.integers(0, len(lines) - 1), "line")
    message = json.loads(lines[number])
    path = data.draw(st.sampled_from([*places(message)]), "place")
    lines[number] = json.dumps(with_value(message, path, data.draw(JSON, "value")), separators=(",", ":")).encode()
    checked(b"\n".join(lines) + b"\n")


@settings(TRIES, max_examples=30)
@given(contents=st.binary(max_size=300))
@example(b"")
@example(b"[1]\n")
@example(b'{"type":"header"' + b"[" * 100_000 + b"\n")
@example(b'{"type":"header","layers":[]}\n{"type":"end","status":null}\n')
def test_any_bytes_are_one_line_and_2(checked, contents):
    assert checked(contents)[0] == 2


def edited(recording, line, change):
    """The recording with one message changed."""
    lines = recording.splitlines()
    message = json.loads(lines[line])
    change(message)
    lines[line] = json.dumps(message).encode()
    return b"\n".join(lines) + b"\n"


@pytest.mark.parametrize(
    "line, change, words",
    [
        (0, lambda header: header.update(format=99), "its format is 99, and this release reads format 1"),
        (0, lambda header: header.pop("arms"), "line 1 is no line of a recording"),
        (0, lambda header: header["layers"][1].update(units=["a"]), "line 1 is no line of a recording"),
        (0, lambda header: header["layers"][1].update(bounds=[0, "1"]), "line 1 is no line of a recording"),
        (0, lambda header: header["layers"][1].update(bounds=[1]), "line 1 is no line of a recording"),
        (2, lambda snapshot: snapshot.pop("arms"), "line 3 is damaged"),
        (2, lambda snapshot: snapshot.update(step=float("nan")), "line 3 is damaged: NaN is not JSON"),
        (3, lambda snapshot: snapshot.update(step=0), "line 4 is damaged: step is not as it should be"),
        (2, lambda snapshot: snapshot["arms"]["a"].update(dead_units=[1]), "line 3 is damaged: dead_units is not"),
        (2, lambda snapshot: snapshot["arms"].update(c={}), "line 3 is damaged: arms is not as it should be"),
    ],
)
def test_a_line_that_is_not_as_declared_is_named(whole, checked, line, change, words):
    code, printed = checked(edited(whole, line, change))
    assert code == 2 and words in printed


def test_a_name_does_not_steer_the_terminal(whole, checked):
    def change(header):
        header["layers"][0].update(name="\x1b[31m\r\ud83d\u202ebad", idle_bias=True)

    lines = edited(whole, 0, change).replace(b"\\ud83d", b"")
    assert "[31m" in checked(lines)[1]


def test_an_older_recording_that_lacks_keys_is_checked(whole, checked):
    def change(header):
        for layer in header["layers"]:
            del layer["tap_values"]

    assert checked(edited(whole, 0, change))[0] == 1


def test_what_is_written_up_to_a_cut_line_becomes_a_page_and_a_table(whole, checked):
    cut = whole[: whole.rindex(b'{"type":"snapshot"') + 300]
    assert checked(cut)[0] != 2 and series.own_series(cut) != series.own_series(whole)
    assert own_files.make(cut, "a", "html", {}) == own_page.saved_page(cut[: cut.rindex(b"\n") + 1], "a")
    assert checked(whole[:-1])[1] == checked(whole)[1], "the end counts, with its newline and without"


def test_no_name_becomes_a_formula_in_a_table(whole):
    named = whole.replace(b'"a"', b'"=1+1"').replace(b'"train_loss":1.0', b'"@sum":"+2","train_loss":-1.0')
    rows = list(csv.DictReader(series.own_series(named).decode().splitlines()))
    assert list(rows[0])[:3] == ["step", "epoch", "arm"] and {row["arm"] for row in rows} == {"'=1+1", "b"}
    assert ("'+2", "-1.0") in {(row["'@sum"], row["train_loss"]) for row in rows}


@TRIES
@given(seed=st.integers(0, 2**32))
@example("word for a loss")
def test_export_makes_a_table_of_what_is_whole_to_check_and_says_what_check_says(whole, checked, tmp_path, capfd, seed):
    """Whatever was damaged: a table of it would hold wrong rows, and nobody would know."""
    contents = mutated(whole, seed) if isinstance(seed, int) else whole.replace(b'"train_loss":1.0', b'"train_loss":"one"', 1)
    code, printed = checked(contents)
    out = tmp_path / "x.csv"
    out.unlink(missing_ok=True)
    try:
        exported = main(["export", str(tmp_path / "given.ndjson"), "--out", str(out)])
    except SystemExit as stop:
        exported = stop.code
    error = capfd.readouterr().err
    assert (exported == 2) == (code == 2) != out.exists()
    if "line " in printed and "line 1 " not in printed:  # without a header nobody knows whose recording it is
        assert printed.partition("line ")[2] == error.partition("line ")[2]
