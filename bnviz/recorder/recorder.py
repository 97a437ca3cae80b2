"""`bnviz.record`: a recording of any PyTorch model while it trains.

    with bnviz.record(model, probe=(x, y), loss=loss_fn, out="run.ndjson") as recorder:
        for x, y in loader:
            ...  # zero_grad, forward, backward, optimizer.step(): your training step
            recorder.step(loss=loss)

Training is never touched: between snapshots `step` is a counter, and a snapshot puts back what its forward passes change
(`bnviz.recorder.preserve`). A measurement that fails is logged once and missing in the recording; it never ends a training.
"""

from __future__ import annotations

import html
import importlib
import os
import platform
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import torch
from torch import nn

from bnviz.config.experiment import FORMAT, PERCENTILES
from bnviz.judge.network import find, judge
from bnviz.judge.network.finding import Finding
from bnviz.record import ndjson
from bnviz.record.ndjson import TAPS
from bnviz.record.version import versions
from bnviz.recorder import parameters
from bnviz.recorder.arm import Arm, Observed
from bnviz.recorder.cost import Cost
from bnviz.recorder.distributions import Edges, Sizes, layer_edges
from bnviz.recorder.layers import Choice
from bnviz.recorder.models import arms_of, first_observation
from bnviz.recorder.modes import Modes
from bnviz.recorder.output import Output
from bnviz.recorder.probe import Loss
from bnviz.recorder.reporter import Reporter
from bnviz.recorder.schedule import Every, schedule
from bnviz.recorder.tensorboard import Writer, write_snapshot

FRAME_HEIGHT = 900  # pixels, of the player in a notebook


def record(
    model: nn.Module | Mapping[str, nn.Module],
    probe: Any,
    loss: Loss | None = None,
    out: str | os.PathLike[str] | None = None,
    every: Every = 100,
    layers: Choice = None,
    *,
    recompute: Iterable[Any] | None = None,
    title: str | None = None,
    total_steps: int | None = None,
) -> Recorder:
    """Begin a recording of a model, or of up to four that train side by side, by name. The first snapshot is taken at once.

    `probe` are the fixed examples on which it is measured, (inputs, target) on the model's device: see `recorder.probe.Probe`.
    `loss(output, target)` is the loss on them. `out` is the file to write (.ndjson); without it the recording stays in memory. A
    snapshot is taken after every `every` steps, more often at first, or when `every(step)` is true. `layers` are those to record:
    a pattern, names or modules; all if left out. With `recompute`, a DataLoader or a list of batches, a third view is recorded:
    in evaluation, with statistics of batch norm recomputed over its first batches. `title` names the recording, `total_steps` is
    how long training will be.

    Raises TypeError or ValueError for what cannot be recorded, and OSError for a file that cannot be written.
    """
    return Recorder(model, probe, loss, out, every, layers, recompute=recompute, title=title, total_steps=total_steps)


