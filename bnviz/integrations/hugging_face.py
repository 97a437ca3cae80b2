"""A callback that records a network while the Trainer of Hugging Face trains it.

trainer = transformers.Trainer(model, args, train_dataset=data, callbacks=[RecorderCallback(probe=batch, out="run.ndjson")])
"""

from __future__ import annotations

from typing import Any

from bnviz.integrations import library
from bnviz.recorder.recorder import Recorder, record
from bnviz.recorder.tensors import moved

transformers = library("transformers", "hugging_face")


class RecorderCallback(transformers.TrainerCallback):
    """Records the model with `bnviz.record`, whose arguments it takes; the probe is moved to the model's device.

    A probe that is a batch with "labels" brings its loss itself. The loss in training is not recorded: callbacks are not told it.
    `recorder` is the recorder, from the beginning of training on.
    """

    recorder: Recorder | None = None

    def __init__(self, probe: Any, *arguments: Any, **options: Any):
        super().__init__()
        self._probe, self._arguments, self._options = probe, arguments, options

    def on_train_begin(self, args: Any, state: Any, control: Any, model: Any = None, **rest: Any) -> None:
        """Begin the recording."""
        options = {"total_steps": state.max_steps if state.max_steps > 0 else None, **self._options}
        self.recorder = record(model, moved(self._probe, args.device), *self._arguments, **options)

    def on_optimizer_step(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
        """Count a step, while its gradients are still there."""
        if self.recorder is not None:
            self.recorder.step()

    def on_train_end(self, args: Any, state: Any, control: Any, **rest: Any) -> None:
        """End the recording."""
        if self.recorder is not None:
            self.recorder.close()
