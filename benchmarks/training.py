"""Training and measuring against a bare PyTorch loop and against TensorBoard.

python -m benchmarks.training

The bare loop trains the same two networks on the same minibatches and does nothing else: no loss is read, nothing is measured.
"""

from __future__ import annotations

import tempfile
import zlib
from collections.abc import Iterator
from time import perf_counter
from typing import Any

import torch
from torch import nn
from torch.nn import functional
from torch.utils.tensorboard import SummaryWriter

from benchmarks import Row, seconds, table
from bnviz.config.experiment import PROBE_SIZE, Experiment
from bnviz.data import DATA_SETS
from bnviz.measures.minibatch_noise import minibatch_noise
from bnviz.measures.registry import live_measures
from bnviz.nets.normalizers import MEASURE
from bnviz.record import ndjson
from bnviz.train import loop

EXPERIMENT = Experiment()
SNAPSHOTS_A_SECOND = 15
NOISE_EVERY = next(extra.every for extra in live_measures() if extra.function is minibatch_noise)  # snapshots
REPETITIONS = 3


def plain_network(batch_norm: bool) -> nn.Sequential:
    """The lecture's network as anybody would write it."""
    layers, inputs = [], DATA_SETS[EXPERIMENT.dataset].features
    for _ in range(EXPERIMENT.hidden_layers):
        layers += [nn.Linear(inputs, EXPERIMENT.width), *([nn.BatchNorm1d(EXPERIMENT.width)] * batch_norm), nn.ReLU()]
        inputs = EXPERIMENT.width
    return nn.Sequential(*layers, nn.Linear(inputs, DATA_SETS[EXPERIMENT.dataset].classes))


def bare_loop(tensors: loop.DataTensors) -> None:
    """Both networks, every step of the experiment."""
    networks = [plain_network(batch_norm) for batch_norm in (False, True)]
    optimizers = [torch.optim.SGD(network.parameters(), lr=EXPERIMENT.learning_rate) for network in networks]
    batches = loop.minibatches(EXPERIMENT)
    for _ in range(EXPERIMENT.steps):
        indices = next(batches)
        x, y = tensors.x_train[indices], tensors.y_train[indices]
        for network, optimizer in zip(networks, optimizers, strict=True):
            loss = functional.cross_entropy(network(x), y)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()


def recorded_lines(experiment: Experiment = EXPERIMENT) -> Iterator[bytes]:
    """The snapshots of a run as lines."""
    for snapshot in loop.train(experiment):
        if snapshot:
            yield ndjson.line(snapshot)


def paced_loop(tensors: loop.DataTensors) -> None:
    """Every step in lockstep, with as many snapshots as fit the pace of 15 a second of wall time."""
    due, start = 0, perf_counter()
    arms = [loop.ArmTrainer(EXPERIMENT, name) for name in EXPERIMENT.arms]
    batches = loop.minibatches(EXPERIMENT)
    minibatch = next(batches)
    for step in range(EXPERIMENT.steps):
        if (perf_counter() - start) * SNAPSHOTS_A_SECOND >= due:
            ndjson.line({"arms": loop.measure_arms(arms, tensors, minibatch, due, last=False)})
            due += 1
        x, y = tensors.x_train[minibatch], tensors.y_train[minibatch]
        for arm in arms:
            arm.step(x, y)
            arm.check_divergence(step, arm.train_metrics.last_loss)
        minibatch = next(batches)


def complete_run() -> None:
    """The default experiment with all its snapshots, every one a line."""
    for _ in recorded_lines():
        pass


def loops() -> list[Row]:
    """Whole runs, in turn with the bare loop."""
    tensors = loop.DataTensors(EXPERIMENT)
    bare, paced, complete = seconds(
        lambda: bare_loop(tensors), lambda: paced_loop(tensors), complete_run, repetitions=REPETITIONS
    )
    rate = EXPERIMENT.steps / bare
    return [
        Row(
            f"lockstep training at {SNAPSHOTS_A_SECOND} snapshots/s, pair steps/s",
            f"bare PyTorch loop: {rate:.0f}",
            f"{EXPERIMENT.steps / paced:.0f}",
            f"{bare / paced:.2f}",
            "≥ 0.90",
        ),
        Row(
            f"default run complete, {EXPERIMENT.snapshots} snapshots",
            f"bare PyTorch loop: {bare:.2f} s",
            f"{complete:.2f} s",
            f"{complete / bare:.2f}",
            "≤ 2",
        ),
    ]


