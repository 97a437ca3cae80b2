"""The arithmetic of normalization in numbers: what it makes of a few examples of the next minibatch, unit by unit."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from bnviz.config.experiment import WATCHED_UNITS
from bnviz.measures.context import LiveContext
from bnviz.nets.network import Taps
from bnviz.normalizers import SPECS
from bnviz.normalizers.modes import MEASURE
from bnviz.record.ndjson import rounded

EXAMPLES = 8
PARTS = 256  # to which z is rounded: a page shows three digits of it


def unit_examples(context: LiveContext) -> dict[str, Any]:
    """z of the first examples of the next minibatch and what normalizes them, of the watched units of the arms that are compared.

    The first group that is normalized together passes through the network alone, as it does in training: groups do not see each
    other. From what is returned follow ẑ = (z - mean) / sqrt(variance + ε), γẑ+β and a. See the keys in the registry.
    """
    if not context.is_compared:
        return {}
    taps: Taps = []
    size = -(-len(context.minibatch) // context.experiment.groups)  # larger groups come first: `equal_groups`
    context.network(context.x[:size], MEASURE, 1, taps=taps)
    z = torch.stack([layer.linear for layer in taps])  # [layers, examples, width]
    watched = z[:, :EXAMPLES, :WATCHED_UNITS].transpose(1, 2).numpy()
    result = {"z": rounded(watched, PARTS)}
    if SPECS[context.normalizer].steps:  # otherwise nothing is normalized
        result |= _normalizing(context.normalizer, list(context.network.normalizers), z)
    return {"unit_examples": result}


def _normalizing(key: str, normalizers: list[Any], z: Tensor) -> dict[str, Any]:
    """What the normalizer `key` declares: statistics of z [layers, examples, width], constants and what it holds itself."""
    spec, first = SPECS[key], normalizers[0]
    values: dict[str, Any] = {} if spec.statistics == "none" else first.statistics(z, WATCHED_UNITS, EXAMPLES)
    if getattr(first, "frozen", False) and spec.statistics == "batch":
        running = {"mean": "running_mean", "variance": "running_variance"}
        values |= {name: torch.stack([_of_units(getattr(one, key)) for one in normalizers]) for name, key in running.items()}
    values |= {"epsilon": first.eps}
    declared = [one for quantity in spec.quantities for one in quantity.records]
    for quantity in declared:
        if quantity.name not in values:
            rows = [_of_units(getattr(one, quantity.name).detach()) for one in normalizers]
            values[quantity.name] = torch.stack(rows)
    names = {"together", *(quantity.name for quantity in declared)}
    return {name: _array(value) for name, value in values.items() if name in names}


def _of_units(values: Tensor) -> Tensor:
    """Those of the watched units, or the number of a layer."""
    return values[:WATCHED_UNITS] if values.dim() else values


def _array(value: Any) -> Any:
    return value.numpy() if isinstance(value, Tensor) else value
