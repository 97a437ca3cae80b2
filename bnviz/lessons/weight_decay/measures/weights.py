"""The norm of each hidden layer's weights, and their learning rate."""

from __future__ import annotations

from typing import Any

import numpy as np

from bnviz.measures.context import LiveContext


def weights(context: LiveContext) -> dict[str, Any]:
    """`weight_norm`, ‖W[l]‖ (Frobenius) of each hidden layer [layers], and `hidden_rate`, the rate of their next step."""
    norms = [weight.double().norm().item() for weight in context.network.hidden_weights]
    return {"weight_norm": np.array(norms), "hidden_rate": context.optimizer.hidden_rate}
