"""A trained network with γ and β of one unit moved by hand: what that unit then hands on, and what it costs the network."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from bnviz import data
from bnviz.config.experiment import PROBE_SIZE, Experiment
from bnviz.measures import statistics
from bnviz.measures.probe import bin_edges
from bnviz.nets.network import EVALUATE, Network, accuracy


@torch.no_grad()
def answer(
    network: Network, experiment: Experiment, loss: Callable, layer: int, unit: int, gamma: float, beta: float
) -> dict[str, Any]:
    """The unit's a[layer] on the probe and the test accuracy, with γ and β as learnt and with these in their place.

    `layer` counts from 1, `unit` from 0. Everything is in evaluation view, that is, with running statistics. The network is as
    before when this returns.
    """
    scales, asked = network.normalizers[layer - 1], (network, experiment, loss, layer, unit)
    before = {"gamma": scales.gamma[unit].item(), "beta": scales.beta[unit].item()} | _evaluate(*asked)
    with _moved(scales.gamma, unit, gamma), _moved(scales.beta, unit, beta):
        after = {"gamma": gamma, "beta": beta} | _evaluate(*asked)
    return {"layer": layer, "unit": unit, "before": before, "after": after}


@contextlib.contextmanager
def _moved(scales: Tensor, unit: int, value: float) -> Iterator[None]:
    learnt = scales[unit].item()
    scales[unit] = value
    try:
        yield
    finally:
        scales[unit] = learnt


def _evaluate(network: Network, experiment: Experiment, loss: Callable, layer: int, unit: int) -> dict[str, Any]:
    split, taps = data.load(experiment.dataset, experiment.coats), []
    y = torch.tensor(split.y_test)
    logits = network(torch.tensor(split.x_test), EVALUATE, taps=taps)
    a = np.sort(taps[layer - 1][2][:PROBE_SIZE, unit].numpy())
    edges = bin_edges(experiment)["activation"]
    parts = {key: np.asarray(part).tolist() for key, part in statistics.histogram(a, edges)._asdict().items()}
    return {**parts, "test_accuracy": accuracy(logits, y), "test_loss": loss(logits, y).item()}
