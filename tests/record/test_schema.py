"""Recordings are what the schema says: every key, its shape, and nothing else."""

import dataclasses
import functools
import re

import numpy as np
import pytest
import torch

from bnviz.config.arms import COMPARED
from bnviz.config.experiment import Experiment
from bnviz.config.sweep import sweep_over
from bnviz.engine import make
from bnviz.measures import budget
from bnviz.measures.registry import checkpoint_measure, live_measures, measures
from bnviz.record import ndjson, schema
from bnviz.record.piece import Piece
from bnviz.record.rows import Rows
from bnviz.record.size import size_of
from bnviz.record.size import sizes_of as estimated_sizes
from bnviz.record.store import Store
from bnviz.train import loop
from tests.waiting import until

MEASURED = {
    "look_inside": "yes",
    "gradient_shift": "yes",
    "microscope": "yes",
    "three_views": "yes",
    "evaluation_coats": "coloured",
}
FEWER = {"parts", "examples"}  # sizes that may be smaller: layer norm has one part, a minibatch may have few examples
EVERYTHING = {**MEASURED, "fixed_scales": "yes", "hold_from": 3, "rising": "yes"}
SMALL = {"steps": 5, "width": 16, "train_size": 64, "batch_size": 16, "snapshot_every": 2}
EXPERIMENTS = {
    "plain": Experiment(**SMALL),
    "everything": Experiment(**SMALL, **EVERYTHING),
    **{arm: Experiment(**SMALL, **EVERYTHING, dataset="cats", hidden_layers=3, compare=arm) for arm in COMPARED},
    "numbers": Experiment(**SMALL, **EVERYTHING, dataset="linear-map"),
    "SkipInit": Experiment(**SMALL, skip_connections="skipinit"),
    "diverging": Experiment(**SMALL, learning_rate=10.0, momentum=0.9),
    "normalized later": Experiment(**SMALL, **EVERYTHING, batch_norm_from=2),
    "changed": Experiment(**SMALL, **EVERYTHING, changes="1:compare=none;2:batch_size=4;3:freeze_layer=3;4:compare=rms"),
    "shifted": Experiment(**SMALL, three_views="yes", changes="2:input_shift=1"),
}


def sizes_of(header):
    """The sizes that are known from a header; others have to agree with each other within a line."""
    return {
        "layers": header["hidden_layers"],
        "width": header["experiment"]["width"],
        "bins": len(header["edges"]["linear"]) - 1,
        "watched": len(header["watched_units"]),
        "percentiles": len(header["percentiles"]),
        "classes": header["classes"],
    }


def check(keys, result, sizes, where=""):
    """Every key of `result` is declared, is there if it has to be, and looks as declared. Returns the names that were seen."""
    declared = {key.name: key for key in keys}
    assert set(result) <= set(declared), f"{where}: not in the schema: {set(result) - set(declared)}"
    missing = {name for name, key in declared.items() if not key.optional} - set(result)
    assert not missing, f"{where}: {missing} missing"
    for name, value in result.items():
        check_value(declared[name], value, sizes, f"{where}.{name}")
    return set(result)


def check_value(key, value, sizes, where):
    if key.parts:
        check(key.parts, value, sizes, where)
    elif key.by_tap:
        assert set(value) == set(ndjson.TAPS), where
        for array in value.values():
            check_array(key, array, sizes, where)
    elif key.sizes:
        check_array(key, value, sizes, where)
    else:
        kinds = {"number": (int, float, type(None)), "text": str, "list": list, "object": object}
        assert isinstance(value, kinds[key.kind]) and not isinstance(value, bool), where


def check_array(key, array, sizes, where):
    assert isinstance(array, np.ndarray), where
    assert len(array.shape) == len(key.sizes), f"{where}: {array.shape} is not [{key.shape}]"
    for name, size in zip(key.sizes, array.shape, strict=True):
        assert size == expected(name, size, sizes), f"{where}: {array.shape} is not [{key.shape}]"


def expected(name, size, sizes):
    """A number, a known size, one of these and a little more ("bins+1"), or what the name stood for before."""
    if name.isdigit():
        return int(name)
    base, more = re.fullmatch(r"([\w ]+?)(?:\+(\d))?", name).groups()
    return sizes.setdefault(base, size - int(more or 0)) + int(more or 0)


def arm_keys(name, part):
    """The keys that an arm's part of a snapshot may have: every snapshot's, and those of the measures that were taken of it."""
    present = [measure for measure in live_measures() if {key.name for key in measure.keys} & set(part) - core(part)]
    return {key.name: key for keys in (schema.ARM, *(measure.keys for measure in present)) for key in keys}.values()


def core(part):
    return schema.names(schema.ARM) & set(part)


@functools.cache
def recorded_lines(name):
    """Header and snapshots of an experiment, as they are written."""
    torch.set_num_threads(1)
    messages = [loop.header(EXPERIMENTS[name]), *filter(None, loop.train(EXPERIMENTS[name]))]
    return list(map(ndjson.line, messages))


