"""Memory of a worker that has trained many different runs.

python -m benchmarks.worker
"""

from __future__ import annotations

import itertools
import os
import subprocess
import time
from collections.abc import Iterator

from benchmarks import Row, table
from benchmarks.server import memory
from bnviz.config.experiment import Experiment
from bnviz.data import DATA_SETS
from bnviz.engine.local import LocalEngine
from bnviz.record.store import Store

RUNS = 100
STEPS = 60


def different() -> Iterator[Experiment]:
    """Experiments no two of which are alike: data sets, batch sizes and widths in turn."""
    kinds = itertools.cycle(itertools.product(DATA_SETS, (8, 64, 256), (16, 64, 128)))
    for seed, (dataset, batch, width) in enumerate(kinds):
        yield Experiment(dataset=dataset, batch_size=batch, width=width, seed=seed, steps=STEPS)


def worker_of_this_process() -> int:
    """The process id of the one worker that this process has started."""
    listing = subprocess.run(["ps", "--ppid", str(os.getpid()), "-o", "pid=,args="], capture_output=True, text=True).stdout
    return next(int(line.split()[0]) for line in listing.splitlines() if "bnviz.engine.worker" in line)


def finished(engine: LocalEngine, experiment: Experiment) -> None:
    """Wait until a run has been trained."""
    recording = engine.recording(engine.request(experiment))
    while recording is not None and not recording.ended:
        time.sleep(0.01)


def rows() -> list[Row]:
    """All rows of this subject."""
    engine, usage = LocalEngine(Store(), 1), {}
    try:
        for count, experiment in enumerate(itertools.islice(different(), RUNS), 1):
            finished(engine, experiment)
            if count in (1, RUNS // 2, RUNS):
                usage[count] = memory(worker_of_this_process())
    finally:
        engine.close()
    first, half, last = usage.values()
    what = f"a worker after {RUNS} different runs"
    return [
        Row(
            what,
            f"after 1: {first:.0f} MB, after {RUNS // 2}: {half:.0f} MB",
            f"{last:.0f} MB",
            f"{last / half:.2f}",
            "≤ 500 MB, flat",
        )
    ]


if __name__ == "__main__":
    print(table(rows()))
