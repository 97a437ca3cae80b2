"""What only this lesson measures."""

from bnviz.measures.registry import Measure

MEASURES = (
    Measure(
        "standardized",
        "bnviz.lessons.gamma_beta.measures.standardized:standardized",
        asked=lambda experiment: experiment.look_inside == "yes",
    ),
    Measure(
        "views",
        "bnviz.lessons.gamma_beta.measures.views:views",
        asked=lambda experiment: experiment.look_inside == "yes",
    ),
)
