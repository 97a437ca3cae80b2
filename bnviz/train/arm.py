"""The trainer of one arm of a live run."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import torch
from torch import Tensor
from torch.nn import functional

from bnviz import data
from bnviz.config import course
from bnviz.config.arms import ARMS
from bnviz.config.experiment import PROBE_SIZE, Experiment
from bnviz.measures import example_values
from bnviz.measures.context import Draw, ExampleValues, LiveContext, probe_noise
from bnviz.measures.probe import History, Probe
from bnviz.measures.registry import live_measures
from bnviz.measures.scales import scales
from bnviz.nets.network import LayerTaps, Network, Taps, accuracy
from bnviz.nets.normalizers import EVALUATE, MEASURE, TRAIN
from bnviz.nets.switching import switch
from bnviz.train.minibatches import DataTensors, generator_for
from bnviz.train.sgd import SGD, Decay

LOSSES = {"cross-entropy": functional.cross_entropy, "squared": functional.mse_loss}


class Observation(NamedTuple):
    """What measures are told of the probe: its taps now, distributions, and values of the same examples before and now."""

    taps: Taps
    history: History
    values_before: ExampleValues | None = None
    values: ExampleValues | None = None


class ArmTrainer:
    """One arm of a live run: its network, its optimizer, and the state that its snapshots need."""

    def __init__(self, experiment: Experiment, name: str):
        self.name, self.spec, self.experiment, self.groups = name, ARMS[name], experiment, experiment.groups
        self.loss = LOSSES[data.DATA_SETS[experiment.dataset].loss]
        self.normalizer = course.normalizer(experiment, name, 0)
        self.network = Network(experiment, self.normalizer, generator_for(experiment, "weights"))
        decay, rates = Decay.of(experiment, self.spec.rising), (experiment.learning_rate, experiment.momentum)
        self.optimizer = SGD(self.network.parameters(), *rates, self.network.hidden_weights, decay)
        self.is_held, self.frozen_layer = False, 0
        self.dropout = generator_for(experiment, "dropout")
        self.diverged_at: int | None = None
        self.train_metrics = _TrainMetrics()
        self.probe = Probe(experiment)
        self.values: ExampleValues | None = None  # of the last snapshot
        self.measures = [(measure.every, measure.function) for measure in live_measures() if measure.applies_to(experiment)]

    @property
    def bytes(self) -> int:
        """About the size of its weights and velocities."""
        return sum(tensor.nbytes for tensor in (*self.network.state_dict().values(), *self.optimizer.velocities.values()))

    def step(self, x: Tensor, y: Tensor) -> None:
        """One step of SGD on a minibatch, or on several [accumulate × batch, …]: on the mean of their gradients."""
        count, learns = self.experiment.accumulate, False
        self.optimizer.zero_grad()
        for inputs, labels in zip(x.chunk(count), y.chunk(count), strict=True):
            logits = self.network(inputs, TRAIN, self.groups, self.dropout)
            loss = self.loss(logits, labels)
            if learns := loss.requires_grad:
                (loss if count == 1 else loss / count).backward()
            self.train_metrics.add(loss, logits, labels)
        if learns:
            self.optimizer.step()
        self.train_metrics.end_step(count)

    @torch.no_grad()
    def measure(self, tensors: DataTensors, minibatch: Tensor, index: int, last: bool) -> dict[str, Any]:
        """The arm's part of the `index`-th snapshot; `minibatch` [batch] are the indices of the one that comes next."""
        result = {"normalizer": self.normalizer, **self._training(tensors.x_train[minibatch], tensors.y_train[minibatch])}
        logits, probe_logits, taps = self._forward_test(tensors)
        result["test_loss"] = self.loss(logits, tensors.y_test).item()
        result["test_accuracy"] = accuracy(logits, tensors.y_test)
        result["probe_loss"] = self.loss(probe_logits, tensors.y_test[:PROBE_SIZE]).item()
        observation = self._remember(tensors, minibatch, index, taps)
        result |= self.probe.measure(observation.history) | scales(self.network)
        context = self.context(tensors, minibatch, observation)
        for every, function in self.measures:
            if last or index % every == 0:
                result |= function(context)
        return result

    @torch.no_grad()
    def observe(self, tensors: DataTensors, minibatch: Tensor, index: int) -> Observation:
        """Observe the probe, and remember it as the `index`-th snapshot's; `minibatch` is as in `measure`."""
        *_, taps = self._forward_test(tensors)
        return self._remember(tensors, minibatch, index, taps)

    def _remember(self, tensors: DataTensors, minibatch: Tensor, index: int, taps: Taps) -> Observation:
        history = self.probe.observe(taps)
        if self.name not in self.experiment.arms[:2]:
            return Observation(taps, history)
        draw = Draw(minibatch, self.groups, self.dropout.get_state(), index)
        values = example_values.observe(self.network, self.normalizer, tensors.x_train, taps, draw)
        before, self.values = self.values or values, values
        return Observation(taps, history, before, values)

    def context(self, tensors: DataTensors, minibatch: Tensor, observation: Observation) -> LiveContext:
        """The context of measures; `observation` is what `observe` returns."""
        history = observation.history
        return LiveContext(
            network=self.network,
            experiment=self.experiment,
            loss=self.loss,
            examples=tensors.examples(),
            minibatch=minibatch,
            arm=self.name,
            normalizer=self.normalizer,
            optimizer=self.optimizer,
            dropout=self.dropout,
            taps=observation.taps,
            first=history.first,
            previous=history.previous,
            current=history.current,
            values_before=observation.values_before,
            values=observation.values,
        )

    def _forward_test(self, tensors: DataTensors) -> tuple[Tensor, Tensor, Taps]:
        """Logits of the test examples in the evaluation view; logits and taps of the probe in the training view.

        The views are the same where nothing is normalized with statistics of the batch and no noise is added.
        """
        z = tensors.first_linear(self.network.linears[0])
        evaluated: Taps = []
        logits = self.network.forward_from_first(z, EVALUATE, taps=evaluated)
        noise = probe_noise(self.experiment, self.normalizer, self.dropout)
        if noise is None and not self.network.has_running_statistics:
            probe = [LayerTaps(*(tap[:PROBE_SIZE] for tap in layer)) for layer in evaluated]
            return logits, logits[:PROBE_SIZE], probe
        taps: Taps = []
        return logits, self.network.forward_from_first(z[:PROBE_SIZE], MEASURE, generator=noise, taps=taps), taps

    def _training(self, x: Tensor, y: Tensor) -> dict[str, Any]:
        """Loss and accuracy on the minibatches since the last snapshot, and gradient norms [layers + 1] of the last one.

        For the untrained network they are those of the first minibatch. What does not learn has no gradient: its norm is 0.
        """
        gradients = [linear.weight.grad for linear in self.network.linears]
        if self.train_metrics.minibatches == 0:
            with torch.enable_grad():
                logits = self.network(x, MEASURE, self.groups)
                loss = self.loss(logits, y)
                gradients = self._gradients(loss)
            self.train_metrics.add(loss, logits, y)
        loss, share = self.train_metrics.pop_means()
        norms = torch.tensor([0.0 if gradient is None else gradient.norm().item() for gradient in gradients]).float().numpy()
        return {"train_loss": loss, "train_accuracy": share, "gradient_norm": norms}

    def _gradients(self, loss: Tensor) -> list[Tensor | None]:
        """The gradient of every layer's W, None where it does not learn."""
        weights = [linear.weight for linear in self.network.linears]
        learning = [weight for weight in weights if weight.requires_grad]
        found = dict(zip(learning, torch.autograd.grad(loss, learning), strict=True)) if learning else {}
        return [found.get(weight) for weight in weights]

    def hold(self) -> None:
        """Freeze layers 1 and 2 of a held arm. Their batch norm still uses each minibatch's statistics."""
        if self.spec.held and not self.is_held:
            self.is_held = True
            self._update_requires_grad()

    def apply_changes(self, current: Experiment, step: int, x: Tensor) -> None:
        """Apply the changes before `step`; `current` has the settings from then on. A normalizer that comes takes its first
        statistics from inputs x [examples, features]."""
        self.experiment, self.groups, self.network.dropout = current, current.groups, current.dropout
        self._normalize(course.normalizer(current, self.name, step), x)
        self.network.freeze_statistics(course.has_frozen_statistics(current, step))
        for layer, factor in course.factors(current, step).items():
            self.network.linears[layer - 1].weight.data.mul_(factor)
        self.frozen_layer = course.frozen_layer(current, step)
        self._update_requires_grad()
        self.optimizer.learning_rate, self.optimizer.momentum = current.learning_rate, current.momentum

    def _normalize(self, normalizer: str, x: Tensor) -> None:
        """Replace the normalizer. Parameters that stay keep their velocities; new γ and β have none."""
        if normalizer == self.normalizer:
            return
        switch(self.network, normalizer, self.experiment, x)
        self.normalizer = normalizer
        self.optimizer.set_parameters(self.network.parameters())

    def _update_requires_grad(self) -> None:
        """Turn gradients off for layers that do not learn. SGD leaves parameters without a gradient alone, momentum included."""
        fixed = {0, 1} if self.is_held else set()
        self.network.let_learn(but=fixed | {self.frozen_layer - 1})

    def check_divergence(self, step: int, loss: float) -> None:
        """Record the first step at which a loss is not finite."""
        if self.diverged_at is None and not math.isfinite(loss):
            self.diverged_at = step


class _TrainMetrics:
    """Running loss and predictions on minibatches."""

    def __init__(self) -> None:
        self.minibatches, self.loss, self.last_loss, self.step_loss = 0, 0.0, 0.0, 0.0
        self.predictions: list[tuple[Tensor, Tensor]] = []

    def add(self, loss: Tensor, logits: Tensor, y: Tensor) -> None:
        value = loss.item()
        self.minibatches += 1
        self.loss += value
        self.step_loss += value
        self.predictions.append((logits.detach(), y))

    def end_step(self, minibatches: int) -> None:
        """A step has ended, of so many minibatches: `last_loss` is their mean."""
        self.last_loss, self.step_loss = self.step_loss / minibatches, 0.0

    def pop_means(self) -> tuple[float, float]:
        """Mean loss and accuracy since the last call; starts again from nothing."""
        logits, y = map(torch.cat, zip(*self.predictions, strict=True))
        means = self.loss / self.minibatches, accuracy(logits, y)
        self.__init__()
        return means
