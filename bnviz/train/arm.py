"""One of the networks of a run, with its optimizer and with what its snapshots need."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from bnviz import data
from bnviz.config import course
from bnviz.config.arms import ARMS
from bnviz.config.experiment import PROBE_SIZE, Experiment
from bnviz.measures.context import LiveContext
from bnviz.measures.probe import History, Probe
from bnviz.measures.registry import live_measures
from bnviz.measures.scales import scales
from bnviz.nets.network import LayerTaps, Network, Taps, accuracy
from bnviz.nets.normalizers import EVALUATE, MEASURE, TRAIN
from bnviz.nets.switching import switch
from bnviz.train.minibatches import Tensors, generator_for
from bnviz.train.sgd import SGD, Decay

LOSSES = {"cross-entropy": functional.cross_entropy, "squared": functional.mse_loss}


class ArmTrainer:
    """One of the networks, its optimizer, and what a snapshot needs to remember of it."""

    def __init__(self, experiment: Experiment, name: str):
        self.name, self.spec, self.experiment, self.groups = name, ARMS[name], experiment, experiment.groups
        self.loss = LOSSES[data.DATA_SETS[experiment.dataset].loss]
        self.normalizer = course.normalizer(experiment, name, 0)
        self.network = Network(experiment, self.normalizer, generator_for(experiment, "weights"))
        decay, rates = Decay.of(experiment, self.spec.rising), (experiment.learning_rate, experiment.momentum)
        self.optimizer = SGD(self.network.parameters(), *rates, self.network.hidden_weights, decay)
        self.held, self.frozen = False, 0
        self.dropout = generator_for(experiment, "dropout")
        self.diverged_at: int | None = None
        self.seen = _Tally()
        self.probe = Probe(experiment)
        self.measures = [(one.every, one.function) for one in live_measures() if one.applies_to(experiment)]

    @property
    def bytes(self) -> int:
        """What its weights and velocities take, about."""
        return sum(tensor.nbytes for tensor in (*self.network.state_dict().values(), *self.optimizer.velocities.values()))

    def step(self, x: Tensor, y: Tensor) -> None:
        """One step of SGD on a minibatch."""
        logits = self.network(x, TRAIN, self.groups, self.dropout)
        loss = self.loss(logits, y)
        self.optimizer.zero_grad()
        if loss.requires_grad:  # something still learns
            loss.backward()
            self.optimizer.step()
        self.seen.add(loss, logits, y)

    @torch.no_grad()
    def measure(self, tensors: Tensors, minibatch: Tensor, index: int, last: bool) -> dict[str, Any]:
        """Everything the `index`-th snapshot says of this arm; `minibatch` are the indices of the one that comes next."""
        result = {"normalizer": self.normalizer, **self._training(tensors.x_train[minibatch], tensors.y_train[minibatch])}
        logits, probe_logits, taps = self._forward_test(tensors)
        result["test_loss"] = self.loss(logits, tensors.y_test).item()
        result["test_accuracy"] = accuracy(logits, tensors.y_test)
        result["probe_loss"] = self.loss(probe_logits, tensors.y_test[:PROBE_SIZE]).item()
        history = self.probe.observe(taps)
        result |= self.probe.measure(history) | scales(self.network)
        context = self.context(tensors, minibatch, taps, history)
        for every, function in self.measures:
            if last or index % every == 0:
                result |= function(context)
        return result

    @torch.no_grad()
    def observe(self, tensors: Tensors) -> tuple[Taps, History]:
        """Take the distributions on the probe for those of the last snapshot."""
        *_, taps = self._forward_test(tensors)
        return taps, self.probe.observe(taps)

    def context(self, tensors: Tensors, minibatch: Tensor, taps: Taps, history: History) -> LiveContext:
        """What a measure may use, with what `observe` gives."""
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
            taps=taps,
            first=history.first,
            previous=history.previous,
            current=history.current,
        )

    def _forward_test(self, tensors: Tensors) -> tuple[Tensor, Tensor, Taps]:
        """Logits of the test examples in the evaluation view; logits and taps of the probe in the training view.

        The views are the same where nothing is normalized with statistics of the batch.
        """
        z = tensors.first_linear(self.network.linears[0])
        evaluated: Taps = []
        logits = self.network.forward_from_first(z, EVALUATE, taps=evaluated)
        if not self.network.has_running_statistics:
            probe = [LayerTaps(*(tap[:PROBE_SIZE] for tap in layer)) for layer in evaluated]
            return logits, logits[:PROBE_SIZE], probe
        taps: Taps = []
        return logits, self.network.forward_from_first(z[:PROBE_SIZE], MEASURE, taps=taps), taps

    def _training(self, x: Tensor, y: Tensor) -> dict[str, Any]:
        """Loss and accuracy on the minibatches since the last snapshot, gradient norms of the last one.

        The untrained network has seen none, so it answers for the one that comes first.
        """
        gradients = [linear.weight.grad for linear in self.network.linears]
        if self.seen.minibatches == 0:
            with torch.enable_grad():
                logits = self.network(x, MEASURE, self.groups)
                loss = self.loss(logits, y)
                gradients = torch.autograd.grad(loss, [linear.weight for linear in self.network.linears])
            self.seen.add(loss, logits, y)
        loss, share = self.seen.take()
        norms = torch.tensor([0.0 if gradient is None else gradient.norm().item() for gradient in gradients]).float().numpy()
        return {"train_loss": loss, "train_accuracy": share, "gradient_norm": norms}

    def hold(self) -> None:
        """In an arm to be held, layers 1 and 2 learn no more; their batch norm goes on using each minibatch's statistics."""
        if self.spec.held and not self.held:
            self.held = True
            self._let_learn()

    def turn(self, now: Experiment, step: int, probe: Tensor) -> None:
        """What changes in this arm before `step`; `now` has the knobs from here on, `probe` the inputs [examples, features]."""
        self.experiment, self.groups, self.network.dropout = now, now.groups, now.dropout
        self._normalize(course.normalizer(now, self.name, step), probe)
        for layer, factor in course.factors(now, step).items():
            self.network.linears[layer - 1].weight.data.mul_(factor)
        self.frozen = course.frozen_layer(now, step)
        self._let_learn()
        self.optimizer.learning_rate, self.optimizer.momentum = now.learning_rate, now.momentum

    def _normalize(self, normalizer: str, probe: Tensor) -> None:
        """Exchange the normalizer. Velocities of what stays are kept; new γ and β have none."""
        if normalizer == self.normalizer:
            return
        switch(self.network, normalizer, self.experiment, probe)
        self.normalizer = normalizer
        self.optimizer.follow(self.network.parameters())

    def _let_learn(self) -> None:
        """Say which layers learn: without a gradient, SGD leaves them alone, momentum included."""
        still = {0, 1} if self.held else set()
        still.add(self.frozen - 1)
        for layer, linear in enumerate(self.network.linears):
            linear.requires_grad_(layer not in still)
        for layer, normalizer in enumerate(self.network.normalizers):
            normalizer.requires_grad_(normalizer.learns and layer not in still)

    def check(self, step: int, loss: float) -> None:
        """Remember the first step at which a loss was no longer finite."""
        if self.diverged_at is None and not math.isfinite(loss):
            self.diverged_at = step


class _Tally:
    """Mean loss and accuracy over minibatches."""

    def __init__(self) -> None:
        self.minibatches, self.loss, self.last_loss = 0, 0.0, 0.0
        self.answers: list[tuple[Tensor, Tensor]] = []

    def add(self, loss: Tensor, logits: Tensor, y: Tensor) -> None:
        self.last_loss = loss.item()
        self.minibatches += 1
        self.loss += self.last_loss
        self.answers.append((logits.detach(), y))

    def take(self) -> tuple[float, float]:
        """The means since the last call, or since the beginning."""
        logits, y = map(torch.cat, zip(*self.answers, strict=True))
        means = self.loss / self.minibatches, accuracy(logits, y)
        self.__init__()
        return means
