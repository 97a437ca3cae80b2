"""numbers.js against NumPy's and SciPy's answers."""

import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import signal, stats

FILE = "web/player/numbers.js"
NUMBERS = st.floats(-1e6, 1e6).map(lambda value: round(value, 4))
LISTS = st.lists(NUMBERS, min_size=1, max_size=40)
GAPS = st.lists(st.one_of(NUMBERS, st.none(), st.sampled_from([math.nan, math.inf, -math.inf])), max_size=40)
SHARES = st.floats(0, 1)


@pytest.fixture(scope="module")
def numbers(desk):
    return lambda name, *arguments: desk.call(FILE, name, *arguments)


def finite(values):
    return [value for value in values if value is not None and math.isfinite(value)]


def close(value, expected, **tolerance):
    if expected is None:
        return value is None
    return value == pytest.approx(expected, **{"rel": 1e-9, "abs": 1e-6, **tolerance})


@given(GAPS, SHARES)
@settings(deadline=None)
def test_a_quantile_is_numpys_of_the_finite_values(numbers, values, share):
    finite_values = finite(values)
    assert close(numbers("quantile", values, share), np.quantile(finite_values, share) if finite_values else None)
    assert close(numbers("median", values), np.median(finite_values) if finite_values else None)
    assert close(numbers("mean", values), np.mean(finite_values) if finite_values else None)


@given(st.lists(st.one_of(NUMBERS, st.none()), max_size=30), st.sampled_from([1, 3, 9]))
@settings(deadline=None)
def test_a_running_median_is_that_of_the_window_around_each_value(numbers, values, window):
    reach = window // 2
    around = [finite(values[max(0, place - reach) : place + reach + 1]) for place in range(len(values))]
    expected = [None if value is None else np.median(near) for value, near in zip(values, around, strict=True)]
    result = numbers("runningMedian", values, window)
    assert len(result) == len(expected) and all(map(close, result, expected))


def test_inside_a_running_median_is_scipys(numbers):
    values = np.random.default_rng(1).normal(size=50)
    assert numbers("runningMedian", values.tolist(), 9)[4:-4] == pytest.approx(signal.medfilt(values, 9)[4:-4])


@given(st.lists(st.tuples(st.integers(-50, 50), NUMBERS), min_size=1, max_size=30))
@settings(deadline=None)
def test_a_straight_line_is_scipys(numbers, points):
    x, y = map(list, zip(*points, strict=True))
    result = numbers("straightLine", x, y)
    if len(set(x)) < 2:
        assert result is None
        return
    line = stats.linregress(x, y)
    assert close(result["slope"], line.slope, abs=1e-4)
    assert close(result["intercept"], line.intercept, abs=1e-3)


def test_a_straight_line_passes_over_points_that_are_not_finite(numbers):
    result = numbers("straightLine", [1, 2, 3, math.nan, 5], [2, 4, 6, 100, math.inf])
    assert result == pytest.approx({"slope": 2, "intercept": 0})


@given(st.lists(st.tuples(st.floats(0.01, 1e4), st.floats(0.01, 1e4)), min_size=2, max_size=20, unique_by=lambda point: point[0]))
@settings(deadline=None)
def test_a_power_law_is_a_straight_line_through_logarithms(numbers, points):
    x, y = map(list, zip(*points, strict=True))
    if np.ptp(np.log(x)) < 0.5:  # so steep a law has a factor beyond all numbers
        return
    result, line = numbers("powerLaw", x, y), stats.linregress(np.log(x), np.log(y))
    assert close(result["exponent"], line.slope, rel=1e-6)
    assert math.log(result["factor"]) == pytest.approx(line.intercept, rel=1e-6, abs=1e-6)


def test_a_power_law_leaves_out_what_has_no_logarithm(numbers):
    assert numbers("powerLaw", [1, 4, 16, 64], [8, 4, 0, 1]) == pytest.approx({"exponent": -0.5, "factor": 8})
    assert numbers("powerLaw", [1, 4], [0, 4]) is None


