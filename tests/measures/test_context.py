"""What measures are given: every one takes its kind of context, and the distributions in it are those of three moments."""

import inspect

import numpy as np
import pytest
import torch

from bnviz.config.experiment import PROBE_SIZE, Experiment
from bnviz.measures.registry import CheckpointMeasure, measures
from bnviz.nets.normalizers import MEASURE
from bnviz.train import loop
from tests.measures import live_context

torch.set_num_threads(1)

SMALL = Experiment(dataset="mnist1d", width=12, hidden_layers=2, batch_size=32)
TAPS = ("linear", "normalized", "activation")


@pytest.mark.parametrize("measure", measures(), ids=lambda measure: measure.name)
def test_a_measure_is_a_function_of_its_kind_of_context(measure):
    (parameter,) = inspect.signature(measure.function).parameters.values()
    allowed = {"MeasureContext"} if isinstance(measure, CheckpointMeasure) else {"MeasureContext", "LiveContext"}
    assert parameter.annotation in allowed


def train(arm, tensors, batches, steps=3):
    for _ in range(steps):
        chosen = next(batches)
        arm.step(tensors.x_train[chosen], tensors.y_train[chosen])


@torch.no_grad()
def probe_values(arm, tensors):
    """Sorted values [layers, width, probe] of each tap, by a pass of its own."""
    taps = []
    arm.network(tensors.x_test[:PROBE_SIZE], MEASURE, taps=taps)
    return {tap: np.sort(np.stack([layer[place].numpy().T for layer in taps]), -1) for place, tap in enumerate(TAPS)}


@pytest.mark.parametrize("name", ["none", "batch"])
def test_first_previous_and_current_are_the_distributions_of_three_snapshots(name):
    arm, tensors, batches = loop.ArmTrainer(SMALL, name), loop.DataTensors(SMALL), loop.minibatches(SMALL)
    expected, contexts = [], []
    for _ in range(3):
        expected.append(probe_values(arm, tensors))
        contexts.append(live_context(arm, tensors, batches.peek()))
        train(arm, tensors, batches)
    assert contexts[0].first is contexts[0].previous is contexts[0].current
    for distributions, values in zip((contexts[2].first, contexts[2].previous, contexts[2].current), expected, strict=True):
        assert len(distributions.values) == {"none": 2, "batch": 3}[name]
        for tap in TAPS:
            assert distributions.tap(tap) == pytest.approx(values[tap], abs=1e-5)
            assert distributions.by_tap(distributions.mean)[tap] == pytest.approx(values[tap].mean(-1), abs=1e-5)
            assert distributions.by_tap(distributions.std)[tap] == pytest.approx(values[tap].std(-1), abs=1e-5)


def test_once_something_is_normalized_all_distributions_have_three_taps():
    experiment = SMALL.replace(batch_norm_from=3, steps=6)
    training, context = loop.Training(experiment), None
    while training.step < 5:
        training.advance()
    arm = training.arms[1]
    context = live_context(arm, training.tensors, training.batches.peek())
    assert [part.tap_indices for part in (context.first, context.previous, context.current)] == [[0, 1, 2]] * 3
    assert np.array_equal(context.first.tap("linear"), context.first.tap("normalized"))
    assert not np.allclose(context.current.tap("linear"), context.current.tap("normalized"))


def test_the_minibatch_is_the_one_that_comes_next_as_it_is_trained_on():
    experiment = SMALL.replace(label_noise=1.0)
    tensors, batches = loop.DataTensors(experiment), loop.minibatches(experiment)
    context = live_context(loop.ArmTrainer(experiment, "batch"), tensors, batches.peek())
    chosen = next(batches)
    assert torch.equal(context.x, tensors.x_train[chosen]) and torch.equal(context.y, tensors.y_train[chosen])
    assert context.is_compared and not context.spec.held