class Recorder:
    """Records while a network trains; `record` says how. Close it, or use it in a `with` block."""

    def __init__(
        self,
        model: nn.Module | Mapping[str, nn.Module],
        probe: Any,
        loss: Loss | None,
        out: str | os.PathLike[str] | None,
        every: Every,
        layers: Choice,
        *,
        recompute: Iterable[Any] | None,
        title: str | None,
        total_steps: int | None,
    ):
        self.cost = Cost()
        self._due = schedule(every)
        self._steps, self._index, self._snapshot_step = 0, 0, -1
        self._is_due_next, self._is_open = False, True
        self._modes: list[Modes] | None = None  # of the last snapshot, in which the arms train
        self._reporter = Reporter()
        self._arms: list[Arm] = []
        self._output: Output | None = None
        self._edges: Edges = []
        self._last: dict[str, Any] = {}  # the last snapshot
        self._writer: Writer | None = None
        if is_writer():
            self._arms = arms_of(model, probe, loss, layers, recompute)
            observed = [first_observation(arm) for arm in self._arms]
            self._output = Output(out)
            self._begin(observed, header_of(self._arms, title, total_steps))

    def _begin(self, observed: list[Observed], header: dict[str, Any]) -> None:
        """Write the header and the first snapshot."""
        edges = self._edges = layer_edges([one.values for one in observed], self._arms[0].layers)
        for arm in self._arms:
            arm.set_edges(edges)
        header |= {
            "arms": [arm.name for arm in self._arms],
            "edges": {tap: np.stack([layer[number] for layer in edges]) for number, tap in enumerate(TAPS)},
            "classes": observed[0].scores.classes,
        }
        self._write({key: header[key] for key in HEADER_KEYS if key in header})
        self._snapshot(None, observed)
        self._look_ahead()

    def step(self, loss: Any = None, epoch: float | None = None) -> None:
        """Count a step of the optimizer that has been taken, and take a snapshot if one is due.

        `loss` is the step's training loss, a tensor or a number; of several arms a dictionary by their names. `epoch` says how
        far training is, in passes over its data.
        """
        self._steps += 1
        if not self._arms or not self._is_open:
            return
        if isinstance(loss, Mapping):
            self._report_others(loss)
        for arm in self._arms:
            value = loss.get(arm.name) if isinstance(loss, Mapping) else loss
            if value is not None:
                arm.add_loss(value, self._steps)
            if self._is_due_next:
                arm.read_graph(value)
        if self._is_due_next:
            self._modes = [arm.training_modes.now() for arm in self._arms]
            self._snapshot(self._modes, None, self._number("An epoch", epoch))
        with self._reporter.attempt("Snapshots that every= chooses", ". No more are taken."):
            self._look_ahead()
            return
        self._due = lambda step: False

    def _report_others(self, losses: Mapping[Any, Any]) -> None:
        """Say once which losses of a step are of no network of this recording."""
        names = [arm.name for arm in self._arms]
        if others := [name for name in losses if name not in names]:
            with self._reporter.attempt("A loss of step()"):
                raise ValueError(f"{others[0]!r:.60} names no network; expected {', '.join(map(repr, names))}")

    def _look_ahead(self) -> None:
        """Whether the next step has a snapshot. If so, weights are kept as they are before it. Raises what `every` raises."""
        self._is_due_next = False
        self._is_due_next = bool(self._due(self._steps + 1))
        if self._is_due_next:
            with self._reporter.attempt("Updates"):
                for arm in self._arms:
                    arm.updates.note()

    def _snapshot(self, modes: Sequence[Modes] | None, observed: Sequence[Observed] | None, epoch: float | None = None) -> None:
        with self.cost.snapshot():
            parts = {
                arm.name: arm.measure(modes[number] if modes else None, observed[number] if observed else None)
                for number, arm in enumerate(self._arms)
            }
            position = {"index": self._index, "step": self._steps, "epoch": epoch}
            self._last = {"type": "snapshot", **position, "arms": parts}
            self._index += self._write(self._last)  # a line that is lost leaves no gap
            self._log()
        self._snapshot_step = self._steps

    def _write(self, message: dict[str, Any]) -> bool:
        """Add a line. Whether it could be written."""
        with self._reporter.attempt("A snapshot"):
            line = ndjson.line(message, self._missing)
            if self._output is not None:
                self._output.write(line)
            self.cost.bytes += len(line)
            return True
        return False

    def _missing(self, value: Any) -> None:
        """The recorded value of something that cannot be recorded: null, with one warning for each kind of value."""
        with self._reporter.attempt(f"A value of type {type(value).__name__}"):
            raise TypeError("a recording holds numbers, texts and arrays")

    def _number(self, what: str, value: Any) -> float | None:
        """A number of any type as a float; None if it is no number, with one warning."""
        with self._reporter.attempt(what):
            return None if value is None else float(value)
        return None

    def log_to(self, writer: Writer) -> None:
        """Write the histograms and losses of this snapshot and of all to come to a TensorBoard `SummaryWriter`, too."""
        self._writer = writer
        self._log()

    def _log(self) -> None:
        if self._writer is not None and self._arms:
            with self._reporter.attempt("TensorBoard's histograms"):
                write_snapshot(self._writer, self._arms[0].layers, self._edges, self._last)

    def findings(self) -> list[Finding]:
        """The findings so far, most urgent first; as a text, a finding is a sentence. Raises OSError."""
        return find(self.messages())

    def show(self) -> Any:
        """The recording so far as a player, in a notebook. Raises ModuleNotFoundError outside of one."""
        display = importlib.import_module("IPython.display")
        # Imported by name, because the page belongs to bnviz.web, which does not import PyTorch and may import this package.
        page = importlib.import_module("bnviz.web.export.own_page").saved_page(b"".join(self.lines()), "recording")
        source = html.escape(page.decode())
        frame = f'<iframe srcdoc="{source}" width="100%" height="{FRAME_HEIGHT}" style="border: 0"></iframe>'
        return display.HTML(frame)

    def close(self, status: str = "finished", message: str = "") -> None:
        """Take a last snapshot, if steps have been taken since the one before, and end the recording. It may be called twice."""
        if not self._is_open:
            return
        if self._arms and self._snapshot_step < self._steps:
            self._snapshot(self._modes, None)
        self._is_open = False
        self.cost.stop()
        end = {"type": "end", "status": status, "message": message, "seconds": round(self.cost.elapsed, 3)}
        with self._reporter.attempt("Findings"):
            found, end["not_looked_for"] = judge(self.messages())
            end["findings"] = [one.as_json() for one in found]
        self._write(end)
        if self._output is not None:
            self._output.close()

    def __enter__(self) -> Recorder:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: Any) -> None:
        if error is None:
            self.close()
        elif isinstance(error, Exception):
            self.close("failed", f"{type(error).__name__}: {error}"[:300])
        else:
            self.close("stopped", "Training was interrupted.")

    def messages(self) -> Iterator[dict[str, Any]]:
        """What is recorded so far: header, snapshots, end, with arrays. Raises OSError."""
        return ndjson.read(self.lines())

    def lines(self) -> list[bytes]:
        """The lines that are recorded so far. Raises OSError."""
        return self._output.lines() if self._output is not None else []

    def __repr__(self) -> str:
        count, layers = len(self._arms), len(self._arms[0].layers) if self._arms else 0
        return f"<bnviz recorder: {count} arms, {layers} layers, {self._index} snapshots, step {self._steps}>"


