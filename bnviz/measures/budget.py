"""What a live run costs with the measures that it asks for, and whether that may be. Loads no PyTorch."""

from __future__ import annotations

from bnviz.config import cost
from bnviz.config.experiment import Experiment
from bnviz.measures.registry import measures


def seconds(experiment: Experiment) -> float:
    """Estimated computing time on one ordinary core, from the fields alone."""
    asked = [measure for measure in measures() if measure.asked(experiment)]
    return cost.paired_seconds(experiment, sum(measure.seconds(experiment) / measure.every for measure in asked))


def check(experiment: Experiment) -> None:
    """Raise TooExpensive, saying what to change, if one run would cost more than a shared server should spend."""
    cost.check_snapshots(experiment)
    cost.check_seconds(seconds(experiment))
