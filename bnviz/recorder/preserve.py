"""Measuring leaves no trace: what a forward pass may change is put back when the pass is over.

Buffers and tensors in plain attributes are replaced by copies for the time of the pass, so that the originals are not even
written to: a graph that awaits its backward pass may need them. So a pass takes their memory once more.
"""

from __future__ import annotations

import contextlib
import random
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

GENERATORS = (torch.Generator, random.Random, np.random.RandomState, np.random.Generator)
SEED = 0x5EED  # of every pass, so that dropout draws the same masks at every snapshot


@contextlib.contextmanager
def untouched(*roots: nn.Module) -> Iterator[None]:
    """A block in which models, and losses that are modules, may run in any mode: without gradients, without compiled code, with
    random numbers of their own.

    Afterwards modes, buffers, attributes, and the states of all generators that they hold are as before.
    """
    modules = list(dict.fromkeys(module for root in roots for module in root.modules()))
    with contextlib.ExitStack() as stack:
        stack.enter_context(torch.no_grad())
        stack.enter_context(_eager())
        stack.enter_context(_random_states(modules))
        stack.enter_context(_module_states(modules))
        yield


def tensor_of(module: nn.Module, name: str) -> Tensor | None:
    """A module's tensor, or whatever else it has by this name. One that is computed, as by a parametrization, leaves no trace."""
    if not hasattr(type(module), name):
        return getattr(module, name, None)
    with untouched(module):
        return getattr(module, name, None)


def _eager() -> contextlib.AbstractContextManager[Any]:
    """Compiled parts run as plain PyTorch, so that nothing is compiled for the probe."""
    if "torch._dynamo" not in sys.modules:  # nothing is compiled, and loading it takes seconds
        return contextlib.nullcontext()
    return torch.compiler.set_stance("force_eager")


@contextlib.contextmanager
def _module_states(modules: Sequence[nn.Module]) -> Iterator[None]:
    attributes = [dict(vars(module)) for module in modules]
    members = [(dict(module._buffers), dict(module._parameters)) for module in modules]
    try:
        _replace_tensors(modules)
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


def _replace_tensors(modules: Iterable[nn.Module]) -> None:
    """Replace every buffer and every tensor that is an attribute by a copy; shared ones stay shared."""
    copies: dict[int, Tensor] = {}
    for module in modules:
        for members in (module._buffers, vars(module)):
            for name, value in members.items():
                if isinstance(value, Tensor):
                    if id(value) not in copies:
                        copies[id(value)] = value.clone()
                    members[name] = copies[id(value)]


@contextlib.contextmanager
def _random_states(modules: Sequence[nn.Module]) -> Iterator[None]:
    """Seed all generators, the default ones and the modules' own. Afterwards they are as before."""
    generators = [*_torch_generators(), random, np.random, *_own_generators(modules)]
    puts_back = [_put_back_generator(one) for one in generators]
    try:
        for generator in generators:
            _seed(generator)
        yield
    finally:
        for put_back in puts_back:
            put_back()


def _put_back_generator(generator: Any) -> Callable[[], Any]:
    """What gives a generator the state again that it has now."""
    if isinstance(generator, np.random.Generator):
        bits = generator.bit_generator
        return partial(setattr, bits, "state", bits.state)
    if hasattr(generator, "get_state"):  # of PyTorch, and NumPy's older ones
        return partial(generator.set_state, generator.get_state())
    return partial(generator.setstate, generator.getstate())


def _seed(generator: Any) -> None:
    if isinstance(generator, torch.Generator):
        generator.manual_seed(SEED)
    elif isinstance(generator, np.random.Generator):
        generator.bit_generator.state = type(generator.bit_generator)(SEED).state
    else:
        generator.seed(SEED)


def _torch_generators() -> list[torch.Generator]:
    """The default ones of the processor and of devices in use: asking others would start CUDA."""
    devices = list(torch.cuda.default_generators) if torch.cuda.is_initialized() else []
    if torch.backends.mps.is_available():
        devices.append(torch.mps._get_default_mps_generator())
    return [torch.default_generator, *devices]


def _own_generators(modules: Iterable[nn.Module]) -> list[Any]:
    """The generators that are attributes of modules, or in lists, tuples and dictionaries there; each once."""
    found: dict[int, Any] = {}
    for module in modules:
        for value in vars(module).values():
            parts = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else (value,)
            found |= {id(part): part for part in parts if isinstance(part, GENERATORS)}
    return [one for one in found.values() if not isinstance(one, random.SystemRandom)]  # which has no state
