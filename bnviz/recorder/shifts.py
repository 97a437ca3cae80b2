"""How far a layer's units have moved, from samples of their values.

Two samples of what has not moved differ, and what has moved seems to have moved farther: sampling adds to a shift. How much it
adds, two halves of the sample say: where all values move, both move alike, and what they differ by is noise.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bnviz.measures import statistics


class Ordered(NamedTuple):
    """A tap's values [units, values], sorted along the last axis, and their mean and standard deviation [units].

    Of a sample, `halves` [2, units, values/2] are its first and its second half, each sorted, and `unsampled` is the share of all
    values that it lacks; of all values there are no halves.
    """

    values: np.ndarray
    mean: np.ndarray
    std: np.ndarray
    halves: np.ndarray | None = None
    unsampled: float = 0.0


def ordered(values: np.ndarray, unsampled: float = 0.0) -> Ordered:
    """The same of values [units, values] in the order in which they were drawn."""
    halves = None
    if unsampled and (half := values.shape[-1] // 2):
        halves = np.sort(np.stack([values[:, :half], values[:, half : 2 * half]]), axis=-1)
    values = np.sort(values, axis=-1)
    return Ordered(values, *statistics.moments(values), halves, unsampled)


def shift(current: Ordered, reference: Ordered) -> np.ndarray:
    """The shift of a layer, as `statistics.shift` has it, without what sampling adds."""
    found = statistics.shift(current.values, reference.values, reference.std)
    if current.halves is None or reference.halves is None:
        return found
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        first, second = current.halves - reference.halves
        noise = current.unsampled * ((first - second) ** 2).mean(dtype=np.float64) / 4  # of a difference's mean over both halves
        moved = ((current.values - reference.values) ** 2).mean(dtype=np.float64)
        share = np.sqrt(np.maximum(0.0, 1 - noise / moved))
    return found * np.float32(share) if np.isfinite(share) else found
