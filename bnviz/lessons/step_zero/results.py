"""What the rows of the lesson's sweep come to."""

from __future__ import annotations

import math

import numpy as np

from bnviz.config.experiment import Experiment
from bnviz.config.sweep import Sweep, grid
from bnviz.judge.claim import Row
from bnviz.lessons.step_zero.measures.wide_layers import COSINE_AFTER
from bnviz.web import words

WORDS = words.catalogue("step_zero")
Rows = list[Row]
ARMS = ("none", "batch")
SMALLEST = 4  # layers that the growth of the gradient can be told from


def measurements(sweep: Sweep, rows: Rows, key: str) -> dict[str, np.ndarray]:
    """One measure of every arm, [seeds, layers]; NaN where a row is missing or its value is no finite number."""
    values = grid(sweep, rows, key, (1, sweep.base.hidden_layers))  # measured once
    return {curve.name: of_curve[0, :, 0] for curve, of_curve in zip(sweep.curves, values, strict=True)}


def growth(squared: np.ndarray) -> np.ndarray:
    """The logarithm of what the squared gradient norm [seeds, layers] is multiplied by from one layer to the next below it.

    The mean over the upper half of the layers, where layers have settled to much the same distribution; [seeds].
    """
    layers = squared.shape[1]
    if layers < SMALLEST:
        return np.full(len(squared), np.nan)
    logs, middle = logarithms(squared), layers // 2
    return (logs[:, middle] - logs[:, -1]) / (layers - 1 - middle)


def from_end_to_end(squared: np.ndarray) -> np.ndarray:
    """The logarithm of the squared gradient norm of layer 2 over that of the last hidden layer; [seeds].

    These have weights of the same shape; layer 1 has another.
    """
    logs = logarithms(squared)
    return logs[:, 1] - logs[:, -1]


def logarithms(values: np.ndarray) -> np.ndarray:
    """Natural logarithms, NaN where there are none."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(values > 0, np.log(values), np.nan)


def theory(experiment: Experiment) -> float | None:
    """What the squared gradient norm is multiplied by per layer with batch norm, in infinitely wide layers.

    ReLU: π/(π − 1), for large batches. Linear layers: (B − 2)/(B − 3) for batches of B examples. (Yang et al. 2019.) None where
    there is no closed form.
    """
    if experiment.activation == "relu":
        return math.pi / (math.pi - 1)
    if experiment.activation == "identity" and experiment.batch > 3:
        return (experiment.batch - 2) / (experiment.batch - 3)
    return None


def settled_cosine(experiment: Experiment) -> float | None:
    """Where the cosine of two outputs settles with batch norm in wide layers: what batch norm hands on are as good as
    independent standard normals, but for the mean that it takes away, which leaves a cosine of −1/(B − 1) before g. After ReLU
    that is the arc-cosine kernel (Cho & Saul 2009). None where there is no closed form.
    """
    after = COSINE_AFTER.get(experiment.activation)
    return float(after(-1 / (experiment.batch - 1))) if after else None
