"""Values of the same examples from snapshot to snapshot: on the whole probe, and in minibatches of training.

In training, what batch norm makes of an example depends on the other examples that are normalized with it, its mates. So examples
of the probe take the places of some examples in copies of the minibatch that comes next.
"""

from __future__ import annotations

import torch
from torch import Tensor

from bnviz.measures.context import Draw, ExampleValues
from bnviz.nets.network import Network, Taps
from bnviz.normalizers import SPECS
from bnviz.normalizers.modes import MEASURE

ROWS = 512  # of a pass through the network, mates included: as many as the probe has
FEWEST_COPIES = 4


def places(draw: Draw, probe_size: int) -> Tensor:
    """Which examples of the probe are in which copy of the minibatch: [copies, places].

    Of a group of n, in each of `copies` other examples take the first places. The turn of the snapshot decides which: no two
    are together at two snapshots in a row, just as no mate in training is the same twice.
    """
    copies = min(probe_size, max(FEWEST_COPIES, ROWS // draw.first_group))
    count = max(1, min(draw.first_group, copies, probe_size // copies))
    row, copy = torch.arange(count), torch.arange(copies)[:, None]
    return row * copies + (copy - draw.turn * row) % copies


def in_minibatch(network: Network, normalizer: str, x_train: Tensor, z: Tensor, draw: Draw) -> Tensor:
    """Values [taps, layers, examples, width] of the probe's first examples as training sees them, in copies of the minibatch.

    `z` [probe, width] is z[1] of the probe, `normalizer` the key of what normalizes. Nothing of the network is updated. As in
    training, a normalizer that adds noise draws it; dropout is left out.
    """
    spec, chosen = SPECS[normalizer], places(draw, len(z))
    copies, count = chosen.shape
    rows = z[chosen]  # [copies, places, width]
    if spec.statistics == "batch" and count < draw.first_group:
        mates = network.linears[0](x_train[draw.minibatch[count : draw.first_group]])
        rows = torch.cat([rows, mates.expand(copies, *mates.shape)], 1)
    taps: Taps = []
    network.forward_from_first(rows.flatten(0, 1), MEASURE, copies, draw.generator if spec.noisy else None, taps)
    own = [[tap.unflatten(0, rows.shape[:2])[:, :count] for tap in layer] for layer in taps]
    values = torch.stack([torch.stack(layer) for layer in own], 1).flatten(2, 3)
    return values[:, :, chosen.flatten().argsort()]


def observe(network: Network, normalizer: str, x_train: Tensor, taps: Taps, draw: Draw) -> ExampleValues:
    """The values now; `taps` are those of the probe."""
    return ExampleValues(taps, in_minibatch(network, normalizer, x_train, taps[0].linear, draw), draw)
