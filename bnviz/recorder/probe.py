"""The probe: the fixed examples on which a network is measured, and how the model is called with them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from torch import Tensor, nn

from bnviz.recorder.reachable import modules_within
from bnviz.recorder.tensors import copied, tensors

Loss = Callable[..., Any]  # of output and target, or of the output alone where the probe has no target


class Probe:
    """Inputs, and the target that the loss compares the output with.

    `probe` is `inputs` or the pair `(inputs, target)`. The inputs are a tensor, a tuple of arguments, a dictionary of named
    arguments, or a function that gets the model, calls it and returns the output. Tensors are copied here and for
    each pass, because a model may work in place on what it gets. `beside` are the models of the recording. Raises TypeError and
    ValueError.
    """

    def __init__(self, probe: Any, beside: Sequence[nn.Module] = ()):
        is_pair = isinstance(probe, tuple | list) and len(probe) == 2
        self.inputs, self.target = probe if is_pair else (probe, None)
        if not (isinstance(self.inputs, Tensor | tuple | list | Mapping) or callable(self.inputs)):
            raise TypeError(
                "probe: expected (inputs, target), whose inputs are a tensor, a tuple, a dictionary or a function; "
                f"{self._kinds(probe)}{'; use torch.from_numpy' if _has_arrays(probe) else ''}"
            )
        if any(len(one) == 0 for one in tensors(self.inputs) if one.ndim):
            raise ValueError("probe: it has no examples; give it some, 256 of held-out data, say")
        self.inputs, self.target = self.copy_inputs(), self.copy_target()
        self._beside = beside if callable(self.inputs) else ()

    @staticmethod
    def _kinds(probe: Any) -> str:
        if isinstance(probe, tuple | list):
            return f"this one is a {type(probe).__name__} of {', '.join(type(one).__name__ for one in probe) or 'nothing'}"
        return f"this one is a {type(probe).__name__}"

    def copy_inputs(self) -> Any:
        """The inputs for one pass. A function stays what it is."""
        return copied(self.inputs) if isinstance(self.inputs, Tensor | tuple | list | Mapping) else self.inputs

    def copy_target(self) -> Any:
        """The target for one call of the loss."""
        return copied(self.target)

    def call(self, model: nn.Module) -> Any:
        """The model's output."""
        return call_with(model, self.copy_inputs())

    def modules(self) -> list[nn.Module]:
        """The modules that a pass may call besides the model, as far as they can be found: where the inputs are a function, all
        models of the recording, and what the function holds or names by now."""
        return [*self._beside, *modules_within(self.inputs)]

    @property
    def size(self) -> int | None:
        """The number of examples, if the probe says it: the length of its target, else of its first input."""
        known = [one for one in (*tensors(self.target), *tensors(self.inputs)) if one.ndim]
        return len(known[0]) if known else None

    def check_device(self, model: nn.Module) -> None:
        """Raise ValueError if model and probe lie on different devices."""
        places = {parameter.device for parameter in model.parameters()}
        for one in tensors(self.inputs):
            if len(places) == 1 and one.device not in places:
                device = next(iter(places))
                raise ValueError(
                    f"probe: its inputs are on {one.device}, the model is on {device}; move them there: x.to({str(device)!r})"
                )


def call_with(model: nn.Module, inputs: Any) -> Any:
    """The output of a model for inputs of any kind that a probe has."""
    if isinstance(inputs, Tensor):
        return model(inputs)
    if isinstance(inputs, Mapping):
        return model(**inputs)
    if isinstance(inputs, tuple | list):
        return model(*inputs)
    return inputs(model)


def loss_value(loss: Loss | None, output: Any, target: Any) -> float | None:
    """The loss of an output as a number; what the output brings as `loss` if no function is given; None if there is none."""
    if loss is None:
        value = output.get("loss") if isinstance(output, Mapping) else getattr(output, "loss", None)
    else:
        value = _without_target(loss, output) if target is None else loss(output, target)
    return None if value is None else float(value)


def _without_target(loss: Loss, output: Any) -> Any:
    """The loss of an output alone. Raises what it raises; where it may miss the target, the message names the probe."""
    try:
        return loss(output)
    except TypeError as error:
        raise TypeError(f"{error}. The probe has no target; give probe=(inputs, target)") from error


def check_loss(loss: Any) -> None:
    """Raise TypeError for what cannot be called as a loss."""
    if isinstance(loss, type):
        raise TypeError(f"loss is the class {loss.__name__}; pass an instance: {loss.__name__}()")
    if loss is not None and not callable(loss):
        raise TypeError(f"loss: expected a function of output and target, and got {loss!r:.60}")


def _has_arrays(value: Any) -> bool:
    """Whether a probe is a NumPy array, or has one among its parts."""
    return any(isinstance(one, np.ndarray) for one in (value if isinstance(value, tuple | list) else [value]))


def logits_of(output: Any, target: Any) -> tuple[Tensor, Tensor, int] | None:
    """Scores, classes and the scores' axis of classes, if the target is made of class numbers; None, too, if two axes fit."""
    scores = _scores(output)
    if scores is None or not isinstance(target, Tensor) or target.is_floating_point() or scores.ndim != target.ndim + 1:
        return None
    axes = [axis for axis in {1, scores.ndim - 1} if scores.shape[:axis] + scores.shape[axis + 1 :] == target.shape]
    return (scores, target, axes[0]) if len(axes) == 1 else None


def _scores(output: Any) -> Tensor | None:
    """The output itself, its `logits`, or the first tensor in it."""
    if isinstance(output, Mapping):
        output = output.get("logits", output)
    output = getattr(output, "logits", output)
    return next((one for one in tensors(output) if one.is_floating_point() and one.ndim > 1), None)


def accuracy(scores: Tensor, classes: Tensor, axis: int) -> float | None:
    """The share of right answers, of what `logits_of` gives; positions without a class number (negative) are left out. None
    if a best score is NaN or infinite: then there is no answer. Single scores may be -inf, as of classes that a mask excludes."""
    counted = classes >= 0
    if not (counted.any() and scores.amax(axis)[counted].isfinite().all()):
        return None
    right = (scores.argmax(axis) == classes) & counted
    return float(right.sum() / counted.sum())
