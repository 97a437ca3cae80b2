"""Measures of this lesson: loss and gradient along the gradient, and results on held-out examples, also attacked ones."""

from bnviz.config.cost import RATE, weights
from bnviz.measures.registry import CheckpointMeasure
from bnviz.record.schema import json_list

MEASURES = (
    CheckpointMeasure(
        "landscape",
        "bnviz.lessons.does_it_hold.measures.landscape:landscape",
        keys=(
            json_list("loss_range", "the largest loss found along the gradient less the smallest"),
            json_list("gradient_distance", "the largest change of the gradient there"),
            json_list("gradient_bend", "the largest change of the gradient there for each unit of way"),
        ),
        when="where the sweep asks for `landscape`, at every checkpoint",
        seconds=lambda experiment: 6 * 3 * experiment.batch * weights(experiment) / RATE,
    ),
    CheckpointMeasure(
        "held_out",
        "bnviz.lessons.does_it_hold.measures.held_out:held_out",
        keys=(
            json_list("validation_accuracies", "on up to 1,000 training examples that the run does not train on", unit="share"),
            json_list("right", "a bit for each test example in base64, the highest of a byte first: whether its label is found"),
        ),
        when="where the sweep asks for `held_out`, at every checkpoint",
        seconds=lambda experiment: 2000 * weights(experiment) / RATE,
    ),
    CheckpointMeasure(
        "robustness",
        "bnviz.lessons.does_it_hold.measures.robustness:robustness",
        keys=(
            json_list("attacked_accuracies", "on test examples moved by 0.1 along the sign of the loss's gradient", unit="share"),
            json_list("noised_accuracies", "on test examples with Gaussian noise of standard deviation 0.1", unit="share"),
        ),
        when="where the sweep asks for `robustness`, at every checkpoint",
        seconds=lambda experiment: 5 * 1000 * weights(experiment) / RATE,
    ),
)
