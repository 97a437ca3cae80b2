"""The law of a running mean's error against running means that are simulated; Bessel's correction through ten layers."""

import math

import numpy as np
import pytest
import torch
from torch.nn import functional

from bnviz.config.experiment import Experiment
from bnviz.lessons.train_and_eval.measures.bessel import group_size, spread, without_correction
from bnviz.lessons.train_and_eval.measures.law import error, noise_share
from bnviz.lessons.train_and_eval.measures.minibatches import Minibatches
from bnviz.measures.context import MeasureContext
from bnviz.nets.network import Network
from bnviz.nets.normalizers import EVALUATE, MEASURE, TRAIN
from bnviz.train.minibatches import DataTensors, generator_for

LAW = "lessons/train_and_eval/law.js"
CAUSES = "lessons/train_and_eval/causes.js"
NOTHING = {"size": 0, "drift": 0, "noise": 0, "offset": 0}


def simulated_error(increments, noise, momentum, random, size=0.0, offset=0.0):
    """Root mean square of r − µ by a plain loop: r starts at 0, µ moves by `increments` [steps, copies] and ends at `size`.

    Means of minibatches differ from µ by `noise` at random, and by `offset` in all steps of a copy, up or down.
    """
    steps, copies = increments.shape
    mean, running = size - increments.sum(0), np.zeros(copies)
    bias = offset * random.choice([-1, 1], size=copies)
    for step in range(steps):
        running = (1 - momentum) * running + momentum * (mean + bias + noise * random.normal(size=copies))
        mean = mean + increments[step]
    return math.sqrt(((running - mean) ** 2).mean())


@pytest.mark.parametrize("momentum", [0.003, 0.03, 0.3, 1.0])
@pytest.mark.parametrize("steps", [10, 300])
def test_the_law_holds_for_a_mean_that_drifts_evenly_and_noise(desk, momentum, steps):
    """Start and drift may add up or not, so each is tried beside noise alone."""
    random = np.random.default_rng(0)
    average = {"momentum": momentum, "updates": 1, "steps": steps}
    for size, drift in ((1.0, 0.0), (0.0, 0.02)):
        expected = simulated_error(np.full((steps, 4000), drift), 0.3, momentum, random, size)
        terms = {"size": size, "drift": drift, "noise": 0.3, "offset": 0}
        assert desk.call(LAW, "errorOf", terms, average) == pytest.approx(expected, rel=0.03), (size, drift)


@pytest.mark.parametrize("momentum", [0.003, 0.03, 0.3])
@pytest.mark.parametrize("steps", [8, 300])
def test_the_minibatch_offset_counts_with_the_share_of_minibatches(desk, momentum, steps):
    """A young running mean holds mostly its start, which has no offset."""
    random = np.random.default_rng(2)
    expected = simulated_error(np.zeros((steps, 2000)), 0.0, momentum, random, size=0.2, offset=0.5)
    terms = {"size": 0.2, "drift": 0, "noise": 0, "offset": 0.5}
    average = {"momentum": momentum, "updates": 1, "steps": steps}
    assert desk.call(LAW, "errorOf", terms, average) == pytest.approx(expected, rel=0.02)
    assert error(**terms, momentum=momentum, steps=steps) == pytest.approx(expected, rel=0.02)


@pytest.mark.parametrize("momentum", [0.01, 0.1, 0.5])
@pytest.mark.parametrize("memory", [0.0, 0.9, 0.99])
def test_a_mean_that_turns_back_is_less_far_off_by_no_more_than_the_root_of_two(desk, momentum, memory):
    """Random walks (memory 0), and means whose velocity is an Ornstein-Uhlenbeck process. Drift is measured over the last 1 / m
    steps, as the page does."""
    random, steps = np.random.default_rng(1), 1000
    increments, velocity = np.empty((steps, 2000)), random.normal(size=2000)
    for step in range(steps):
        increments[step] = velocity
        velocity = memory * velocity + math.sqrt(1 - memory**2) * random.normal(size=2000)
    back = round(1 / momentum)
    drift = math.sqrt((increments[-back:].sum(0) ** 2).mean()) / back
    simulated = simulated_error(increments, 0.0, momentum, random, increments.sum(0))
    law = desk.call(LAW, "errorOf", NOTHING | {"drift": drift}, {"momentum": momentum, "updates": 1, "steps": steps})
    assert 0.97 <= law / simulated <= 1.03 * math.sqrt(2), (law, simulated)


