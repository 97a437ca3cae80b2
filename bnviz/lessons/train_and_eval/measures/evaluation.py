"""One network in three views: with each minibatch's statistics, with running ones, and with ones of the training set.

Statistics that a view normalizes with are those of all layers: what reaches layer 2 was normalized by the view's own in layer 1.
"""

from __future__ import annotations

import copy
from functools import cache, lru_cache
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from bnviz.data import DATA_SETS
from bnviz.data.coats import animals, flat, paint
from bnviz.lessons.train_and_eval.measures.bessel import group_size, spread, without_correction
from bnviz.lessons.train_and_eval.measures.minibatches import Minibatches
from bnviz.measures.context import LiveContext, MeasureContext
from bnviz.measures.recomputed import with_statistics_of
from bnviz.nets.network import Network, Taps, accuracy
from bnviz.nets.normalizers import EVALUATE, MEASURE


class HeldOut(NamedTuple):
    """Held-out examples in a fixed random order: x [examples, features], and labels or targets y."""

    x: Tensor
    y: Tensor


def evaluation(context: LiveContext) -> dict[str, Any]:
    """`evaluation`: loss and accuracy in every view, and how far the statistics of the views lie apart [layers]."""
    if not context.network.has_running_statistics:
        return {}
    x, y = held_out(context)
    recomputed = with_statistics_of(context.network, context.examples.x_train)
    minibatch, running, taps = Taps(), Taps(), Taps()
    views = {
        "minibatch": context.network(x, MEASURE, groups(context, len(x)), taps=minibatch),
        "running": context.network(x, EVALUATE, taps=running),
        "recomputed": recomputed(x, EVALUATE, taps=taps),
        "own": _unfrozen(context.network)(x, MEASURE),
        "uncorrected": without_correction(context.network, group_size(context.experiment))(x, EVALUATE),
    }
    scores = {name: score for view, logits in views.items() for name, score in _scores(context, view, logits, y).items()}
    distances = errors(context.network, recomputed) | _scatter(context, recomputed, taps)
    return {"evaluation": scores | distances | {"spread": spread(running, minibatch)}}


def _unfrozen(network: Network) -> Network:
    """The network, or a copy that uses statistics of what it is given where running ones are frozen."""
    if not network.normalizers[0].frozen:
        return network
    copied = copy.deepcopy(network)
    copied.freeze_statistics(False)
    return copied


def unshifted(context: LiveContext) -> dict[str, float]:
    """`unshifted_…`: loss and accuracy on the held-out examples as they are before any shift or noise, evaluation view."""
    x, y = context.examples.x_clean, context.examples.y_test
    return _scores(context, "unshifted", context.network(x, EVALUATE), y)


def evaluated(context: LiveContext) -> dict[str, float]:
    """`evaluated_…`: loss and accuracy on the coloured animals of a network that has one view only."""
    if context.network.has_running_statistics:
        return {}
    x, y = held_out(context)
    return _scores(context, "evaluated", context.network(x, EVALUATE), y)


def held_out(context: MeasureContext) -> HeldOut:
    """What is evaluated on: the test examples, or coloured animals where those were asked for."""
    experiment, examples = context.experiment, context.examples
    x, y = examples.x_test, examples.y_test
    if experiment.evaluation_coats == "coloured" and DATA_SETS[experiment.dataset].has_coats:
        x, y = _coloured(experiment.coats)
    order = _order(len(x))
    return HeldOut(x[order].to(context.network.linears[0].weight.dtype), y[order])


@cache
def _order(count: int) -> Tensor:
    """A random order, always the same one, so that a minibatch of the examples is a random draw."""
    return torch.randperm(count, generator=torch.Generator().manual_seed(0))


@lru_cache(1)  # 6 MB
def _coloured(world: str) -> tuple[Tensor, Tensor]:
    """The held-out animals, all coloured, as a network sees them that trains in `world`, and their labels."""
    _, test = animals()
    return torch.tensor(flat(paint(test.shapes, 1, test.seeds), world)), torch.tensor(test.labels)


def groups(context: MeasureContext, count: int) -> int:
    """Into how many groups so many examples are split, so that each is as large as those normalized together in training."""
    experiment = context.experiment
    return max(1, count * experiment.groups // experiment.batch)


def _scores(context: MeasureContext, view: str, logits: Tensor, y: Tensor) -> dict[str, float]:
    return {f"{view}_loss": context.loss(logits, y).item(), f"{view}_accuracy": accuracy(logits, y)}


def running_statistics(network: Network) -> tuple[np.ndarray, np.ndarray]:
    """Running means and standard deviations [layers, width]."""
    mean, variance = (
        torch.stack([getattr(layer, name) for layer in network.normalizers]).numpy()
        for name in ("running_mean", "running_variance")
    )
    return mean, np.sqrt(variance)


def errors(network: Network, recomputed: Network) -> dict[str, np.ndarray]:
    """How far running statistics lie from recomputed ones, and recomputed means from 0, [layers], in σ."""
    (mean, std), (true_mean, true_std) = running_statistics(network), running_statistics(recomputed)
    return {
        "mean_size": in_sigmas(true_mean, true_std),
        "mean_error": in_sigmas(mean - true_mean, true_std),
        "std_error": in_sigmas(std - true_std, true_std),
    }


def _scatter(context: LiveContext, recomputed: Network, held_out: Taps) -> dict[str, np.ndarray]:
    """How minibatches of training examples scatter and lie off, and how far means of the held-out ones lie off, [layers]."""
    true_mean, true_std = running_statistics(recomputed)
    off = np.stack([layer.linear.mean(0).numpy() for layer in held_out]) - true_mean
    minibatches = Minibatches.of(context)
    return {
        "mean_noise": in_sigmas(minibatches.noise(), true_std),
        "mean_offset": in_sigmas(minibatches.offset(context.network).numpy(), true_std),
        "mean_distance": in_sigmas(off, true_std),
        "variance_factor": minibatches.variance_factor(context.network),
    }


def in_sigmas(values: np.ndarray, std: np.ndarray) -> np.ndarray:
    """Root mean square over units of `values` [layers, width], in root mean squares of `std`: [layers]."""
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        return np.sqrt((values**2).mean(-1) / (std**2).mean(-1)).astype(np.float32)
