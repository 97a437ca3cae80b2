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
    CheckpointMeasure(
        "activation_rank",
        "bnviz.lessons.step_zero.measures.signal:activation_rank",
        keys=(json_list("activation_rank", "effective rank of the outputs a[l] of each hidden layer"),),
        when="where the sweep asks for `activation_rank`, at every checkpoint",
        seconds=lambda experiment: experiment.batch * weights(experiment) / RATE,
    ),
)
