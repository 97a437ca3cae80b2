"""A step of the stacked trainer against the same step with `torch.func`: stack_module_state, functional_call and vmap.

python -m benchmarks.vmap [--compiled]

Both train the same networks on the same minibatches, first checked in double precision to agree, then timed in turns on one
thread. The ratio is vmap's time over that of the stacked trainer, the quickest of all repetitions each, and of the
two ways to take gradients under vmap the quicker one. With --compiled, the same for vmap under torch.compile, which needs a
C++ compiler. docs/stacked.md says what follows from it.
"""

from __future__ import annotations

import contextlib
import gc
import inspect
import itertools
import sys
from collections.abc import Callable, Iterator, Sequence
from time import perf_counter

import torch
from torch import Tensor
from torch.func import functional_call, grad, stack_module_state, vmap

from benchmarks import Row, table
from bnviz import data
from bnviz.config.arms import ARMS
from bnviz.config.experiment import Experiment
from bnviz.config.sweep import Run, canonical_run
from bnviz.nets.network import Network
from bnviz.nets.normalizers import TRAIN
from bnviz.train import stacked
from bnviz.train.loop import LOSSES
from bnviz.train.minibatches import generator_for, minibatches

ARMS_TIMED = ("none", "batch", "layer")
RUNS = (5, 20)
BATCHES = (4, 64, 256)
COMPILED_ARMS, COMPILED_RUNS, COMPILED_BATCHES = ("none", "batch"), 20, (4, 64)
MINIBATCHES = 4  # fetched beforehand, and used in turn
CHECKED_STEPS = 5
AGREE = {"rtol": 1e-8, "atol": 1e-8}
REPETITIONS = 15
SECONDS = 0.02  # that a repetition of the stacked trainer takes about
STACKED = [
    getattr(stacked, name)
    for name in ("Normalizers", "NoNormalizers", "StackedBatchNorm", "_stack_attribute", "normalizers_of", "Stack")
]  # what a step of the stacked trainer needs


class Vmapped:
    """Runs of one arm, shape and setting of batch norm, differing in seed and learning rate; each on minibatches of its own.

    It calls `Network` as it is. Batch norm may follow its running statistics in place, since every run has its own buffers:
    vmap refuses only to write values of many runs into one tensor that they share.
    """

    def __init__(self, runs: Sequence[Run], outside: bool = False, compiled: bool = False):
        networks = [Network(run.experiment, ARMS[run.arm].normalizer, generator_for(run.experiment, "weights")) for run in runs]
        self.network, self.experiment = networks[0], runs[0].experiment  # for what all of them share
        self.loss = LOSSES[data.DATA_SETS[self.experiment.dataset].loss]
        self.parameters, self.buffers = stack_module_state(networks)
        self.velocities = {name: torch.zeros_like(values) for name, values in self.parameters.items()}
        self.learning_rate = torch.tensor([run.experiment.learning_rate for run in runs])
        self.inside = vmap(grad(self.scaled_loss, has_aux=True))
        self.many = vmap(self.scaled_loss)
        self.gradients: Callable = self.outside if outside else self.inside
        if compiled:
            self.gradients = torch.compile(self.gradients, dynamic=False)

    def scaled_loss(
        self, parameters: dict[str, Tensor], buffers: dict[str, Tensor], rate: Tensor, x: Tensor, y: Tensor
    ) -> tuple[Tensor, Tensor]:
        """One run's loss times its learning rate, whose gradient is what SGD subtracts, and the loss itself."""
        loss = self.loss(functional_call(self.network, (parameters, buffers), (x, TRAIN, self.experiment.groups)), y)
        return loss * rate, loss

    def outside(self, parameters: dict[str, Tensor], *rest: Tensor) -> tuple[dict[str, Tensor], Tensor]:
        """What `inside` gives, by autograd through vmap instead of vmap of gradients: runs do not touch each other."""
        with torch.enable_grad():
            scaled, losses = self.many(parameters, *rest)
            gradients = torch.autograd.grad(scaled.sum(), list(parameters.values()))
        return dict(zip(parameters, gradients, strict=True)), losses.detach()

    @torch.no_grad()
    def step(self, x: Tensor, y: Tensor) -> Tensor:
        """One step of SGD for every run; returns the losses [runs] before it."""
        gradients, losses = self.gradients(self.parameters, self.buffers, self.learning_rate, x, y)
        for name, parameter in self.parameters.items():
            update = gradients[name]
            if self.experiment.momentum:
                update = self.velocities[name].mul_(self.experiment.momentum).add_(update)
            parameter -= update
        return losses


def runs_of(arm: str, count: int, batch: int, momentum: float = 0.0) -> list[Run]:
    """The lecture's network on Fashion-MNIST with `count` seeds, every one with a learning rate of its own."""
    base = Experiment(batch_size=batch, momentum=momentum)
    return [canonical_run(base.replace(seed=seed, learning_rate=0.03 / (1 + seed)), arm) for seed in range(count)]


def minibatches_of(runs: Sequence[Run], count: int) -> list[tuple[Tensor, Tensor]]:
    """The first minibatches of all runs: inputs [runs, examples, features] and labels [runs, examples]."""
    log, batches = stacked.StackLog(stacked.Stack(runs)), [minibatches(run.experiment) for run in runs]
    return [log.minibatch(torch.stack([next(one) for one in batches])) for _ in range(count)]


