"""Which modules a function may call: those that it holds, or names. Nothing is called to find out."""

from __future__ import annotations

import contextlib
import inspect
import types
from collections import deque
from collections.abc import Iterator
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import UninitializedBuffer, UninitializedParameter

MOST = 10_000  # objects that are looked at
LIBRARIES = ("torch", "numpy", "builtins")  # whose own functions and objects hold no modules of anybody's
LEAVES = (str, bytes, int, float, complex, bool, type(None), type, torch.Tensor)


def modules_within(*roots: Any) -> list[nn.Module]:
    """The modules that functions may call, each once: in closures, global names, defaults, partial arguments, the object that a
    method is bound to, attributes of such objects, lists, tuples, sets and dictionaries. Modules in a module are not listed.

    Left out are those whose state cannot be kept: TorchScript, and modules without shapes as yet.
    """
    found, seen, waiting = [], {}, deque(roots)  # what is near comes first
    while waiting and len(seen) < MOST:
        value = waiting.popleft()
        if id(value) in seen:
            continue
        seen[id(value)] = value  # held, so that nothing else gets its id
        with contextlib.suppress(Exception):  # an object may do anything when it is looked at
            if isinstance(value, nn.Module):
                found.append(value)
            elif not isinstance(value, LEAVES):
                waiting.extend(_parts(value))
    return [one for one in found if _can_be_kept(one)]


def _parts(value: Any) -> Iterator[Any]:
    """What an object holds."""
    if isinstance(value, types.MethodType):
        yield from (value.__self__, value.__func__)
    elif isinstance(value, partial):
        yield from (value.func, *value.args, *value.keywords.values())
    elif isinstance(value, dict):
        yield from list(dict.values(value))
    elif isinstance(value, list | tuple | set | frozenset):
        yield from value
    elif isinstance(value, types.FunctionType):
        yield from _held(value)
    elif not isinstance(value, types.ModuleType) and not _is_of_library(type(value)):
        yield from _attributes(value)


def _attributes(value: Any) -> Iterator[Any]:
    """An object's own attributes, and what calls it; no property is computed."""
    yield from list(getattr(value, "__dict__", {}).values())
    call = inspect.getattr_static(type(value), "__call__", None)
    if isinstance(call, types.FunctionType):
        yield call


def _held(function: types.FunctionType) -> Iterator[Any]:
    """What a function holds: its closure, its defaults, and what its code names among globals, or in the files that it names."""
    if _is_of_library(function):
        return
    for cell in function.__closure__ or ():
        try:
            yield cell.cell_contents
        except ValueError:  # empty as yet
            continue
    yield from (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values())
    names = set(_names(function.__code__))
    for name in names & function.__globals__.keys():
        value = function.__globals__[name]
        if isinstance(value, types.ModuleType):
            yield from () if _is_library(value.__name__) else (vars(value)[one] for one in names & vars(value).keys())
        else:
            yield value


def _names(code: types.CodeType) -> Iterator[str]:
    """Names of globals and attributes in a function's code, and in functions within it."""
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            yield from _names(constant)


def _is_of_library(value: Any) -> bool:
    return _is_library(getattr(value, "__module__", None) or "")


def _is_library(name: str) -> bool:
    return name.partition(".")[0] in LIBRARIES


def _can_be_kept(module: nn.Module) -> bool:
    for one in module.modules():
        if isinstance(one, torch.jit.ScriptModule):
            return False
        tensors = (*one._buffers.values(), *one._parameters.values())
        if any(isinstance(value, UninitializedBuffer | UninitializedParameter) for value in tensors):
            return False
    return True
