"""Does a signal pass through the network: values that are numbers, activations and gradients of one size?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bnviz import numerals
from bnviz.judge.network.finding import Finding
from bnviz.judge.network.history import History, late, median

TAPS = ("linear", "normalized", "activation")
LASTING = 3  # snapshots
FACTOR = 1000.0  # between the first layers and the last ones
FEWEST_LAYERS = 4
FARTHEST = 1.5  # powers of ten that updates lie from 1/1000 of the weights
LOST = 1e-6  # of the weights: a step that rounding undoes, in full precision, and ten times as much
LEAP = 0.3  # of the weights, in one step


def not_finite(history: History) -> Iterator[Finding]:
    """`not_finite`: the first step and layer with values that are not finite; no layer if the first and others are at once."""
    found = are_nonfinite(history)
    if not found.any():
        return
    by_tap = [np.nan_to_num(history.rows("nonfinite", tap)) for tap in TAPS]
    snapshot, layer = (int(place) for place in np.argwhere(found)[0])
    tap = next(tap for tap, counts in enumerate(by_tap) if counts[snapshot, layer])
    share = by_tap[tap][snapshot, layer] / history.count(layer, tap)
    numbers = {"share": numerals.percent(share), "total": len(history.layers)}
    step = history.steps[snapshot]
    if snapshot == 0:
        yield Finding("not_finite", history.arm, history.name(layer), step, "certain", numbers, "first")
        return
    numbers["before"] = history.steps[snapshot - 1]
    count = int(found[snapshot].sum())
    if layer == 0 and (count > 1 or len(history.layers) == 1):  # one backward pass carries it into all weights
        numbers |= {"count": count, "name": history.name(0)}
        yield Finding("not_finite", history.arm, "", step, "possible", numbers, "everywhere")
    else:
        yield Finding("not_finite", history.arm, history.name(layer), step, "likely", numbers)


def are_nonfinite(history: History) -> np.ndarray:
    """Whether layers have values that are not finite, at any tap [snapshots, layers]."""
    return np.sum([np.nan_to_num(history.rows("nonfinite", tap)) for tap in TAPS], axis=0) > 0


def activations_change(history: History) -> Iterator[Finding]:
    """`activations_change`: they grow or shrink a thousandfold from the first layers to the last."""
    names = [history.name(number) for number in range(len(history.layers))]
    yield from _growth(history, "activations_change", _sizes(history), names)


def gradients_change(history: History) -> Iterator[Finding]:
    """`gradients_change`: the same of gradients."""
    gradients = history.rows("gradient_norm")
    yield from _growth(history, "gradients_change", gradients, history.weights(gradients.shape[1]))


def _sizes(history: History) -> np.ndarray:
    """The root mean square of what comes out of every layer [snapshots, layers]."""
    mean, std = history.rows("mean", "activation"), history.rows("std", "activation")
    with np.errstate(over="ignore", invalid="ignore"):
        return np.sqrt(mean**2 + std**2)


def _growth(history: History, kind: str, sizes: np.ndarray, names: list[str]) -> Iterator[Finding]:
    typical = median(sizes)
    if len(typical) < FEWEST_LAYERS or len(names) != len(typical):
        return
    part = max(1, len(typical) // 4)
    first, last = (float(np.median(one)) for one in (typical[:part], typical[-part:]))
    if not (first > 0 and last > 0 and (last > FACTOR * first or first > FACTOR * last)):
        return
    grows = last > first
    shown = {
        "factor": numerals.short(max(first, last) / min(first, last)),
        "first": names[0],
        "low": numerals.short(first),
        "high": numerals.short(last),
    }
    yield Finding(kind, history.arm, names[-1], history.steps[-1], "likely", shown, "" if grows else "shrink")


def updates(history: History) -> Iterator[Finding]:
    """`updates_large`, `updates_small`, `no_updates`: how far a step moves weights, against a thousandth of them."""
    ratios = history.rows("update_ratio")
    typical, gradients = median(ratios), median(history.rows("gradient_norm"))
    if not np.isfinite(typical).any():
        return
    names = history.weights(len(typical))
    measured = ratios[np.isfinite(ratios).any(1)]  # a weight that gradients reach is known to stay where it is at each of these
    is_still = (measured == 0).all(0) & (len(measured) >= LASTING)
    is_still &= np.nan_to_num(gradients) > 0
    is_lost = is_still & _are_lost(typical, gradients)
    for cause, found in (("", is_still & ~is_lost), ("rounding", is_lost)):
        if found.any():
            first = int(np.flatnonzero(found)[0])
            numbers = {"count": int(found.sum()), "gradient": numerals.short(float(gradients[first]))}
            yield Finding("no_updates", history.arm, names[first], history.steps[-1], "likely", numbers, cause)
    with np.errstate(divide="ignore", invalid="ignore"):
        powers, late_powers = (np.log10(np.where(one > 0, one, np.nan)) + 3 for one in (typical, late(ratios)))
    are_large = (powers > FARTHEST) & (late_powers > FARTHEST)  # first steps of Adam are large, the last ones of a schedule small
    are_small = (powers < -FARTHEST) & (late_powers < -FARTHEST)
    is_large = np.sum(are_large) > len(typical) / 2
    if not is_large:
        yield from _leap(history, ratios, names)
    for kind, found in (("updates_large", are_large), ("updates_small", are_small)):
        if found.sum() > len(typical) / 2:  # a single layer may be special
            middle = int(np.flatnonzero(found)[found.sum() // 2])
            ratio = float(np.nanmedian(typical[found]))
            numbers = {"ratio": numerals.short(ratio), "count": int(found.sum()), "total": len(typical)}
            if kind == "updates_small":
                numbers["times"] = numerals.count(10 ** round(-np.log10(ratio) - 3))
            yield Finding(kind, history.arm, names[middle], history.steps[-1], "possible", numbers)


def _are_lost(ratios: np.ndarray, gradients: np.ndarray) -> np.ndarray:
    """Whether gradients are so small that rounding undoes a step [weights], at the highest rate at which other weights move; at a
    rate of 1 where none does. Weights are taken to be of about one size."""
    with np.errstate(divide="ignore", invalid="ignore"):
        rates = np.where((ratios > 0) & (gradients > 0), ratios / gradients, np.nan)
    rate = float(np.nanmax(rates)) if np.isfinite(rates).any() else 1.0
    return gradients * rate < LOST


def _leap(history: History, ratios: np.ndarray, names: list[str]) -> Iterator[Finding]:
    """`updates_large` at one snapshot: most weights move by a good part of themselves. The very first step may be large, where
    weights begin small or an optimizer has seen one gradient."""
    measured = np.flatnonzero(np.isfinite(ratios).any(1))[1:]
    counts = (np.nan_to_num(ratios[measured]) > LEAP).sum(1)
    leaps = measured[counts > ratios.shape[1] / 2]
    if leaps.size:
        first = int(leaps[0])
        found = np.flatnonzero(np.nan_to_num(ratios[first]) > LEAP)
        numbers = {"ratio": numerals.short(float(np.median(ratios[first, found]))), "count": len(found), "total": ratios.shape[1]}
        name = names[int(found[len(found) // 2])]
        yield Finding("updates_large", history.arm, name, history.steps[first], "likely", numbers, "leap")
