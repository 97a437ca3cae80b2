"""P-values against SciPy and simulations; verdicts of several parts, and of several claims together."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from bnviz.judge.intervals import over_seeds, over_seeds_and_images, t_tail
from bnviz.judge.signs import Signs
from bnviz.judge.verdict import AGREES, CANNOT_TELL, DISAGREES, TOO_FEW, Criterion, Verdict, holm, words

VALUES = np.array([0.3, 0.5, 0.1, 0.4, 0.35, 0.2])


def part(values, side, bound=0.0, **more):
    return Criterion("part", over_seeds(np.asarray(values, float)), side, bound, **more)


@pytest.mark.parametrize("bound", [0.0, 0.3, 0.6])
def test_p_values_of_a_bound_are_those_of_a_one_sided_t_test(bound):
    greater, less = (stats.ttest_1samp(VALUES, bound, alternative=side).pvalue for side in ("greater", "less"))
    above, below = part(VALUES, "above", bound), part(VALUES, "below", bound)
    assert (above.holds, above.fails) == pytest.approx((greater, less), rel=1e-6)
    assert (below.holds, below.fails) == pytest.approx((less, greater), rel=1e-6)


def test_within_is_two_one_sided_tests():
    low, high = (
        stats.ttest_1samp(VALUES, -0.5, alternative="greater").pvalue,
        stats.ttest_1samp(VALUES, 0.5, alternative="less").pvalue,
    )
    assert part(VALUES, "within", 0.5).holds == pytest.approx(max(low, high), rel=1e-6)
    beyond = stats.ttest_1samp(VALUES, 0.1, alternative="greater").pvalue
    assert part(VALUES, "within", 0.1).fails == pytest.approx(2 * beyond, rel=1e-6)
    assert part(-VALUES, "within", 0.1).fails == pytest.approx(2 * beyond, rel=1e-6)


@pytest.mark.parametrize(
    "values, holds, fails",
    [
        ([1, 1, 1], 1 / 8, 1), ([-1, -1], 1, 1 / 4), ([0, 0], 1, 1), ([5], 1, 1), ([math.nan], 1, 1),
        ([0.1 + 0.2, 0.3, 0.3], 1 / 8, 1), ([1, 1, 1, 1.001], 1 / 16, 1),
    ],
)  # fmt: skip
def test_where_values_are_tied_they_say_what_their_signs_say(values, holds, fails):
    """Their scatter is 0, or almost, and says nothing of how sure they are."""
    result = part(values, "above")
    assert (result.holds, result.fails) == pytest.approx((holds, fails), abs=1e-3)


@pytest.mark.parametrize("t, freedom", [(0.0, 3), (2.0, 4.5), (9.0, 2), (-1.5, 60.3)])
def test_tails_are_student_s(t, freedom):
    assert t_tail(t, freedom) == pytest.approx(stats.t.sf(t, freedom), rel=1e-6)


def test_over_seeds_and_images_covers_the_truth_where_seeds_alone_do_not():
    """Every seed is judged by the same images, so what these happen to be moves all means alike."""
    random, covered = np.random.default_rng(0), {"seeds": 0, "both": 0}
    for _ in range(400):
        values = random.normal(0, 0.02, (6, 1)) + random.normal(0, 0.4, (1, 150)) + random.normal(0, 0.3, (6, 150))
        for name, one in (("seeds", over_seeds(values.mean(1))), ("both", over_seeds_and_images(values))):
            low, high = one.interval()[1:3]
            covered[name] += low < 0 < high
    assert covered["seeds"] < 320 and 364 <= covered["both"] <= 396


def test_over_seeds_and_images_is_about_a_bootstrap_of_both():
    random = np.random.default_rng(1)
    values = random.normal(0, 0.05, (20, 1)) + random.normal(0, 0.4, (1, 300)) + random.normal(0, 0.3, (20, 300))
    result = over_seeds_and_images(values)
    means = [values[np.ix_(random.integers(20, size=20), random.integers(300, size=300))].mean() for _ in range(2000)]
    assert float(result.error) == pytest.approx(np.std(means), rel=0.1)
    assert float(result.fixed) == pytest.approx(0.4 / math.sqrt(300), rel=0.15) and float(result.std) < 0.15


@pytest.mark.parametrize("shape", [(1, 100), (5, 1), (1, 1)])
def test_one_seed_or_one_image_is_no_error(shape):
    assert np.isnan(over_seeds_and_images(np.ones(shape)).interval().low)


def test_where_rows_and_columns_scatter_less_than_the_rest_the_error_is_a_number():
    values = np.array([[1.0, -1.0], [-1.0, 1.0]])
    assert float(over_seeds_and_images(values).error) == 0


def test_all_parts_must_hold_and_one_that_fails_refutes():
    sure, open_, wrong = part([1, 1.1, 0.9], "above"), part([1, -1.2, 0.3], "above"), part([-1, -1.1, -0.9], "above")
    cases = {AGREES: (sure, sure), CANNOT_TELL: (sure, open_), DISAGREES: (sure, wrong)}
    assert {word: words({"": Verdict(parts, "")}, 1)[""] for word, parts in cases.items()} == {word: word for word in cases}
    assert words({"": Verdict((), "")}, 1)[""] == CANNOT_TELL
    assert words({"": Verdict((part([1, 1.1, 0.9], "above", informative=False),), "")}, 1)[""] == CANNOT_TELL


def test_refuting_is_no_easier_for_a_claim_of_many_parts():
    """Each of eight parts is true, at its bound. One of them fails by chance at 2.5 % in one trial of five, not the claim."""
    random, fails, once = np.random.default_rng(2), 0, 0
    for _ in range(400):
        parts = tuple(part(random.normal(0, 1, 8), "below") for _ in range(8))
        fails += words({"": Verdict(parts, "")}, 1)[""] == DISAGREES
        once += any(one.fails < 0.025 for one in parts)
    assert once > 50 and fails < 20


@given(st.lists(st.floats(0, 1), min_size=1, max_size=9))
def test_holm_by_its_definition(p):
    """A hypothesis is rejected if it and all with smaller p-values pass their steps."""
    order = sorted(p)
    steps = [value <= 0.05 / (9 - rank) for rank, value in enumerate(order)]
    passed = next((rank for rank, ok in enumerate(steps) if not ok), len(p))
    limit = order[passed - 1] if passed else -1
    assert sum(holm(p, 9)) == passed
    assert all(value <= limit for value, rejected in zip(p, holm(p, 9), strict=True) if rejected)


def test_nine_claims_without_truth_are_rarely_decided():
    random, wrong = np.random.default_rng(3), 0
    for _ in range(300):
        nine = {str(place): Verdict((part(random.normal(0, 1, 5), "above"),), "") for place in range(9)}
        wrong += any(word != CANNOT_TELL for word in words(nine, 9).values())
    assert wrong < 30


def test_what_others_are_not_known_yet_makes_a_verdict_no_easier():
    one, surer = Verdict((part([1.15, 1.55, 0.75, 1.35], "above"),), ""), Verdict((part([1, 1.01, 0.99, 1], "above"),), "")
    assert 0.05 / 9 < one.p < 0.05 / 8
    assert words({"a": one}, 9)["a"] == CANNOT_TELL and words({"a": one, "b": surer}, 9)["a"] == AGREES


def test_fewer_than_five_seeds_are_too_few():
    sure = part([1, 1.1, 0.9], "above")
    verdict = Verdict((sure,), "", few=True)
    assert words({"": verdict}, 1)[""] == TOO_FEW and verdict.p == 1 and verdict.undecided == "few"


@pytest.mark.parametrize("values", [[1, 1.1, 0.9, 1, 1.05], [-1, -1.1, -0.9, -1, -1.05]])
def test_networks_that_do_not_train_tell_nothing_either_way(values):
    verdict = Verdict((part(values, "above", telling=False),), "")
    assert words({"": verdict}, 1)[""] == CANNOT_TELL and verdict.undecided == "untrained"


def test_why_there_is_no_verdict():
    near, count = part([1, -1.2, 0.3], "above"), Criterion("", Signs(np.ones(5)), "above")
    proves_nothing = part(VALUES, "above", informative=False)
    verdicts = {"unmeasured": (), "uninformative": (proves_nothing, near), "coarse": (count,), "open": (near, near)}
    assert {Verdict(parts, "").undecided: parts for parts in verdicts.values()} == verdicts
    assert words({"": Verdict((count,), "")}, 1)[""] == CANNOT_TELL and count.holds == 1 / 32
