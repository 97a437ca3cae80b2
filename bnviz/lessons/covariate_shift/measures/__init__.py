"""What only this lesson measures."""

from bnviz.measures.registry import Measure

MEASURES = (
    Measure(
        "coats",
        "bnviz.lessons.covariate_shift.measures.coats:coats",
        asked=lambda experiment: experiment.dataset == "cats",
        every=8,
    ),
)
