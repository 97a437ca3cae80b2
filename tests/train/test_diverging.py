"""Networks that diverge: numbers overflow, as expected, so measuring them says nothing about it. Recordings stay readable."""

import warnings

import pytest
import torch

from bnviz.config.experiment import Experiment
from bnviz.config.sweep import stacks, sweep_over, trainable_arms
from bnviz.data import DATA_SETS
from bnviz.record import ndjson
from bnviz.train import loop
from bnviz.train.stacked import train_stack

EVERYTHING = {"gradient_shift": "yes", "look_inside": "yes", "microscope": "yes", "fixed_scales": "yes", "hold_from": 5}
SMALL = {"steps": 16, "width": 16, "hidden_layers": 8, "train_size": 256, "batch_size": 16, "snapshot_every": 2}
SHORT = {"steps": 8, "hidden_layers": 5}  # the network without a normalizer diverges by then, the other one later
WILD = Experiment(learning_rate=10.0, momentum=0.99, **SMALL, **EVERYTHING)
ACTIVATIONS = ("identity", "relu", "tanh")
PAIRS = [  # every data set, every activation, and every activation on the first data set
    (next(iter(DATA_SETS)), "identity", {}),
    *((next(iter(DATA_SETS)), activation, SHORT) for activation in ACTIVATIONS[1:]),
    *((name, ACTIVATIONS[place % 3], SHORT) for place, name in enumerate(DATA_SETS) if place),
]

torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def every_warning_is_an_error():
    with warnings.catch_warnings(action="error"):
        yield


@pytest.mark.slow
@pytest.mark.parametrize(("dataset", "activation", "length"), PAIRS)
def test_a_network_that_blows_up_is_measured_without_a_warning(dataset, activation, length):
    lines, ending = [], None
    training = loop.train(WILD.replace(dataset=dataset, activation=activation, **length))
    while ending is None:
        try:
            if (message := next(training)) is not None:
                lines.append(ndjson.line(message))
        except StopIteration as done:
            ending = done.value
    assert activation != "identity" or ending[0] == "diverged"  # ReLU may die first
    arms = list(ndjson.read(lines))[-1]["arms"]
    assert {"gradient_shift", "minibatch_mean", "microscope"} <= set(arms["none"]) and "standardized" in arms["batch"]
    assert activation != "identity" or any(nonfinite.any() for nonfinite in arms["none"]["nonfinite"].values())


@pytest.mark.slow
@pytest.mark.parametrize("activation", ["relu", "identity"])
def test_stacks_that_blow_up_give_their_rows_without_a_warning(activation):
    base = Experiment(learning_rate=10.0, momentum=0.99, activation=activation, **SMALL)
    runs = sweep_over(base, "label_noise", [0.0, 0.5], tuple(trainable_arms()), seeds=1).runs()
    rows = [row for stack in stacks(runs) for row in train_stack(stack, ("landscape",)) if row]
    assert len(rows) == len(runs) and any(row["diverged_at"] is not None for row in rows)
    assert all(ndjson.line(row) for row in rows)
