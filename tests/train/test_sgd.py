"""Our steps against torch.optim.SGD, bit for bit."""

import copy
import subprocess
import sys

import pytest
import torch

from bnviz.train.sgd import SGD, Decay


def losses(network, x):
    """A loss a step; the second layer has no gradient in the middle steps."""
    for step in range(6):
        network[2].requires_grad_(step not in (2, 3))
        yield network(x).square().mean()


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_steps_are_those_of_torch(momentum):
    torch.manual_seed(0)
    network, x = torch.nn.Sequential(torch.nn.Linear(5, 4), torch.nn.Tanh(), torch.nn.Linear(4, 3)), torch.randn(7, 5)
    plain = copy.deepcopy(network)
    ours, theirs = SGD(network.parameters(), 0.3, momentum), torch.optim.SGD(plain.parameters(), 0.3, momentum)
    for one, other in zip(losses(network, x), losses(plain, x), strict=True):
        for optimizer, loss in ((ours, one), (theirs, other)):
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    assert all(map(torch.equal, network.parameters(), plain.parameters()))
    assert len(ours.velocities) == (4 if momentum else 0)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_decay_and_a_growing_rate_are_those_of_torchs_parameter_groups(momentum):
    torch.manual_seed(0)
    network, x = torch.nn.Sequential(torch.nn.Linear(5, 4), torch.nn.Tanh(), torch.nn.Linear(4, 3)), torch.randn(7, 5)
    plain = copy.deepcopy(network)
    ours = SGD(network.parameters(), 0.3, momentum, [network[0].weight], Decay(0.2, 1.1))
    groups = [{"params": [plain[0].weight], "weight_decay": 0.2}, {"params": [plain[0].bias, *plain[2].parameters()]}]
    theirs = torch.optim.SGD(groups, 0.3, momentum)
    for step, (one, other) in enumerate(zip(losses(network, x), losses(plain, x), strict=True)):
        theirs.param_groups[0]["lr"] = 0.3 * 1.1 ** (step + 0.5)
        assert ours.hidden_rate == theirs.param_groups[0]["lr"]
        for optimizer, loss in ((ours, one), (theirs, other)):
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    assert all(map(torch.equal, network.parameters(), plain.parameters()))


def test_a_copy_moves_its_own_network():
    network = torch.nn.Linear(2, 1)
    optimizer = SGD(network.parameters(), 1.0, 0.9)
    network(torch.ones(1, 2)).sum().backward()
    optimizer.step()
    before = copy.deepcopy(network.state_dict())
    other, moves = copy.deepcopy((network, optimizer))
    other(torch.ones(1, 2)).sum().backward()  # gradients are not copied
    moves.step()
    assert all(torch.equal(network.state_dict()[name], before[name]) for name in before)
    assert not torch.equal(other.weight, network.weight) and set(moves.velocities) == set(other.parameters())


@pytest.mark.slow
def test_a_worker_needs_no_compiler():
    """It takes 70 MB and seconds to import."""
    script = """
import sys
from bnviz.config.experiment import Experiment
from bnviz.train import trainers
list(trainers.train(Experiment(dataset="spirals", steps=10, momentum=0.9)))
sys.exit("torch._dynamo" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", script]).returncode == 0
