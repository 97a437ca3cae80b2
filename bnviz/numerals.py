"""How numbers are written: one function for each kind.

In the player the same is done by bnviz/web/player/numerals.js, and tests/numerals.json holds cases that both must meet. `make
documents` writes the constants to bnviz/web/player/constants.js.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Decimal
from typing import SupportsFloat

HUGE_NUMBER = 1000000  # from here on the power of ten says more than the digits
TINY_NUMBER = 0.000001  # less is rounding, and would be written with a power of ten
LOSS_PLACES = 3  # after the point
LARGEST_RATIO = 1000  # times; what is more is only called that
ACCURACY_LEAD = 3  # percentage points, two standard errors of 80 % on 1,000 examples: less is no lead

NOT_FINITE = "not finite"
MINUS = "\N{MINUS SIGN}"  # as wide as a plus
GAP = " "  # before %: a plain one, because this text goes into files and terminals, too
RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
SMALLEST_P = 1e-4  # a smaller p-value is written as below this one: it is not known better

Form = Callable[[float], str]


def digits(value: SupportsFloat, places: int = 2) -> str:
    """To so many places, a half rounded up as JavaScript does it; a huge one with a power of ten."""
    value = float(value)
    if not math.isfinite(value):
        return NOT_FINITE
    return _minus(_fixed(value, places)) if abs(value) < HUGE_NUMBER else _power(value)


def two_digits(value: SupportsFloat) -> str:
    """To two digits, or more if they are before the point: 0.12, 1.0, 123."""
    value = float(value)
    if not math.isfinite(value):
        return NOT_FINITE
    if value == 0:
        return digits(value, 1)
    return digits(value, max(0, 1 - Decimal(_significant(value)).adjusted()))


def short(value: SupportsFloat) -> str:
    """To two digits, whatever its size: 0.32, 410, 12,000, 2.1 · 10⁻⁹."""
    value = float(value)
    if not math.isfinite(value):
        return NOT_FINITE
    if value and not 1e-3 <= abs(value) < 1e5:
        return _power(value)
    return _minus(f"{Decimal(_significant(value)).normalize():,f}")


def count(value: SupportsFloat) -> str:
    """A whole number, with commas between thousands."""
    value = float(value)
    return _minus(f"{Decimal(_fixed(value, 0)):,f}") if math.isfinite(value) else NOT_FINITE


def percent(share: SupportsFloat, places: int | None = None) -> str:
    """A share in percent: to so many places, or to whole ones, and to one below 10 %."""
    share = float(share)
    if not math.isfinite(share):
        return NOT_FINITE
    return f"{digits(100 * share, (1 if 0 < share < 0.0995 else 0) if places is None else places)}{GAP}%"


def epochs(value: SupportsFloat, total: SupportsFloat | None = None) -> str:
    """How often a run has seen the training set, with the places of its `total`: two below 1, none from 100 on, else one."""
    whole = float(value if total is None else total)
    return digits(value, 2 if whole < 0.995 else 1 if whole < 99.95 else 0)


def times(ratio: SupportsFloat) -> str:
    """A ratio: how many times as much."""
    return f"{two_digits(ratio)} times" if float(ratio) < LARGEST_RATIO else f"over {count(LARGEST_RATIO)} times"


def signed(value: SupportsFloat, form: Form = digits) -> str:
    """With its sign, a plus too."""
    value = float(value)
    return (MINUS if value < 0 else "+") + form(abs(value))


def points(change: SupportsFloat, places: int = 1) -> str:
    """A difference of shares in percentage points, with its sign: +2.4; 0 has none."""
    written = digits(100 * float(change), places)
    return written if written.startswith(MINUS) or not written.strip("0.") else f"+{written}"


def interval(mean: SupportsFloat, low: SupportsFloat, high: SupportsFloat, form: Form = digits, unit: str = "") -> str:
    """A mean and the interval around it, in brackets if it is known: "1.2 times (1.1 to 1.3)"."""
    middle, ends = f"{form(float(mean))}{unit}", [form(float(end)) if math.isfinite(float(end)) else "" for end in (low, high)]
    if not math.isfinite(float(low)):  # with one seed
        return middle
    return f"{middle} ({' to '.join(ends)})" if ends[1] else f"{middle} ({ends[0]} or more)"


def p_value(p: float, name: str = "p") -> str:
    """A p-value to one digit, and none that pretends to be exact: "p = 0.02", "p < 0.0001"; without a `name` the number alone."""
    written = f"{p:.1g}" if p >= SMALLEST_P else f"{SMALLEST_P:.4f}"
    relation = "=" if p >= SMALLEST_P else "<"
    return f"{name} {relation} {written}" if name else written if relation == "=" else f"< {written}"


def _fixed(value: float, places: int) -> str:
    """As JavaScript's toFixed."""
    return str(Decimal(value).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP))


def _significant(value: float) -> str:
    """To two significant digits, as JavaScript's toPrecision."""
    if not value:
        return "0"
    exact = Decimal(value)
    rounded = exact.quantize(Decimal(1).scaleb(exact.adjusted() - 1), ROUND_HALF_UP)
    return str(rounded.quantize(Decimal(1).scaleb(rounded.adjusted() - 1)))  # 99.7 has become 100, of three digits


def _minus(text: str) -> str:
    """With a minus of its own, and none before zero."""
    return text.lstrip("-") if not text.strip("-0.") else text.replace("-", MINUS)


def _power(value: float) -> str:
    rounded = Decimal(_significant(value))
    power = rounded.adjusted()
    return f"{_minus(str(rounded.scaleb(-power)))} · 10{str(power).translate(RAISED)}"