EXAMPLES = 130  # in a training set


def shuffled_error(size, momentum, steps, random, copies=3000):
    """Root mean square of r − µ, with r the average of means of minibatches of shuffled epochs, in standard deviations of
    independent ones; each copy has a training set and orders of its own, and r starts right."""
    population = random.normal(size=(copies, EXAMPLES))
    running, left = np.zeros(copies), population[:, :0]
    for _ in range(steps):
        if left.shape[1] < size:
            left = random.permuted(population, axis=1)
        drawn, left = left[:, :size], left[:, size:]
        running = (1 - momentum) * running + momentum * (drawn.mean(1) - population.mean(1))
    return math.sqrt((running**2 / (population.var(1, ddof=1) / size)).mean())


@pytest.mark.parametrize("size, steps", [(16, 60), (16, 64), (65, 9), (130, 5)])
@pytest.mark.parametrize("momentum", [0.01, 0.1, 1.0])
def test_noise_cancels_over_an_epoch_as_the_law_says(desk, size, steps, momentum):
    """Epochs of 8 minibatches with two examples left over, of 2, and of whole batches, which have no noise at all."""
    length = EXAMPLES / size
    average = {"momentum": momentum, "updates": 1, "steps": steps}
    average["epoch"] = {"length": length, "position": steps % int(length)}
    law = desk.call(LAW, "errorOf", NOTHING | {"noise": 1}, average)
    assert law == pytest.approx(shuffled_error(size, momentum, steps, np.random.default_rng(0)), rel=0.04, abs=1e-7)
    assert noise_share(momentum, steps, length) == pytest.approx(law, abs=1e-7)
    independent = desk.call(LAW, "errorOf", NOTHING | {"noise": 1}, {**average, "epoch": None})
    assert law < independent == pytest.approx(noise_share(momentum, steps))


def test_an_average_that_is_young_or_frozen_in_the_middle_of_an_epoch_has_whatever_it_took_in(desk):
    """Of the last 3 minibatches of 8, two are of this epoch, and one is of the epoch before."""
    epoch, momentum = {"length": 8.0, "position": 2}, 0.5
    weights = momentum * (1 - momentum) ** np.arange(3)
    expected = (weights**2).sum() - (weights[:2].sum() ** 2 + weights[2] ** 2) / 8
    assert desk.call(CAUSES, "noiseLeft", 1, momentum, 3, epoch) == pytest.approx(math.sqrt(expected))


def test_frozen_statistics_average_nothing(desk):
    """The true mean goes on to drift, and weight and noise of what was averaged stay."""
    means = [{"step": step, "mean": [0.01 * step]} for step in (0, 100, 200)]
    before, after = (desk.call(CAUSES, "partsAt", means[:count], 0.1, True, frozen) for count, frozen in ((2, []), (3, [200])))
    assert (after["steps"], after["until"], after["left"]) == (100, 100, before["left"])
    assert after["drift"] == pytest.approx(before["drift"] + 1.0, abs=1e-3)


@pytest.mark.parametrize("drift, noise", [(1e-4, 0.1), (1e-3, 0.3)])
def test_the_best_momentum_is_where_both_terms_balance(desk, drift, noise):
    """The derivative of d² / m² + n² m / (2 − m) is 0 where d² (2 − m)² = n² m³."""
    average = {"updates": 1, "steps": 10**6}
    momenta = desk.call(LAW, "momenta")
    curve = [
        {
            "momentum": one,
            "error": desk.call(LAW, "errorOf", NOTHING | {"drift": drift, "noise": noise}, {**average, "momentum": one}),
        }
        for one in momenta
    ]
    best = desk.call(LAW, "lowest", curve)["momentum"]
    (root,) = [one.real for one in np.roots([noise**2, -(drift**2), 4 * drift**2, -4 * drift**2]) if abs(one.imag) < 1e-12]
    assert best == pytest.approx(root, rel=0.16) and momenta[0] < best < momenta[-1]


