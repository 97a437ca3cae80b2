"""Sweeps against the same runs one after another in plain PyTorch; the first row, memory, and a live page beside a sweep.

python -m benchmarks.sweeps

The peer trains a `nn.Sequential` with `nn.BatchNorm1d` a run, and ends with its accuracies on test and training examples, nothing
in between. It is timed with one torch thread and with two, on one seed of every arm and value, and scaled to all seeds; the
better total counts. Ghost batches are normalized in one call on a reshaped view, which copies nothing.
"""

from __future__ import annotations

import contextlib
import dataclasses
import functools
import itertools
import statistics
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from time import perf_counter

import torch
from playwright.sync_api import Browser, sync_playwright
from torch import Tensor, nn
from torch.nn import functional

from benchmarks import Row, table
from benchmarks.browser import DRAWN, opening
from bnviz.config.arms import ARMS
from bnviz.config.experiment import Experiment
from bnviz.config.sweep import Curve, Run, Sweep, changes, sweep_over
from bnviz.data import DATA_SETS
from bnviz.engine.local import LocalEngine
from bnviz.record.rows import Rows
from bnviz.record.store import Recording, Store
from bnviz.train.minibatches import DataTensors, minibatches
from tests.e2e.lab import Server, launch, serve

WORKERS = 2
SEEDS = 5
REPETITIONS = 2
VISITS = 3
GHOSTS = (4, 8, 16, 32, 64, 128, 256)
REGULARIZATION = Experiment(train_size=1000, batch_size=256, learning_rate=0.1, momentum=0.9, steps=240)
BATCHES = (2, 4, 8, 16, 32)
EXAMPLES = 9600  # that a run of the small-batch sweep sees, whatever its batch size
ARM_CURVES = tuple(Curve(arm, arm) for arm in ("none", "batch"))


def ghost_sweep(first_seed: int = 0) -> Sweep:
    """What the page /regularization shows first, with clean labels."""
    return sweep_over(REGULARIZATION.replace(seed=first_seed), "ghost_batch_size", GHOSTS, seeds=SEEDS)


