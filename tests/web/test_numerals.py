"""bnviz/numerals.py and numerals.js: one function for each kind of number, and both write the same."""

import json
import math

import pytest

from bnviz import numerals
from tests import ROOT

FILE = "web/player/numerals.js"
CASES = json.loads((ROOT / "tests" / "numerals.json").read_text(encoding="utf-8"))
PYTHON = {"twoDigits": "two_digits"}


@pytest.mark.parametrize(("kind", "values", "text"), CASES)
def test_python_and_the_browser_write_a_number_alike(desk, kind, values, text):
    numbers = [float(one) if isinstance(one, str) else one for one in values]
    written = [getattr(numerals, PYTHON.get(kind, kind))(*numbers), desk.call(FILE, kind, *numbers)]
    assert [one.replace("\N{NO-BREAK SPACE}", " ") for one in written] == [text, text]


@pytest.mark.parametrize(
    ("first", "second", "leader"), [(0.734, 0.706, 0), (0.852, 0.830, 0), (0.735, 0.705, 1), (0.705, 0.735, -1), (0.85, 0.82, 1)]
)
def test_an_accuracy_leads_by_what_is_read(desk, first, second, leader):
    """73 and 71 differ by as much as 85 and 83, whatever was rounded."""
    read = [round(float(numerals.percent(share).split(numerals.GAP)[0])) for share in (first, second)]
    assert desk.call(FILE, "leader", first, second) == leader
    assert leader == (0 if abs(read[0] - read[1]) < numerals.ACCURACY_LEAD else math.copysign(1, read[0] - read[1]))


@pytest.mark.parametrize(("low", "high", "text"), [(0.996, 1.004, "1.00"), (-0.98, 1.02, "−0.98 to 1.02")])
def test_a_span_between_two_numbers_that_are_read_alike_is_one_number(desk, low, high, text):
    assert desk.call(FILE, "span", low, high) == text


@pytest.mark.parametrize(
    ("numbers", "text"),
    [((1.2, 1.1, 1.3), "1.20 (1.10 to 1.30)"), ((-1, math.nan, math.nan), "−1.00"), ((2, 1, math.inf), "2.00 (1.00 or more)")],
)
def test_an_interval_is_written_as_far_as_it_is_known(numbers, text):
    assert numerals.interval(*numbers) == text


@pytest.mark.parametrize(("p", "text"), [(0.034, "p = 0.03"), (1e-4, "p = 0.0001"), (3e-9, "p < 0.0001")])
def test_a_p_value_has_one_digit_and_one_sign(p, text):
    assert numerals.p_value(p) == text


@pytest.mark.parametrize(("change", "text"), [(0.024, "+2.4"), (-0.024, "−2.4"), (0.0001, "0.0"), (-0.0001, "0.0")])
def test_points_have_a_sign_unless_they_are_none(change, text):
    assert numerals.points(change) == text
