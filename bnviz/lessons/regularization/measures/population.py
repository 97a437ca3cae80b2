"""Test accuracy with population statistics: mean and variance over the whole training set."""

from __future__ import annotations

import math

import torch

from bnviz.measures.context import MeasureContext
from bnviz.measures.recomputed import with_statistics_of
from bnviz.nets.network import accuracy
from bnviz.nets.normalizers import EVALUATE


@torch.no_grad()
def population(context: MeasureContext) -> dict[str, float]:
    """`population_accuracies`: the share of test examples classified correctly with statistics of all training examples, layer by
    layer. NaN for a network without running statistics, and where numbers are predicted."""
    network, examples = context.network, context.examples
    if not network.has_running_statistics or examples.y_test.is_floating_point():
        return {"population_accuracies": math.nan}
    fresh = with_statistics_of(network, examples.x_train)
    return {"population_accuracies": accuracy(fresh(examples.x_test, EVALUATE), examples.y_test)}
