"""A trained network with γ and β of one unit set by hand: the unit's activations, and the network's loss and accuracy."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import nn

from bnviz import data
from bnviz.config.experiment import PROBE_SIZE, Experiment
from bnviz.measures import statistics
from bnviz.measures.context import Loss
from bnviz.measures.probe import bin_edges
from bnviz.nets.network import Network, Taps, accuracy
from bnviz.nets.normalizers import EVALUATE


@torch.no_grad()
def answer(
    network: Network, experiment: Experiment, loss: Loss, layer: int, unit: int, gamma: float, beta: float
) -> dict[str, Any]:
    """The unit's a[layer] on the probe, test accuracy and test loss, with γ and β as learnt and with these values.

    `layer` counts from 1, `unit` from 0. Everything is in evaluation view: batch norm uses its running statistics. A normalizer
    without β (RMS norm) has None for it and ignores `beta`. The network is unchanged when this returns.
    """
    normalizer, arguments = network.normalizers[layer - 1], (network, experiment, loss, layer, unit)
    original = _scales(normalizer, unit)
    scales = {name: None if original[name] is None else value for name, value in (("gamma", gamma), ("beta", beta))}
    before = original | _evaluate(*arguments)
    with _replaced_scales(normalizer, unit, scales):
        after = scales | _evaluate(*arguments)
    return {"layer": layer, "unit": unit, "before": before, "after": after}


def _scales(normalizer: nn.Module, unit: int) -> dict[str, float | None]:
    """γ and β of one unit; None where the normalizer has no such weights."""
    parameters = {name: getattr(normalizer, name, None) for name in ("gamma", "beta")}
    return {name: None if values is None else values[unit].item() for name, values in parameters.items()}


@contextlib.contextmanager
def _replaced_scales(normalizer: nn.Module, unit: int, scales: dict[str, float | None]) -> Iterator[None]:
    """Inside this context γ and β of one unit have these values."""
    original = _scales(normalizer, unit)
    try:
        _set(normalizer, unit, scales)
        yield
    finally:
        _set(normalizer, unit, original)


def _set(normalizer: nn.Module, unit: int, scales: dict[str, float | None]) -> None:
    for name, value in scales.items():
        if value is not None:
            getattr(normalizer, name)[unit] = value


def _evaluate(network: Network, experiment: Experiment, loss: Loss, layer: int, unit: int) -> dict[str, Any]:
    split = data.load(experiment.dataset, experiment.coats)
    taps: Taps = []
    y = torch.tensor(split.y_test)
    logits = network(torch.tensor(split.x_test, dtype=network.linears[0].weight.dtype), EVALUATE, taps=taps)
    a = np.sort(taps[layer - 1].activation[:PROBE_SIZE, unit].numpy().astype(np.float32))
    edges = bin_edges(experiment)["activation"]
    parts = {key: np.asarray(part).tolist() for key, part in statistics.histogram(a, edges)._asdict().items()}
    return {**parts, "test_accuracy": accuracy(logits, y), "test_loss": loss(logits, y).item()}
