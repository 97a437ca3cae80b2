"""The layers of a model: each a triple of places at which values are read in a forward pass.

`linear` is what goes into a normalizer, `normalized` what comes out of it, `activation` what the next module with weights (or the
next normalizer) gets of it. Where nothing normalizes, `linear` and `normalized` are the output of a module with weights.
"""

from __future__ import annotations

import fnmatch
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import nn

from bnviz.recorder import kinds
from bnviz.recorder.bounds import Bounds
from bnviz.recorder.calls import INPUT, Call, Place
from bnviz.recorder.preserve import tensor_of

MOST_LAYERS = 64
MOST_UNITS = 64
MOST_VALUES = 512  # of a unit, over examples and positions
LISTED = 12  # names in a message

Choice = str | nn.Module | Sequence[str | nn.Module] | None
Site = tuple[Place, str]  # a call, and "in" or "out"
Counts = tuple[int, int, int]  # by tap


@dataclass(frozen=True)
class Layer:
    """A layer.

    `sites` are where its taps are read, `width` is its number of units, `axis` where they lie in `linear`'s values. `counts` is
    how many values of each unit are recorded at each tap, of so many in `totals`: pooling leaves fewer to the next layer.
    `source` names the module with weights whose output goes into the normalizer directly, if one does; it `has_idle_bias` if the
    normalizer subtracts its bias again. It `is_pointwise` if the next layer gets as many values as come out, so that each may be
    a function of one of them, and `is_masked` if dropout may have set some to 0 meanwhile. `bounds` are those of the nonlinearity
    that these values come out of, if it is a bounded one, as tanh.
    """

    name: str
    kind: str
    normalizer: str
    source: str
    repeat: int
    has_idle_bias: bool
    width: int
    axis: int
    counts: Counts
    totals: Counts
    is_pointwise: bool
    is_masked: bool
    bounds: Bounds | None
    sites: tuple[Site, Site, Site]
    module: nn.Module

    @property
    def is_one_tap(self) -> bool:
        """Whether `linear` and `normalized` are the same values."""
        return self.sites[0] == self.sites[1] or self.normalizer == ""

    @property
    def unsampled(self) -> tuple[float, float, float]:
        """The share of a unit's values that is not recorded at each tap."""
        linear, normalized, activation = (1 - count / total for count, total in zip(self.counts, self.totals, strict=True))
        return linear, normalized, activation

    @property
    def units(self) -> np.ndarray:
        """The numbers of the units that are recorded, spread evenly."""
        return evenly(self.width, MOST_UNITS)

    def describe(self) -> dict[str, Any]:
        """What a header says of it."""
        return {
            "name": self.name,
            "kind": self.kind,
            "normalizer": self.normalizer,
            "source": self.source,
            "repeat": self.repeat,
            "momentum": getattr(self.module, "momentum", None) if kinds.has_running_statistics(self.module) else None,
            "idle_bias": self.has_idle_bias,
            "width": self.width,
            "units": self.units.tolist(),
            "values": min(self.counts),
            "tap_values": list(self.counts),
            **({"bounds": list(self.bounds)} if self.bounds else {}),
        }


def evenly(count: int, most: int) -> np.ndarray:
    """Numbers from 0 to `count` - 1, all of them or `most` that are spread evenly."""
    return np.arange(count) if count <= most else np.linspace(0, count - 1, most).round().astype(int)


def find_layers(calls: Sequence[Call]) -> list[Layer]:
    """All layers of a model whose forward pass makes these calls, in their order."""
    consumers = [[number for number, call in enumerate(calls) if own in call.sources] for own in range(len(calls))]
    layers = []
    for number, call in enumerate(calls):
        following = calls[consumers[number][0]] if consumers[number] else None
        if kinds.normalizes(call.module):
            layers.append(_normalized(call, calls, following))
        elif following and not _is_normalized(number, following):
            layers.append(_plain(call, following))
    return layers or [_plain(call, None) for call in calls if not kinds.normalizes(call.module)]


def _is_normalized(number: int, following: Call) -> bool:
    """Whether the next that gets a module's output is a normalizer, and it gets nothing else: they are one layer."""
    return kinds.normalizes(following.module) and following.sources == {number}


def _normalized(call: Call, calls: Sequence[Call], following: Call | None) -> Layer:
    direct = [calls[number] for number in call.sources if number != INPUT] if len(call.sources) == 1 else []
    source = next((one.place.name for one in direct if kinds.is_weighted(one.module)), "")
    before = calls[call.direct].module if call.direct is not None else None
    has_idle_bias = kinds.subtracts_means(call.module) and before is not None and tensor_of(before, "bias") is not None
    return _layer(call, (call.place, "in"), call.output_shape or call.input_shape, following, source, has_idle_bias)


