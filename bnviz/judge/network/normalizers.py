"""Do the normalizers do what they are there for?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import numpy as np

from bnviz import numerals
from bnviz.judge.network.finding import Finding
from bnviz.judge.network.history import History, late, median

FEWEST_TOGETHER = 4  # values normalized together, up to which statistics are hardly any
APART = 0.5  # σ: between the means of two uses of one batch norm
STANDARD_ERRORS = 3.0  # of the difference of two means over the probe


def small_groups(history: History) -> Iterator[Finding]:
    """`small_groups`: so few values are normalized together that their statistics say little."""
    together = median(history.rows("normalized_together"))
    found = np.flatnonzero(together <= FEWEST_TOGETHER)
    if found.size:
        numbers = {"together": numerals.count(together[found[0]]), "count": len(found)}
        yield Finding("small_groups", history.arm, history.name(int(found[0])), history.steps[-1], "certain", numbers)


def frozen(history: History) -> Iterator[Finding]:
    """`frozen`: batch norm trains with running statistics, in all layers or in some."""
    is_frozen = history.rows("frozen")
    known = np.isfinite(is_frozen).any(0)
    found = np.flatnonzero(known & (late(is_frozen) == 1))
    if not found.size:
        return
    first = int(found[0])
    snapshot = int(np.flatnonzero(is_frozen[:, first] == 1)[0])
    everywhere = len(found) == known.sum()
    numbers = {"count": len(found), "total": int(known.sum()), "since": history.window(snapshot)}
    cause = "all" if everywhere else ""
    yield Finding("frozen", history.arm, history.name(first), history.steps[snapshot], "possible", numbers, cause)


def idle_bias(history: History) -> Iterator[Finding]:
    """`idle_bias`: a bias in front of batch norm, which subtracts it again. Measured, it is idle at every snapshot; of older
    recordings it is known of the first arm alone that there is one, and not whether its output is used elsewhere, too."""
    is_frozen = late(history.rows("frozen")) == 1  # statistics that stay as they are do not subtract it
    measured = history.rows("idle_bias")
    is_measured = bool(np.isfinite(measured).any())
    if is_measured:
        is_idle = np.nan_to_num(measured, nan=1.0).all(0)
    else:
        is_idle = np.array([bool(layer.get("idle_bias")) for layer in history.layers]) & (
            history.arm == history.header["arms"][0]
        )
    found = [int(number) for number in np.flatnonzero(is_idle & ~is_frozen)]
    if found:
        certainty = "certain" if is_measured else "likely"
        numbers = {"count": len(found), "source": history.layers[found[0]]["source"]}
        yield Finding("idle_bias", history.arm, history.name(found[0]), history.steps[0], certainty, numbers, severity="note")


def two_uses(history: History) -> Iterator[Finding]:
    """`two_uses`: one batch norm is called twice, and what it gets differs: one set of running statistics cannot fit both."""
    calls = defaultdict(list)
    for number, layer in enumerate(history.layers):
        if layer.get("momentum") is not None:
            calls[layer["name"]].append(number)
    for numbers in calls.values():
        distance = max((_distance(history, numbers[0], other) for other in numbers[1:]), default=0.0)
        if distance > max(APART, STANDARD_ERRORS * np.sqrt(2 / history.examples)):
            shown = {"count": len(numbers), "distance": numerals.short(distance)}
            name = history.layers[numbers[0]]["name"]
            yield Finding("two_uses", history.arm, name, history.steps[-1], "likely", shown)


def _distance(history: History, one: int, other: int) -> float:
    """How far the units' means of two layers lie apart at the end, root mean square, in standard deviations."""
    means = [history.units("unit_mean", "linear", number) for number in (one, other)]
    spread = history.units("unit_std", "linear", one)
    with np.errstate(all="ignore"):
        distance = np.sqrt(((means[0] - means[1]) ** 2).mean() / (spread**2).mean())
    return float(np.nan_to_num(distance, nan=0.0, posinf=0.0))
