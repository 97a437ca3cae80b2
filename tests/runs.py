"""Runs that tests train in this process."""

import io
import runpy
import sys
import zipfile

from bnviz.data import coats
from bnviz.engine import worker
from bnviz.measures.unit_examples import unit_examples
from bnviz.record import ndjson
from bnviz.train.loop import Training, header, outcome
from bnviz.web.export.archive import archive


def trained(experiment):
    """The training at its end, the losses of every step by arm, and a recording with the last snapshot alone, which saves most of
    the time."""
    worker.load_training()  # one thread
    training = Training(experiment)
    for arm in training.arms:
        arm.measures = [(1, unit_examples)]  # no coats and other measures of lessons, which cost more than the training
    losses = {arm.name: [] for arm in training.arms}
    while training.step < experiment.steps:
        training.last_snapshot_step = training.step  # as if the snapshot had been taken
        assert training.advance() is None
        for arm in training.arms:
            losses[arm.name].append(arm.train_metrics.last_loss)
    lines = ndjson.line(header(experiment)), ndjson.line(training.advance()), ndjson.end(*outcome(training.arms), 0.0)
    return training, losses, b"".join(lines)


def run_script(recording, folder, monkeypatch):
    """Unpack the archive of a recording, run its script in this process, and return the script's names."""
    zipfile.ZipFile(io.BytesIO(archive(recording))).extractall(folder)
    monkeypatch.setitem(sys.modules, "coats", coats)  # which has painted these animals before; another test compares the two
    return runpy.run_path(str(folder / "experiment.py"))


def exact(losses):
    """Losses by arm, to the bit, NaN equal to itself."""
    return {arm: list(map(repr, values)) for arm, values in losses.items()}
