"""Stands in for sweeps in tests: rows without training, from a worker's script or at once, in this process.

BNVIZ_TEST_LOG names a file to which the worker adds the ids of the runs that it computes; at a batch size of 64 it waits until
there is a file BNVIZ_TEST_GATE.
"""

import os
import signal
import sys
import time
from pathlib import Path

from bnviz.engine import worker
from bnviz.engine.local import LocalEngine
from bnviz.record import ndjson
from bnviz.record.store import Recording
from tests import fake_training

COMMAND = (sys.executable, "-m", "tests.fake_stack")
GATED = 64  # batch size
DIVERGES = 7  # seed
header, train = fake_training.header, fake_training.train


def row(run):
    """A row with every number in it different."""
    one, name = run.experiment, f"{run.arm} {run.experiment.id}"
    score = sum(name.encode()) / 3
    return {
        "type": "row",
        "run": run.id,
        "arm": run.arm,
        "seed": one.seed,
        "train_accuracy": one.batch_size / (one.seed + 3),
        "test_accuracy": score / 7000,
        "best_test_accuracy": score / 6000,
        "train_loss": 1e-17 * score,
        "test_loss": None if one.seed == DIVERGES else score,
        "diverged_at": 3 if one.seed == DIVERGES else None,
        "checkpoints": [0, 1],
        "train_losses": [None, 1.0],
    }


def train_stack(runs, measures=()):
    """The runs' rows one by one."""
    for run in runs:
        while run.experiment.batch_size == GATED and not os.path.exists(os.environ["BNVIZ_TEST_GATE"]):
            time.sleep(0.005)
        with Path(os.environ.get("BNVIZ_TEST_LOG", os.devnull)).open("a", encoding="utf-8") as log:
            print(run.id, file=log)
        yield row(run)
    return "finished", ""


def make(store, rows, workers, ready):
    """For `bnviz.engine.make`."""
    return LocalEngine(store, workers or 1, COMMAND, rows)


class Instant:
    """An engine that is done before anybody looks. `ending` is how a sweep ends; with None it never does."""

    def __init__(self, ending=("finished", "")):
        self.ending, self.plans, self.closed = ending, [], 0
        self.without = ()  # runs whose rows never come
        self.heard_interrupts = False  # while something might have been started

    def make(self, store, rows, workers, ready):
        self.workers = workers
        self._listen()
        return self

    def _listen(self):
        self.heard_interrupts |= signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())

    def sweep(self, sweep):
        self._listen()
        sweep.check_cost()
        self.plans.append(sweep)
        return sweep.id

    def recording(self, id):
        lines, plan = Recording(id), self.plans[-1]
        for cell in reversed(plan.cells()):
            if cell.run not in self.without:
                place = {"curve": cell.curve, "point": cell.point, "value": plan.values[cell.point]}
                lines.append(ndjson.line({**row(cell.run), **place}))
        if self.ending:
            lines.append(ndjson.end(*self.ending, 1.0))
        return lines

    def close(self):
        self.closed += 1


if __name__ == "__main__":
    worker.main(lambda: sys.modules[__name__])
