"""Limits of cost: estimated computing time on one ordinary core, and size of a recording, from the fields alone."""

from __future__ import annotations

from bnviz.config.course import stages
from bnviz.config.experiment import PROBE_SIZE, Experiment
from bnviz.data import DATA_SETS

MAXIMUM_SECONDS = 90.0  # of one run
MAXIMUM_SNAPSHOTS = 1500  # of one recording
MAXIMUM_BYTES = 30e6  # of one recording, compressed: a server keeps many, and a browser all of one
MAXIMUM_SWEEP_SECONDS = 600.0
CHECKPOINTS = 12  # of a sweep's run: when its accuracy is taken
RATE = 2e10  # multiply-adds a second, measured low so that the estimates err high


class TooExpensive(ValueError):
    """An experiment or a sweep that would take more time or memory than a shared server should spend on it."""


def check_snapshots(experiment: Experiment) -> None:
    """Raise TooExpensive if a recording would hold too many snapshots."""
    if (snapshots := experiment.snapshots) > MAXIMUM_SNAPSHOTS:
        raise TooExpensive(
            f"{snapshots} snapshots are more than the {MAXIMUM_SNAPSHOTS} that one recording can hold: "
            "raise snapshot_every or lower steps."
        )


def check_bytes(size: float) -> None:
    """Raise TooExpensive if a recording would be too large."""
    if size > MAXIMUM_BYTES:
        raise TooExpensive(
            f"The recording would take about {size / 1e6:.0f} MB, more than the {MAXIMUM_BYTES / 1e6:.0f} MB that one may: "
            "raise snapshot_every, or lower steps, hidden_layers or width."
        )


def check_seconds(seconds: float) -> None:
    """Raise TooExpensive if a run would take too long."""
    if seconds > MAXIMUM_SECONDS:
        raise TooExpensive(
            f"This needs about {seconds:.0f} s of computing time, more than the {MAXIMUM_SECONDS:.0f} s that one run may take: "
            "lower steps, width or batch_size."
        )


def check_sweep_seconds(seconds: float) -> None:
    """Raise TooExpensive if a sweep would take too long."""
    if seconds > MAXIMUM_SWEEP_SECONDS:
        raise TooExpensive(
            f"This sweep needs about {seconds:.0f} s of computing time, more than the {MAXIMUM_SWEEP_SECONDS:.0f} s that one may "
            "take: choose fewer seeds, values or steps, or a smaller network."
        )


def weights(experiment: Experiment) -> int:
    """How many weights the network has."""
    data, width = DATA_SETS[experiment.dataset], experiment.width
    return data.features * width + (experiment.hidden_layers - 1) * width**2 + width * data.classes


def step_seconds(experiment: Experiment) -> float:
    """One step of one arm."""
    return experiment.accumulate * (0.0001 * experiment.hidden_layers + 3 * experiment.batch * weights(experiment) / RATE)


def distribution_seconds(experiment: Experiment) -> float:
    """Sorting and counting all taps of one arm on the probe."""
    return 3 * experiment.hidden_layers * experiment.width * PROBE_SIZE * 1.2e-8


def snapshot_seconds(experiment: Experiment) -> float:
    """What every snapshot takes of one arm."""
    return (PROBE_SIZE + 1000 + experiment.batch) * weights(experiment) / RATE + distribution_seconds(experiment)


def paired_seconds(experiment: Experiment, measures: float = 0.0) -> float:
    """A live run of all arms; `measures` are the seconds an arm and a snapshot that the measures asked for take."""
    a_snapshot = snapshot_seconds(experiment) + measures
    training = sum(steps * step_seconds(stage) for steps, stage in stages(experiment))
    return len(experiment.arms) * (training + experiment.snapshots * a_snapshot)


def stacked_seconds(experiment: Experiment) -> float:
    """One arm without measures, when it trains stacked with a few others."""
    data, forward = DATA_SETS[experiment.dataset], weights(experiment)
    backward = 2 * forward - data.features * experiment.width  # without the gradient of x
    step = 2e-5 * experiment.hidden_layers + (forward + backward) * (experiment.batch / 2.8e10 + 1.5e-10)
    evaluations = CHECKPOINTS * 1000 + experiment.examples
    return experiment.steps * experiment.accumulate * step + evaluations * forward / 5e10
