"""How far the same examples' values move from snapshot to snapshot, and what moves them.

Batch norm fixes the mean and the standard deviation of each unit's distribution by construction, and so bounds its shift. It does
not fix what one example gives.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from bnviz.measures.context import Distributions, LiveContext
from bnviz.measures.example_values import in_minibatch
from bnviz.nets.network import Taps
from bnviz.record.ndjson import TAPS

PARTS = 16  # of the layer's own step that a unit's is counted in; of 256 units one moves at most 16 times as far


def example_steps(context: LiveContext) -> dict[str, Any]:
    """Root mean squares over examples and units of how far values are from those at the snapshot before, in σ of then.

    In training an example meets other weights and another draw: the step is the sum of the one that the weights alone would have
    made, with the draw of before, and of what the draw has made of it since.
    """
    before, now = context.values_before, context.values
    if before is None or now is None:
        return {}
    z, x_train = now.probe[0].linear, context.examples.x_train
    redrawn = in_minibatch(context.network, context.normalizer, x_train, z, before.draw)
    units = {
        "example_step": _on_probe(now.probe, before.probe),
        "example_step_in_training": _squares(now.minibatch, before.minibatch),
        "example_step_weights": _squares(redrawn, before.minibatch),
        "example_step_mates": _squares(now.minibatch, redrawn),
    }
    scale = context.previous.by_tap(_sigma(context.previous))
    result: dict[str, Any] = {key: _in_sigmas(squares.mean(-1).sqrt().numpy(), scale) for key, squares in units.items()}
    return result | {"unit_example_step": _by_unit(units["example_step_in_training"])}


def _on_probe(now: Taps, before: Taps) -> Tensor:
    """The mean over the probe of each unit's squared step: [taps, layers, width]."""
    pairs = zip(now, before, strict=True)
    return torch.stack([torch.stack([_squares(*pair) for pair in zip(*pair, strict=True)]) for pair in pairs], 1)


def _squares(now: Tensor, before: Tensor) -> Tensor:
    """The mean over examples of squared differences [..., width] of [..., examples, width]; over those that both have."""
    count = min(now.shape[-2], before.shape[-2])
    return (now[..., :count, :] - before[..., :count, :]).square_().mean(-2)


def _sigma(reference: Distributions) -> np.ndarray:
    """The standard deviation of a unit [taps, layers], root mean square over units, as in `statistics.shift`."""
    with np.errstate(over="ignore", invalid="ignore"):
        return np.sqrt((reference.std**2).mean(axis=-1))


def _in_sigmas(steps: np.ndarray, scale: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Steps [taps, layers] in σ, by tap; 0 where nothing has moved, even if σ is 0."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        rows = {tap: np.where(step == 0, 0, step / scale[tap]) for tap, step in zip(TAPS, steps, strict=True)}
        return {tap: row.astype(np.float32) for tap, row in rows.items()}


def _by_unit(squares: Tensor) -> dict[str, np.ndarray]:
    """Each unit's step, from its square [taps, layers, width], in 1/PARTS of its layer's; 0 where that is 0 or no number."""
    share = (squares / squares.mean(-1, keepdim=True)).sqrt().nan_to_num(posinf=0.0)
    return dict(zip(TAPS, (PARTS * share).round().clamp(max=255).to(torch.uint8).numpy(), strict=True))
