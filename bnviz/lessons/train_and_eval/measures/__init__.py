"""Measures of this lesson: one network in three views, and how far its running statistics lie from the true ones."""

from __future__ import annotations

from bnviz.config.cost import RATE, weights
from bnviz.config.experiment import Experiment
from bnviz.data import DATA_SETS
from bnviz.measures.registry import LiveMeasure, normalized_arms
from bnviz.record.schema import Key

_LOSS = "nats or squared error"
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
    Key("mean_error", "how far running means of z lie from recomputed ones, root mean square over units", "layers", "σ"),
    Key("std_error", "how far roots of running variances of z lie from recomputed ones, root mean square", "layers", "σ"),
    Key("mean_size", "recomputed means of z, root mean square", "layers", "σ"),
    Key("mean_noise", "standard deviation over training minibatches of their means of z, root mean square", "layers", "σ"),
    Key("mean_distance", "how far means of z of the held-out examples lie from recomputed ones, root mean square", "layers", "σ"),
)
NOISE_EXAMPLES = 2048  # training examples whose minibatches' means are compared


def _seconds(experiment: Experiment) -> float:
    """Forward passes over the training set, over some of it in minibatches, and over the held-out examples, three times."""
    passes = experiment.examples + NOISE_EXAMPLES + 3 * DATA_SETS[experiment.dataset].test_size
    return passes * weights(experiment) / RATE


def _evaluates_coloured(experiment: Experiment) -> bool:
    is_coloured = experiment.evaluation_coats == "coloured" and DATA_SETS[experiment.dataset].has_coats
    return experiment.three_views == "yes" and is_coloured


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
)
