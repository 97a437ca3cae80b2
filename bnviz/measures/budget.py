"""Estimated cost of a live run or a sweep with its measures, and admission by that cost. Loads no PyTorch."""

from __future__ import annotations

from bnviz.config import cost
from bnviz.config.experiment import Experiment
from bnviz.config.sweep import Sweep
from bnviz.measures.registry import checkpoint_measure, live_measures


def seconds(experiment: Experiment) -> float:
    """Estimated computing time on one ordinary core, from the fields alone."""
    applicable = [measure for measure in live_measures() if measure.applies_to(experiment)]
    return cost.paired_seconds(experiment, sum(measure.seconds(experiment) / measure.every for measure in applicable))


def check(experiment: Experiment) -> None:
    """Raise TooExpensive, which says what to change, for a run above the limits of a shared server."""
    cost.check_snapshots(experiment)
    cost.check_seconds(seconds(experiment))


def measuring(sweep: Sweep) -> float:
    """Estimated seconds of a sweep's measures, beside its training, on one ordinary core."""
    measures = [checkpoint_measure(name) for name in sweep.measures]
    return (cost.CHECKPOINTS + 1) * sum(measure.seconds(run.experiment) for run in sweep.runs() for measure in measures)
