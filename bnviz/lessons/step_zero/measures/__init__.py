"""Measures of this lesson: signal propagation, forward and backward."""

from bnviz.config.cost import RATE, weights
from bnviz.measures.registry import CheckpointMeasure
from bnviz.record.schema import json_list

MEASURES = (
    CheckpointMeasure(
        "signal",
        "bnviz.lessons.step_zero.measures.signal:signal",
        keys=(
            json_list("effective_rank", "of what enters the nonlinearity, of each hidden layer"),
            json_list("cosine", "between the outputs of two examples, mean over all pairs, of each hidden layer"),
            json_list("wide_cosine", "what infinitely wide layers without a normalizer would give, or `null`"),
            json_list("squared_gradient", "squared norm of the loss's gradient with respect to the weights of each hidden layer"),
        ),
        when="where the sweep asks for `signal`, at every checkpoint",
        seconds=lambda experiment: 3 * experiment.batch * weights(experiment) / RATE,
    ),
)
