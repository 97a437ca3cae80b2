"""Measures of this lesson: one network in three views, and how far its running statistics lie from the true ones."""

from __future__ import annotations

from typing import Any

from bnviz.config.cost import CHECKPOINTS, RATE, weights
from bnviz.config.experiment import Experiment
from bnviz.data import DATA_SETS
from bnviz.lessons.train_and_eval.measures.law import reach
from bnviz.measures.registry import CheckpointMeasure, LiveMeasure, normalized_arms
from bnviz.record.schema import Key, json_list

_LOSS = "nats or squared error"
_LATER: dict[str, Any] = {"optional": True, "when": "in recordings from 1.0.0 on"}
_PARTS = (
    Key(
        "minibatch_loss",
        "on the held-out examples in minibatches as large as in training, each with its statistics",
        unit=_LOSS,
    ),
    Key("minibatch_accuracy", "the same", unit="share"),
    Key("running_loss", "on the held-out examples, with running statistics", unit=_LOSS),
    Key("running_accuracy", "the same", unit="share"),
    Key("recomputed_loss", "on the held-out examples, with statistics recomputed over the training set in one pass", unit=_LOSS),
    Key("recomputed_accuracy", "the same", unit="share"),
    Key("own_loss", "on the held-out examples, with the statistics of all of them together", unit=_LOSS),
    Key("own_accuracy", "the same", unit="share"),
    Key(
        "uncorrected_loss",
        "on the held-out examples, with running statistics, but variances without Bessel's correction above layer 1",
        unit=_LOSS,
        **_LATER,
    ),
    Key("uncorrected_accuracy", "the same", unit="share", **_LATER),
    Key("mean_error", "distance of running means of z from recomputed ones, root mean square over units", "layers", "σ"),
    Key("std_error", "distance of running standard deviations of z from recomputed ones, root mean square", "layers", "σ"),
    Key("mean_size", "recomputed means of z, root mean square", "layers", "σ"),
    Key("mean_noise", "standard deviation over training minibatches of their means of z, root mean square", "layers", "σ"),
    Key("mean_distance", "distance of means of z of the held-out examples from recomputed ones, root mean square", "layers", "σ"),
    Key(
        "mean_offset",
        "distance between means of z with each training minibatch normalized by itself and with all normalized together, root "
        "mean square",
        "layers",
        "σ",
        **_LATER,
    ),
    Key(
        "variance_factor",
        "running variances divided by those that normalize in training (with n in the denominator): means over units and "
        "minibatches",
        "layers",
        **_LATER,
    ),
    Key(
        "spread",
        "spread of the nonlinearity's inputs over held-out examples with running statistics, relative to minibatch statistics; "
        "root mean squares over units",
        "layers",
        **_LATER,
    ),
)
NOISE_EXAMPLES = 2048  # training examples whose minibatches' means are compared


def _seconds(experiment: Experiment) -> float:
    """Forward passes over the training set, twice over some of it, and over the held-out examples, five times."""
    passes = experiment.examples + 2 * NOISE_EXAMPLES + 5 * DATA_SETS[experiment.dataset].test_size
    return passes * weights(experiment) / RATE


def _evaluates_coloured(experiment: Experiment) -> bool:
    is_coloured = experiment.evaluation_coats == "coloured" and DATA_SETS[experiment.dataset].has_coats
    return experiment.three_views == "yes" and is_coloured


def _shifts(experiment: Experiment) -> bool:
    return experiment.three_views == "yes" and any(change.name == "input_shift" for change in experiment.possible_changes)


MEASURES = (
    LiveMeasure(
        "evaluation",
        "bnviz.lessons.train_and_eval.measures.evaluation:evaluation",
        keys=(
            Key(
                "evaluation",
                "the network in three views, dropout off; σ is the root mean square over a layer's units of their recomputed "
                "standard deviations",
                parts=_PARTS,
            ),
        ),
        when="where `three_views` is yes, every fourth snapshot, of arms with batch statistics",
        applies_to=lambda experiment: experiment.three_views == "yes",
        every=4,
        seconds=_seconds,
        arms=normalized_arms,
    ),
    LiveMeasure(
        "evaluated",
        "bnviz.lessons.train_and_eval.measures.evaluation:evaluated",
        keys=(
            Key("evaluated_loss", "on the held-out animals, all coloured, dropout off", unit=_LOSS),
            Key("evaluated_accuracy", "the same", unit="share"),
        ),
        when="where `three_views` is yes and `evaluation_coats` coloured, every fourth snapshot, of other arms",
        applies_to=_evaluates_coloured,
        every=4,
        seconds=lambda experiment: DATA_SETS[experiment.dataset].test_size * weights(experiment) / RATE,
    ),
    LiveMeasure(
        "unshifted",
        "bnviz.lessons.train_and_eval.measures.evaluation:unshifted",
        keys=(
            Key("unshifted_loss", "on the held-out examples without what changes add to inputs, evaluation view", unit=_LOSS),
            Key("unshifted_accuracy", "the same", unit="share"),
        ),
        when="where `three_views` is yes and inputs are shifted on the way, every fourth snapshot",
        applies_to=_shifts,
        every=4,
        seconds=lambda experiment: DATA_SETS[experiment.dataset].test_size * weights(experiment) / RATE,
    ),
    CheckpointMeasure(
        "running_means",
        "bnviz.lessons.train_and_eval.measures.running_means:running_means",
        keys=(
            json_list("running_mean_errors", "`mean_error` of the views, of each hidden layer, or `null`", unit="σ"),
            json_list("true_means", "`mean_size`, the same", unit="σ"),
            json_list("minibatch_noises", "`mean_noise`, the same", unit="σ"),
            json_list("minibatch_offsets", "`mean_offset`, the same", unit="σ"),
            json_list(
                "mean_drifts",
                "how far true means have moved a step, over the last 1 / momentum steps, root mean square over units, of each "
                "hidden layer, or `null`",
                unit="σ",
            ),
            json_list("minibatch_accuracies", "`minibatch_accuracy` of the views, or `null`", unit="share"),
            json_list("recomputed_accuracies", "`recomputed_accuracy`, the same", unit="share"),
        ),
        when="where the sweep asks for `running_means`, at the last checkpoint of networks with running statistics",
        seconds=lambda experiment: _seconds(experiment) / (CHECKPOINTS + 1),  # as it is taken once
        looks_back=lambda experiment: reach(experiment.statistics_momentum, experiment.steps),
    ),
)
