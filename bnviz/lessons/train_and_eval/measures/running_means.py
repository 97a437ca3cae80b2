"""The inputs of the law of a running mean's error, and the measured error to compare, at the end of a sweep's run."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from bnviz.lessons.train_and_eval.measures import evaluation as views
from bnviz.lessons.train_and_eval.measures.law import reach
from bnviz.lessons.train_and_eval.measures.minibatches import Minibatches, means_together
from bnviz.measures.context import MeasureContext
from bnviz.measures.recomputed import with_statistics_of
from bnviz.nets.network import accuracy
from bnviz.nets.normalizers import EVALUATE, MEASURE

KEYS = (
    "running_mean_errors", "true_means", "minibatch_noises", "minibatch_offsets", "mean_drifts", "minibatch_accuracies",
    "recomputed_accuracies",
)  # fmt: skip


@torch.no_grad()
def running_means(context: MeasureContext) -> dict[str, Any]:
    """The terms of the law and the measured error of each hidden layer [layers], in σ, and the accuracies of two views.

    All are None but at the last checkpoint, where the context has an `earlier` network, and for networks without running
    statistics.
    """
    if context.earlier is None or not context.network.has_running_statistics:
        return dict.fromkeys(KEYS)
    recomputed = with_statistics_of(context.network, context.examples.x_train)
    _, std = views.running_statistics(recomputed)
    minibatches, errors = Minibatches.of(context), views.errors(context.network, recomputed)
    moved = means_together(context.network, minibatches.x) - means_together(context.earlier, minibatches.x)
    steps = reach(context.experiment.statistics_momentum, context.experiment.steps)
    layers = {
        "running_mean_errors": errors["mean_error"],
        "true_means": errors["mean_size"],
        "minibatch_noises": views.in_sigmas(minibatches.noise(), std),
        "minibatch_offsets": views.in_sigmas(minibatches.offset(context.network).numpy(), std),
        "mean_drifts": views.in_sigmas(moved.numpy() / steps, std),
    }
    held_out = views.held_out(context)
    logits = {
        "minibatch": context.network(held_out.x, MEASURE, views.groups(context, len(held_out.x))),
        "recomputed": recomputed(held_out.x, EVALUATE),
    }
    return {key: values.tolist() for key, values in layers.items()} | {
        f"{view}_accuracies": _share(one, held_out.y) for view, one in logits.items()
    }


def _share(logits: Tensor, y: Tensor) -> float | None:
    """The share of right answers; None where numbers are predicted."""
    return None if y.is_floating_point() else accuracy(logits, y)
