"""What is kept: the lines of a recording, recordings by id, rows of sweeps.

This package can be called, and records a network of your own while it trains:

bnviz.record(model, probe, loss=None, out=None, every=100, layers=None, *, recompute=None, title=None, total_steps=None)

    with bnviz.record(model, probe=(x, y), loss=loss_fn, out="run.ndjson") as recorder:
        for x, y in loader:
            ...  # zero_grad, forward, backward, optimizer.step(): your training step
            recorder.step(loss=loss)

model        a torch.nn.Module, or up to four that train side by side, by name
probe        the fixed examples on which it is measured, (inputs, target) on the model's device
loss         loss(output, target) on them
out          the file to write (.ndjson); without it the recording stays in memory
every        a snapshot after so many steps, more often at first; or a function of the step
layers       those to record: a pattern, names or modules; all if left out
recompute    a DataLoader or a list of batches, over which statistics of batch norm are recomputed for a third view
title        what the recording is called
total_steps  how long training will be

The call goes to `bnviz.recorder`, which loads PyTorch; all that lies here does not. docs/own.md says more.
"""

from __future__ import annotations

import importlib
import sys
import types
from typing import Any


class _CallablePackage(types.ModuleType):
    """A package whose name is that of a function, too: importing a module of it would hide a function of that name."""

    def __call__(
        self,
        model: Any,
        probe: Any,
        loss: Any = None,
        out: Any = None,
        every: Any = 100,
        layers: Any = None,
        *,
        recompute: Any = None,
        title: str | None = None,
        total_steps: int | None = None,
    ) -> Any:
        """Record a network of your own: see `bnviz.recorder.recorder.record`. Returns its `Recorder`."""
        record = importlib.import_module("bnviz.recorder.recorder").record
        return record(model, probe, loss, out, every, layers, recompute=recompute, title=title, total_steps=total_steps)


sys.modules[__name__].__class__ = _CallablePackage
