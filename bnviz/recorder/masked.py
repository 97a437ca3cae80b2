"""Units behind a mask, as of dropout, which are known after a pass in evaluation alone.

In training a mask may have set values to 0, and those that are left are larger than the nonlinearity's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from bnviz.recorder.observation import Masked


class MaskedUnits:
    """What is known of an arm's units behind a mask at a snapshot."""

    def __init__(self) -> None:
        self._in_evaluation = Masked({}, {})

    def note_evaluation(self, masked: Masked) -> None:
        """Say what evaluation has told."""
        self._in_evaluation = masked

    def fill(self, part: Mapping[str, Any], dead_in_training: Mapping[int, np.ndarray]) -> None:
        """Put the shares of dead units and of units at bounds into an arm's part of a snapshot.

        Dead are those that are so [units] in training and in evaluation.
        """
        for number, dead in self._in_evaluation.dead.items():
            if number in dead_in_training:
                part["dead_units"][number] = float((dead_in_training[number] & dead).mean())
        for number, share in self._in_evaluation.at_bounds.items():
            part["units_at_bounds"][number] = share
