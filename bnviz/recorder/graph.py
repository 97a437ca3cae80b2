"""What a loss tells of the forward pass that it came from: how much batch norm normalized together in the training minibatch.

Autograd's graph holds the shape of each operation's output, also after the backward pass. So no hook need watch training.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from torch import Tensor, nn

from bnviz.recorder.calls import Place

BATCH_NORM = ("NativeBatchNorm", "CudnnBatchNorm", "MiopenBatchNorm")  # beginnings of its operations' names
MOST_NODES = 100_000


def normalized_together(loss: Any, places: Sequence[Place], modules: Mapping[str, nn.Module]) -> dict[Place, float]:
    """How many values of a unit were normalized together, by the call of batch norm; `places` are all of its calls in a pass,
    `modules` are the model's, by name.

    NaN for one that used running statistics. Nothing for a call that the loss has no graph of: batch norm of another network may
    lie in it, too, as that of a GAN's other half.
    """
    if not (isinstance(loss, Tensor) and loss.grad_fn and places):
        return {}
    found = sorted(_batch_norms(loss.grad_fn), key=lambda node: node._sequence_nr())
    weights = [_weight(node) for node in found]
    if not any(weight is not None for weight in weights):  # they learn nothing: only their order can tell
        return _by_order(found, places, modules)
    known: dict[Place, float] = {}
    for name in dict.fromkeys(place.name for place in places):
        calls = [place for place in places if place.name == name]
        nodes = [
            node for node, weight in zip(found, weights, strict=True) if weight is modules[name].weight and weight is not None
        ]
        if nodes and len(nodes) % len(calls) == 0:
            known |= zip(calls, map(_values, nodes[-len(calls) :]), strict=True)  # of several passes, the last one
    return known


def _by_order(found: Sequence[Any], places: Sequence[Place], modules: Mapping[str, nn.Module]) -> dict[Place, float]:
    """The same from as many operations as there are calls, of as many units."""
    if len(found) != len(places):
        return {}
    widths = [modules[place.name].num_features for place in places]
    same = all(node._input_metadata[0].shape[1] == width for node, width in zip(found, widths, strict=True))
    return dict(zip(places, map(_values, found), strict=True)) if same else {}


def _weight(node: Any) -> Any:
    """The parameter γ of an operation, if it is one that learns."""
    following = node.next_functions
    return getattr(following[1][0], "variable", None) if len(following) > 1 else None


def _batch_norms(root: Any) -> Iterator[Any]:
    """The operations of batch norm that a loss was computed by."""
    seen, waiting = {root}, [root]
    while waiting and len(seen) < MOST_NODES:
        node = waiting.pop()
        if node.name().startswith(BATCH_NORM):
            yield node
        following = {one for one, _ in node.next_functions if one is not None} - seen
        seen |= following
        waiting += following


def _values(node: Any) -> float:
    shape = node._input_metadata[0].shape  # of its output's gradient: [examples, units, positions …]
    is_training = getattr(node, "_saved_training", True)
    return float(math.prod(shape) / shape[1]) if is_training else np.nan
