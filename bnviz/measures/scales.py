"""The learnt scale γ and shift β of the normalizers."""

from __future__ import annotations

import numpy as np
import torch

from bnviz.nets.network import Network
from bnviz.record.ndjson import rounded


def scales(network: Network, parts: int = 128) -> dict[str, np.ndarray]:
    """`gamma` and `beta` [layers, width], those of them that the network learns, rounded to 1/`parts` of the layer's root mean
    square."""
    learnt = {name for name, _ in network.normalizers[0].named_parameters()}
    values = {name: [getattr(layer, name).detach() for layer in network.normalizers] for name in sorted(learnt)}
    return {name: rounded(torch.stack(layers).numpy(), parts) for name, layers in values.items()}
