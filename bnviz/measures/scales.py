"""What the normalizers learn: γ, β and others."""

from __future__ import annotations

import numpy as np
import torch

from bnviz.nets.network import Network
from bnviz.record.ndjson import rounded


def scales(network: Network, parts: int = 128) -> dict[str, np.ndarray]:
    """The normalizers' parameters: [layers, width], rounded to 1/`parts` of the layer's root mean square, or [layers]."""
    names = sorted(name for name, _ in network.normalizers[0].named_parameters())
    values = {name: torch.stack([getattr(layer, name).detach() for layer in network.normalizers]).numpy() for name in names}
    return {name: rounded(rows, parts) if rows.ndim > 1 else rows.astype(np.float32) for name, rows in values.items()}
