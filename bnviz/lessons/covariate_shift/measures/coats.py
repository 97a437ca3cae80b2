"""Black and coloured animals: a network's recall and shift on coats that it was not trained on; recomputed statistics."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from bnviz.config.experiment import WATCHED_UNITS
from bnviz.data.coats import animals, flat, paint, unflat
from bnviz.lessons.covariate_shift.measures import LEVELS, PIXEL_BINS
from bnviz.measures import statistics
from bnviz.measures.context import LiveContext
from bnviz.measures.probe import bin_edges
from bnviz.measures.recomputed import with_statistics_of
from bnviz.nets.network import LayerTaps, Network, Taps
from bnviz.nets.normalizers import EVALUATE
from bnviz.record.ndjson import TAPS, smallest_type

HELD_OUT = 400  # animals, the first of the test part: half are cats
RECOMPUTED_ON = 1000  # animals, the first of the training part


class Inputs(NamedTuple):
    """The same held-out animals at every level [levels, animals, features], their labels, and coloured training animals."""

    held_out: Tensor
    labels: Tensor
    coloured: Tensor


@lru_cache(2)  # worlds, 28 MB each
def inputs_of(world: str) -> Inputs:
    """The inputs of a network that trains in `world`, a key of COATS."""
    train, test = (type(part)(*(array[:count] for array in part)) for part, count in _parts())
    held_out = [flat(paint(test.shapes, level, test.seeds), world) for level in LEVELS]
    coloured = flat(paint(train.shapes, 1, train.seeds), world)
    return Inputs(torch.tensor(np.stack(held_out)), torch.tensor(test.labels), torch.tensor(coloured))


def _parts() -> list[tuple[Any, int]]:
    train, test = animals()
    return [(train, RECOMPUTED_ON), (test, HELD_OUT)]


def coats(context: LiveContext) -> dict[str, Any]:
    """Recall along the levels, and how far and on which units black and coloured animals differ (evaluation view)."""
    network, experiment = context.network, context.experiment
    inputs = _as_precise(inputs_of(experiment.coats), network.linears[0].weight)
    recall, taps = _evaluate(network, inputs)
    ends = _ordered(taps)
    result = {"coat_animals": HELD_OUT, "coat_recall": recall, "coat_shift": _shift(*ends)}
    result |= _inputs(experiment.coats)
    result |= _histograms(ends, bin_edges(experiment))
    if network.has_running_statistics:
        recall, taps = _evaluate(with_statistics_of(network, inputs.coloured), inputs)
        result["coat_recall_recomputed"] = recall
        result["coat_shift_recomputed"] = _shift(ends[0], _ordered(taps)[1])
    return result


def _as_precise(inputs: Inputs, weight: Tensor) -> Inputs:
    """The animals in the precision of the network's weights."""
    return Inputs(inputs.held_out.to(weight.dtype), inputs.labels, inputs.coloured.to(weight.dtype))


def _evaluate(network: Network, inputs: Inputs) -> tuple[np.ndarray, Taps]:
    """Recall [levels, classes] and the taps of black animals first, coloured ones after them."""
    levels, count, _ = inputs.held_out.shape
    taps: Taps = []
    logits = network(inputs.held_out.flatten(0, 1), EVALUATE, taps=taps)
    right = logits.argmax(1).view(levels, count) == inputs.labels
    recall = [right[:, inputs.labels == label].double().mean(1) for label in inputs.labels.unique()]
    ends = torch.cat([torch.arange(count), torch.arange(count) + (levels - 1) * count])
    return torch.stack(recall, 1).float().numpy(), [LayerTaps(*(tap[ends] for tap in layer)) for layer in taps]


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
    ends = inputs_of(world).held_out[[0, -1]].numpy()
    black, coloured = (np.sort(pixels.T, axis=-1) for pixels in ends)
    brightness = unflat(ends, world)
    return {
        "coat_input_shift": float(statistics.shift(coloured, black, statistics.moments(black)[1])),
        "coat_input_counts": np.stack([np.histogram(pixels, PIXEL_BINS, (0, 1))[0] for pixels in brightness]).astype(np.uint32),
    }


def _histograms(ends: np.ndarray, edges: dict[str, np.ndarray]) -> dict[str, Any]:
    """Per tap, of black and of coloured animals: counts [2, layers, watched, bins] and exact zeros [2, layers, watched]."""
    units = {tap: statistics.histogram(ends[:, place, :, :WATCHED_UNITS], edges[tap]) for place, tap in enumerate(TAPS)}
    return {
        "coat_counts": {tap: smallest_type(histogram.counts) for tap, histogram in units.items()},
        "coat_zeros": {tap: smallest_type(histogram.zeros) for tap, histogram in units.items()},
    }
