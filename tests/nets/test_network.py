"""The network against torch.nn's own modules."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn
from torch.nn import functional

from bnviz.config.experiment import Experiment
from bnviz.nets.network import Network
from bnviz.nets.normalizers import EVALUATE, MEASURE, TRAIN, BatchNorm, equal_groups

torch.set_num_threads(1)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture
def pair():
    """Our layer and PyTorch's with the same uncommon γ and β."""
    ours, theirs = BatchNorm(6), nn.BatchNorm1d(6)
    with torch.no_grad():
        for source, copy in ((ours.gamma, theirs.weight), (ours.beta, theirs.bias)):
            source.normal_(generator=seeded())
            copy.copy_(source)
    return ours, theirs


def batches(count=3, size=10):
    return torch.randn(count, size, 6, generator=seeded(1)) * 3 + 2


def test_batch_norm_trains_like_pytorchs_bit_for_bit(pair):
    ours, theirs = pair
    for z in batches():
        a, b = z.clone().requires_grad_(), z.clone().requires_grad_()
        y, expected = ours(a, TRAIN, 1), theirs(b)
        assert torch.equal(y, expected)
        y.square().sum().backward()
        expected.square().sum().backward()
        assert torch.equal(a.grad, b.grad)
    assert torch.equal(ours.gamma.grad, theirs.weight.grad) and torch.equal(ours.beta.grad, theirs.bias.grad)
    assert torch.equal(ours.running_mean, theirs.running_mean)
    assert torch.equal(ours.running_variance, theirs.running_var)


def test_batch_norm_evaluates_like_pytorchs(pair):
    ours, theirs = pair
    for z in batches():
        ours(z, TRAIN, 1), theirs(z)
    assert torch.equal(ours(z, EVALUATE, 3), theirs.eval()(z))


@pytest.mark.parametrize("groups", [1, 3, 5])
def test_measuring_normalizes_as_training_does_and_updates_nothing(pair, groups):
    ours, _ = pair
    z = batches(1)[0]
    before = {name: value.clone() for name, value in ours.state_dict().items()}
    measured = ours(z, MEASURE, groups)
    assert all(torch.equal(value, before[name]) for name, value in ours.state_dict().items())
    assert torch.allclose(measured, ours(z, TRAIN, groups), rtol=1e-5, atol=1e-6)
    assert not torch.equal(before["running_mean"], ours.running_mean)


@pytest.mark.parametrize("groups", [2, 3, 4, 5])
def test_ghost_batches_are_batch_norms_side_by_side(pair, groups):
    """Outputs, gradients, and running statistics that take the average of the groups'."""
    ours, theirs = pair
    z = batches(1)[0]
    a, b = z.clone().requires_grad_(), z.clone().requires_grad_()
    parts, statistics = [], []
    for part in np.array_split(np.arange(len(z)), groups):
        running = torch.zeros(6), torch.ones(6)
        parts.append(functional.batch_norm(b[part], *running, theirs.weight, theirs.bias, training=True))
        statistics.append(running)
    y, expected = ours(a, TRAIN, groups), torch.cat(parts)
    assert torch.allclose(y, expected, atol=1e-6)
    weights = torch.randn(y.shape, generator=seeded(2))
    (y * weights).sum().backward()
    (expected * weights).sum().backward()
    assert torch.allclose(a.grad, b.grad, atol=1e-5)
    assert torch.allclose(ours.gamma.grad, theirs.weight.grad, atol=1e-5)
    mean, variance = (torch.stack(values).mean(0) for values in zip(*statistics, strict=True))
    assert torch.allclose(ours.running_mean, mean, atol=1e-6)
    assert torch.allclose(ours.running_variance, variance, rtol=1e-5)


@given(st.integers(2, 60), st.integers(1, 30))
def test_groups_keep_the_order_and_differ_by_at_most_one(examples, groups):
    groups = min(groups, examples)
    values = torch.arange(examples * 2).reshape(examples, 2)
    blocks = equal_groups(values, groups)
    sizes = [block.shape[1] for block in blocks for _ in range(len(block))]
    assert len(sizes) == groups and max(sizes) - min(sizes) <= 1 and sizes == sorted(sizes, reverse=True)
    assert torch.equal(torch.cat([block.flatten(0, 1) for block in blocks]), values)


@given(st.integers(2, 512), st.integers(2, 512))
def test_no_group_is_smaller_than_the_ghost_batch(batch, ghost):
    experiment = Experiment(batch_size=batch, ghost_batch_size=ghost)
    sizes = [block.shape[1] for block in equal_groups(torch.zeros(batch, 1), experiment.groups)]
    assert min(sizes) >= min(ghost, batch)


def test_groups_of_several_dimensional_values_are_cut_along_the_first():
    blocks = equal_groups(torch.arange(7 * 2 * 3).reshape(7, 2, 3), 2)
    assert [tuple(block.shape) for block in blocks] == [(1, 4, 2, 3), (1, 3, 2, 3)]


def weights(scheme, seed=0, arm="none"):
    return Network(Experiment(width=128, initialization=scheme, seed=seed), arm, seeded(seed)).linears


