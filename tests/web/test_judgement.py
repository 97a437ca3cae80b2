"""Why nothing can be told, with its numbers, on made-up seeds; and that page, table and terminal say it alike."""

import numpy as np
import pytest

from bnviz.judge.intervals import over_seeds
from bnviz.judge.scale import PERCENT, POINTS, TIMES, Scale
from bnviz.judge.signs import Censored, Signs, Strictest
from bnviz.judge.verdict import Criterion
from bnviz.web.judgement import effect, open_reason


def seeds(low, high):
    """Two seeds' mean whose 95 % interval ends there."""
    middle, half = (low + high) / 2, (high - low) / 2
    apart = half / over_seeds(np.array([-1.0, 1.0])).interval().high
    return over_seeds(np.array([middle - apart, middle + apart]))


@pytest.mark.parametrize(
    "side, bound, ends, reason",
    [
        ("within", 0.01, (-0.0066, 0.0114), "Within ±1.0 points counts as the same; the 95 % interval reaches +1.14."),
        ("within", 0.01, (-0.0114, 0.0066), "Within ±1.0 points counts as the same; the 95 % interval reaches −1.14."),
        ("within", 0.01, (-0.02, 0.03), "Within ±1.0 points counts as the same; the 95 % interval goes from −2.00 to +3.00."),
        ("above", 0.0, (-0.002, 0.03), "The 95 % interval, −0.20 to +3.00 points, contains 0."),
        ("above", 0.0, (0.002, 0.03), "The 95 % interval, +0.20 to +3.00 points, does not contain 0, but"),
        ("within", 0.01, (0.002, 0.009), "interval, +0.20 to +0.90, lies within that, but"),
        ("above", 0.01, (0.005, 0.03), "The claim says more than +1.0 points; the 95 % interval goes from +0.50 to +3.00."),
        ("below", -0.01, (-0.03, 0.005), "The claim says less than −1.0 points; the 95 % interval goes from −3.00 to +0.50."),
        ("above", 0.01, (0.011, 0.03), "The 95 % interval, +1.10 to +3.00, lies on one side of that, but"),
        (
            "below",
            0.01,
            (0.011, 0.03),
            "The claim says less than +1.0 points. The 95 % interval, +1.10 to +3.00, lies on one side",
        ),
    ],
)
def test_an_open_part_names_its_bound_and_where_the_interval_ends(side, bound, ends, reason):
    assert reason in open_reason(Criterion("", seeds(*ends), side, bound, scale=Scale("points", 2)))


def test_ratios_and_shares_are_written_as_such():
    ratio = Criterion("", seeds(np.log(0.95), np.log(1.3)), "above", np.log(1.1), scale=TIMES)
    assert open_reason(ratio) == "The claim says more than 1.1 times; the 95 % interval goes from 0.95 to 1.3."
    share = Criterion("", seeds(0.5, 0.62), "above", 0.55, scale=PERCENT)
    assert open_reason(share) == "The claim says more than 55.0 %; the 95 % interval goes from 50.0 to 62.0."
    assert effect(share) == "56.0 % (50.0 to 62.0)"


def test_where_seeds_are_counted_the_count_is_said():
    signs = Signs(np.array([0.3, 0.2, 0.4, -0.1, 0.0]))
    part = Criterion("", signs, "above", 0.01, scale=POINTS)
    assert open_reason(part) == "In 3 of 5 seeds it is more than +1.0 points, in 2 it is less. That may be chance."
    assert effect(part) == "3 of 5 seeds"
    assert effect(Criterion("", signs, "below", 0.01)) == "2 of 5 seeds"
    between = Censored(Signs(np.array([0.0, 0.2, -1.0])), Signs(np.array([0.3, 0.3, 0.0])))
    assert open_reason(Criterion("", between, "above", 0.01)).startswith("In 1 of 3 seeds it is more than 0.01, in 1 it is less.")


def test_of_two_tests_the_one_in_the_way_is_named():
    surely, open_count = over_seeds(np.array([0.2, 0.21, 0.19, 0.2])), Signs(np.array([0.2, 0.2, -0.1, -0.1]))
    assert "In 2 of 4 seeds" in open_reason(Criterion("", Strictest(surely, open_count), "above", 0.0, scale=POINTS))
    wide = Strictest(over_seeds(np.array([9.0, 0.1, 0.1, 0.2])), Signs(np.full(4, 0.1)))
    assert "points, contains 0." in open_reason(Criterion("", wide, "above", 0.0, scale=POINTS))


def test_one_seed_has_no_interval():
    assert open_reason(Criterion("", over_seeds(np.array([0.2])), "above", 0.0)) == "No interval is known."
