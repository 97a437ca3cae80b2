"""A probe may call networks beside the one that is recorded, as the loss of a generator does: their state is kept as well."""

import copy
import weakref
from functools import partial

import pytest
import torch
from torch import nn

import bnviz
from bnviz.recorder.reachable import modules_within
from tests.recorder.training import mlp

X = torch.randn(32, 4, generator=torch.Generator().manual_seed(0))
GLOBAL = {}


def named_globally(model):
    return model(GLOBAL["other"](X))


class Holder:
    def __init__(self, other):
        self.parts = [other]

    def call(self, model):
        return model(self.parts[0](X))


class Callable(Holder):
    def __call__(self, model):
        return self.call(model)


def in_globals(other):
    GLOBAL["other"] = other
    return lambda model: named_globally(model)


def with_default(other):
    def call(model, chosen=other):
        return model(chosen(X))

    return call


HELD = {
    "closure": lambda other: lambda model: model(other(X)),
    "closure in a function within": lambda other: lambda model: (lambda: model(other(X)))(),
    "global name": in_globals,
    "default": with_default,
    "partial": lambda other: partial(lambda one, model: model(one(X)), other),
    "bound method": lambda other: Holder(other).call,
    "callable object": Callable,
}


def other_network():
    torch.manual_seed(1)
    return nn.Sequential(nn.Linear(4, 20), nn.BatchNorm1d(20), nn.Dropout(0.5))


@pytest.mark.parametrize("held", HELD)
def test_a_network_that_a_probe_calls_stays_as_it_is(held):
    other, model = other_network(), mlp()
    before = copy.deepcopy(other.state_dict())
    with bnviz.record(model, probe=HELD[held](other), every=1) as recorder:
        recorder.step()
    assert all(torch.equal(one, before[name]) for name, one in other.state_dict().items())
    assert "probe_loss" in [*recorder.messages()][-2]["arms"]["model"]


def test_models_of_a_recording_and_what_a_loss_calls_stay_as_they_are():
    models, critic = {"one": mlp(), "other": mlp()}, nn.BatchNorm1d(3)
    before = copy.deepcopy([one.state_dict() for one in (*models.values(), critic)])
    references = [weakref.ref(model) for model in models.values()]  # which nothing follows

    def both(model):
        return sum(reference()(X.repeat(1, 5)) for reference in references)

    with bnviz.record(models, probe=both, loss=lambda output: critic(output).square().mean(), every=1) as recorder:
        recorder.step()
    for one, state in zip((*models.values(), critic), before, strict=True):
        assert all(torch.equal(value, state[name]) for name, value in one.state_dict().items())


def test_what_cannot_be_kept_and_what_misbehaves_is_passed_over():
    class Hostile:
        def __getattribute__(self, name):
            raise RuntimeError(name)

    hostile, found, lazy = Hostile(), nn.Linear(1, 1), nn.LazyBatchNorm1d()
    loop = [found, lazy]
    loop.append(loop)
    assert modules_within(lambda: (hostile, loop)) == [found]
