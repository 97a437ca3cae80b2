"""Which units are dead: 0 at every position of every example of the probe.

Behind dropout they have to be so in evaluation, too: in training a mask may have set values to 0.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

ByLayer = Mapping[int, np.ndarray]  # which units are dead [units], by the layer's number


class DeadUnits:
    """What is known of an arm's dead units at a snapshot."""

    def __init__(self) -> None:
        self._in_evaluation: dict[int, np.ndarray] = {}

    def note_evaluation(self, dead: ByLayer) -> None:
        """Say which units are dead in evaluation, of the layers behind a mask."""
        self._in_evaluation |= dead

    def masked_shares(self, in_training: ByLayer) -> dict[int, float]:
        """The share of dead units in each layer behind a mask, by its number, if these are dead in training."""
        both = {number: in_training[number] & dead for number, dead in self._in_evaluation.items() if number in in_training}
        return {number: float(dead.mean()) for number, dead in both.items()}