@pytest.mark.parametrize(
    "scheme, std, biased",
    [
        ("he", lambda inputs: math.sqrt(2 / inputs), False),
        ("small", lambda inputs: 0.01, False),
        ("pytorch", lambda inputs: 1 / math.sqrt(3 * inputs), True),
    ],
)
def test_initial_weights_have_the_variance_of_their_scheme(scheme, std, biased):
    for linear in weights(scheme)[:-1]:
        assert linear.weight.std().item() == pytest.approx(std(linear.in_features), rel=0.03)
        assert linear.weight.mean().item() == pytest.approx(0, abs=0.1 * std(linear.in_features))
        assert bool(linear.bias.any()) == biased


def test_pytorch_initialization_stays_within_its_bound():
    for linear in weights("pytorch"):
        bound = 1 / math.sqrt(linear.in_features)
        assert 0.95 * bound < linear.weight.abs().max() <= bound and linear.bias.abs().max() <= bound


def test_orthogonal_weights_leave_lengths_and_angles_as_they_are():
    first, *square, last = weights("orthogonal")
    for linear in (first, *square, last):
        assert (
            torch.allclose(linear.weight @ linear.weight.mT, torch.eye(len(linear.weight)), atol=1e-5) and not linear.bias.any()
        )
    assert not torch.equal(square[0].weight, weights("orthogonal", seed=1)[1].weight)


def test_both_arms_start_with_the_same_weights_and_seeds_differ():
    none, batch, other = weights("he"), weights("he", arm="batch"), weights("he", seed=1)
    assert all(torch.equal(a.weight, b.weight) for a, b in zip(none, batch, strict=True))
    assert not any(torch.equal(a.weight, b.weight) for a, b in zip(none, other, strict=True))


def test_building_and_running_a_network_leaves_the_global_generator_alone():
    before = torch.get_rng_state()
    network = Network(Experiment(dropout=0.5), "batch", seeded())
    network(torch.zeros(4, 784), TRAIN, 1, seeded())
    assert torch.equal(before, torch.get_rng_state())


@pytest.mark.parametrize("arm", ["none", "batch"])
@pytest.mark.parametrize("activation, module", [("relu", nn.ReLU), ("tanh", nn.Tanh), ("sigmoid", nn.Sigmoid)])
def test_logits_and_taps_are_those_of_a_sequential(arm, activation, module):
    experiment = Experiment(dataset="mnist1d", width=16, hidden_layers=3, activation=activation)
    network = Network(experiment, arm, seeded())
    layers = []
    for linear in network.linears[:-1]:
        layers += [linear, nn.BatchNorm1d(16) if arm == "batch" else nn.Identity(), module()]
    plain = nn.Sequential(*layers, network.linears[-1])
    x, taps = torch.randn(32, 40, generator=seeded(3)), []
    assert torch.equal(network(x, MEASURE, taps=taps), plain(x))
    outputs = [x := layer(x) for layer in plain]
    assert all(torch.equal(tap, output) for tap, output in zip(sum(taps, ()), outputs, strict=False))
    assert len(taps) == 3


@pytest.mark.parametrize("skips, alpha", [("residual", 1.0), ("skipinit", 0.25)])
@pytest.mark.parametrize("arm", ["none", "batch"])
def test_what_a_layer_hands_on_holds_what_it_received(arm, skips, alpha):
    network = Network(Experiment(dataset="mnist1d", width=16, hidden_layers=3, skip_connections=skips), arm, seeded())
    assert [scale.item() for scale in network.skip_scales] == ([0.0, 0.0] if skips == "skipinit" else [])
    for scale in network.skip_scales:
        scale.data.fill_(alpha)
    x = torch.randn(32, 40, generator=seeded(3))

    def branch(layer, a):
        z = network.linears[layer](a)
        return torch.relu(nn.BatchNorm1d(16)(z) if arm == "batch" else z)

    taps, a = [], branch(0, x)
    for layer in (1, 2):
        a = a + alpha * branch(layer, a)
    assert torch.allclose(network(x, MEASURE, taps=taps), network.linears[3](a), atol=1e-6)
    assert torch.allclose(taps[0].activation, branch(0, x)) and not torch.allclose(taps[2].activation, a)


def test_skipinit_begins_as_a_network_of_one_hidden_layer():
    network = Network(Experiment(dataset="mnist1d", width=16, skip_connections="skipinit"), "batch", seeded())
    x, taps = torch.randn(32, 40, generator=seeded(3)), []
    assert torch.equal(network(x, MEASURE, taps=taps), network.linears[-1](taps[0].activation))


def test_dropout_drops_its_share_in_training_only():
    network = Network(Experiment(dataset="mnist1d", dropout=0.3, hidden_layers=2), "none", seeded())
    x = torch.randn(64, 40, generator=seeded(4))
    assert torch.equal(network(x, MEASURE), network(x, EVALUATE))
    seen = []
    network.linears[1].register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0]))
    network(x, TRAIN, 1, seeded(5))
    network(x, MEASURE)
    dropped, kept = (seen[0] == 0) & (seen[1] != 0), seen[0] != 0
    assert dropped.sum() / (seen[1] != 0).sum() == pytest.approx(0.3, abs=0.03)
    assert torch.allclose(seen[0][kept], seen[1][kept] / 0.7)
