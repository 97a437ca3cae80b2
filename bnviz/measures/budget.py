"""Estimated cost of a live run or a sweep with its measures, and admission by that cost. Loads no PyTorch."""

from __future__ import annotations

from bnviz.config import cost, course
from bnviz.config.experiment import Experiment
from bnviz.config.sweep import Sweep
from bnviz.measures.registry import LiveMeasure, checkpoint_measure, live_measures
from bnviz.record import schema, size


def seconds(experiment: Experiment) -> float:
    """Estimated computing time on one ordinary core, from the fields alone."""
    measures = _measures(experiment)
    return cost.paired_seconds(experiment, sum(measure.seconds(experiment) / measure.every for measure in measures))


def recording_bytes(experiment: Experiment) -> float:
    """Estimated size of the recording, compressed, from the fields alone. Whatever the networks do, it is about right."""
    return sum(_arm_bytes(experiment, arm) for arm in experiment.arms)


def _arm_bytes(experiment: Experiment, arm: str) -> float:
    """What an arm adds to all snapshots."""
    sizes, normalizers = size.sizes_of(experiment), course.arm_normalizers(experiment, arm)
    total = experiment.snapshots * size.compressed_bytes(schema.ARM, sizes, normalizers)
    for measure in _measures(experiment):
        if arm in measure.arms(experiment):
            times = 1 + (experiment.snapshots - 1) / measure.every
            total += times * size.compressed_bytes(measure.keys, {**sizes, **measure.sizes(experiment)}, normalizers)
    return total


def _measures(experiment: Experiment) -> list[LiveMeasure]:
    return [measure for measure in live_measures() if measure.applies_to(experiment)]


def check(experiment: Experiment) -> None:
    """Raise TooExpensive, which says what to change, for a run above the limits of a shared server."""
    cost.check_snapshots(experiment)
    cost.check_bytes(recording_bytes(experiment))
    cost.check_seconds(seconds(experiment))


def measuring(sweep: Sweep) -> float:
    """Estimated seconds of a sweep's measures, beside its training, on one ordinary core."""
    measures = [checkpoint_measure(name) for name in sweep.measures]
    return (cost.CHECKPOINTS + 1) * sum(measure.seconds(run.experiment) for run in sweep.runs() for measure in measures)
