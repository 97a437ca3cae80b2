"""The training losses of an arm from snapshot to snapshot, as `step` is given them."""

from __future__ import annotations

from typing import Any

import numpy as np
from torch import Tensor


class TrainingLosses:
    """Keeps losses until a snapshot asks for them. Until then no device is waited for."""

    def __init__(self) -> None:
        self._losses: list[tuple[int, Tensor | float]] = []  # with the steps that they are of

    def add(self, loss: Any, step: int) -> None:
        """Keep a step's loss, a tensor or a number."""
        self._losses.append((step, loss.detach().clone() if isinstance(loss, Tensor) else loss))

    def take(self) -> dict[str, Any]:
        """A snapshot's keys: the mean since the last call, and the first step whose loss was not finite, if there is one.

        Nothing without losses. Raises TypeError and ValueError for what is no number.
        """
        losses, self._losses = self._losses, []
        if not losses:
            return {}
        steps, values = [step for step, _ in losses], np.array([float(one) for _, one in losses])
        lost = np.flatnonzero(~np.isfinite(values))
        return {"train_loss": float(values.mean())} | ({"nonfinite_loss_step": steps[lost[0]]} if lost.size else {})
