"""Measures of this lesson: gradient shift, the change of a layer's gradient by a step of the layers below."""

from bnviz.config.cost import step_seconds
from bnviz.measures.registry import LiveMeasure
from bnviz.record.schema import Key

_BOTH = "G is the next gradient of W[l], G′ the same after the step of the layers below"
MEASURES = (
    LiveMeasure(
        "gradient_shift",
        "bnviz.lessons.independence.measures.gradient_shift:gradient_shift",
        keys=(
            Key("gradient_shift", f"‖G−G′‖; {_BOTH}; 0 for layer 1", "layers"),
            Key("gradient_shift_relative", "‖G−G′‖/‖G‖; 0 for layer 1", "layers", "share"),
            Key("gradient_cosine", "cosine of G and G′; 1 for layer 1", "layers"),
        ),
        when="where `gradient_shift` is yes, every snapshot, of arms that are not held",
        applies_to=lambda experiment: experiment.gradient_shift == "yes",
        seconds=lambda experiment: experiment.hidden_layers * (step_seconds(experiment) + 0.0005),
    ),
)
