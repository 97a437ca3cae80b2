"""The engine on a Dask cluster: one worker against two and against local ones, what tasks and lines cost, what 100 would do.

python -m benchmarks.cluster

Scheduler and workers are processes of this machine. The rows that begin with "computed" were not measured: they follow from what
was measured just before, with costs that grow in proportion, a network that takes the bytes, and workers as fast as these.
"""

from __future__ import annotations

import contextlib
import json
import os
import statistics
import tempfile
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from time import perf_counter, process_time
from typing import Any, NamedTuple

from benchmarks import Row, seconds, table
from bnviz.config.experiment import Experiment
from bnviz.config.sweep import Sweep, stacks, sweep_over
from bnviz.engine.base import BaseEngine
from bnviz.engine.cluster import DaskEngine
from bnviz.engine.cluster_worker import SEND_SECONDS
from bnviz.engine.local import LocalEngine
from bnviz.record.rows import Rows
from bnviz.record.store import Recording, Store
from tests.dask_cluster import Cluster

SWEEP = sweep_over(Experiment(steps=100), "learning_rate", [0.01, 0.03, 0.1, 0.3], seeds=10)
WARM_UP = sweep_over(Experiment(steps=20), "learning_rate", [0.01, 0.1, 0.3], seeds=20)
STACKS = len(stacks(SWEEP.runs(), SWEEP.seeds))
RUN = Experiment()
WORKERS = 100  # of the estimate
TASKS = 1000
SMALL_EVENT, LARGE_EVENT = 20_000, 500_000  # bytes: about a snapshot, and enough to see what bytes cost
REPETITIONS = 2


@contextlib.contextmanager
def cluster(workers: int) -> Iterator[Cluster]:
    """A scheduler and warm workers, started as docs/cluster.md says."""
    with tempfile.TemporaryDirectory() as folder:
        one = Cluster(Path(folder))
        try:
            one.add_workers(workers, "--preload", "bnviz.train.trainers")
            one.wait_for_workers(workers)
            yield one
        finally:
            one.close()


def dask(one: Cluster) -> DaskEngine:
    """An engine on a cluster, connected."""
    engine = DaskEngine(Store(), one.address)
    while not engine.workers()[0]:
        time.sleep(0.01)
    return engine


def wait(lines: Recording) -> Recording:
    """A recording that has ended well."""
    while not lines.ended:
        time.sleep(0.005)
    if lines.status != "finished":
        raise RuntimeError(lines.lines()[-1])
    return lines


def complete(engine: BaseEngine, sweep: Sweep) -> None:
    """Compute a whole sweep, with no row known from before."""
    engine.rows, engine.store = Rows(), Store()
    wait(engine.recording(engine.sweep(sweep)))


def scaling(one: Cluster, two: Cluster) -> tuple[float, list[Row]]:
    """A sweep on one and on two Dask workers and on as many local ones, in turn; seconds on one, and rows."""
    engines: list[BaseEngine] = [dask(one), dask(two), LocalEngine(Store(), 1), LocalEngine(Store(), 2)]
    try:
        for engine in engines:
            complete(engine, WARM_UP)
        times = seconds(*[lambda e=engine: complete(e, SWEEP) for engine in engines], repetitions=REPETITIONS)
    finally:
        for engine in engines:
            engine.close()
    alone, together, local_alone, local = times
    what, gain = f"sweep of {len(SWEEP.cells())} runs in {STACKS} stacks on 2 Dask workers", local_alone / local
    reach = f"≥ {0.95 * gain:.2f}: 1 → 2 local workers gain {gain:.2f} here"
    return alone, [
        Row(what, f"1 Dask worker: {alone:.1f} s", f"{together:.1f} s", f"{alone / together:.2f}", reach),
        Row(what, f"2 local workers: {local:.1f} s", f"{together:.1f} s", f"{together / local:.2f}", "≤ 1.15"),
    ]


def processor_seconds(process: int) -> float:
    """Processor time that a process has taken, in steps of 10 ms."""
    fields = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rsplit(")", 1)[1].split()
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")


class Meter:
    """Processor time that a scheduler takes for what is done, apart from what it takes anyway."""

    def __init__(self, scheduler: int, idle_seconds: float = 3.0):
        self._process = scheduler
        before = processor_seconds(scheduler)
        time.sleep(idle_seconds)
        self.idle = (processor_seconds(scheduler) - before) / idle_seconds

    def __call__(self, action: Callable[[], Any]) -> float:
        before, begin = processor_seconds(self._process), perf_counter()
        action()
        return processor_seconds(self._process) - before - self.idle * (perf_counter() - begin)


class Costs(NamedTuple):
    """Processor seconds of the scheduler for a task, an event, and a byte of an event."""

    task: float
    event: float
    byte: float


def task_cost(two: Cluster, meter: Meter) -> tuple[float, float]:
    """Scheduler's processor seconds for a task that does nothing, and tasks done a second."""

    def tasks() -> None:
        futures = [two.client.submit(lambda: None, key=f"nothing-{number}", pure=False) for number in range(TASKS)]
        for future in futures:
            future.exception()

    begin = perf_counter()
    return meter(tasks) / TASKS, TASKS / (perf_counter() - begin)


