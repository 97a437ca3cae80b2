"""What only this lesson measures."""

from bnviz.config.experiment import MICROSCOPE_EVERY
from bnviz.measures.registry import Measure

MEASURES = (
    Measure(
        "microscope",
        "bnviz.lessons.batch_size.measures.microscope:microscope",
        asked=lambda experiment: experiment.microscope == "yes",
        every=MICROSCOPE_EVERY,
    ),
)
