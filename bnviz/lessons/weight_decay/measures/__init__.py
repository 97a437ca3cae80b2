"""Measures of this lesson: the norm of the weights, and their learning rate."""

from bnviz.measures.registry import LiveMeasure
from bnviz.record.schema import Key

MEASURES = (
    LiveMeasure(
        "weights",
        "bnviz.lessons.weight_decay.measures.weights:weights",
        keys=(
            Key("weight_norm", "‖W[l]‖, the root of the sum of squares of a hidden layer's weights", "layers"),
            Key("hidden_rate", "the learning rate that the next step has for the hidden layers' weights"),
        ),
        when="where `rising` is yes, every snapshot",
        applies_to=lambda experiment: experiment.rising == "yes",
    ),
)
