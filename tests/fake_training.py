"""Stands in for bnviz.train.loop in tests, as a module and as a worker's script: no torch, and misbehaviour to order.

The experiment says what happens: `momentum` is the seconds a step takes, and the seed chooses the accident. The environment
variable BNVIZ_PRETENDED_MEMORY is how many bytes the worker believes to take.
"""

import os
import signal
import sys
import threading
import time

from bnviz import machine
from bnviz.engine import worker

DIVERGES, RAISES, KILLS_ITS_WORKER, HANGS, NEEDS_MEMORY = 1, 2, 3, 4, 5
COMMAND = (sys.executable, "-m", "tests.fake_training")


def header(experiment):
    return {"type": "header", "id": experiment.id, "total_steps": experiment.steps}


def train(experiment):
    for step in range(experiment.steps):
        time.sleep(experiment.momentum)
        if step == 5 and experiment.seed == RAISES:
            raise ArithmeticError("two\nlines")
        if step == 5 and experiment.seed == KILLS_ITS_WORKER:
            os.kill(os.getpid(), signal.SIGKILL)
        if step == 5 and experiment.seed == HANGS:
            threading.Event().wait()
        if step == 5 and experiment.seed == NEEDS_MEMORY:
            bytearray(2**62)
        yield {"type": "snapshot", "index": step, "text": "x" * 500}
        yield None
    return ("diverged", "It diverged at step 3.") if experiment.seed == DIVERGES else ("finished", "")


def train_stack(runs, measures=()):
    """Kills its worker the first time only: a file named by BNVIZ_ACCIDENT remembers that it has happened."""
    for step in range(runs[0].experiment.steps):
        time.sleep(runs[0].experiment.momentum)
        if step == 5 and any(run.experiment.seed == RAISES and run.experiment.batch_size == 4 for run in runs):
            raise ArithmeticError("two\nlines")
        if step == 5 and any(run.experiment.seed == KILLS_ITS_WORKER for run in runs):
            accident = os.environ.get("BNVIZ_ACCIDENT", os.devnull)
            if not os.path.getsize(accident):
                with open(accident, "w", encoding="utf-8") as file:
                    file.write("happened")
                os.kill(os.getpid(), signal.SIGKILL)
        yield None
    for run in runs:
        yield {"type": "row", "run": run.id, "arm": run.arm, "seed": run.experiment.seed, "pid": os.getpid()}
    return "finished", ""


if __name__ == "__main__":
    if memory := os.environ.get("BNVIZ_PRETENDED_MEMORY"):
        machine.resident_memory = lambda: int(memory)
    worker.main(lambda: sys.modules[__name__])
