"""Tensors in what modules take and return: tuples, dictionaries, data classes."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

DEEPEST = 6  # levels of nesting that are looked into


def tensors(value: Any, depth: int = 0) -> Iterator[Tensor]:
    """All tensors in nested tuples, lists, mappings and data classes, in their order."""
    if isinstance(value, Tensor):
        yield value
    elif depth < DEEPEST:
        for part in _parts(value):
            yield from tensors(part, depth + 1)


def _parts(value: Any) -> Iterator[Any]:
    if isinstance(value, Mapping):
        yield from value.values()
    elif isinstance(value, Sequence) and not isinstance(value, str | bytes):
        yield from value
    elif dataclasses.is_dataclass(value) and not isinstance(value, type):
        yield from (getattr(value, field.name) for field in dataclasses.fields(value))


def copied(value: Any) -> Any:
    """A copy of it, whose tensors are copies as well, without gradients. What cannot be copied is given as it is."""
    memo = {id(one): one.detach().clone() for one in tensors(value)}
    try:
        return copy.deepcopy(value, memo)
    except Exception:  # it holds something that cannot be copied, such as a lock or an open file
        return value


def first_values(value: Any) -> Tensor | None:
    """The first tensor of real numbers in it, if there is one: a layer's values."""
    return next((one for one in tensors(value) if one.is_floating_point() and one.layout == torch.strided), None)


def moved(value: Any, device: torch.device) -> Any:
    """The same with all tensors on a device; lists become tuples, and mappings dictionaries."""
    if isinstance(value, Tensor):
        return value.to(device)
    if isinstance(value, Mapping):
        return {key: moved(one, device) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return tuple(moved(one, device) for one in value)
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        parts = {one.name: moved(getattr(value, one.name), device) for one in dataclasses.fields(value)}
        return dataclasses.replace(value, **parts)
    return value
