"""The numbers of a unit's arithmetic against PyTorch's own normalization of the same examples."""

import numpy as np
import pytest
import torch
from torch.nn import functional

from bnviz.config.arms import COMPARED
from bnviz.config.experiment import WATCHED_UNITS, Experiment
from bnviz.measures.unit_examples import EXAMPLES, PARTS, unit_examples
from bnviz.nets.normalizers import MEASURE, equal_groups
from bnviz.normalizers import SPECS
from bnviz.train import loop
from tests.arithmetic import derived, tolerances
from tests.measures import live_context

torch.set_num_threads(1)

SMALL = Experiment(dataset="mnist1d", width=24, hidden_layers=3, batch_size=32)
VARIANTS = {
    "plain": {},
    "ghosts": {"ghost_batch_size": 10},  # 32 = 11 + 11 + 10
    "tiny ghosts": {"ghost_batch_size": 4},
    "parts of four units": {"width": 20},  # group norm's
    "tanh": {"activation": "tanh"},
}
FIRST = {"plain": 32, "ghosts": 11, "tiny ghosts": 4, "parts of four units": 32, "tanh": 32}  # examples normalized together


def trained(experiment, name):
    """An arm after some steps, its data and the minibatch that comes next."""
    arm, tensors, batches = loop.ArmTrainer(experiment, name), loop.DataTensors(experiment), loop.minibatches(experiment)
    for _ in range(12):
        chosen = next(batches)
        arm.step(tensors.x_train[chosen], tensors.y_train[chosen])
    return arm, tensors, next(batches)


@torch.no_grad()
def measured(arm, tensors, minibatch):
    return unit_examples(live_context(arm, tensors, minibatch))["unit_examples"]


@torch.no_grad()
def taps_of(arm, tensors, minibatch):
    """linear, normalized, activation [layers, group, width] of the first group when the whole minibatch passes through."""
    taps = []
    arm.network(tensors.x_train[minibatch], MEASURE, arm.groups, taps=taps)
    return [torch.stack([equal_groups(output, arm.groups)[0][0] for output in tap]) for tap in zip(*taps, strict=True)]


def watched(values):
    """[layers, watched, examples] of [layers, group, width]."""
    return values[:, :EXAMPLES, :WATCHED_UNITS].transpose(1, 2).numpy()


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("name", COMPARED)
def test_the_arithmetic_of_what_is_recorded_is_pytorchs(name, variant):
    experiment = SMALL.replace(compare=name, **VARIANTS[variant])
    arm, tensors, minibatch = trained(experiment, name)
    recorded = measured(arm, tensors, minibatch)
    linear, normalized, activation = taps_of(arm, tensors, minibatch)
    examples = min(EXAMPLES, FIRST[variant])
    assert recorded["z"].shape == (experiment.hidden_layers, WATCHED_UNITS, examples)
    parts = derived(recorded, name, experiment.activation)
    tolerance = tolerances(recorded, name, experiment.activation)
    results = {"z": linear, SPECS[name].steps[-1].part: normalized, "a": activation}
    for part, values in results.items():
        assert (np.abs(parts[part] - watched(values)) <= tolerance[part]).all(), part


@pytest.mark.parametrize("variant", VARIANTS)
def test_statistics_are_exact_and_of_the_first_group(variant):
    arm, tensors, minibatch = trained(SMALL.replace(**VARIANTS[variant]), "batch")
    recorded, z = measured(arm, tensors, minibatch), taps_of(arm, tensors, minibatch)[0].double()
    assert recorded["together"] == z.shape[1] == FIRST[variant]
    assert np.allclose(recorded["mean"], z.mean(1)[:, :WATCHED_UNITS], rtol=1e-4, atol=1e-5)
    assert np.allclose(recorded["variance"], z.var(1, correction=0)[:, :WATCHED_UNITS], rtol=1e-4, atol=1e-6)
    for key in ("gamma", "beta"):
        assert np.array_equal(recorded[key], [getattr(one, key).detach()[:WATCHED_UNITS] for one in arm.network.normalizers])


def test_in_evaluation_it_is_pytorchs_batch_norm_with_running_statistics():
    arm, tensors, minibatch = trained(SMALL, "batch")
    recorded, z = measured(arm, tensors, minibatch), taps_of(arm, tensors, minibatch)[0]
    expected = torch.stack(
        [
            functional.batch_norm(one, norm.running_mean, norm.running_variance, norm.gamma, norm.beta)
            for one, norm in zip(z, arm.network.normalizers, strict=True)
        ]
    )
    by_hand = derived(recorded, "batch", SMALL.activation, running=True)["y"]
    rounded = np.sqrt((recorded["z"] ** 2).mean(-1, keepdims=True)) / (PARTS - 1)
    slope = recorded["gamma"][..., None] / np.sqrt(recorded["running_variance"][..., None])
    assert (np.abs(by_hand - watched(expected.detach())) <= np.abs(rounded * slope) + 1e-4).all()


def test_an_arm_without_a_normalizer_has_z_alone_and_other_arms_have_nothing():
    assert set(measured(*trained(SMALL, "none"))) == {"z"}
    arm, *rest = trained(SMALL.replace(hold_from=6), "none-held")
    assert unit_examples(live_context(arm, *rest)) == {}


def test_measuring_touches_neither_statistics_nor_generators():
    arm, *rest = trained(SMALL.replace(dropout=0.3), "batch")
    before = [value.clone() for value in arm.network.state_dict().values()], arm.dropout.get_state(), torch.get_rng_state()
    measured(arm, *rest)
    assert all(map(torch.equal, before[0], arm.network.state_dict().values()))
    assert torch.equal(before[1], arm.dropout.get_state()) and torch.equal(before[2], torch.get_rng_state())


def test_the_fields_name_every_group_size():
    for variant, changes in VARIANTS.items():
        experiment = SMALL.replace(**changes)
        assert FIRST[variant] == -(-experiment.batch // experiment.groups)