def _plain(call: Call, following: Call | None) -> Layer:
    return _layer(call, (call.place, "out"), call.output_shape or call.input_shape, following, call.place.name)


def _layer(
    call: Call, linear: Site, shape: torch.Size, following: Call | None, source: str, has_idle_bias: bool = False
) -> Layer:
    axis = kinds.units_axis(call.module, shape)
    width = shape[axis] if len(shape) else 1
    normalized = activation = (call.place, "out")
    output = call.output_shape or call.input_shape
    shapes = [call.input_shape if linear[1] == "in" else output, output, output]
    if following and units_place(following.input_shape, width, axis):
        activation, shapes[2] = (following.place, "in"), following.input_shape
    linear_total, normalized_total, total = (math.prod(one) // max(1, width) for one in shapes)
    totals = (linear_total, normalized_total, total)
    received = following if following is not None and activation == (following.place, "in") else None
    return Layer(
        name=call.place.name,
        kind=type(call.module).__name__,
        normalizer=kinds.normalizer_name(call.module),
        source=source,
        repeat=call.place.repeat,
        has_idle_bias=has_idle_bias,
        width=width,
        axis=axis,
        counts=(min(MOST_VALUES, linear_total), min(MOST_VALUES, normalized_total), min(MOST_VALUES, total)),
        totals=totals,
        is_pointwise=shapes[1] == shapes[2],
        is_masked=received is not None and received.is_masked,
        bounds=received.bounds if received is not None else None,
        sites=(linear, normalized, activation),
        module=call.module,
    )


class UnitsPlace(NamedTuple):
    """Where units lie in a tensor: on an axis, after axis 1 was split into (units, positions) if `is_flat`."""

    axis: int
    is_flat: bool = False


def units_place(shape: torch.Size, width: int, axis: int) -> UnitsPlace | None:
    """Where a layer's units lie in a tensor of this shape, if `axis` is where they lie in another one of the layer.

    What convolutions give may have been flattened since, the channel first. None where the units cannot be found.
    """
    if axis < len(shape) and shape[axis] == width:
        return UnitsPlace(axis)
    if len(shape) > 1 and shape[-1] == width:
        return UnitsPlace(len(shape) - 1)
    if len(shape) == 2 and width and shape[1] % width == 0:
        return UnitsPlace(1, is_flat=True)
    return None


def choose(layers: Sequence[Layer], choice: Choice, model: nn.Module) -> list[Layer]:
    """The layers that `choice` names: a pattern as in file names, a module, or several of them; all if it is None.

    A layer is found by its own name or by that of the module with weights before its normalizer. Raises ValueError.
    """
    if not layers:
        raise ValueError(
            "the model has no layer that can be recorded: in a pass over the probe no module was called that normalizes, or that "
            "has parameters of its own and no modules in it"
        )
    if choice is None:
        return list(layers)
    wanted = [choice] if isinstance(choice, str | nn.Module) else list(choice)
    names = {id(module): name for name, module in model.named_modules()}
    patterns = [names.get(id(one), "") if isinstance(one, nn.Module) else one for one in wanted]
    for one, pattern in zip(wanted, patterns, strict=True):
        if not any(_matches(layer, pattern) for layer in layers):
            called = type(one).__name__ if isinstance(one, nn.Module) else repr(one)
            raise ValueError(f"layers: no layer matches {called}; this model has {_listed(layer.name for layer in layers)}")
    return [layer for layer in layers if any(_matches(layer, pattern) for pattern in patterns)]


def _matches(layer: Layer, pattern: str) -> bool:
    return any(fnmatch.fnmatchcase(name, pattern) for name in (layer.name, layer.source) if name)


def _listed(names: Iterable[str]) -> str:
    names = list(names)
    more = f" and {len(names) - LISTED} more" if len(names) > LISTED else ""
    return ", ".join(names[:LISTED]) + more


def without_empty(layers: Sequence[Layer]) -> list[Layer]:
    """The layers that have values. Raises ValueError if none has."""
    found = [layer for layer in layers if layer.width and all(layer.counts)]
    if not found:
        raise ValueError(f"layers: {_listed(layer.name for layer in layers)}: the output is empty, so there is nothing to record")
    return found


def spread(layers: Sequence[Layer]) -> list[Layer]:
    """The layers, or MOST_LAYERS of them that are spread evenly."""
    return [layers[number] for number in evenly(len(layers), MOST_LAYERS)]
