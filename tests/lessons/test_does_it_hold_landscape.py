"""The landscape along the gradient against closed forms and against SGD itself; the network stays as it is."""

import copy

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

from bnviz.config.arms import ARMS
from bnviz.config.experiment import Experiment
from bnviz.lessons.does_it_hold.measures.landscape import MULTIPLES, landscape
from bnviz.measures.context import Examples, MeasureContext
from bnviz.nets.network import Network
from bnviz.nets.normalizers import MEASURE
from bnviz.train.minibatches import DataTensors, generator_for

RATE = 0.3
EXPERIMENT = Experiment(learning_rate=RATE, width=16, train_size=200, batch_size=64, ghost_batch_size=16)


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


class Quadratic(nn.Module):
    """A loss ½ wᵀAw with A = xᵀx/n, whose gradient along the way is known."""

    def __init__(self, weights):
        super().__init__()
        self.weights = nn.Parameter(torch.tensor(weights))

    def forward(self, x, view, groups):
        return x @ self.weights


def look(network, loss, x, y):
    examples = Examples(x, y, *[x[:0], y[:0]] * 2)
    return landscape(MeasureContext(network, EXPERIMENT, loss, examples, torch.arange(len(x))))


def half_square(outputs, _):
    return 0.5 * outputs.square().mean()


def test_on_a_quadratic_it_is_what_algebra_says():
    random = np.random.default_rng(0)
    x, w = random.normal(size=(50, 4)), random.normal(size=4)
    a = x.T @ x / 50
    g = a @ w
    result = look(Quadratic(w), half_square, torch.tensor(x), torch.zeros(50))
    losses = [0.5 * v @ a @ v for v in (w - multiple * RATE * g for multiple in MULTIPLES)]
    assert result["loss_range"] == pytest.approx(max(losses) - min(losses))
    assert result["gradient_distance"] == pytest.approx(4 * RATE * np.linalg.norm(a @ g))  # the farthest step bends it most
    assert result["gradient_bend"] == pytest.approx(np.linalg.norm(a @ g) / np.linalg.norm(g))  # the same at every step


def test_without_a_gradient_there_is_no_bend():
    result = look(Quadratic(np.zeros(4)), half_square, torch.ones(5, 4, dtype=torch.float64), torch.zeros(5))
    assert result["loss_range"] == result["gradient_distance"] == 0 and np.isnan(result["gradient_bend"])


def network_and_batch(arm, seed=0):
    """A network that has taken a few steps, so that γ, β and running statistics are not as they were."""
    experiment = EXPERIMENT.replace(seed=seed)
    network = Network(experiment, ARMS[arm].normalizer, generator_for(experiment, "weights"))
    tensors = DataTensors(experiment)
    x, y = tensors.x_train[:64], tensors.y_train[:64]
    optimizer = torch.optim.SGD(network.parameters(), lr=0.05)
    for _ in range(3):
        optimizer.zero_grad()
        functional.cross_entropy(network(x, "train"), y).backward()
        optimizer.step()
    return network, x, y


def after_a_step(network, x, y, rate):
    """Loss and gradient where one step of torch's own SGD leads."""
    updated = copy.deepcopy(network)
    optimizer = torch.optim.SGD(updated.parameters(), lr=rate)
    optimizer.zero_grad()
    functional.cross_entropy(updated(x, MEASURE, EXPERIMENT.groups), y).backward()
    here = torch.cat([one.grad.flatten().clone() for one in updated.parameters()])
    optimizer.step()
    optimizer.zero_grad()
    loss = functional.cross_entropy(updated(x, MEASURE, EXPERIMENT.groups), y)
    loss.backward()
    return loss.item(), here, torch.cat([one.grad.flatten() for one in updated.parameters()])


@pytest.mark.parametrize("arm", ["none", "batch"])
def test_on_a_network_it_is_where_sgd_leads(arm):
    network, x, y = network_and_batch(arm)
    result = look(network, functional.cross_entropy, x, y)
    ways = [after_a_step(network, x, y, multiple * RATE) for multiple in (0.5, 1, 2, 3, 4)]
    losses = [loss for loss, _, _ in ways]
    distances = [(there - here).norm().item() for _, here, there in ways]
    steps = [multiple * RATE * ways[0][1].norm().item() for multiple in (0.5, 1, 2, 3, 4)]
    assert result["loss_range"] == pytest.approx(max(losses) - min(losses), rel=1e-4)
    assert result["gradient_distance"] == pytest.approx(max(distances), rel=1e-4)
    bends = [distance / step for distance, step in zip(distances, steps, strict=True)]
    assert result["gradient_bend"] == pytest.approx(max(bends), rel=1e-4)


@pytest.mark.parametrize("arm", ["batch", "noisy-batch"])
def test_the_network_is_left_as_it_is(arm):
    network, x, y = network_and_batch(arm)
    for one in network.parameters():
        one.grad = None
    before, state = copy.deepcopy(network.state_dict()), torch.get_rng_state()
    first = look(network, functional.cross_entropy, x, y)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
    assert all(one.grad is None for one in network.parameters())
    assert torch.equal(torch.get_rng_state(), state)
    assert look(network, functional.cross_entropy, x, y) == first
