"""What a loss tells of the forward pass that it came from: how much batch norm normalized together in the training minibatch.

Autograd's graph holds the shape of each operation's output, also after the backward pass. So no hook need watch training.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from torch import Tensor

from bnviz.recorder.calls import Place

BATCH_NORM = ("NativeBatchNorm", "CudnnBatchNorm", "MiopenBatchNorm")  # beginnings of its operations' names
MOST_NODES = 100_000


def normalized_together(loss: Any, places: Sequence[Place]) -> dict[Place, float]:
    """How many values of a unit were normalized together, by the call of batch norm; `places` are all of its calls in a pass.

    NaN for one that used running statistics. Nothing where the loss has no graph, or one that is not of these calls.
    """
    if not (isinstance(loss, Tensor) and loss.grad_fn and places):
        return {}
    found = sorted(_batch_norms(loss.grad_fn), key=lambda node: node._sequence_nr())
    if not found or len(found) % len(places):
        return {}
    return dict(zip(places, map(_values, found[-len(places) :]), strict=True))  # of several passes, the last one


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