@contextlib.contextmanager
def torch_set(threads: int, dtype: torch.dtype) -> Iterator[None]:
    """So many torch threads and this default type inside the block."""
    before = torch.get_num_threads(), torch.get_default_dtype()
    torch.set_num_threads(threads)
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_num_threads(before[0])
        torch.set_default_dtype(before[1])


# do they agree?


def check(arm: str, count: int, batch: int, momentum: float, **how: bool) -> None:
    """Losses of every step, and at the end parameters and running statistics. Raises AssertionError.

    In double precision and for few steps: batch norm of 4 examples makes a rounding error some ten times larger a step, and the
    plain trainer then differs from both as much as they do from each other.
    """
    with torch_set(1, torch.float64):
        runs = runs_of(arm, count, batch, momentum)
        ours, vmapped = stacked.Stack(runs), Vmapped(runs, **how)
        for x, y in minibatches_of(runs, CHECKED_STEPS):
            torch.testing.assert_close(vmapped.step(x.double(), y), ours.step(x.double(), y), **AGREE)
        expected = stack_module_state(ours.unstack())
        for state, same in zip((vmapped.parameters, vmapped.buffers), expected, strict=True):
            torch.testing.assert_close(state, same, **AGREE)


def check_all() -> None:
    """Both ways to take gradients, for every size that is timed with few runs."""
    for arm, batch, momentum, outside in itertools.product(ARMS_TIMED, BATCHES, (0.0, 0.9), (False, True)):
        check(arm, RUNS[0], batch, momentum, outside=outside)


# times


def quickest(steps: Sequence[Callable[[Tensor, Tensor], object]], batches: Sequence[tuple[Tensor, Tensor]]) -> list[float]:
    """Seconds that each kind of step takes, in the quickest of its repetitions. They take turns."""
    turn = itertools.cycle(batches)
    for step in (*steps, *steps):  # warms up
        step(*next(turn))
    start = perf_counter()
    steps[0](*next(turn))
    count = max(2, round(SECONDS / (perf_counter() - start)))
    times: list[list[float]] = [[] for _ in steps]
    for _ in range(REPETITIONS):
        for step, own in zip(steps, times, strict=True):
            gc.collect()
            start = perf_counter()
            for _ in range(count):
                step(*next(turn))
            own.append((perf_counter() - start) / count)
    return [min(own) for own in times]


def timed(arm: str, count: int, batch: int) -> Row:
    """A step of so many runs of one arm."""
    runs = runs_of(arm, count, batch)
    trainers = stacked.Stack(runs), Vmapped(runs), Vmapped(runs, outside=True)
    ours, inside, outside = quickest([one.step for one in trainers], minibatches_of(runs, MINIBATCHES))
    peer = f"vmap of grad: {1000 * inside:.2f} ms, autograd of vmap: {1000 * outside:.2f} ms"
    return Row(_what(arm, count, batch), peer, f"{1000 * ours:.2f} ms", f"{min(inside, outside) / ours:.2f}", "")


def compiled(arm: str, count: int, batch: int) -> Row:
    """The same for vmap under torch.compile, with the time for compiling and the steps after which that is made good."""
    torch.compiler.reset()
    runs = runs_of(arm, count, batch)
    batches, ours, vmapped = minibatches_of(runs, MINIBATCHES), stacked.Stack(runs), Vmapped(runs, compiled=True)
    start = perf_counter()
    vmapped.step(*batches[0])
    compile_seconds = perf_counter() - start
    our_seconds, other = quickest([ours.step, vmapped.step], batches)
    even = f"made good after {compile_seconds / (our_seconds - other):,.0f} steps" if other < our_seconds else "never made good"
    peer = f"vmap of grad, compiled: {1000 * other:.2f} ms; {compile_seconds:.0f} s of compiling, {even}"
    return Row(_what(arm, count, batch), peer, f"{1000 * our_seconds:.2f} ms", f"{other / our_seconds:.2f}", "")


def _what(arm: str, count: int, batch: int) -> str:
    return f"a step of {count} runs, arm {arm}, batch {batch}"


def rows() -> list[Row]:
    """All rows of this subject that need no compiler."""
    check_all()
    with torch_set(1, torch.float32):
        return [timed(*sizes) for sizes in itertools.product(ARMS_TIMED, RUNS, BATCHES)]


def compiled_rows() -> list[Row]:
    """Minutes, most of which are spent compiling."""
    check("batch", RUNS[0], BATCHES[0], 0.0, compiled=True)
    with torch_set(1, torch.float32):
        return [compiled(arm, COMPILED_RUNS, batch) for arm in COMPILED_ARMS for batch in COMPILED_BATCHES]


def lines(*objects: Callable) -> int:
    """Lines of their source that are not empty."""
    return sum(bool(line.strip()) for one in objects for line in inspect.getsource(one).splitlines())


if __name__ == "__main__":
    print(table(compiled_rows() if "--compiled" in sys.argv else rows()))
    print(f"\nLines: {lines(*STACKED)} for the stacked trainer, {lines(Vmapped)} for vmap's.")
