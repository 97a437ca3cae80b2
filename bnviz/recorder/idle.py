"""Which biases change nothing: measured, by a pass over the probe with other biases. Nothing of the model is written to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from bnviz.recorder.layers import Layer
from bnviz.recorder.modes import Modes, set_training_view
from bnviz.recorder.preserve import untouched
from bnviz.recorder.probe import Probe
from bnviz.recorder.tensors import tensors

PASSES = 5  # snapshots at which they are measured: what begins at 0, as the last γ of a residual block, hides a bias at first
ROUNDING = 1000.0  # machine epsilons of the output's root mean square: what rounding may change, many layers later
MOST_ROUNDING = 0.05  # of the same, in half precision


class IdleBiases:
    """Measures whether biases in front of a normalizer change the model's output, at the first PASSES calls of `measure`.

    A bias that has changed it once is not idle, and is asked no more.
    """

    def __init__(self, model: nn.Module, probe: Probe, layers: Sequence[Layer]):
        self._model, self._probe, self._count, self._left = model, probe, len(layers), PASSES
        found = {number: _bias(model, layer) for number, layer in enumerate(layers) if layer.has_idle_bias}
        self._biases = {number: bias for number, bias in found.items() if bias is not None}

    def usual(self, output: Any) -> list[Tensor]:
        """Copies of a pass's outputs, for `measure`; nothing if no bias needs them."""
        return [one.detach().clone() for one in _outputs(output)] if self._left and self._biases else []

    def measure(self, modes: Modes | None, usual: Sequence[Tensor]) -> np.ndarray | None:
        """1 for each layer whose source's bias changes nothing in training, in these modes, 0 for others [layers]; None where
        nothing is left to be measured. `usual` are the outputs of a pass in these modes."""
        if not self._left:
            return None
        self._left -= 1
        idle = self._idle(modes, usual)
        self._biases = {number: bias for number, bias in self._biases.items() if number in idle}
        return np.isin(np.arange(self._count), idle).astype(np.float32)

    def _idle(self, modes: Modes | None, usual: Sequence[Tensor]) -> list[int]:
        """The layers whose biases change nothing."""
        waiting, idle = [list(self._biases)], []
        while waiting and usual:
            some = waiting.pop()
            if _are_close(usual, self._output(modes, some)):
                idle += some
            elif len(some) > 1:
                half = len(some) // 2
                waiting += [some[:half], some[half:]]
        return idle

    def _output(self, modes: Modes | None, layers: Sequence[int]) -> list[Tensor]:
        """The model's output for the probe as in training, with 1 added to the biases of these layers, once to each."""
        shifted = {id(bias): nn.Parameter(bias.detach() + 1, False) for bias in (self._biases[number] for number in layers)}
        with untouched(self._model, *self._probe.modules()):
            set_training_view(self._model, modes)
            for module in self._model.modules():
                for name, one in module._parameters.items():
                    module._parameters[name] = shifted.get(id(one), one)
            return _outputs(self._probe.call(self._model))


def _outputs(output: Any) -> list[Tensor]:
    return [one for one in tensors(output) if one.is_floating_point()]


def _bias(model: nn.Module, layer: Layer) -> Any:
    """The bias of the module with weights before a layer's normalizer, if it is a plain parameter."""
    return model.get_submodule(layer.source)._parameters.get("bias") if layer.source else None


def _are_close(usual: Sequence[Tensor], shifted: Sequence[Tensor]) -> bool:
    """Whether two outputs differ by rounding alone. What is not finite differs."""
    return len(usual) == len(shifted) and all(map(_is_close, usual, shifted))


def _is_close(usual: Tensor, shifted: Tensor) -> bool:
    if usual.shape != shifted.shape:
        return False
    limit = min(MOST_ROUNDING, ROUNDING * torch.finfo(usual.dtype).eps)
    size = usual.double().square().mean().sqrt()
    return not usual.numel() or bool((usual - shifted).abs().max() <= limit * size)
