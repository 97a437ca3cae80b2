"""How a network does on examples that it is not trained on, one by one: to choose learning rates by, and to judge."""

from __future__ import annotations

import base64
import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bnviz.nets.network import accuracy
from bnviz.nets.normalizers import EVALUATE


@torch.no_grad()
def held_out(arm: Any, examples: Any, chosen: Tensor) -> dict[str, Any]:
    """Both with running statistics: `validation_accuracies` on the spare training examples, NaN if there are none or numbers are
    predicted; `right`, a bit for each test example in base64, as `numpy.packbits` has it: 1 where its label is found."""
    spare = accuracy(arm.network(examples.x_spare, EVALUATE), examples.y_spare) if len(examples.x_spare) else math.nan
    logits, y = arm.network(examples.x_test, EVALUATE), examples.y_test
    found = torch.zeros(len(y), dtype=torch.bool) if y.is_floating_point() else logits.argmax(1) == y
    return {"validation_accuracies": spare, "right": base64.b64encode(np.packbits(found.numpy()).tobytes()).decode("ascii")}
