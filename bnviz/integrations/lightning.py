"""A callback that records a network while Lightning trains it.

trainer = lightning.Trainer(callbacks=[RecorderCallback(probe=(x, y), loss=loss_fn, out="run.ndjson")])
"""

from __future__ import annotations

import math
from typing import Any

from bnviz.integrations import library
from bnviz.recorder.recorder import Recorder, record
from bnviz.recorder.tensors import moved

lightning = library("lightning", "lightning")


class RecorderCallback(lightning.Callback):
    """Records the module with `bnviz.record`, whose arguments it takes; the probe is moved to the module's device.

    `recorder` is the recorder, from the beginning of training on.
    """

    recorder: Recorder | None = None

    def __init__(self, probe: Any, *arguments: Any, **options: Any):
        super().__init__()
        self._probe, self._arguments, self._options = probe, arguments, options
        self._step = 0  # of the optimizers, so far
        self._losses: list[Any] = []  # of the minibatches since then: gradients may be accumulated over several

    def on_train_start(self, trainer: Any, pl_module: Any) -> None:
        """Begin the recording."""
        steps = trainer.estimated_stepping_batches
        options = {"total_steps": int(steps) if math.isfinite(steps) else None, **self._options}
        self.recorder = record(pl_module, moved(self._probe, pl_module.device), *self._arguments, **options)
        self._step, self._losses = trainer.global_step, []

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, batch: Any, batch_idx: int) -> None:
        """Count a step, if the optimizers have taken one."""
        loss = outputs.get("loss") if isinstance(outputs, dict) else outputs
        if loss is not None:
            self._losses.append(loss * trainer.accumulate_grad_batches)  # Lightning has divided it by that
        if self.recorder is None or trainer.global_step == self._step:
            return
        mean = sum(self._losses) / len(self._losses) if self._losses else None
        self._step, self._losses = trainer.global_step, []
        self.recorder.step(loss=mean, epoch=trainer.current_epoch + (batch_idx + 1) / trainer.num_training_batches)

    def on_train_end(self, trainer: Any, pl_module: Any) -> None:
        """End the recording."""
        if self.recorder is not None:
            self.recorder.close()

    def on_exception(self, trainer: Any, pl_module: Any, exception: BaseException) -> None:
        """End the recording with what went wrong."""
        if self.recorder is not None:
            self.recorder.__exit__(type(exception), exception, None)
