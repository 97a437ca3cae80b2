"""What recording a network of one's own costs.

A snapshot against TensorBoard's histograms of the same tensors, training with snapshots and without, and a snapshot's bytes
(benchmarks/peers.py has other programs beside it):
python -m benchmarks recorder
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from contextlib import closing
from tempfile import TemporaryDirectory
from time import process_time

import torch
from torch import Tensor, nn
from torch.utils.tensorboard.writer import SummaryWriter

import bnviz
from benchmarks import Row, seconds

PROBE, BATCH, EVERY = 128, 128, 100
ROUNDS, SNAPSHOTS = 9, 9  # of training, and of snapshots
DEEP = 20  # layers


def convolutional() -> nn.Sequential:
    """A small network for images of 28 × 28."""
    return nn.Sequential(
        *(nn.Conv2d(1, 16, 3, padding=1), nn.BatchNorm2d(16), nn.ReLU()),
        *(nn.Conv2d(16, 32, 3, stride=2, padding=1), nn.BatchNorm2d(32), nn.ReLU()),
        *(nn.Conv2d(32, 32, 3, stride=2, padding=1), nn.BatchNorm2d(32), nn.ReLU()),
        *(nn.Flatten(), nn.Linear(32 * 49, 10)),
    )


def probe() -> tuple[Tensor, Tensor]:
    """Examples and classes, always the same after a seed."""
    return torch.randn(PROBE, 1, 28, 28), torch.randint(10, (PROBE,))


def rows() -> Iterator[Row]:
    """All rows of this subject."""
    torch.manual_seed(0)
    torch.set_num_threads(1)
    images, labels = probe()
    yield from snapshot_rows(images, labels)
    yield training_row(images, labels)
    yield size_row()


def snapshot_rows(images: Tensor, labels: Tensor) -> list[Row]:
    """A snapshot with its two passes over the probe against the same tensors in TensorBoard, without a pass; and what is left
    without these passes. All three take turns."""
    model = convolutional()
    recorder = bnviz.record(model, (images, labels), nn.functional.cross_entropy, every=1)
    tensors, other = values_of(model, images), convolutional()
    with TemporaryDirectory() as folder, closing(SummaryWriter(folder)) as writer:

        def histograms() -> None:
            for number, values in enumerate(tensors):
                writer.add_histogram(str(number), values)

        ours, peer, passes = seconds(recorder.step, histograms, lambda: two_passes(other, images), repetitions=SNAPSHOTS)
    name = f"TensorBoard's add_histogram: {1e3 * peer:.0f} ms"
    rest = max(0.0, ours - passes)
    return [
        Row("a snapshot of a small CNN", name, f"{1e3 * ours:.0f} ms", f"{ours / peer:.2f}", "≤ 0.25"),
        Row("the same, without its two passes over the probe", name, f"{1e3 * rest:.0f} ms", f"{rest / peer:.2f}", ""),
    ]


@torch.no_grad()
def two_passes(model: nn.Module, images: Tensor) -> None:
    """A pass as in training, and one in evaluation: what nobody who shows both can leave out."""
    for training in (True, False):
        model.train(training)(images)


def values_of(model: nn.Sequential, x: Tensor) -> list[Tensor]:
    """What goes into each batch norm, what comes out, and what the next layer gets."""
    values, found = x, []
    with torch.no_grad():
        for module in model:
            before, values = values, module(values)
            if isinstance(module, nn.BatchNorm2d):
                found += [before, values]
            elif isinstance(module, nn.ReLU):
                found.append(values)
    return found


def training_row(images: Tensor, labels: Tensor) -> Row:
    """Training with a snapshot every 100 steps against the bare loop: processor time of the steps, and of the recorder's calls.

    Both are of one loop. Two loops in turns were tried: on a shared machine a step of either takes 60 to 130 ms, and their ratio
    was between 0.94 and 1.01. So the row leaves out what a snapshot does to the caches of the step after it.
    """
    model = convolutional()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    x, y = torch.randn(BATCH, 1, 28, 28), torch.randint(10, (BATCH,))
    recorder = bnviz.record(model, (images, labels), nn.functional.cross_entropy, every=lambda step: step % EVERY == 0)
    bare = recording = 0.0
    for _ in range(ROUNDS * EVERY):
        start = process_time()
        optimizer.zero_grad()
        loss = nn.functional.cross_entropy(model(x), y)
        loss.backward()
        optimizer.step()
        end = process_time()
        recorder.step(loss=loss)
        bare, recording = bare + end - start, recording + process_time() - end
    peer, ours = (f"{ROUNDS * EVERY / time:.1f} steps/s" for time in (bare, bare + recording))
    return Row("training, a snapshot each 100 steps", f"bare loop: {peer}", ours, f"{bare / (bare + recording):.3f}", "≥ 0.98")


def size_row() -> Row:
    """Bytes of a snapshot of 20 layers of 64 units, as a compressed file holds it."""
    layers = [part for _ in range(DEEP) for part in (nn.Linear(64, 64), nn.BatchNorm1d(64), nn.ReLU())]
    model, x = nn.Sequential(*layers, nn.Linear(64, 10)), torch.randn(PROBE, 64)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01)
    recorder = bnviz.record(model, x, every=1)
    for _ in range(3):
        optimizer.zero_grad()
        model(x).square().mean().backward()
        optimizer.step()
        recorder.step()
    last = recorder.lines()[-1]
    text, packed = f"{len(last) / 1e3:.0f} kB as text", f"{len(zlib.compress(last, 4)) / 1e3:.0f} kB, gzip"
    return Row(f"a snapshot of {DEEP} layers", text, packed, "–", "≤ 30 kB")
