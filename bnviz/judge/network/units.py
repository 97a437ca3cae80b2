"""Do the units of each layer answer: are there many that say the same for all examples, or that no gradient passes?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bnviz import numerals
from bnviz.judge.network.finding import Finding
from bnviz.judge.network.history import History, since
from bnviz.numerals import short

MANY = 0.1  # share of a layer's units
HARMFUL = 0.25  # share of a layer's units; healthy small networks have up to 16 % that are dead since the first step
LASTING = 3  # snapshots
NEAR = 0.01  # of the range between a nonlinearity's bounds, as `units_at_bounds` is measured


def idle_units(history: History) -> Iterator[Finding]:
    """`dead_units` and `saturated_units`: many units of a layer that say the same for all examples, or that lie at the bounds of
    their nonlinearity, at the last snapshots. Where one layer has both, the larger share is told,
    and that at bounds of equal ones: a unit that jumps between −1 and 1 varies little against inputs that are large."""
    if history.has_few_examples:
        return
    dead, flat = _worst(history, "dead_units"), _worst(history, "saturated_units")
    at_bounds = _worst(history, "units_at_bounds")
    if dead is not None:
        yield _finding(history, "dead_units", "dead_units", dead)
    if flat is not None and at_bounds == flat:
        shares = (history.rows(key)[-1, flat] for key in ("saturated_units", "units_at_bounds"))
        flat, at_bounds = (flat, None) if next(shares) > next(shares) else (None, at_bounds)
    if flat is not None:
        yield _finding(history, "saturated_units", "saturated_units", flat)
    if at_bounds is not None and history.bounds(at_bounds) is not None:
        yield _finding(history, "saturated_units", "units_at_bounds", at_bounds)


def _are_many(history: History, key: str) -> np.ndarray:
    """Whether the share that a key tells is large [snapshots, layers]."""
    with np.errstate(invalid="ignore"):
        return history.rows(key) >= MANY


def _lasting(history: History, key: str) -> np.ndarray:
    """The numbers of the layers in which that share is large at the last snapshots."""
    are_many = _are_many(history, key)[-LASTING:]
    return np.flatnonzero(are_many.all(0)) if len(are_many) == LASTING else np.empty(0, int)


def _worst(history: History, key: str) -> int | None:
    """The number of the one with the largest share at the end."""
    found = _lasting(history, key)
    return int(found[np.argmax(history.rows(key)[-1, found])]) if found.size else None


def _finding(history: History, kind: str, key: str, layer: int) -> Finding:
    """The numbers about a layer: the share, for how long it has been as large, and for how long large at all."""
    shares = history.rows(key)[:, layer]
    share, at_end, many = shares[-1], since(shares >= shares[-1]), since(_are_many(history, key)[:, layer])
    numbers = {"share": numerals.percent(share), "count": len(_lasting(history, key)), "last": history.steps[-1]}
    numbers |= {"so_many": history.window(at_end), "many": history.window(many)}
    bounds, cause = history.bounds(layer), ""
    if key == "units_at_bounds" and bounds is not None:
        low, high = bounds
        numbers |= {"low": short(low), "high": short(high), "near": short(NEAR * (high - low))}
        cause = "at_bounds"
    severity = "warning" if share >= HARMFUL else "note"
    return Finding(kind, history.arm, history.name(layer), history.steps[many], "certain", numbers, cause, severity)
