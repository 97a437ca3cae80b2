"""Intervals against SciPy."""

import numpy as np
import pytest
from scipy import stats

from bnviz.judge.intervals import difference, interval, t_quantile


@pytest.mark.parametrize("freedom", [1, 2, 3, 4, 9, 19])
@pytest.mark.parametrize("probability", [0.5, 0.9, 0.975, 0.995])
def test_quantiles_are_student_s(probability, freedom):
    assert t_quantile(probability, freedom) == pytest.approx(stats.t.ppf(probability, freedom), abs=1e-6)


@pytest.mark.parametrize("level", [0.5, 0.95])
def test_an_interval_is_scipy_s(level):
    values = np.random.default_rng(0).normal(3, 2, (2, 4, 5))
    result = interval(values, level)
    low, high = stats.t.interval(level, 4, values.mean(-1), stats.sem(values, axis=-1))
    np.testing.assert_allclose(result.mean, values.mean(-1))
    np.testing.assert_allclose(result.low, low, rtol=1e-6)
    np.testing.assert_allclose(result.high, high, rtol=1e-6)
    assert (result.count == 5).all()


def test_what_is_missing_is_left_out():
    values = np.array([[1.0, 2.0, np.nan, 6.0], [5.0, np.nan, np.nan, np.inf], [np.nan] * 4])
    result = interval(values)
    low, high = stats.t.interval(0.95, 2, 3.0, stats.sem([1.0, 2.0, 6.0]))
    assert result.count.tolist() == [3, 1, 0]
    assert (result.mean[0], result.low[0], result.high[0]) == pytest.approx((3.0, low, high))
    assert result.mean[1] == 5.0 and np.isnan([result.mean[2], *result.low[1:], *result.high[1:]]).all()


def test_a_difference_goes_seed_by_seed():
    first, second = np.array([1.0, 20.0, 300.0]), np.array([0.0, 19.1, 298.9])
    result, test = difference(first, second), stats.ttest_rel(first, second).confidence_interval(0.95)
    assert (result.low, result.high) == pytest.approx((test.low, test.high))