HEADER_KEYS = (
    "type", "format", "id", "title", "arms", "hidden_layers", "taps", "edges", "layers", "arm_layers", "layers_found",
    "arm_layers_found", "view", "probe_size", "total_steps", "classes", "watched_units", "percentiles", "parameters",
    "arm_parameters", "versions",
)  # fmt: skip


def header_of(arms: Sequence[Arm], title: str | None, total_steps: int | None) -> dict[str, Any]:
    """What a recording's first line says of its first arm, and of other arms where they differ from it."""
    arm, *_ = arms
    return {
        "type": "header",
        "format": FORMAT,
        "id": secrets.token_hex(8),
        **({"title": title} if title else {}),
        "hidden_layers": len(arm.layers),
        "taps": list(TAPS),
        **_by_arm("layers", {one.name: [layer.describe() for layer in one.layers] for one in arms}),
        **_by_arm("layers_found", {one.name: one.layers_found for one in arms}),
        "view": arm.view,
        "probe_size": arm.probe.size,
        "total_steps": total_steps,
        "watched_units": list(range(Sizes.of(arm.layers).watched)),
        "percentiles": list(PERCENTILES),
        **_by_arm("parameters", {one.name: list(parameters.weights(one.model)) for one in arms}),
        "versions": {**versions(), "python": platform.python_version()},
    }


def _by_arm(key: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """A header's key for the value of the first arm, and `arm_` and this key for those of others that differ from it."""
    first, *_ = values.values()
    differing = {name: value for name, value in values.items() if value != first}
    return {key: first, **({f"arm_{key}": differing} if differing else {})}


def is_writer() -> bool:
    """Whether this process records: of several that train together, the first one."""
    distributed = torch.distributed
    return not (distributed.is_available() and distributed.is_initialized() and distributed.get_rank() > 0)
