"""Black and coloured animals: what a network that was trained on some coats makes of others, and what new statistics change."""

from __future__ import annotations

import copy
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from bnviz.config.experiment import WATCHED_UNITS
from bnviz.data.coats import animals, flat, paint, unflat
from bnviz.measures import statistics
from bnviz.nets.network import Network, Taps
from bnviz.nets.normalizers import EVALUATE, TRAIN
from bnviz.record.ndjson import TAPS, smallest_type

LEVELS = (0.0, 0.25, 0.5, 0.75, 1.0)  # how coloured, from black
HELD_OUT = 400  # animals, the first of the test part: half are cats
PIXEL_BINS = 32
RECOMPUTED_ON = 1000  # animals, the first of the training part


class Herds(NamedTuple):
    """The same held-out animals at every level [levels, animals, features], their labels, and coloured training animals."""

    held_out: Tensor
    labels: Tensor
    coloured: Tensor


@cache
def herds(world: str) -> Herds:
    """The inputs of a network that trains in `world`, a key of COATS."""
    train, test = (type(part)(*(array[:count] for array in part)) for part, count in _parts())
    held_out = [flat(paint(test.shapes, level, test.seeds), world) for level in LEVELS]
    coloured = flat(paint(train.shapes, 1, train.seeds), world)
    return Herds(torch.tensor(np.stack(held_out)), torch.tensor(test.labels), torch.tensor(coloured))


def _parts() -> list[tuple[Any, int]]:
    train, test = animals()
    return [(train, RECOMPUTED_ON), (test, HELD_OUT)]


def coats(arm: Any, tensors: Any, upcoming: Tensor) -> dict[str, Any]:
    """Recall along the levels, and how far and on which units black and coloured animals differ (evaluation view)."""
    seen = _as_precise(herds(arm.experiment.coats), arm.network.linears[0].weight)
    recall, taps = _look(arm.network, seen)
    ends = _ordered(taps)
    result = {"coat_animals": HELD_OUT, "coat_recall": recall, "coat_shift": _shift(*ends)}
    result |= _inputs(arm.experiment.coats)
    result |= _histograms(arm, ends)
    if arm.has_statistics:
        recall, taps = _look(with_statistics_of(arm.network, seen.coloured), seen)
        result["coat_recall_recomputed"] = recall
        result["coat_shift_recomputed"] = _shift(ends[0], _ordered(taps)[1])
    return result


def _as_precise(seen: Herds, weight: Tensor) -> Herds:
    """The animals in the precision of the network's weights."""
    return Herds(seen.held_out.to(weight.dtype), seen.labels, seen.coloured.to(weight.dtype))


def with_statistics_of(network: Network, x: Tensor) -> Network:
    """A copy whose running statistics are those of `x` [examples, features], all else unchanged (Wu & Johnson 2021).

    One pass over all of `x` as one batch, its statistics weighing 1: each layer sees inputs that are normalized by the new ones.
    """
    fresh = copy.deepcopy(network)
    fresh.dropout = 0.0
    for normalizer in fresh.normalizers:
        normalizer.momentum = 1.0
    fresh(x, TRAIN, generator=torch.Generator().manual_seed(0))  # of a normalizer that draws noise
    return fresh


def _look(network: Network, seen: Herds) -> tuple[np.ndarray, Taps]:
    """Recall [levels, classes] and the taps of black animals first, coloured ones after them."""
    levels, count, _ = seen.held_out.shape
    taps: Taps = []
    logits = network(seen.held_out.flatten(0, 1), EVALUATE, taps=taps)
    right = logits.argmax(1).view(levels, count) == seen.labels
    recall = [right[:, seen.labels == label].double().mean(1) for label in seen.labels.unique()]
    ends = torch.cat([torch.arange(count), torch.arange(count) + (levels - 1) * count])
    return torch.stack(recall, 1).float().numpy(), [tuple(tap[ends] for tap in layer) for layer in taps]


def _ordered(taps: Taps) -> np.ndarray:
    """Values [black and coloured, taps, layers, units, animals], sorted along the last axis."""
    stacked = np.stack([np.stack([tap.numpy() for tap in layer]) for layer in taps])  # [layers, taps, 2·animals, units]
    values = stacked.reshape(*stacked.shape[:2], 2, -1, stacked.shape[-1]).transpose(2, 1, 0, 4, 3)
    return np.sort(values, axis=-1)


def _shift(black: np.ndarray, coloured: np.ndarray) -> dict[str, np.ndarray]:
    """`statistics.shift` from black animals to coloured ones, per tap [layers]."""
    _, std = statistics.moments(black)
    return dict(zip(TAPS, statistics.shift(coloured, black, std).astype(np.float32), strict=True))


@cache
def _inputs(world: str) -> dict[str, Any]:
    """The shift of the inputs, whose pixels are the units, and counts [2, PIXEL_BINS] of brightness, black and coloured."""
    ends = herds(world).held_out[[0, -1]].numpy()
    black, coloured = (np.sort(inputs.T, axis=-1) for inputs in ends)
    brightness = unflat(ends, world)
    return {
        "coat_input_shift": float(statistics.shift(coloured, black, statistics.moments(black)[1])),
        "coat_input_counts": np.stack([np.histogram(pixels, PIXEL_BINS, (0, 1))[0] for pixels in brightness]).astype(np.uint32),
    }


def _histograms(arm: Any, ends: np.ndarray) -> dict[str, Any]:
    """Per tap, of black and of coloured animals: counts [2, layers, watched, bins] and exact zeros [2, layers, watched]."""
    found = [statistics.histogram(ends[:, tap, :, :WATCHED_UNITS], edges) for tap, edges in enumerate(arm.probe.edges)]
    return {
        "coat_counts": {tap: smallest_type(part.counts) for tap, part in zip(TAPS, found, strict=True)},
        "coat_zeros": {tap: smallest_type(part.zeros) for tap, part in zip(TAPS, found, strict=True)},
    }
