"""What only this lesson measures."""

from bnviz.measures.registry import Measure

MEASURES = (
    Measure(
        "gradient_shift",
        "bnviz.lessons.independence.measures.gradient_shift:gradient_shift",
        asked=lambda experiment: experiment.gradient_shift == "yes",
    ),
)
