"""Many different experiments, most of them stopped on the way: how large workers grow, and how close estimated sizes come.

python -m benchmarks.fuzz

BNVIZ_FUZZ_RUNS says how many, BNVIZ_FUZZ_SEED where the random choices begin.
"""

from __future__ import annotations

import os
import random
import statistics
from collections.abc import Callable, Iterator
from time import monotonic, sleep
from typing import Any

from benchmarks import Row, table
from benchmarks.server import memory
from bnviz.config.cost import TooExpensive
from bnviz.config.experiment import FIELDS, Experiment
from bnviz.engine.local import LocalEngine
from bnviz.engine.worker import MEMORY_SHARE
from bnviz.measures import budget
from bnviz.record.store import Recording, Store

RUNS = int(os.environ.get("BNVIZ_FUZZ_RUNS", "2000"))
SEED = int(os.environ.get("BNVIZ_FUZZ_SEED", "0"))
CHANGED = 0.5  # the share of fields that are not at their default
MAX_SECONDS = 30  # estimated, of a run
SHORT_SECONDS = 1.0  # estimated, of one that is not stopped
SNAPSHOTS = 4  # after which a run is stopped, at the latest
PARTS = 10  # of the time, whose largest sizes the table shows
NEWS = 100  # runs from one line of progress to the next
PATIENCE_SECONDS = 600


def experiments(seed: int) -> Iterator[Experiment]:
    """Random experiments that are accepted, without end."""
    choices = random.Random(seed)
    while True:
        values: dict[str, Any] = {
            name: _value(choices, name) for name in FIELDS if name != "changes" and choices.random() < CHANGED
        }
        experiment = Experiment(**values)
        try:
            budget.check(experiment)
        except TooExpensive:
            continue
        if budget.seconds(experiment) < MAX_SECONDS:
            yield experiment


def _value(choices: random.Random, name: str) -> Any:
    field = FIELDS[name]
    if field.choices is not None:
        return choices.choice(list(field.choices))
    if field.marks and choices.random() < 0.7:
        return choices.choice(field.marks)
    return choices.randint(int(field.low), int(field.high)) if field.kind is int else choices.uniform(field.low, field.high)


class Watch:
    """What is seen of a worker meanwhile."""

    def __init__(self, engine: LocalEngine):
        self.engine = engine
        self.sizes: list[float] = []  # MB, after each run
        self.ids: set[str] = set()
        self.ratios: list[float] = []  # estimated size of a recording that finished over its real one
        self.failed = 0

    def run(self, experiment: Experiment, finishes: bool, snapshots: int) -> None:
        """Run an experiment to its end, or stop it after so many snapshots."""
        self.ids.add(experiment.id)
        recording = self.engine.recording(self.engine.request(experiment))
        assert recording is not None
        _wait(lambda: recording.ended or (not finishes and len(recording) > snapshots))
        if not recording.ended:
            self.engine.stop(experiment.id)
        elif recording.status == "finished":  # one that diverges records the same non-numbers again and again
            self.ratios.append(budget.recording_bytes(experiment) / _snapshot_bytes(recording))
        self.failed += recording.status == "failed"

    def look(self) -> None:
        """Take note of how large the worker is; one that retires is between two."""
        for process in self.engine.processes():
            try:
                self.sizes.append(memory(process))
            except (FileNotFoundError, StopIteration):
                continue

    def over_time(self, parts: int = PARTS) -> list[float]:
        """The largest size in MB in each of so many equal parts of the time."""
        length = -(-len(self.sizes) // parts)
        return [max(self.sizes[at : at + length]) for at in range(0, len(self.sizes), length)]


def _wait(condition: Callable[[], bool]) -> None:
    deadline = monotonic() + PATIENCE_SECONDS
    while not condition():
        if monotonic() > deadline:
            raise TimeoutError("a run stands still")
        sleep(0.005)


def _snapshot_bytes(recording: Recording) -> int:
    return sum(len(piece.compressed) for piece in recording.pieces() if piece.kind == "snapshot")


def rows() -> list[Row]:
    """All rows of this subject."""
    choices, engine = random.Random(SEED), LocalEngine(Store(), 1)
    watch = Watch(engine)
    try:
        for number, experiment in zip(range(1, RUNS + 1), experiments(SEED), strict=False):
            watch.run(experiment, budget.seconds(experiment) < SHORT_SECONDS, choices.randint(0, SNAPSHOTS))
            watch.look()
            if number % NEWS == 0:
                sizes, retired = watch.sizes[-NEWS:], engine.counters.worker_retirements
                print(f"{number} runs: {sizes[-1]:.0f} MB now, {max(sizes):.0f} at the most, {retired} retired", flush=True)
        restarts, retired = engine.counters.worker_restarts, engine.counters.worker_retirements
    finally:
        engine.close()
    ratios = statistics.quantiles(watch.ratios, n=20)
    what = f"{len(watch.ids)} different experiments, {len(watch.ratios)} of them to their end"
    over_time = ", ".join(f"{size:.0f}" for size in watch.over_time())
    return [
        Row(
            f"a worker's memory at the most, {what}", f"{retired} retired", f"{max(watch.sizes):.0f} MB", "–", "≤ twice its share"
        ),
        Row("the same in each tenth of the time", "–", f"{over_time} MB", "–", "no rise"),
        Row("its share", "–", f"{MEMORY_SHARE / 1e6:.0f} MB", "–", "–"),
        Row("workers that died, runs that failed", "–", f"{restarts}, {watch.failed}", "–", "0, 0"),
        Row(
            "estimated size of a recording over its real one",
            f"{min(watch.ratios):.2f} to {max(watch.ratios):.2f}",
            f"{ratios[0]:.2f} to {ratios[-1]:.2f} for 9 of 10",
            f"{statistics.median(watch.ratios):.2f}",
            "0.8 to 1.5",
        ),
    ]


if __name__ == "__main__":
    print(table(rows()))
