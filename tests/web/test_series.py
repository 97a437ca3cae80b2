"""A run's series as CSV, read by an independent reader."""

import csv
import io
import json
import math

import pytest

from bnviz.config.experiment import Experiment
from bnviz.engine import worker
from bnviz.record import ndjson
from bnviz.web.export.series import series
from bnviz.web.export.validation import InvalidRecording

SMALL = {"width": 8, "steps": 20, "snapshot_every": 5, "dataset": "mnist1d", "train_size": 100, "hidden_layers": 3}


def recorded(**more):
    return b"".join(line for line in worker.record(Experiment(**{**SMALL, **more})) if line)


@pytest.fixture(scope="module")
def recording():
    return recorded(gradient_shift="yes")


@pytest.fixture(scope="module")
def rows(recording):
    return list(csv.DictReader(io.StringIO(series(recording).decode())))


def test_a_row_for_each_snapshot_and_network(rows, recording):
    header, *snapshots, _ = map(json.loads, recording.splitlines())
    places = [(str(one["step"]), arm) for one in snapshots for arm in header["arms"]]
    assert [(row["step"], row["arm"]) for row in rows] == places


def test_the_first_columns_are_what_is_asked_for_first(rows):
    first = ["step", "epoch", "group_size", "arm", "normalizer", "train_loss", "train_accuracy", "test_loss", "test_accuracy"]
    assert list(rows[0])[: len(first)] == first


def test_every_number_is_the_recordings(rows, recording):
    _, *snapshots, _ = ndjson.read(recording.splitlines())
    left = iter(rows)
    for snapshot in snapshots:
        for values in snapshot["arms"].values():
            row = next(left)
            for key in ("train_loss", "probe_loss", "test_loss", "test_accuracy"):
                assert float(row[key]) == values[key]
            for layer in range(3):
                for tap in ndjson.TAPS:
                    assert float(row[f"shift_from_first_{tap}_{layer + 1}"]) == pytest.approx(
                        values["shift_from_first"][tap][layer]
                    )
                assert float(row[f"gradient_cosine_{layer + 1}"]) == pytest.approx(values["gradient_cosine"][layer])
            assert float(row["gradient_norm_4"]) == pytest.approx(values["gradient_norm"][3])


def test_what_only_some_networks_have_is_empty_in_the_others(recording):
    lines = [json.loads(line) for line in recording.splitlines()]
    for snapshot in lines[1:-1]:
        del snapshot["arms"]["none"]["gradient_cosine"]
    rows = list(csv.DictReader(io.StringIO(series(b"".join(map(ndjson.line, lines))).decode())))
    assert {row["arm"]: row["gradient_cosine_2"] != "" for row in rows} == {"none": False, "batch": True}


def test_what_is_no_finite_number_is_empty():
    recording = recorded(activation="identity", learning_rate=10.0)
    assert ndjson.status(recording.splitlines()[-1]) == "diverged"
    last = list(csv.DictReader(io.StringIO(series(recording).decode())))[-2]
    assert last["arm"] == "none" and last["train_loss"] == ""
    numbers = [float(text) for name, text in last.items() if text and name not in ("arm", "normalizer")]
    assert all(map(math.isfinite, numbers))


def test_a_recording_that_has_not_ended_is_refused(recording):
    with pytest.raises(InvalidRecording):
        series(b"".join(recording.splitlines(keepends=True)[:-1]))
