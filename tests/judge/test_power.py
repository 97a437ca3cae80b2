"""Assurance: what it promises comes true in simulations, and it promises less than power that takes the pilot for the truth."""

import numpy as np
import pytest
from scipy import stats

from bnviz.judge.intervals import over_seeds
from bnviz.judge.power import assurance
from bnviz.judge.signs import Censored, Signs, Strictest
from bnviz.judge.verdict import Criterion

P = 0.05 / 9 / 2


def part(one, side="above", bound=0.0):
    return Criterion("part", one, side, bound)


def test_what_is_promised_comes_true():
    """Pilots of six of all kinds of means; of those that promise 0.8 to 0.95, so many are followed by a decision."""
    random, promised, decided = np.random.default_rng(0), [], []
    for _ in range(6000):
        mean = random.uniform(0, 6)
        likely = assurance(part(over_seeds(random.normal(mean, 1, 6))), 10, P)
        if 0.8 < likely < 0.95:
            promised.append(likely)
            decided.append(over_seeds(random.normal(mean, 1, 10)).not_above(0) <= P)
    assert len(promised) > 300
    assert np.mean(decided) == pytest.approx(np.mean(promised), abs=0.05)


def test_a_pilot_that_is_taken_for_the_truth_promises_more():
    pilot = over_seeds(np.array([0.9, 1.1, 2.4, 0.4, 1.9, 1.3]))
    distance = float(pilot.mean) / float(pilot.std) * 10**0.5
    taken_for_true = stats.nct.sf(stats.t.ppf(1 - P, 9), 9, distance)
    assert assurance(part(pilot), 10, P) < taken_for_true - 0.05


@pytest.mark.parametrize("hits, needed", [(6, 13), (5, 13), (3, 13)])
def test_counts_are_beta_binomial(hits, needed):
    """Of fourteen seeds thirteen have to be on one side."""
    values = np.where(np.arange(6) < hits, 1.0, -1.0)
    expected = stats.betabinom.sf(needed - 1, 14, hits + 0.5, 6 - hits + 0.5)
    assert assurance(part(Signs(values)), 14, P) == pytest.approx(
        expected if hits > 3 else assurance(part(Signs(-values)), 14, P)
    )
    assert assurance(part(Signs(values)), 5, P) == 0  # five cannot decide at all


def test_every_direction_is_the_mirror_image_of_another():
    one = over_seeds(np.array([0.9, 1.1, 2.4, 0.4, 1.9, 1.3]))
    assert assurance(part(one), 8, P) == pytest.approx(assurance(part(one.negated(), "below"), 8, P))
    assert assurance(part(one, "below"), 8, P) == pytest.approx(assurance(part(one), 8, P))  # it points to failure
    assert assurance(part(one, "within", 0.01), 8, 2 * P) == pytest.approx(assurance(part(one, "above", 0.01), 8, P))
    near = over_seeds(np.array([0.1, -0.1, 0.2, 0.05, -0.15, 0.02]))
    assert assurance(part(near, "within", 1.0), 8, P) == pytest.approx(assurance(part(near, "above", -1.0), 8, P), abs=0.02)


def test_bounds_and_two_tests_take_what_is_hard():
    low, high = np.full(6, 1.0), np.full(6, 2.0)
    low[0] = -1
    censored = Censored(Signs(low), Signs(high))
    assert assurance(part(censored), 14, P) == assurance(part(Signs(low)), 14, P)
    both = Strictest(over_seeds(high + np.arange(6) / 50), Signs(high))
    assert assurance(part(both), 14, P) == assurance(part(Signs(high)), 14, P) < 1
