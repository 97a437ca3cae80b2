"""Measuring leaves no trace: what a forward pass may change is put back when the pass is over.

Buffers are replaced by copies for the time of the pass, so that the originals are not even written to: a graph that awaits its
backward pass may need them.
"""

from __future__ import annotations

import contextlib
import random
import sys
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

SEED = 0x5EED  # of every pass, so that dropout draws the same masks at every snapshot


@contextlib.contextmanager
def untouched(model: nn.Module) -> Iterator[None]:
    """A block in which the model may run in any mode: without gradients, without compiled code, with random numbers of its own.

    Afterwards modes, buffers, attributes, and the states of all generators are as before.
    """
    with contextlib.ExitStack() as stack:
        stack.enter_context(torch.no_grad())
        stack.enter_context(_eager())
        stack.enter_context(_random_states(model))
        stack.enter_context(_module_states(model))
        yield


def _eager() -> contextlib.AbstractContextManager[Any]:
    """Compiled parts run as plain PyTorch, so that nothing is compiled for the probe."""
    if "torch._dynamo" not in sys.modules:  # nothing is compiled, and loading it takes seconds
        return contextlib.nullcontext()
    return torch.compiler.set_stance("force_eager")


@contextlib.contextmanager
def _module_states(model: nn.Module) -> Iterator[None]:
    modules = list(model.modules())
    attributes = [dict(vars(module)) for module in modules]
    members = [(dict(module._buffers), dict(module._parameters)) for module in modules]
    try:
        _replace_buffers(modules)
        yield
    finally:
        for module, before, (buffers, parameters) in zip(modules, attributes, members, strict=True):
            _put_back(vars(module), before)
            _put_back(module._buffers, buffers)
            _put_back(module._parameters, parameters)


def _put_back(current: dict[str, Any], before: dict[str, Any]) -> None:
    """Make `current` hold the very objects of `before`. Where nothing has changed, nothing is written."""
    for name in current.keys() - before.keys():
        del current[name]
    for name, value in before.items():
        if name not in current or current[name] is not value:
            current[name] = value


def _replace_buffers(modules: Iterable[nn.Module]) -> None:
    """Put a copy in the place of every buffer; one that several modules share stays shared."""
    copies: dict[int, Tensor] = {}
    for module in modules:
        for name, buffer in module._buffers.items():
            if buffer is not None:
                module._buffers[name] = copies.setdefault(id(buffer), buffer.clone())


@contextlib.contextmanager
def _random_states(model: nn.Module) -> Iterator[None]:
    generators = _torch_generators(model)
    states = [generator.get_state() for generator in generators]
    python, legacy = random.getstate(), np.random.get_state()
    modern = [(one.bit_generator, one.bit_generator.state) for one in _attributes(model, np.random.Generator)]
    try:
        for generator in generators:
            generator.manual_seed(SEED)
        random.seed(SEED)
        np.random.seed(SEED)
        yield
    finally:
        for generator, state in zip(generators, states, strict=True):
            generator.set_state(state)
        random.setstate(python)
        np.random.set_state(legacy)
        for generator, state in modern:
            generator.state = state


def _torch_generators(model: nn.Module) -> list[torch.Generator]:
    """The default ones of the processor and of devices in use (asking others would start CUDA), and those in the model."""
    devices = list(torch.cuda.default_generators) if torch.cuda.is_initialized() else []
    if torch.backends.mps.is_available():
        devices.append(torch.mps._get_default_mps_generator())
    return [torch.default_generator, *devices, *_attributes(model, torch.Generator)]


def _attributes(model: nn.Module, kind: type) -> list[Any]:
    """Attributes of the model's modules that are of a kind, each once."""
    found = {id(value): value for module in model.modules() for value in vars(module).values() if isinstance(value, kind)}
    return list(found.values())
