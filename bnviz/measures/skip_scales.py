"""What SkipInit learns: one number α a layer, which its output is multiplied by before it is added to what the layer received."""

from __future__ import annotations

import numpy as np

from bnviz.measures.context import LiveContext


def skip_scales(context: LiveContext) -> dict[str, np.ndarray]:
    """`skip_scale` [layers]: α of every layer. The first one has no skip connection and no α: NaN."""
    return {"skip_scale": np.array([np.nan, *(scale.item() for scale in context.network.skip_scales)], np.float32)}
