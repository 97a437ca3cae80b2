"""Training view against evaluation view: the network with the batch's own statistics and with running statistics."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch

from bnviz.config.experiment import PROBE_SIZE
from bnviz.measures import statistics
from bnviz.measures.context import LiveContext
from bnviz.nets.network import accuracy
from bnviz.nets.normalizers import EVALUATE, MEASURE


def views(context: LiveContext) -> dict[str, Any]:
    """Accuracy on the probe with its own statistics, loss and accuracy with running ones, and the lag of the running ones.

    (The loss with its own is `probe_loss`.) Lags [layers] are root mean squares over units of z: of the mean in standard
    deviations of the probe, of the variance relative to the probe's.
    """
    network = context.network
    if not network.has_running_statistics:
        return {}
    x, y = context.examples.x_test[:PROBE_SIZE], context.examples.y_test[:PROBE_SIZE]
    own, running = network(x, MEASURE, generator=context.noise), network(x, EVALUATE)
    return {
        "probe_accuracy": accuracy(own, y),
        "running_loss": context.loss(running, y).item(),
        "running_accuracy": accuracy(running, y),
    } | _lags(context)


def _lags(context: LiveContext) -> dict[str, Any]:
    mean, std = context.current.mean[0], context.current.std[0]  # of z [layers, width]
    running_mean, running_variance = (
        torch.stack([getattr(layer, name) for layer in context.network.normalizers]).numpy()[:, None]
        for name in ("running_mean", "running_variance")
    )
    return {
        "running_mean_lag": statistics.mean_noise(running_mean, mean, std).astype(np.float32),
        "running_variance_lag": statistics.variance_noise(running_variance, std).astype(np.float32),
    }
