"""One network of a recording: what is measured of it at a snapshot."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from torch import Tensor, nn

from bnviz.recorder import parameters
from bnviz.recorder.calls import Place
from bnviz.recorder.distributions import DistributionHistory, Edges, Sizes
from bnviz.recorder.graph import normalized_together
from bnviz.recorder.idle import IdleBiases
from bnviz.recorder.layers import Layer
from bnviz.recorder.modes import Modes, TrainingModes, is_frozen, set_training_view
from bnviz.recorder.observation import ByTap, Observer
from bnviz.recorder.preserve import untouched
from bnviz.recorder.probe import Loss, Probe, accuracy, class_count, loss_value
from bnviz.recorder.recompute import Batches

LOSSES = ("train_loss", "probe_loss", "evaluation_loss", "recomputed_loss")  # of a snapshot

_log = logging.getLogger("bnviz")


class Scores(NamedTuple):
    """Loss and accuracy on the probe, where there are such."""

    loss: float | None
    accuracy: float | None


@dataclass
class Observed:
    """What a pass over the probe gives: see `bnviz.recorder.observation.Observation`; its scores, and the number of classes."""

    dead: Mapping[int, np.ndarray]

    values: Mapping[int, ByTap]
    statistics: parameters.Statistics
    scores: Scores
    classes: int | None


class Reporter:
    """Logs a failure once: measuring must never end a training, and should not fill its output."""

    def __init__(self) -> None:
        self._seen: set[str] = set()

    @contextmanager
    def attempt(self, what: str, consequence: str = "") -> Iterator[None]:
        """A block whose failure is logged, with its consequence, once for each `what`, and goes no further."""
        try:
            yield
        except (Exception, SystemExit) as error:  # a model may call sys.exit; Ctrl-C goes on
            if what not in self._seen:
                self._seen.add(what)
                reason = " ".join(str(error).split())[:300]
                _log.warning("%s could not be recorded: %s: %s%s", what, type(error).__name__, reason, consequence)


class Arm:
    """A network that is recorded, its layers, and its distributions so far."""

    def __init__(
        self,
        name: str,
        model: nn.Module,
        probe: Probe,
        loss: Loss | None,
        layers: Sequence[Layer],
        found: int,
        batch_norms: Sequence[Place],
    ):
        """`layers` are recorded, of so many that were `found`; `batch_norms` are all calls of batch norm."""
        self.name, self.model, self.probe, self.layers_found = name, model, probe, found
        self._batch_norms, self._groups = batch_norms, {}
        self.training_modes = TrainingModes(model)
        self.view = "training"  # or "evaluation", where the probe cannot be seen as in training
        self._loss = loss
        self._modules = [model, *([loss] if isinstance(loss, nn.Module) else [])]
        self.set_layers(layers)
        self._history: DistributionHistory | None = None
        self._weights = list(parameters.weights(model).values())
        self.updates = parameters.Updates(self._weights)
        self.batches: Batches | None = None  # that statistics are recomputed over
        self._also_dead: dict[int, np.ndarray] = {}  # units [units] that are dead in the last evaluation, behind masks
        self._losses: list[tuple[int, Tensor | float]] = []  # with the steps that they are of
        self._reporter = Reporter()

    def set_layers(self, layers: Sequence[Layer]) -> None:
        """Say which layers are recorded, before anything is measured."""
        self.layers, self._observer = layers, Observer(self.model, self.probe, layers, self._batch_norms)
        self._idle_biases = IdleBiases(self.model, self.probe, layers)

    def report(self, what: str, error: BaseException) -> None:
        """Log a failure, once for each `what`."""
        with self._reporter.attempt(what):
            raise error

    def add_loss(self, loss: Any, step: int) -> None:
        """Keep a step's training loss until the next snapshot. No device is waited for."""
        self._losses.append((step, loss.detach().clone() if isinstance(loss, Tensor) else loss))

    def read_graph(self, loss: Any) -> None:
        """Learn from a loss how much is normalized together."""
        with self._reporter.attempt(f"What {self.name!r} normalizes together"):
            self._groups = normalized_together(loss, self._batch_norms, dict(self.model.named_modules()))

    def observe(self, modes: Modes | None = None) -> Observed:
        """A pass over the probe in the arm's view: in training, with modules in these modes. It leaves no trace."""
        with untouched(*self._modules):
            if self.view == "training":
                set_training_view(self.model, modes)
            else:
                self.model.eval()
            observation = self._observer.observe()
            scores, classes = self._scores(observation.output)
            return Observed(observation.dead, observation.values, observation.statistics, scores, classes)

    def evaluate(self, batches: Batches | None = None) -> Scores:
        """Loss and accuracy on the probe in the evaluation view, or with statistics that are recomputed over these batches."""
        with untouched(*self._modules):
            if batches is not None:
                set_training_view(self.model, None)
                batches.recompute(self.model)
            self.model.eval()
            also, output = self._observer.observe_dead()
            for number, dead in also.items():
                self._also_dead[number] = dead
            return self._scores(output)[0]

    def _scores(self, output: Any) -> tuple[Scores, int | None]:
        """Loss and accuracy of an output, and how many classes it tells apart."""
        target, loss = self.probe.target, None
        scores, classes = accuracy(output, target), class_count(output, target)  # first: a loss may work in place
        with self._reporter.attempt(f"The loss of {self.name!r}"):
            loss = loss_value(self._loss, output, self.probe.copy_target())
        return Scores(loss, scores), classes

    def set_edges(self, edges: Edges) -> None:
        """Fix the edges of the histograms, before anything is measured."""
        self._history = DistributionHistory(self.layers, edges)

    def measure(self, modes: Modes | None, observed: Observed | None = None) -> dict[str, Any]:
        """The arm's part of a snapshot, with modules in these modes in the training view. What fails is missing."""
        part = self._take_losses()
        with self._reporter.attempt(f"Gradients and updates of {self.name!r}"):
            part["gradient_norm"] = parameters.gradient_norms(self._weights)
            part["update_ratio"] = self.updates.ratios()
        with self._reporter.attempt(f"The distributions of {self.name!r}"):
            observed = observed or self.observe(modes)
            part |= self._distributions(observed, modes)
        with self._reporter.attempt(f"{self.name!r} in evaluation"):
            scores = self.evaluate()
            part |= {"evaluation_loss": scores.loss, "evaluation_accuracy": scores.accuracy}
            self._unmask(part, observed)
        with self._reporter.attempt(f"Idle biases of {self.name!r}"):
            if self.view == "training" and (idle := self._idle_biases.measure(modes)) is not None:
                part["idle_bias"] = idle
        if self.batches is not None:
            with self._reporter.attempt(f"{self.name!r} with recomputed statistics"):
                scores = self.evaluate(self.batches)
                part |= {"recomputed_loss": scores.loss, "recomputed_accuracy": scores.accuracy}
        if lost := [key for key in LOSSES if part.get(key) is not None and not math.isfinite(part[key])]:
            part["nonfinite_losses"] = lost
        return part

    def _unmask(self, part: dict[str, Any], observed: Observed | None) -> None:
        """Add the share of dead units behind dropout: they give 0 in evaluation, too. In training a mask may set values to 0."""
        if observed is None or "dead_units" not in part:
            return
        for number, also in self._also_dead.items():
            if number in observed.dead:
                part["dead_units"][number] = (observed.dead[number] & also).mean()

    def _distributions(self, observed: Observed, modes: Modes | None) -> dict[str, Any]:
        assert self._history is not None
        return {
            "probe_loss": observed.scores.loss,
            "probe_accuracy": observed.scores.accuracy,
            **self._history.measure(observed.values, observed.dead),
            **parameters.running_statistics(self.layers, observed.statistics),
            **self._normalization(modes),
            **parameters.scales(self.layers, Sizes.of(self.layers).width),
        }

    def _normalization(self, modes: Modes | None) -> dict[str, np.ndarray]:
        """How batch norm trains [layers]: with how many values together, and whether with running statistics, in these modes."""
        if not self._batch_norms:
            return {}
        groups = [self._groups.get(layer.sites[1][0], np.nan) for layer in self.layers]
        frozen = [np.nan if modes is None else is_frozen(layer.module, modes) for layer in self.layers]
        return {"normalized_together": np.array(groups, np.float32), "frozen": np.array(frozen, np.float32)}

    def _take_losses(self) -> dict[str, Any]:
        """The mean of the losses since the last snapshot, None without any; the first step with one that is not finite."""
        losses, self._losses = self._losses, []
        if losses:
            with self._reporter.attempt(f"The training loss of {self.name!r}"):
                steps, values = [step for step, _ in losses], np.array([float(one) for _, one in losses])
                lost = np.flatnonzero(~np.isfinite(values))
                mean = {"train_loss": float(values.mean())}
                return mean | ({"nonfinite_loss_step": steps[lost[0]]} if lost.size else {})
        return {"train_loss": None}