def small_batch_sweep(first_seed: int = 0) -> Sweep:
    """Every batch size sees the same number of examples."""
    points = tuple(changes(batch_size=size, steps=EXAMPLES // size) for size in BATCHES)
    return Sweep(Experiment(seed=first_seed), "batch_size", points, ARM_CURVES, SEEDS)


# the peer


class GhostNorm(nn.BatchNorm1d):
    """Batch norm of groups, each a part of the minibatch, in one call: [group size, groups × width] is a view."""

    def __init__(self, width: int, groups: int):
        super().__init__(width)
        self.groups = groups

    def forward(self, z: Tensor) -> Tensor:
        if not self.training:
            return super().forward(z)
        mean, variance, gamma, beta = (
            one.repeat(self.groups) for one in (self.running_mean, self.running_var, self.weight, self.bias)
        )
        normalized = functional.batch_norm(z.view(-1, len(mean)), mean, variance, gamma, beta, True, self.momentum, self.eps)
        self.running_mean = mean.view(self.groups, -1).mean(0)
        self.running_var = variance.view(self.groups, -1).mean(0)
        return normalized.view(z.shape)


class ChunkNorm(nn.BatchNorm1d):
    """The same, a chunk at a time, as pytorch-tabnet's GBN does it."""

    def __init__(self, width: int, groups: int):
        super().__init__(width)
        self.groups = groups

    def forward(self, z: Tensor) -> Tensor:
        return torch.cat([super(ChunkNorm, self).forward(part) for part in z.chunk(self.groups if self.training else 1)])


def peer_network(run: Run, ghost: type[nn.BatchNorm1d] = GhostNorm) -> nn.Sequential:
    """The run's network as anybody would write it."""
    one = run.experiment
    layers: list[nn.Module] = []
    inputs = DATA_SETS[one.dataset].features
    for _ in range(one.hidden_layers):
        linear = nn.Linear(inputs, one.width)
        nn.init.kaiming_normal_(linear.weight)
        layers += [linear, *_norm(run, ghost), nn.ReLU()]
        inputs = one.width
    return nn.Sequential(*layers, nn.Linear(inputs, DATA_SETS[one.dataset].classes))


def _norm(run: Run, ghost: type[nn.BatchNorm1d]) -> list[nn.Module]:
    if ARMS[run.arm].normalizer == "none":
        return []
    one = run.experiment
    return [ghost(one.width, one.groups) if one.groups > 1 else nn.BatchNorm1d(one.width)]


def peer_run(run: Run, data: DataTensors, ghost: type[nn.BatchNorm1d] = GhostNorm) -> tuple[float, float]:
    """Train it alone; returns test and training accuracy."""
    torch.manual_seed(run.experiment.seed)
    network = peer_network(run, ghost)
    optimizer = torch.optim.SGD(network.parameters(), lr=run.experiment.learning_rate, momentum=run.experiment.momentum)
    for indices in itertools.islice(minibatches(run.experiment), run.experiment.steps):
        loss = functional.cross_entropy(network(data.x_train[indices]), data.y_train[indices])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    network.eval()
    with torch.no_grad():
        return tuple(
            (network(x).argmax(1) == y).float().mean().item()
            for x, y in ((data.x_test, data.y_test), (data.x_train, data.y_train))
        )


def peer_seconds(sweep: Sweep, ghost: type[nn.BatchNorm1d] = GhostNorm) -> tuple[float, float]:
    """Seconds for all cells of a sweep one after another, and for its distinct runs, scaled from one seed of each."""
    data, elapsed = DataTensors(sweep.base), {}
    first = dataclasses.replace(sweep, seeds=1)
    peer_run(Run(sweep.base.replace(steps=50), "batch"), data)  # warms up
    for run in first.runs():
        start = perf_counter()
        peer_run(run, data, ghost)
        elapsed[run] = perf_counter() - start
    return sweep.seeds * sum(elapsed[cell.run] for cell in first.cells()), sweep.seeds * sum(elapsed.values())


@contextlib.contextmanager
def threads(count: int) -> Iterator[None]:
    """So many torch threads inside the block."""
    before = torch.get_num_threads()
    torch.set_num_threads(count)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def better(measure: Callable[[], tuple[float, float]]) -> tuple[tuple[float, float], int]:
    """What was measured with one thread or with two, whichever was quicker, and with how many it was."""
    timings = []
    for count in (1, 2):
        with threads(count):
            timings.append((measure(), count))
    return min(timings)


# ours


@contextlib.contextmanager
def local_engine() -> Iterator[LocalEngine]:
    """An engine that remembers nothing."""
    one = LocalEngine(Store(), WORKERS, rows=Rows())
    with contextlib.closing(one):
        yield one


def until(lines: Recording, kind: bytes) -> None:
    """Wait until the recording has a line of this kind."""
    count, has_row = 0, False
    while not has_row:
        new = lines.lines(count)
        count, has_row = count + len(new), any(line.startswith(b'{"type":"%s"' % kind) for line in new)
        time.sleep(0.005)


def first_row(one: LocalEngine, sweep: Sweep) -> float:
    """Seconds until the first row of a sweep is there; the rest is stopped."""
    start = perf_counter()
    until(one.recording(one.sweep(sweep)), b"row")
    elapsed = perf_counter() - start
    one.stop(sweep.id)
    return elapsed


def ours_seconds(one: LocalEngine, sweep: Sweep) -> float:
    """Seconds for a whole sweep."""
    start = perf_counter()
    lines = one.recording(one.sweep(sweep))
    until(lines, b"end")
    elapsed = perf_counter() - start
    assert lines.status == "finished", lines.lines()[-1]
    return elapsed


def rates() -> list[Row]:
    """Whole sweeps with warm workers against the peer."""
    with local_engine() as one:
        first_row(one, ghost_sweep(9000))
        ghost, small = (
            statistics.median(ours_seconds(one, make(10 * number)) for number in range(REPETITIONS))
            for make in (ghost_sweep, small_batch_sweep)
        )
    ghost_peer, small_peer = (better(functools.partial(peer_seconds, make())) for make in (ghost_sweep, small_batch_sweep))
    return [
        *_rate_rows("small-batch sweep", small_batch_sweep(), small_peer, small, "≥ 8"),
        *_rate_rows("ghost sweep of /regularization", ghost_sweep(), ghost_peer, ghost, "≥ 4"),
        _chunk_row(ghost),
    ]


def _rate_rows(name: str, sweep: Sweep, peer: tuple[tuple[float, float], int], ours: float, reach: str) -> list[Row]:
    (every, distinct), count = peer
    cells, runs = len(sweep.cells()), len(sweep.runs())
    how = f"nn.Sequential, one after another, {count} torch thread{'s' * (count > 1)}, scaled from one seed of {sweep.seeds}"
    rows = [Row(f"{name}: {cells} runs", f"{how}: {every:.1f} s", f"{ours:.1f} s", f"{every / ours:.1f}", reach)]
    if runs < cells:
        what = f"{name}: its {runs} distinct runs (plain nets know no ghosts)"
        rows.append(Row(what, f"the same: {distinct:.1f} s", f"{ours:.1f} s", f"{distinct / ours:.1f}", ""))
    return rows


def _chunk_row(ours: float) -> Row:
    """For information: ghost batch norm as it is often written."""
    sweep = dataclasses.replace(ghost_sweep(), curves=ARM_CURVES)
    (every, _), count = better(lambda: peer_seconds(sweep, ChunkNorm))
    peer = f"ghost batches in a loop over chunks, {count} torch thread{'s' * (count > 1)}: {every:.1f} s"
    return Row(f"ghost sweep of /regularization: {len(sweep.cells())} runs", peer, f"{ours:.1f} s", f"{every / ours:.1f}", "")


# the first row, and memory


def first_rows() -> list[Row]:
    """How long a page waits for something to show, in three states of the server."""
    times = [_first_rows(100 * number) for number in range(REPETITIONS)]
    states = ("an engine that begins with it", "the first sweep of a server", "workers that have swept before")
    return [
        Row(f"ghost sweep of /regularization, to its first row: {state}", "–", f"{statistics.median(column):.1f} s", "–", "≤ 3 s")
        for state, column in zip(states, zip(*times, strict=True), strict=True)
    ]


def _first_rows(seed: int) -> tuple[float, float, float]:
    start = perf_counter()
    with local_engine() as one:
        first_row(one, ghost_sweep(seed))
        cold = perf_counter() - start
    with local_engine() as one:
        for number in range(WORKERS):  # the server has shown runs
            until(one.recording(one.request(Experiment(steps=10, seed=number))), b"end")
        return cold, first_row(one, ghost_sweep(seed)), first_row(one, ghost_sweep(seed + 20))


def memory_of(processes: Iterable[int]) -> tuple[float, float]:
    """Sum of the proportional set sizes, where shared pages count once, and the largest resident set, in MB."""
    shares, residents = [], []
    for process in processes:
        with contextlib.suppress(OSError):  # it has ended
            sizes = dict(
                line.split()[:2] for line in Path(f"/proc/{process}/smaps_rollup").read_text(encoding="utf-8").splitlines()[1:]
            )
            shares.append(int(sizes["Pss:"]) * 1024 / 1e6)
            residents.append(int(sizes["Rss:"]) * 1024 / 1e6)
    return sum(shares), max(residents)


def memory() -> list[Row]:
    """The most that an engine's processes take during the two sweeps."""
    with local_engine() as one:
        samples = []
        for sweep in (ghost_sweep(), small_batch_sweep()):
            lines = one.recording(one.sweep(sweep))
            while not lines.ended:
                samples.append(memory_of([*one.processes(), *one.processes(background=True)]))
                time.sleep(0.1)
    total, largest = (max(column) for column in zip(*samples, strict=True))
    what = f"the engine's {2 * WORKERS} processes during both sweeps"
    return [Row(what, "–", f"{total:.0f} MB together, {largest:.0f} MB the largest (shared pages included)", "–", "≤ 1500 MB")]


# a live page beside a sweep


def first_frames(browser: Browser, app: Server, seed: int) -> float:
    """Seconds from opening the first page with a new run to its first frame."""
    addresses = (f"{app.url}/?seed={number}" for number in itertools.count(seed))
    next(addresses)
    return statistics.median([opening(browser, next(addresses), DRAWN) for _ in range(VISITS)])


def live() -> list[Row]:
    """A new run on the first page while the server is at a sweep and while it is not."""
    with sync_playwright() as playwright, launch(playwright) as browser, serve(workers=WORKERS) as app:
        first_frames(browser, app, 5000)  # warms up
        idle = first_frames(browser, app, 6000)
        page = browser.new_context().new_page()
        page.goto(f"{app.url}/regularization?seeds=10&steps=1000")  # some minutes of computing, half of one to the first row
        page.wait_for_selector(".bnviz-board[data-run]", state="attached")
        busy = first_frames(browser, app, 7000)
        assert page.get_attribute(".bnviz-board", "data-state") in ("loading", "playing"), "the sweep was over too soon"
    what = "opening the page to the first drawn snapshot of a new run while a sweep is computed"
    return [Row(what, f"idle: {idle:.2f} s", f"{busy:.2f} s", f"{busy / idle:.2f}", "≤ 1.5")]


def rows() -> Iterator[Row]:
    """All rows of this subject, as they are measured."""
    for part in (rates, first_rows, memory, live):
        yield from part()


if __name__ == "__main__":
    print(table(rows()))
