"""What only this lesson measures: how the loss looks along its gradient."""

from bnviz.measures.registry import Measure
from bnviz.record.schema import listed

MEASURES = (
    Measure(
        "landscape",
        "bnviz.lessons.does_it_hold.measures.landscape:landscape",
        keys=(
            listed("loss_range", "the largest loss found along the gradient less the smallest"),
            listed("gradient_distance", "the largest change of the gradient there"),
            listed("gradient_bend", "the largest change of the gradient there for each unit of way"),
        ),
        when="where the sweep asks for `landscape`, at every checkpoint but the last",
        live=False,
    ),
)
