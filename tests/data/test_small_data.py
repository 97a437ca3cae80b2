"""A data set of 300 examples works like the others: what is measured is measured on as many as there are."""

import numpy as np
import pytest
import torch

from bnviz.config.experiment import FIELDS, Experiment
from bnviz.config.sweep import canonical_run
from bnviz.data import DATA_SETS, DataSet, Split
from bnviz.record import ndjson
from bnviz.train import loop
from bnviz.train.stacked import train_stack

EVERYTHING = {"look_inside": "yes", "gradient_shift": "yes", "microscope": "yes", "fixed_scales": "yes", "hold_from": 5}


def blobs():
    """Two Gaussian clouds in three dimensions: 200 training and 100 test examples."""
    random = np.random.default_rng(0)
    labels = np.arange(300) % 2
    points = (random.normal(size=(300, 3)) + 2 * labels[:, None]).astype(np.float32)
    return Split(points[:200], labels[:200], points[200:], labels[200:])


@pytest.fixture(autouse=True)
def tiny(monkeypatch):
    """One more line in the table, as CONTRIBUTING.md has it."""
    torch.set_num_threads(1)
    monkeypatch.setitem(DATA_SETS, "blobs", DataSet("Blobs", "points", 3, 2, 200, 100, "Made by this test", blobs))
    monkeypatch.setitem(FIELDS["dataset"].choices, "blobs", "Blobs")


def test_a_run_measures_all_held_out_examples():
    experiment = Experiment(dataset="blobs", width=16, steps=30, batch_size=32, example=400, **EVERYTHING)
    header, *snapshots = ndjson.read(map(ndjson.line, [loop.header(experiment), *filter(None, loop.train(experiment))]))
    assert header["probe_size"] == 100
    for snapshot in snapshots:
        for part in snapshot["arms"].values():
            for tap in ndjson.TAPS:
                values = part["counts"][tap].sum(-1) + part["underflow"][tap] + part["overflow"][tap] + part["nonfinite"][tap]
                assert (values == 100 * 16).all()
    assert snapshots[-1]["arms"]["batch"]["test_accuracy"] > 0.8


def test_the_example_that_is_watched_is_one_of_them():
    assert Experiment(dataset="blobs", example=400).watched_example == 99
    assert Experiment(example=400).watched_example == 400


def test_a_stack_trains_on_it():
    runs = [canonical_run(Experiment(dataset="blobs", width=16, steps=30, batch_size=32, seed=seed), "batch") for seed in (0, 1)]
    rows = [message for message in train_stack(runs) if message]
    assert all(row["test_accuracy"] > 0.8 and row["train_accuracy"] > 0.8 for row in rows)