def event_costs(two: Cluster, meter: Meter) -> tuple[float, float, list[float]]:
    """Scheduler's processor seconds for an event and for a byte of it, and the seconds that small events are under way."""
    delays: list[float] = []
    two.client.subscribe_topic("benchmark", lambda event: delays.append(time.monotonic() - event[1][0]))

    def send(count: int, size: int) -> None:
        """Runs on a worker: events with the time in them, apart as they come from training, or Dask would gather them."""
        import os
        import time

        from distributed import get_worker

        payload = os.urandom(size)
        for _ in range(count):
            get_worker().log_event("benchmark", [time.monotonic(), payload])
            time.sleep(0.005)

    def events(count: int, size: int) -> None:
        before = len(delays)
        futures = [two.client.submit(send, count, size, pure=False) for _ in range(2)]
        while len(delays) < before + 2 * count:
            time.sleep(0.001)
        for future in futures:
            future.exception()

    small = meter(lambda: events(400, SMALL_EVENT)) / 800
    under_way = list(delays)
    large = meter(lambda: events(100, LARGE_EVENT)) / 200
    byte = max(0.0, (large - small) / (LARGE_EVENT - SMALL_EVENT))
    return small - byte * SMALL_EVENT, byte, under_way


class Live(NamedTuple):
    """What a worker that trains a run sends, and what the web process spends on it."""

    snapshots: float  # a second
    events: float  # a second
    bytes: float  # a second
    web: float  # processor seconds of this process for a snapshot


def live(two: Cluster) -> Live:
    """The default run on one of the workers."""
    engine = dask(two)
    try:
        wait(engine.recording(engine.request(RUN.replace(steps=20))))
        before = process_time()
        lines = wait(engine.recording(engine.request(RUN))).lines()
        processor_time = process_time() - before
    finally:
        engine.close()
    seconds = json.loads(lines[-1])["seconds"]
    snapshots = RUN.snapshots / seconds
    size = sum(len(zlib.compress(line, 1)) for line in lines)
    return Live(snapshots, min(snapshots, 1 / SEND_SECONDS), size / seconds, processor_time / RUN.snapshots)


def measure_costs(two: Cluster) -> tuple[Costs, Live, list[Row]]:
    """What tasks and lines cost."""
    meter = Meter(two.scheduler.pid)
    task, rate = task_cost(two, meter)
    event, byte, delays = event_costs(two, meter)
    one = live(two)
    scheduler, under_way = "scheduler: processor time", [1e3 * delay for delay in delays]
    rows = [
        (f"{scheduler} for a task that does nothing", f"{rate:.0f} tasks/s done", f"{1e3 * task:.2f} ms", "", ""),
        (f"{scheduler} to pass on an event", f"and {byte * 1e9:.1f} ms a MB of it", f"{1e3 * event:.2f} ms", "", ""),
        (
            f"an event of {SMALL_EVENT / 1000:.0f} kB from worker to web process, median",
            f"99 %: {statistics.quantiles(under_way, n=100)[-1]:.0f} ms",
            f"{statistics.median(under_way):.0f} ms",
            "",
            f"≤ {100 - 1000 * SEND_SECONDS:.0f} ms: {1000 * SEND_SECONDS:.0f} ms of 100 go to gathering lines",
        ),
        (
            "web process: processor time to record a snapshot",
            f"{one.bytes / one.snapshots / 1000:.0f} kB as sent",
            f"{1e3 * one.web:.1f} ms",
            "",
            "",
        ),
    ]
    return Costs(task, event, byte), one, [Row(*row) for row in rows]


def estimate(alone: float, costs: Costs, one: Live) -> list[Row]:
    """What 100 workers would do, and how many the scheduler and the web process can serve."""
    stack = costs.task + costs.event
    sweeping = stack * STACKS / alone  # of the scheduler's time, for each worker
    streaming = one.events * costs.event + one.bytes * costs.byte
    recording = one.snapshots * one.web
    rate = len(SWEEP.cells()) / alone
    live = f"1 run: {one.snapshots:.0f} snapshots/s, {one.bytes / 1e6:.1f} MB/s"
    return [
        Row(
            f"computed: a sweep on {WORKERS} workers, scheduler {WORKERS * sweeping:.0%} busy",
            f"1 worker: {rate:.1f} rows/s",
            f"{rate * min(WORKERS, 1 / sweeping):.0f} rows/s",
            f"{min(WORKERS, 1 / sweeping):.0f}",
            f"limit: {1 / stack:.0f} stacks/s, {1 / sweeping:.0f} workers",
        ),
        Row(
            f"computed: {WORKERS} live runs at once, scheduler",
            live,
            f"{WORKERS * streaming:.0%} busy",
            "",
            f"limit: {1 / streaming:.0f} runs, {one.bytes / streaming / 1e6:.0f} MB/s",
        ),
        Row(
            f"computed: {WORKERS} live runs at once, web process",
            live,
            f"{WORKERS * recording:.0%} busy",
            "",
            f"limit: {1 / recording:.0f} runs, {1 / one.web:.0f} snapshots/s",
        ),
    ]


def rows() -> list[Row]:
    """All rows of this subject."""
    with cluster(1) as one, cluster(2) as two:
        alone, scaling_rows = scaling(one, two)
        costs, stream, cost_rows = measure_costs(two)
    return [*scaling_rows, *cost_rows, *estimate(alone, costs, stream)]


if __name__ == "__main__":
    print(table(rows()))
