"""Validation accuracy, to choose learning rates by, and each test example's result, to judge."""

from __future__ import annotations

import base64
import math

import numpy as np
import torch

from bnviz.measures.context import MeasureContext
from bnviz.nets.network import accuracy
from bnviz.nets.normalizers import EVALUATE


@torch.no_grad()
def held_out(context: MeasureContext) -> dict[str, float | str]:
    """Both with running statistics: `validation_accuracies` on the spare training examples, NaN if there are none or numbers are
    predicted; `right`, a bit for each test example in base64, as `numpy.packbits` has it: 1 where its label is found."""
    network, examples = context.network, context.examples
    spare = accuracy(network(examples.x_spare, EVALUATE), examples.y_spare) if len(examples.x_spare) else math.nan
    logits, y = network(examples.x_test, EVALUATE), examples.y_test
    right = torch.zeros(len(y), dtype=torch.bool) if y.is_floating_point() else logits.argmax(1) == y
    return {"validation_accuracies": spare, "right": base64.b64encode(np.packbits(right.numpy()).tobytes()).decode("ascii")}