@given(LISTS)
@settings(deadline=None)
def test_a_value_has_travelled_the_sum_of_its_steps(numbers, values):
    assert close(numbers("totalVariation", values), float(np.abs(np.diff(values)).sum()))


@given(LISTS)
@settings(deadline=None)
def test_smoothing_is_a_convolution_with_the_ends_repeated(numbers, values):
    expected = np.convolve(np.pad(values, 1, mode="edge"), [0.25, 0.5, 0.25], mode="valid")
    assert numbers("smooth", values) == pytest.approx(expected, abs=1e-6)


@given(st.lists(st.integers(0, 200), min_size=1, max_size=30), SHARES)
@settings(deadline=None)
def test_a_quantile_of_a_histogram_is_scipys(numbers, counts, share):
    """scipy's distribution of a histogram is uniform within bins, too."""
    edges = np.linspace(-2, 3, len(counts) + 1)
    result = numbers("histogramQuantile", counts, edges.tolist(), share)
    if not sum(counts):
        assert result is None
        return
    # Where empty bins leave the quantile open, any of their values has as many values below it.
    below = stats.rv_histogram((np.array(counts), edges)).cdf(result)
    assert below == pytest.approx(share, abs=1e-9)
    assert edges[0] <= result <= edges[-1]


@given(st.lists(st.integers(0, 50), min_size=6, max_size=6), st.integers(1, 100), SHARES)
@settings(deadline=None)
def test_a_quantile_is_exactly_0_where_that_many_values_are(numbers, counts, zeros, share):
    """Against numpy, with the values of each bin spread evenly over it."""
    edges = np.linspace(-1.5, 1.5, 7)  # the bin of 0 begins there
    samples = [np.linspace(low, high, 40 * count) for low, high, count in zip(edges[:-1], edges[1:], counts, strict=True)]
    expected = np.quantile(np.concatenate([*samples, np.zeros(40 * zeros)]), share)
    result = numbers(
        "histogramQuantile", [count + zeros * (bin == 3) for bin, count in enumerate(counts)], edges.tolist(), share, zeros
    )
    total, below = sum(counts) + zeros, sum(counts[:3])
    assume(min(abs(share * total - edge) for edge in np.cumsum([0, *counts[:3], zeros, *counts[3:]])) > 0.1)
    assert (result == 0) == (below < share * total < below + zeros)
    assert result == pytest.approx(expected, abs=0.03)


@given(st.lists(st.integers(-50, 50), min_size=2, max_size=20, unique=True).map(sorted), st.floats(-60, 60))
@settings(deadline=None)
def test_a_value_lies_in_numpys_bin(numbers, edges, value):
    place = int(np.searchsorted(edges, value, side="right")) - 1
    assert numbers("binOf", value, edges) == (place if 0 <= place < len(edges) - 1 else -1)
    assert numbers("centres", edges) == pytest.approx((np.array(edges[1:]) + edges[:-1]) / 2)


@given(st.integers(1, 1000), st.integers(1, 150))
@settings(deadline=None)
def test_what_is_thinned_keeps_the_newest_at_even_distances(numbers, length, most):
    finite_values = numbers("subsample", list(range(length)), most)
    assert len(finite_values) <= most and finite_values[-1] == length - 1
    assert len(set(np.diff(finite_values))) <= 1
    assert (len(finite_values) + 1) * math.ceil(length / most) > length  # no sparser than it has to be


def test_an_extent_is_that_of_the_bins_that_are_high_enough(numbers):
    edges = [0, 1, 2, 3, 4]
    assert numbers("extent", [0, 0.5, 0.1, 0.3], edges, 0.2) == [1, 4]
    assert numbers("extent", [0, 0.1, 0.1, 0], edges, 0.2) == []


@pytest.mark.parametrize("value", [None, "3", math.nan, math.inf, True])
def test_only_finite_numbers_are_finite(numbers, value):
    assert numbers("finite", value) is None
    assert numbers("finite", 0) == 0
