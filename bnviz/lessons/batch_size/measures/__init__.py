"""Measures of this lesson: one example's response to other minibatches, and the scatter of minibatches' statistics."""

from __future__ import annotations

from typing import Any

from bnviz.config.cost import RATE
from bnviz.config.experiment import Experiment
from bnviz.measures.registry import LiveMeasure, compared_arms
from bnviz.record.schema import Key

_STATISTICS: dict[str, Any] = {"optional": True, "when": "arms with batch statistics"}
_LEVELS = "a of the watched units in steps from 0 to `levels` over `range`; one step more if a is not finite"
_DROPOUT = "dropout rate with the same variation of a[2], by bisection with 256 masks; NaN if it is above 0.9"
_THEORY = "the same for draws without replacement, in theory"
_SCENE = (
    Key("activation", _LEVELS, "layers, watched, sizes, draws", "steps", value_bytes=0.6),
    Key("activation_sd", "standard deviation of a over draws, root mean square over all units", "layers, sizes"),
    Key("prediction", "probability of its class, or the first number predicted", "sizes, draws"),
    Key("prediction_sd", "standard deviation of that over draws", "sizes"),
    Key("changed", "share of draws with another class than running statistics give", "sizes", "share"),
)
_PARTS = (
    Key("sizes", "examples in a minibatch, at most half of the training examples", "sizes", "examples"),
    Key("draws", "minibatches of each size, the same ones at every snapshot and for both arms"),
    Key("levels", "number of steps of `activation`"),
    Key("range", "smallest and largest a of each watched unit", "layers, watched, 2"),
    Key("used", "a of the watched units with running statistics", "layers, watched"),
    Key("used_prediction", "prediction for the example with running statistics"),
    Key("mates", "the example in place of the first one of every minibatch, training view", parts=_SCENE),
    Key("dropout", "the example with running statistics, dropout after every hidden layer", parts=_SCENE, **_STATISTICS),
    Key("dropout_rate", _DROPOUT, "sizes", "share", **_STATISTICS),
    Key("mean_sd", "standard deviation of the mean of z over minibatches, root mean square over units", "layers, sizes", "σ"),
    Key("mean_sd_theory", f"{_THEORY}: `statistics.subset_mean_theory`", "sizes", "σ"),
    Key("variance_sd", "the same of the unbiased variance of z", "layers, sizes", "σ²"),
    Key("variance_sd_theory", f"{_THEORY}: `statistics.subset_variance_theory`", "layers, sizes", "σ²"),
)
SIZES = (2, 4, 8, 16, 32, 64, 128, 256, 512)  # of the microscope's minibatches
DRAWS = 40  # of each size


def sizes(experiment: Experiment) -> tuple[int, ...]:
    """The microscope's minibatch sizes, none larger than half of the training examples."""
    return tuple(size for size in SIZES if size <= experiment.examples // 2)


def _seconds(experiment: Experiment) -> float:
    """Two forward passes of every minibatch without the first layer, whose output is computed once, and means of the taps."""
    layers, width = experiment.hidden_layers, experiment.width
    return 2 * DRAWS * sum(sizes(experiment)) * ((layers - 1) * width**2 / RATE + 6e-9 * layers * width)


MEASURES = (
    LiveMeasure(
        "microscope",
        "bnviz.lessons.batch_size.measures.microscope:microscope",
        keys=(Key("microscope", "the held-out example number `example` among others", parts=_PARTS),),
        when="where `microscope` is yes, every sixteenth snapshot, of the two arms that are compared",
        applies_to=lambda experiment: experiment.microscope == "yes",
        every=16,
        seconds=_seconds,
        arms=compared_arms,
        sizes=lambda experiment: {"sizes": len(sizes(experiment)), "draws": DRAWS},
    ),
)
