"""The other normalizers: layer and group norm against torch's own, noise against its distribution."""

import numpy as np
import pytest
import torch
from scipy import stats
from torch import nn

from bnviz.config.experiment import Experiment
from bnviz.nets.network import Network
from bnviz.nets.normalizers import EVALUATE, MEASURE, NORMALIZERS, TRAIN, noise

torch.set_num_threads(1)


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def with_scales(layer, seed=3):
    with torch.no_grad():
        for parameter in layer.parameters():
            parameter.normal_(generator=seeded(seed))
    return layer


def outputs(examples=20, width=48):
    return torch.randn(examples, width, generator=seeded(1)) * 3 + 2


THEIRS = {"layer": nn.LayerNorm(48), "group": nn.GroupNorm(3, 48), "rms": nn.RMSNorm(48, eps=1e-5)}


@pytest.mark.parametrize("name, theirs", THEIRS.items(), ids=THEIRS)
@pytest.mark.parametrize("mode", [TRAIN, MEASURE, EVALUATE])
def test_they_are_torch_s_in_every_mode_gradients_included(name, theirs, mode):
    ours = with_scales(NORMALIZERS[name](48))
    with torch.no_grad():
        theirs.weight.copy_(ours.gamma)
        if hasattr(ours, "beta"):
            theirs.bias.copy_(ours.beta)
    theirs.zero_grad()
    a, b = outputs().requires_grad_(), outputs().requires_grad_()
    y, expected = ours(a, mode, 4), theirs(b)
    torch.testing.assert_close(y, expected, rtol=1e-5, atol=1e-5)
    y.square().sum().backward()
    expected.square().sum().backward()
    torch.testing.assert_close(a.grad, b.grad, rtol=1e-4, atol=1e-4)
    torch.testing.assert_close(ours.gamma.grad, theirs.weight.grad, rtol=1e-4, atol=1e-3)
    if hasattr(ours, "beta"):
        torch.testing.assert_close(ours.beta.grad, theirs.bias.grad, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("width, size", [(8, 8), (16, 16), (64, 16), (24, 8), (100, 4)])
def test_groups_of_16_units_where_the_width_allows(width, size):
    assert NORMALIZERS["group"](width).size == size
    assert torch.isfinite(NORMALIZERS["group"](width)(outputs(width=width), TRAIN, 1)).all()


@pytest.mark.parametrize("name", ["layer", "group"])
def test_an_example_s_output_does_not_depend_on_its_minibatch(name):
    layer, z = with_scales(NORMALIZERS[name](48)), outputs()
    torch.testing.assert_close(layer(z, TRAIN, 1)[:1], layer(z[:1], TRAIN, 1))


def test_noise_has_the_published_distribution():
    shift, scale = (values.numpy() for values in noise(100_000, seeded()))
    assert stats.kstest(shift, stats.uniform(-0.5, 1.0).cdf).pvalue > 0.01
    assert stats.kstest(scale, stats.uniform(1.0, 0.25).cdf).pvalue > 0.01
    assert abs(np.corrcoef(shift, scale)[0, 1]) < 0.02


@pytest.mark.parametrize("name, base", [("noisy-batch", "batch"), ("noisy-none", "none")])
def test_noise_comes_after_and_is_fresh_for_every_unit_at_every_step(name, base):
    noisy, plain, z, generator = NORMALIZERS[name](48), NORMALIZERS[base](48), outputs(), seeded()
    found = []
    for _ in range(2):
        undisturbed, y = plain(z, TRAIN, 1), noisy(z, TRAIN, 1, generator)
        scale = y.std(0) / undisturbed.std(0)
        shift = y.mean(0) - scale * undisturbed.mean(0)
        torch.testing.assert_close(y, scale * undisturbed + shift, rtol=1e-3, atol=1e-3)  # one of each a unit, for all examples
        found.append((shift, scale))
    (shift, scale), again = found[0], found[1]
    assert (scale >= 0.999).all() and (scale <= 1.251).all() and (shift.abs() <= 0.501).all()
    assert scale.std() > 0.03 and shift.std() > 0.1
    assert (shift - again[0]).abs().min() > 0 and (scale - again[1]).abs().min() > 0


@pytest.mark.parametrize("name, base", [("noisy-batch", "batch"), ("noisy-none", "none")])
@pytest.mark.parametrize("view", [MEASURE, EVALUATE])
def test_outside_training_there_is_no_noise_unless_it_is_asked_for(name, base, view):
    z = outputs()
    noisy, plain = NORMALIZERS[name](48), NORMALIZERS[base](48)(z, view, 1)
    assert torch.equal(noisy(z, view, 1), plain)
    expected = plain if view == EVALUATE else NORMALIZERS[name](48)(z, TRAIN, 1, seeded())
    assert torch.equal(noisy(z, view, 1, seeded()), expected)


def test_the_moments_of_noisy_batch_norm():
    """With γ = 1 and β = 0: means within ±½ with variance 1/12, standard deviations of mean 9/8 and variance 1/192."""
    layer, generator = NORMALIZERS["noisy-batch"](1000), seeded()
    y = layer(torch.randn(4000, 1000, generator=generator), TRAIN, 1, generator).detach()
    mean, std = y.mean(0), y.std(0)
    assert mean.var().item() == pytest.approx(1 / 12, rel=0.1) and abs(mean.mean().item()) < 0.03
    assert std.mean().item() == pytest.approx(9 / 8, rel=0.01) and std.var().item() == pytest.approx(1 / 192, rel=0.1)


@pytest.mark.parametrize("name", NORMALIZERS)
def test_every_normalizer_trains_in_a_network(name):
    network = Network(Experiment(width=16), name, seeded())
    x, y = torch.randn(8, 784, generator=seeded()), torch.arange(8)
    nn.functional.cross_entropy(network(x, TRAIN, 2, seeded()), y).backward()
    assert all(linear.weight.grad.isfinite().all() and linear.weight.grad.any() for linear in network.linears)
