"""Exact tests against SciPy, and what only they get right."""

import numpy as np
import pytest
from scipy import stats

from bnviz.judge.intervals import over_seeds
from bnviz.judge.signs import Censored, Signs, Strictest

VALUES = np.array([0.3, 0.5, -0.1, 0.4, 0.35, 0.2, 2.0])


@pytest.mark.parametrize("bound", [-1.0, 0.0, 0.25, 0.45, 9.0])
def test_p_values_are_those_of_the_binomial_test(bound):
    above, below = (np.count_nonzero(one > 0) for one in (VALUES - bound, bound - VALUES))
    assert Signs(VALUES).not_above(bound) == pytest.approx(stats.binomtest(above, 7, 0.5, "greater").pvalue)
    assert Signs(VALUES).not_below(bound) == pytest.approx(stats.binomtest(below, 7, 0.5, "greater").pvalue)


def test_what_lies_at_the_bound_or_is_missing_speaks_for_neither_side():
    one = Signs(np.array([1.0, 1.0, np.nan, 2.0, 0.0]))
    assert one.not_above(1) == one.not_below(1) == pytest.approx(31 / 32)


def test_the_median_is_numpys_and_may_be_infinite():
    assert Signs(VALUES).mean == np.median(VALUES) and Signs(VALUES[:6]).mean == pytest.approx(np.median(VALUES[:6]))
    assert Signs(np.array([np.inf, np.inf, 1.0])).mean == np.inf and np.isnan(Signs(np.array([np.nan])).mean)


@pytest.mark.parametrize("seeds", [5, 14])
def test_values_of_two_kinds_are_decided_no_more_often_than_said(seeds):
    """Networks are stuck or not, by a coin: Student's t is sure whenever all of them are on one side."""
    random, level = np.random.default_rng(0), 0.05 / 9 / 2
    wrong = {"t": 0, "signs": 0}
    for _ in range(2000):
        values = np.where(random.random(seeds) < 0.5, 0.1, 0.8) + random.normal(0, 0.002, seeds)
        wrong["t"] += min(over_seeds(values).not_below(0.45), over_seeds(values).not_above(0.45)) < level
        wrong["signs"] += min(Signs(values).not_below(0.45), Signs(values).not_above(0.45)) < level
    assert wrong["signs"] <= 2000 * 2 * level + 3 * 3.4
    assert seeds > 5 or wrong["t"] > 80


def test_what_is_known_within_bounds_is_judged_by_the_end_that_is_hard():
    one = Censored(Signs(VALUES - 1), Signs(VALUES + 1))
    assert one.not_above(0) == Signs(VALUES - 1).not_above(0) > Signs(VALUES).not_above(0)
    assert one.not_below(0) == Signs(VALUES + 1).not_below(0) >= Signs(VALUES).not_below(0)
    assert one.mean == pytest.approx(Signs(VALUES).mean) and one.seeds == 7


def test_of_two_tests_both_have_to_be_passed():
    t, signs = over_seeds(VALUES), Signs(VALUES)
    assert Strictest(t, signs).not_above(0) == max(t.not_above(0), signs.not_above(0))
    assert Strictest(t, signs).not_below(0) == max(t.not_below(0), signs.not_below(0))
