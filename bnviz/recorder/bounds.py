"""Bounded nonlinearities, as tanh: which values come out of one, and which units lie at its bounds for nearly all examples.

A nonlinearity is found by the function that computes it: `nn.Tanh` calls `torch.tanh`, so it is the same. What
came out of it may have been flattened, turned or masked since. A sum, a product or pooling makes other values, without bounds.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

Bounds = tuple[float, float]  # the lowest and the highest value

NEAR = 0.01  # of the range between the bounds: tanh beyond 0.98, where its slope is at most 4 % of the steepest
NEARLY_ALL = 0.95  # of a unit's recorded values
BOUNDED: Mapping[str, Bounds] = {
    **dict.fromkeys(("tanh", "softsign"), (-1.0, 1.0)),
    **dict.fromkeys(("sigmoid", "special_expit", "hardsigmoid"), (0.0, 1.0)),
}
MOVES = re.compile(  # names of functions whose results are values of their argument, in other places, or 0 where they are masked
    "flatten|unflatten|reshape|view|transpose|swapaxes|swapdims|permute|movedim|squeeze|unsqueeze|contiguous|clone|detach|to|float|"
    "half|bfloat16|double|__get__|(feature_)?dropout[123]?d?_?"
)


def bounds_of(function: str, arguments: Sequence[Any], named: Mapping[str, Any]) -> Bounds | None:
    """The bounds of what a function of this name gives; None if it is no bounded nonlinearity.

    ReLU6, a hardtanh from 0 to 6, is none: 0 is what it gives to many examples in a healthy network.
    """
    name = function.removesuffix("_")
    if name != "hardtanh":
        return BOUNDED.get(name)
    limits = {"min_val": -1.0, "max_val": 1.0, **dict(zip(("min_val", "max_val"), arguments[1:], strict=False)), **named}
    low, high = float(limits["min_val"]), float(limits["max_val"])
    return (low, high) if low < 0 < high else None


def moves_values(function: str) -> bool:
    """Whether what a function of this name gives are values of its argument, or 0."""
    return MOVES.fullmatch(function) is not None


def share_at_bounds(values: np.ndarray, bounds: Bounds) -> float:
    """The share of units with nearly all of their values [units, values] near a bound. What is not finite is near none."""
    low, high = bounds
    near = NEAR * (high - low)
    are_near = np.isfinite(values) & ((values <= low + near) | (values >= high - near))
    return float((are_near.mean(-1) >= NEARLY_ALL).mean())
