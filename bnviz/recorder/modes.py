"""In which modes a network's modules train. `step()` may be called after `eval()`, so modes then are not those of training."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from bnviz.recorder import kinds

Modes = Mapping[nn.Module, bool]  # whether a module is in training mode


class TrainingModes:
    """Learns from snapshot to snapshot in which modes a model trains."""

    def __init__(self, model: nn.Module):
        self._model = model
        self._norms = [one for one in model.modules() if kinds.is_batch_norm(one) and kinds.has_running_statistics(one)]
        self._seen = self._updates()
        self._last: Modes | None = None  # in which the model was in training mode

    def now(self) -> Modes:
        """The modes since the last call. Batch norm that has updated its statistics since then was in training mode, even if the
        model is in evaluation by now; other modules are then taken for what they were when it was last seen in training."""
        modes, seen = modes_of(self._model), self._updates()
        updated = {one: True for one, count in seen.items() if count != self._seen[one]}
        self._seen = seen
        if self._model.training:
            self._last = modes
        elif updated:
            others = self._last or dict.fromkeys(modes, True)
            modes = {**others, **{one: modes[one] for one in self._norms}, **updated}
        return modes

    def _updates(self) -> dict[nn.Module, int | None]:
        counts = {one: getattr(one, "num_batches_tracked", None) for one in self._norms}
        return {one: None if count is None else int(count) for one, count in counts.items()}


def is_frozen(module: nn.Module, modes: Modes) -> float:
    """1 if batch norm uses running statistics in these modes, 0 if not; NaN for what has none."""
    if not (kinds.is_batch_norm(module) and kinds.has_running_statistics(module)):
        return np.nan
    return float(not modes[module])


def modes_of(model: nn.Module) -> Modes:
    """Which of the model's modules are in training mode."""
    return {module: module.training for module in model.modules()}


def set_training_view(model: nn.Module, modes: Modes | None) -> None:
    """Put a model's modules into these modes: those in which it trains. Without them, into training mode, unless it is there.

    Then modules of it that are in evaluation stay so, as batch norm does that is frozen."""
    if modes is not None:
        for module, training in modes.items():
            module.training = training
    elif not model.training:
        model.train()
    for module in model.modules():
        if isinstance(module, nn.SyncBatchNorm):  # it would wait for other processes, which do not measure
            module.forward = _BatchNorm.forward.__get__(module)
