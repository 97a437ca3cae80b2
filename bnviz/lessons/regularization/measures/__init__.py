"""Measures of this lesson: accuracy with statistics that are recomputed, and no running ones."""

from bnviz.config.cost import RATE, weights
from bnviz.measures.registry import CheckpointMeasure
from bnviz.record.schema import json_list

MEASURES = (
    CheckpointMeasure(
        "population",
        "bnviz.lessons.regularization.measures.population:population",
        keys=(
            json_list(
                "population_accuracies",
                "test accuracy with statistics of the whole training set in place of running ones, or `null` without these",
                unit="share",
            ),
        ),
        when="where the sweep asks for `population`, at every checkpoint",
        seconds=lambda experiment: (experiment.examples + 1000) * weights(experiment) / RATE,
    ),
)
