"""One network of a recording: what is measured of it at a snapshot."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
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
from bnviz.recorder.losses import TrainingLosses
from bnviz.recorder.masked import MaskedUnits
from bnviz.recorder.modes import Modes, TrainingModes, is_frozen, set_training_view
from bnviz.recorder.observation import ByTap, Observer
from bnviz.recorder.preserve import untouched
from bnviz.recorder.probe import Loss, Probe, accuracy, logits_of, loss_value
from bnviz.recorder.reachable import modules_within
from bnviz.recorder.recompute import Batches
from bnviz.recorder.reporter import Reporter

LOSSES = ("train_loss", "probe_loss", "evaluation_loss", "recomputed_loss")  # of a snapshot


class Scores(NamedTuple):
    """Loss and accuracy on the probe, and how many classes are told apart, where there are such."""

    loss: float | None
    accuracy: float | None
    classes: int | None


@dataclass
class Observed:
    """What a pass over the probe gives: see `bnviz.recorder.observation.Observation`; its scores, and, as long as idle biases are
    looked for, its outputs."""

    dead: Mapping[int, np.ndarray]
    values: Mapping[int, ByTap]
    statistics: parameters.Statistics
    scores: Scores
    outputs: Sequence[Tensor]


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
        self.set_layers(layers)
        self._history: DistributionHistory | None = None
        self._weights = list(parameters.weights(model).values())
        self.updates = parameters.Updates(self._weights)
        self.batches: Batches | None = None  # that statistics are recomputed over
        self._masked_units, self._losses = MaskedUnits(), TrainingLosses()
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
        self._losses.add(loss, step)

    def read_graph(self, loss: Any) -> None:
        """Learn from a loss how much is normalized together."""
        with self._reporter.attempt(f"What {self.name!r} normalizes together"):
            self._groups = normalized_together(loss, self._batch_norms, dict(self.model.named_modules()))

    def _called(self) -> list[nn.Module]:
        """The modules that a pass over the probe and its loss may call."""
        return [self.model, *self.probe.modules(), *modules_within(self._loss)]

    def observe(self, modes: Modes | None = None) -> Observed:
        """A pass over the probe in the arm's view: in training, with modules in these modes. It leaves no trace."""
        with untouched(*self._called()):
            if self.view == "training":
                set_training_view(self.model, modes)
            else:
                self.model.eval()
            observation = self._observer.observe()
            outputs = self._idle_biases.usual(observation.output)  # before a loss may work in place
            scores = self._scores(observation.output)
            return Observed(observation.dead, observation.values, observation.statistics, scores, outputs)

    def evaluate(self, batches: Batches | None = None) -> Scores:
        """Loss and accuracy on the probe in the evaluation view, or with statistics that are recomputed over these batches."""
        with untouched(*self._called(), *(batches.modules() if batches is not None else ())):
            if batches is not None:
                set_training_view(self.model, None)
                batches.recompute(self.model)
            self.model.eval()
            masked, output = self._observer.observe_masked()
            self._masked_units.note_evaluation(masked)
            return self._scores(output)

    def _scores(self, output: Any) -> Scores:
        """What an output scores."""
        loss, found = None, logits_of(output, self.probe.target)
        share, classes = (accuracy(*found), found[0].shape[found[2]]) if found else (None, None)  # a loss may work in place
        with self._reporter.attempt(f"The loss of {self.name!r}"):
            loss = loss_value(self._loss, output, self.probe.copy_target())
        return Scores(loss, share, classes)

    def set_edges(self, edges: Edges) -> None:
        """Fix the edges of the histograms, before anything is measured."""
        self._history = DistributionHistory(self.layers, edges)

    def measure(self, modes: Modes | None, observed: Observed | None = None) -> dict[str, Any]:
        """The arm's part of a snapshot, with modules in these modes in the training view. What fails is missing."""
        part: dict[str, Any] = {"train_loss": None}
        with self._reporter.attempt(f"The training loss of {self.name!r}"):
            part |= self._losses.take()
        with self._reporter.attempt(f"Gradients and updates of {self.name!r}"):
            part["gradient_norm"] = parameters.gradient_norms(self._weights)
            part["update_ratio"] = self.updates.ratios()
        with self._reporter.attempt(f"The distributions of {self.name!r}"):
            observed = observed or self.observe(modes)
            part |= self._distributions(observed, modes)
        with self._reporter.attempt(f"{self.name!r} in evaluation"):
            scores = self.evaluate()
            part |= {"evaluation_loss": scores.loss, "evaluation_accuracy": scores.accuracy}
            if observed is not None and "dead_units" in part:
                self._masked_units.fill(part, observed.dead)
        with self._reporter.attempt(f"Idle biases of {self.name!r}"):
            if observed is not None and self.view == "training":
                idle = self._idle_biases.measure(modes, observed.outputs)
                part |= {} if idle is None else {"idle_bias": idle}
        if self.batches is not None:
            with self._reporter.attempt(f"{self.name!r} with recomputed statistics"):
                scores = self.evaluate(self.batches)
                part |= {"recomputed_loss": scores.loss, "recomputed_accuracy": scores.accuracy}
        if lost := [key for key in LOSSES if part.get(key) is not None and not math.isfinite(part[key])]:
            part["nonfinite_losses"] = lost
        return part

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
