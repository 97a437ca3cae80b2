"""Stands in for bnviz.training in tests, as a module and as a worker's script: no torch, and misbehaviour to order.

The experiment says what happens: `momentum` is the seconds a step takes, and the seed chooses the accident.
"""

import os
import signal
import sys
import time

from bnviz import worker

DIVERGES, RAISES, KILLS_ITS_WORKER = 1, 2, 3
COMMAND = (sys.executable, os.path.abspath(__file__))


def header(experiment):
    return {"type": "header", "id": experiment.id, "total_steps": experiment.steps}


def train(experiment):
    for step in range(experiment.steps):
        time.sleep(experiment.momentum)
        if step == 5 and experiment.seed == RAISES:
            raise ArithmeticError("two\nlines")
        if step == 5 and experiment.seed == KILLS_ITS_WORKER:
            os.kill(os.getpid(), signal.SIGKILL)
        yield {"type": "snapshot", "index": step, "text": "x" * 500}
        yield None
    return ("diverged", "It diverged at step 3.") if experiment.seed == DIVERGES else ("finished", "")


if __name__ == "__main__":
    worker.main(lambda: sys.modules[__name__])
