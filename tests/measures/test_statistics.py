"""Measures against SciPy and NumPy, and what must hold for any numbers at all."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from scipy import stats

from bnviz.config.experiment import PERCENTILES
from bnviz.measures import statistics

quick = settings(max_examples=150, deadline=None)
EDGES = np.linspace(-8, 8, 49, dtype=np.float32)
TINY = float(np.finfo(np.float32).smallest_subnormal)
SPECIAL = [0.0, -0.0, TINY, -TINY, 8.0, -8.0, float(np.nextafter(np.float32(8), np.float32(9))), 3.4028234663852886e38]
ANY = st.one_of(st.sampled_from([*SPECIAL, np.nan, np.inf, -np.inf]), st.floats(width=32), st.sampled_from(EDGES.tolist()))
EIGHTHS = st.integers(-1, 1).map(lambda number: number / 8)
FINITE = st.one_of(st.sampled_from(SPECIAL), st.floats(-10, 10, width=32), st.sampled_from(EDGES.tolist()))


def rows_of(elements, rows=3, columns=20):
    return arrays.arrays(np.float32, (rows, columns), elements=elements)


@pytest.fixture
def generator():
    return np.random.default_rng(0)


@quick
@given(rows_of(ANY))
def test_the_parts_of_a_histogram_add_up_whatever_the_values(rows):
    counts = statistics.histogram(np.sort(rows), EDGES)
    assert (counts.counts.sum(-1) + counts.underflow + counts.overflow + counts.nonfinite == rows.shape[-1]).all()
    assert (counts.nonfinite == (~np.isfinite(rows)).sum(-1)).all()
    assert (counts.zeros == (rows == 0).sum(-1)).all()
    with np.errstate(invalid="ignore"):
        assert (counts.underflow == ((rows < EDGES[0]) & np.isfinite(rows)).sum(-1)).all()
        assert (counts.overflow == ((rows > EDGES[-1]) & np.isfinite(rows)).sum(-1)).all()


@quick
@given(rows_of(FINITE))
def test_counts_are_numpys_on_finite_values(rows):
    counts = statistics.histogram(np.sort(rows), EDGES).counts
    assert np.array_equal(counts, [np.histogram(row, EDGES)[0] for row in rows])


def around(values):
    """As a snapshot has them: by the histogram of the units, which have been sorted one by one."""
    counts = statistics.histogram(np.sort(values)[None], EDGES).pooled()
    return statistics.percentile_neighbours(values.reshape(1, -1), EDGES, counts)[0]


@quick
@given(rows_of(st.one_of(FINITE, st.floats(-100, 100, width=32))), st.sampled_from([1, 2, 3, 16]))
def test_percentiles_are_numpys(rows, columns):
    values = rows[:, :columns]
    with np.errstate(over="ignore", invalid="ignore"):
        expected = np.percentile(values.astype(np.float64), PERCENTILES)
        assert (
            np.allclose(statistics.percentiles(around(values), values.size), expected, rtol=1e-5, atol=1e-5)
            or np.abs(values).max() > 1e38
        )


@quick
@given(rows_of(ANY))
def test_order_statistics_are_those_of_a_sort_whatever_the_values(rows):
    below = np.floor(np.array(PERCENTILES) / 100 * (rows.size - 1)).astype(int)
    assert np.array_equal(around(rows), np.sort(rows.ravel())[[below, below + 1]], equal_nan=True)


@quick
@given(rows_of(ANY))
def test_a_pooled_histogram_is_that_of_all_rows_together(rows):
    for part, whole in zip(
        statistics.histogram(np.sort(rows), EDGES).pooled(), statistics.histogram(np.sort(rows.ravel()), EDGES), strict=True
    ):
        assert np.array_equal(part, whole)


def test_moments_are_numpys_even_far_from_zero(generator):
    values = generator.normal(1000, 0.5, (2, 3, 512)).astype(np.float32)
    mean, std = statistics.moments(values)
    assert np.allclose(mean, values.mean(-1, dtype=np.float64), rtol=1e-6)
    assert np.allclose(std, np.sqrt(np.var(values, axis=-1, dtype=np.float64)), rtol=1e-3)


def test_pooled_moments_are_those_of_all_units_together(generator):
    values = generator.normal(generator.normal(size=(4, 1)), 2.0, (4, 512)).astype(np.float32)
    mean, std = statistics.pooled_moments(*statistics.moments(values))
    assert mean == pytest.approx(values.mean(dtype=np.float64), abs=1e-5)
    assert std == pytest.approx(np.sqrt(np.var(values, dtype=np.float64)), rel=1e-5)


def test_shift_is_scipys_wasserstein_distance_in_standard_deviations(generator):
    now = generator.normal(0.3, 1.5, (2, 5, 200)).astype(np.float32)
    then = generator.exponential(1.0, (2, 5, 200)).astype(np.float32)
    expected = [
        np.mean([stats.wasserstein_distance(*unit) for unit in zip(*layer, strict=True)])
        / np.sqrt(np.var(layer[1], axis=1).mean())
        for layer in zip(now, then, strict=True)
    ]
    distance = statistics.shift(np.sort(now), np.sort(then), then.std(-1))
    assert np.allclose(distance, expected, rtol=1e-5)


@quick
@given(rows_of(EIGHTHS, columns=5), rows_of(EIGHTHS, columns=5))
def test_shift_is_zero_for_equal_distributions_and_only_for_them(now, then):
    now, then = np.sort(now), np.sort(then)
    std = np.ones(len(then), np.float32)
    assert statistics.shift(now, now, std) == 0
    moved = statistics.shift(now, then, std)
    assert moved >= 0
    assert (moved == 0) == np.array_equal(now, then)


def test_shift_is_invariant_to_the_unit_of_measurement(generator):
    now, then = np.sort(generator.normal(size=(2, 4, 100)).astype(np.float32), axis=-1)
    small = statistics.shift(now, then, then.std(-1))
    assert statistics.shift(now * 1024, then * 1024, (then * 1024).std(-1)) == pytest.approx(small, rel=1e-5)


def test_shift_without_spread_is_zero_or_infinite_and_never_a_warning():
    flat, moved = np.zeros((1, 1, 4), np.float32), np.ones((1, 1, 4), np.float32)
    assert statistics.shift(flat, flat, flat.std(-1)) == 0
    assert np.isinf(statistics.shift(moved, flat, flat.std(-1)))
    lost = np.full((1, 1, 4), np.nan, np.float32)
    assert np.isnan(statistics.shift(lost, moved, np.ones((1, 1), np.float32)))


@pytest.fixture
def population(generator):
    """Sorted values [layers 1, units 3, P] of very different shape."""
    units = [generator.normal(5, 2, 512), generator.exponential(1, 512), generator.choice([0.0, 1.0], 512)]
    return np.sort(np.array([units], np.float32))


def minibatches(generator, population, size, count=20000):
    """Independent draws [1, count, units, size] from every unit."""
    return generator.choice(population[0].T, (count, size)).transpose(0, 2, 1)[None]


@pytest.mark.parametrize("size", [2, 8, 64])
def test_means_of_independent_minibatches_scatter_as_one_over_root_n(generator, population, size):
    mean, std = statistics.moments(population)
    draws = minibatches(generator, population, size).mean(-1)
    assert statistics.mean_noise(draws, mean, std) == pytest.approx(1 / np.sqrt(size), rel=0.02)


@pytest.mark.parametrize("size", [2, 3, 8, 64])
def test_minibatches_and_probes_scatter_as_the_theory_says(generator, population, size):
    """Both are drawn from the same population again and again, and each is off by itself. Squares are averaged over the draws."""
    means, variances, theory = [], [], []
    for probe in minibatches(generator, population, 150, count=400)[0]:
        mean, std = statistics.moments(probe[None])
        draws = minibatches(generator, population, size, count=50)
        means.append(statistics.mean_noise(draws.mean(-1), mean, std) ** 2)
        variances.append(statistics.variance_noise(draws.var(-1, ddof=1), std) ** 2)
        theory.append(statistics.variance_noise_theory(probe[None], mean, std, size) ** 2)
    assert np.mean(means) == pytest.approx(1 / size + 1 / 150, rel=0.05)
    assert np.mean(variances) == pytest.approx(np.mean(theory), rel=0.15)


def test_variance_theory_leaves_the_values_alone(population):
    before = population.copy()
    statistics.variance_noise_theory(population, *statistics.moments(population), 8)
    assert np.array_equal(before, population)


# Minibatches as subsets


def test_scatter_is_the_root_mean_square_of_standard_deviations(generator):
    values = generator.normal(3, [1.0, 5.0], (4, 50, 2)).astype(np.float32)
    expected = [np.sqrt(np.mean([np.std(rows[:, unit].astype(float), ddof=1) ** 2 for unit in range(2)])) for rows in values]
    assert np.allclose(statistics.scatter(values), expected)
    assert statistics.scatter(np.full((40, 3), 0.1, np.float32)) == 0


@pytest.fixture
def few(generator):
    """Values [units 3, N 9] of very different shape, so few that all subsets can be looked at."""
    return np.stack([generator.exponential(1, 9), generator.normal(50, 0.1, 9), [0, 1, 1, 0, 0, 0, 1, 0, 0]])


@pytest.mark.parametrize("size", range(2, 10))
def test_theory_of_subsets_is_exact_over_all_subsets(few, size):
    subsets = np.array([list(combinations(unit, size)) for unit in few])  # [units, subsets, size]
    variance = few.var(-1, ddof=1)
    mean = subsets.mean(-1).std(-1) / np.sqrt(variance)
    assert np.allclose(mean, statistics.subset_mean_theory(size, 9), atol=1e-7)
    spread = np.sqrt(subsets.var(-1, ddof=1).var(-1).mean()) / variance.mean()
    assert statistics.subset_variance_theory(few, [size])[0] == pytest.approx(spread, abs=1e-7)


def test_theory_of_subsets_of_very_many_is_that_of_independent_draws(generator):
    values = np.sort(generator.exponential(1, (1, 2, 100_000)))
    independent = [statistics.variance_noise_theory(values, *statistics.moments(values), size) for size in (2, 16, 128)]
    assert np.allclose(statistics.subset_variance_theory(values, [2, 16, 128]), np.stack(independent, -1), rtol=2e-3)
    assert statistics.subset_mean_theory([4, 100_000], 100_000) == pytest.approx([0.5, 0], abs=1e-4)


def test_cumulants_are_scipys(few):
    second, fourth = statistics._cumulants(few)
    assert np.allclose(second, [stats.kstat(unit, 2) for unit in few])
    assert np.allclose(fourth, [stats.kstat(unit - unit.mean(), 4) for unit in few])
