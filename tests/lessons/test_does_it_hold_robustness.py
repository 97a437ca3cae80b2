"""Accuracy under attack against a plain implementation."""

import copy

import pytest
import torch
from torch import nn
from torch.nn import functional

from bnviz.config.experiment import Experiment
from bnviz.config.sweep import canonical_run
from bnviz.lessons.does_it_hold.claims import adversarial
from bnviz.lessons.does_it_hold.measures.robustness import SIZE, robustness
from bnviz.measures.context import MeasureContext
from bnviz.train import loop
from bnviz.train.stacked import Stack, StackLog, train_stack

SMALL = Experiment(dataset="mnist1d", width=16, hidden_layers=2, steps=40, batch_size=32, learning_rate=0.1)


@pytest.fixture(scope="module", params=["none", "batch"])
def context(request):
    """A trained network, after which nothing is to change it."""
    torch.set_num_threads(1)
    stack = Stack([canonical_run(SMALL, request.param)])
    log, batches = StackLog(stack), loop.minibatches(SMALL)
    for _ in range(SMALL.steps):
        stack.step(*log.minibatch(next(batches)[None]))
    (network,) = stack.unstack()
    return MeasureContext(network, SMALL, functional.cross_entropy, log.split.examples(), torch.arange(4))


def plain(network):
    layers = []
    for linear, normalizer in zip(network.linears, network.normalizers, strict=False):
        norm = nn.Identity()
        if hasattr(normalizer, "gamma"):
            norm = nn.BatchNorm1d(SMALL.width)
            values = normalizer.gamma, normalizer.beta, normalizer.running_mean, normalizer.running_variance
            names = "weight", "bias", "running_mean", "running_var"
            norm.load_state_dict(dict(zip(names, values, strict=True)), strict=False)
        layers += [linear, norm, nn.ReLU()]
    return nn.Sequential(*layers, network.linears[-1]).eval()


def test_the_attack_is_the_sign_of_each_examples_own_gradient(context):
    network, x, y = plain(copy.deepcopy(context.network)), context.examples.x_test[:200], context.examples.y_test[:200]
    right = []
    for place in range(len(x)):
        own = x[place : place + 1].clone().requires_grad_()
        functional.cross_entropy(network(own), y[place : place + 1]).backward()
        right.append(network(own + SIZE * own.grad.sign()).argmax().item() == y[place].item())
    some = copy.copy(context)
    object.__setattr__(some, "examples", context.examples._replace(x_test=x, y_test=y))
    assert robustness(some)["attacked_accuracies"] == pytest.approx(sum(right) / len(right), abs=0.005)


def test_an_attack_harms_more_than_noise_of_its_size_and_leaves_the_network_alone(context):
    before = {name: value.clone() for name, value in context.network.state_dict().items()}
    result = robustness(context)
    assert result["attacked_accuracies"] < result["noised_accuracies"] - 0.01
    assert all(torch.equal(value, before[name]) for name, value in context.network.state_dict().items())
    assert all(parameter.grad is None for parameter in context.network.parameters())
    assert robustness(context) == result


def test_the_claim_names_the_size_that_is_measured_and_rows_list_both():
    assert adversarial.SIZE == SIZE
    (row,) = (row for row in train_stack([canonical_run(SMALL.replace(steps=4), "none")], ("robustness",)) if row)
    assert len(row["attacked_accuracies"]) == len(row["noised_accuracies"]) == len(row["checkpoints"])