def gradient_shift() -> list[Row]:
    """What gradient shift costs a run that asks for it; one that does not is the row above."""
    with_gradient_shift = EXPERIMENT.replace(gradient_shift="yes")
    without, with_it = seconds(complete_run, lambda: list(recorded_lines(with_gradient_shift)), repetitions=3)
    ratio = f"{with_it / without:.2f}"
    return [Row("default run complete, gradient shift measured", f"without it: {without:.2f} s", f"{with_it:.2f} s", ratio, "")]


def trained_arms(steps: int = 100) -> tuple[loop.DataTensors, list[loop.ArmTrainer], torch.Tensor]:
    """Two arms in the middle of their training, measured before."""
    tensors, arms = loop.DataTensors(EXPERIMENT), [loop.ArmTrainer(EXPERIMENT, name) for name in EXPERIMENT.arms]
    batches = loop.minibatches(EXPERIMENT)
    for step in range(steps):
        indices = next(batches)
        for arm in arms:
            if step % 25 == 0:
                arm.measure(tensors, indices, 0, last=False)
            arm.step(tensors.x_train[indices], tensors.y_train[indices])
    return tensors, arms, next(batches)


def tap_outputs(tensors: loop.DataTensors, arm: loop.ArmTrainer) -> list[torch.Tensor]:
    """The fifteen tensors [512, 64] of one arm that a snapshot measures."""
    taps: list[Any] = []
    with torch.no_grad():
        arm.network(tensors.x_test[:PROBE_SIZE], MEASURE, taps=taps)
    return [output for layer in taps for output in layer]


def snapshot() -> list[Row]:
    """One snapshot on one thread, noise at its usual rate, against TensorBoard's histograms alone of the same 30 tensors."""
    tensors, arms, minibatch = trained_arms()
    outputs = [output for arm in arms for output in tap_outputs(tensors, arm)]
    count = NOISE_EVERY

    def ours() -> None:
        for index in range(count):
            for arm in arms:  # as after a step: nothing is seen twice, and nothing is missing
                arm.train_metrics.add(torch.tensor(1.0), torch.zeros(EXPERIMENT.batch, 10), tensors.y_train[minibatch])
            ndjson.line({"arms": {arm.name: arm.measure(tensors, minibatch, index, last=False) for arm in arms}})

    with tempfile.TemporaryDirectory() as folder, SummaryWriter(folder) as writer:

        def peer() -> None:
            for index in range(count):
                for number, output in enumerate(outputs):
                    writer.add_histogram(f"tap{number}", output, index)

        peer_ms, our_ms = (1000 * total / count for total in seconds(peer, ours, repetitions=4 * REPETITIONS))
    what = "one whole snapshot: forward of both arms, every measure, encoding"
    return [
        Row(
            what,
            f"TensorBoard, add_histogram alone: {peer_ms:.1f} ms",
            f"{our_ms:.1f} ms",
            f"{our_ms / peer_ms:.2f}",
            "≤ 0.15",
        )
    ]


def wire() -> list[Row]:
    """Bytes as a stream sends them: gzip level 5, flushed after every line."""
    packer = zlib.compressobj(5, wbits=31)
    plain = packed = 0
    for line in recorded_lines():
        plain += len(line)
        packed += len(packer.compress(line) + packer.flush(zlib.Z_SYNC_FLUSH))
    plain, packed = plain / EXPERIMENT.snapshots, packed / EXPERIMENT.snapshots
    return [
        Row(
            "bytes a snapshot on the wire",
            f"not compressed: {plain / 1000:.1f} kB",
            f"{packed / 1000:.1f} kB",
            f"{packed / plain:.2f}",
            "≤ 8 kB",
        )
    ]


def rows() -> list[Row]:
    """All rows of this subject, on one torch thread."""
    torch.set_num_threads(1)
    complete_run()  # loads the data and warms PyTorch up
    return [*loops(), *gradient_shift(), *snapshot(), *wire()]


if __name__ == "__main__":
    print(table(rows()))