@functools.cache
def recording(name):
    """Header and snapshots of an experiment, encoded and decoded as a reader gets them."""
    return list(ndjson.read(recorded_lines(name)))


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_a_recording_holds_what_the_schema_says(name):
    header, *snapshots = recording(name)
    sizes = sizes_of(header)
    check(schema.HEADER, header, sizes, "header")
    for snapshot in snapshots:
        check(schema.SNAPSHOT, snapshot, sizes, "snapshot")
        for arm, part in snapshot["arms"].items():
            check(arm_keys(arm, part), part, dict(sizes), f"snapshot {snapshot['index']} {arm}")


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_the_size_of_a_recording_is_known_before_it_is_made(name):
    measured = sum(len(Piece.of(line).compressed) for line in recorded_lines(name)[1:])
    highest = 2 if name == "normalized later" else 1.35  # until then networks are the same, which compression finds
    assert 0.8 < budget.recording_bytes(EXPERIMENTS[name]) / measured < highest


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_shapes_are_known_before_anything_is_recorded(name):
    """From an experiment and a measure alone, as the estimate of the size needs them."""
    experiment = EXPERIMENTS[name]
    for snapshot in recording(name)[1:]:
        for part in snapshot["arms"].values():
            check_sizes(schema.ARM, part, estimated_sizes(experiment))
            for measure in live_measures():
                check_sizes(measure.keys, part, {**estimated_sizes(experiment), **measure.sizes(experiment)})


def check_sizes(keys, part, sizes):
    """The arrays of these keys that are there have these sizes."""
    for key in keys:
        value = part.get(key.name)
        if isinstance(value, dict) and key.parts:
            check_sizes(key.parts, value, sizes)
        elif value is not None and key.sizes:
            for array in value.values() if key.by_tap else [value]:
                known = [size_of(one, sizes) for one in key.sizes]
                assert len(known) == array.ndim, key.name
                for one, length, expected_length in zip(key.sizes, array.shape, known, strict=True):
                    assert length == expected_length or (one in FEWER and length < expected_length), key.name


@pytest.mark.parametrize("arm", COMPARED)
def test_any_normalizer_can_be_compared(arm):
    header, *snapshots = recording(arm)
    assert header["arms"] == ["none", arm, "fixed", "none-held", f"{arm}-held", "none-rising", f"{arm}-rising"]
    assert all(set(snapshot["arms"]) == set(header["arms"]) for snapshot in snapshots)
    assert ("gamma" in snapshots[-1]["arms"][arm], "beta" in snapshots[-1]["arms"][arm]) == (True, arm != "rms")


def test_every_declared_key_is_recorded_by_some_experiment():
    parts = [part for name in EXPERIMENTS for snapshot in recording(name)[1:] for part in snapshot["arms"].values()]
    recorded_names = {name for part in parts for name in part}
    assert schema.names(schema.ARM) | {key.name for measure in live_measures() for key in measure.keys} == recorded_names


def test_a_measure_is_taken_when_it_says():
    for measure in measures():
        assert measure.when and measure.keys and callable(measure.function), measure.name


@pytest.mark.slow
def test_the_rows_of_a_sweep_hold_what_the_schema_says():
    sweep = sweep_over(Experiment(**SMALL), "batch_size", (8, 16), seeds=1)
    sweep = dataclasses.replace(sweep, measures=("landscape",))
    engine = make(Store(), Rows(), workers=1, ready=False)
    try:
        lines = engine.recording(engine.sweep(sweep))
        until(lambda: lines.ended, 240)
        header, *messages = ndjson.read(lines.lines())
    finally:
        engine.close()
    check(schema.SWEEP_HEADER, header, {}, "header")
    landscape = checkpoint_measure("landscape")
    kinds = {"row": (*schema.ROW, *landscape.keys), "progress": schema.PROGRESS, "end": schema.END}
    for message in messages:
        check(kinds[message["type"]], message, {}, message["type"])
    assert {message["type"] for message in messages} == set(kinds)


@pytest.mark.parametrize("change", [{"new": 1}, {"mean": {}}, {"gradient_norm": np.zeros(3, np.float32)}, {"train_loss": "x"}])
def test_a_key_that_is_not_as_declared_is_noticed(change):
    header, snapshot, *_ = recording("plain")
    part = snapshot["arms"]["none"] | change
    with pytest.raises(AssertionError):
        check(arm_keys("none", part), part, sizes_of(header))


@pytest.mark.parametrize("arm", COMPARED)
def test_a_run_is_the_same_again_noise_included(arm):
    """Whatever else has drawn from the global generator meanwhile."""
    experiment = Experiment(**SMALL, dataset="cats", compare=arm)
    first = [ndjson.line(message) for message in loop.train(experiment) if message]
    torch.rand(3)
    assert [ndjson.line(message) for message in loop.train(experiment) if message] == first
