"""Measures of this lesson: ẑ before γ and β."""

from bnviz.config.cost import distribution_seconds
from bnviz.config.experiment import Experiment
from bnviz.config.fields import Field
from bnviz.measures.registry import LiveMeasure, Question, normalized_arms
from bnviz.record.schema import BIN, FEW, SPARSE_BIN, Key

_OF_TAP = "as of a tap, with the edges of `normalized`"


def _looks_inside(experiment: Experiment) -> bool:
    return experiment.look_inside == "yes"


MEASURES = (
    LiveMeasure(
        "standardized",
        "bnviz.lessons.gamma_beta.measures.standardized:standardized",
        keys=(
            Key(
                "standardized",
                "of ẑ on the probe, training view",
                parts=(
                    Key("counts", f"histogram, {_OF_TAP}", "layers, bins", "values", value_bytes=2 * BIN),
                    Key("zeros", "values of exactly 0", "layers", "values", value_bytes=FEW),
                    Key("percentiles", _OF_TAP, "layers, percentiles"),
                    Key("mean", "mean of all units of the layer together", "layers"),
                    Key("std", "standard deviation of all units of the layer together", "layers"),
                    Key("mean_range", "smallest and largest mean of a unit", "layers, 2"),
                    Key("std_range", "smallest and largest standard deviation of a unit", "layers, 2"),
                    Key(
                        "unit_counts",
                        "histogram of each watched unit",
                        "layers, watched, bins",
                        "values",
                        value_bytes=SPARSE_BIN,
                    ),
                    Key("unit_zeros", "values of exactly 0 of each watched unit", "layers, watched", "values", value_bytes=FEW),
                ),
            ),
            Key("gamma", "γ of each unit, here rounded to 1/4096 of the layer's root mean square", "layers, width"),
            Key("beta", "β of each unit, rounded alike", "layers, width"),
        ),
        when="where `look_inside` is yes, every snapshot, of arms with batch statistics",
        applies_to=_looks_inside,
        seconds=lambda experiment: distribution_seconds(experiment) / 3,
        arms=normalized_arms,
    ),
)


def _unit_and_scales(experiment: Experiment) -> tuple[Field, ...]:
    """Which unit (layers count from 1, units from 0), and its γ and β by hand."""
    return (
        Field("layer", int, 1, "", "", low=1, high=experiment.hidden_layers),
        Field("unit", int, 0, "", "", low=0, high=experiment.width - 1),
        Field("gamma", float, 1.0, "", "", low=-10.0, high=10.0),
        Field("beta", float, 0.0, "", "", low=-10.0, high=10.0),
    )


QUESTIONS = (Question("by-hand", "bnviz.lessons.gamma_beta.measures.by_hand:answer", fields=_unit_and_scales),)
