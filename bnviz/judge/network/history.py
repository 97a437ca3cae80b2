"""An arm's recording as arrays over snapshots."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

LATE = 3  # snapshots at the end, that the last state is judged by
FEWEST_EXAMPLES = 50  # of a probe: among fewer, a unit that answers one example in ten often answers none


class History:
    """What a recording says of one arm. `steps` [snapshots] and all arrays are in the order of snapshots."""

    def __init__(self, header: Mapping[str, Any], snapshots: Sequence[Mapping[str, Any]], arm: str):
        self.header, self.arm = header, arm
        self.layers: list[Mapping[str, Any]] = header.get("arm_layers", {}).get(arm, header["layers"])
        self.parts = [snapshot["arms"].get(arm, {}) for snapshot in snapshots]
        self.steps = [int(snapshot["step"]) for snapshot in snapshots]

    def has_loss(self, key: str) -> bool:
        """Whether any snapshot knows this loss. One that is NaN or infinite is known, too."""
        found = (part.get(key) is not None or key in (part.get("nonfinite_losses") or ()) for part in self.parts)
        return any(found) or key == "train_loss" and any("nonfinite_loss_step" in part for part in self.parts)

    @property
    def has_batch_norm(self) -> bool:
        """Whether a layer normalizes over examples."""
        return bool(np.isfinite(self.rows("updates_seen")).any() or np.isfinite(self.rows("frozen")).any())

    def weights(self, count: int) -> list[str]:
        """What the arm's weights are called, so many of them; by number where an older recording does not name them."""
        header = self.header
        names = header.get("arm_parameters", {}).get(self.arm, header.get("parameters", []))
        return names if len(names) == count else [f"weight {number}" for number in range(1, count + 1)]

    def numbers(self, key: str) -> np.ndarray:
        """Single numbers [snapshots], NaN where there are none."""
        return np.array([np.nan if part.get(key) is None else part[key] for part in self.parts], float)

    def rows(self, key: str, tap: str = "") -> np.ndarray:
        """Arrays with a number for each layer (or parameter) [snapshots, layers], NaN where they are missing."""
        found = [self._row(part, key, tap) for part in self.parts]
        sizes = {len(row) for row in found if row is not None}
        empty = np.full(max(sizes, default=len(self.layers)), np.nan)
        return np.array([empty if row is None else row for row in found]).reshape(len(found), -1)

    def _row(self, part: Mapping[str, Any], key: str, tap: str) -> np.ndarray | None:
        row = part.get(key)
        row = row.get(tap) if tap and row is not None else row
        return None if row is None else np.asarray(row, float)

    def units(self, key: str, tap: str, layer: int) -> np.ndarray:
        """A layer's numbers for each recorded unit [units] at the last snapshot, NaN if it lacks them."""
        width = len(self.layers[layer]["units"])
        rows = self.parts[-1].get(key)
        return np.full(width, np.nan) if rows is None else np.asarray(rows[tap][layer][:width], float)

    def count(self, layer: int, tap: int) -> int:
        """How many values of a layer are recorded at a tap, all units together. Older recordings have as many at every tap."""
        one = self.layers[layer]
        return one.get("tap_values", [one["values"]] * (tap + 1))[tap] * len(one["units"])

    def name(self, layer: int) -> str:
        """A layer's name, with the call that is meant where its module is called several times."""
        repeat = self.layers[layer].get("repeat", 0)
        return self.layers[layer]["name"] + (f" (call {repeat + 1})" if repeat else "")

    def bounds(self, layer: int) -> tuple[float, float] | None:
        """The lowest and the highest value of a layer's nonlinearity, if it is a bounded one."""
        found = self.layers[layer].get("bounds")
        return None if found is None else (float(found[0]), float(found[1]))

    def window(self, snapshot: int) -> str:
        """When something began that a snapshot was the first to show, in words: between two snapshots nothing is known."""
        step = self.steps[snapshot]
        before = self.steps[snapshot - 1] if snapshot else step
        return f"since step {step}" if step - before <= 1 else f"since a step between {before} and {step}"

    @property
    def examples(self) -> float:
        """How many examples the probe has; NaN if unknown."""
        size = self.header.get("probe_size")
        return np.nan if size is None else float(size)

    @property
    def has_few_examples(self) -> bool:
        """Whether the probe is too small to tell how units differ between examples. If its size is unknown, it has no more
        examples than a layer has values of a unit."""
        known = self.examples
        return (min(one["values"] for one in self.layers) if np.isnan(known) else known) < FEWEST_EXAMPLES


def late(values: np.ndarray) -> np.ndarray:
    """The median of the last LATE snapshots, where there are numbers [...] of [snapshots, ...]."""
    values = values[-LATE:]
    if not values.size:
        return np.full(values.shape[1:], np.nan)
    known = np.isfinite(values).any(axis=0)
    return np.where(known, _nanmedian(np.where(known, values, 0.0)), np.nan)


def at_end(values: np.ndarray) -> np.ndarray:
    """The last number that is known [...] of [snapshots, ...]; NaN without one."""
    known = np.isfinite(values)
    if not len(values):
        return np.full(values.shape[1:], np.nan)
    last = len(values) - 1 - known[::-1].argmax(0)
    found = np.take_along_axis(values, np.asarray(last)[None], 0)[0]
    return np.where(known.any(0), found, np.nan)


def median(values: np.ndarray) -> np.ndarray:
    """The median over snapshots [...], where there are numbers, of [snapshots, ...]."""
    known = np.isfinite(values).any(axis=0)
    return np.where(known, _nanmedian(np.where(known, values, 0.0)), np.nan)


def _nanmedian(values: np.ndarray) -> np.ndarray:
    return np.nanmedian(np.where(np.isfinite(values), values, np.nan), axis=0)


def since(condition: Sequence[bool] | np.ndarray) -> int:
    """The snapshot from which a condition [snapshots] has held until the last one; it holds there."""
    fails = np.flatnonzero(~np.asarray(condition, bool))
    return int(fails[-1]) + 1 if fails.size else 0