def test_updates_of_one_step_average_their_noise_and_see_one_mean(desk):
    average = {"momentum": 0.1, "updates": 4, "steps": 500}
    weights = 0.1 * 0.9 ** np.arange(2000)
    assert desk.call(LAW, "errorOf", NOTHING | {"noise": 2}, average) == pytest.approx(2 * math.sqrt((weights**2).sum()))
    assert desk.call(LAW, "errorOf", NOTHING | {"drift": 2}, average) == pytest.approx(2 / (1 - 0.9**4))


# the causes, told apart with the law's terms known


@pytest.mark.parametrize(
    "cause, terms, momentum, uncorrected, own",
    [
        ("drift", {"drift": 0.01, "noise": 0.2}, 0.01, 0.6, 0.8),
        ("noise", {"drift": 0.01, "noise": 0.2}, 1.0, 0.6, 0.8),
        ("start", {"size": 1.0, "drift": 0.001, "noise": 0.2}, 0.001, 0.6, 0.8),
        ("offset", {"drift": 0.001, "noise": 0.1, "offset": 0.3}, 0.1, 0.6, 0.8),
        ("bessel", {"drift": 0.01, "noise": 0.2}, 0.1, 0.72, 0.8),
        ("drift", {"drift": 0.01, "noise": 0.2}, 0.01, 0.64, 0.8),  # Bessel's correction has part in it, but less than half
        ("data", {"drift": 0.01, "noise": 0.2}, 0.1, 0.6, 1.0),
    ],
)
def test_causes_are_told_apart_by_terms_and_views(desk, cause, terms, momentum, uncorrected, own):
    average, known = {"momentum": momentum, "updates": 1, "steps": 600}, NOTHING | terms
    parts = {
        name: desk.call(LAW, "errorOf", NOTHING | {term: known[term]}, average)
        for name, term in {"start": "size", "drift": "drift", "noise": "noise", "offset": "offset"}.items()
    }
    scores = {"minibatch": 0.8, "running": 0.61, "recomputed": 0.8, "own": own, "uncorrected": uncorrected}
    assert desk.call(CAUSES, "causeOf", scores, parts) == cause


# Bessel's correction


@torch.no_grad()
def test_pairs_double_running_variances_and_each_layer_hands_on_less():
    """In ten linear layers of an untrained network, of which the first alone has independent examples."""
    experiment = Experiment(
        activation="identity", hidden_layers=10, ghost_batch_size=2, train_size=2048, statistics_momentum=0.02, steps=0
    )
    network = Network(experiment, "batch", generator_for(experiment, "weights"))
    examples = DataTensors(experiment).examples()
    for minibatch in torch.randint(2048, (150, 64), generator=torch.Generator().manual_seed(0)):
        network(examples.x_train[minibatch], TRAIN, experiment.groups)
    context = MeasureContext(network, experiment, functional.cross_entropy, examples, torch.arange(64))
    np.testing.assert_allclose(Minibatches.of(context).variance_factor(network), 2, rtol=0.2)
    running, minibatch = [], []
    network(examples.x_test, EVALUATE, taps=running)
    network(examples.x_test, MEASURE, len(examples.x_test) // 2, taps=minibatch)
    np.testing.assert_allclose(spread(running, minibatch), 2 ** (-np.arange(10) / 2), rtol=0.25)
    running.clear()
    without_correction(network, group_size(experiment))(examples.x_test, EVALUATE, taps=running)
    np.testing.assert_allclose(spread(running, minibatch), 1, rtol=0.25)
