"""Stacked training: networks of one shape whose parameters are stacked, so that one batched pass trains many runs.

`train_stack` trains the same networks as `bnviz.train.loop`, to float tolerance, without snapshots. Weights are
[runs, out, in], layers' outputs [runs, examples, width]. Autograd stops at z: the gradient of W is ∂L/∂W = (∂L/∂z)ᵀ a, with a the
layer's input, and is added to W in one pass, because memory traffic of weights dominates at small batch sizes. docs/stacked.md
compares this with `torch.func.vmap`.

A stack may train on an accelerator. All random numbers are drawn on the CPU, so its runs are the same ones there.
"""

from __future__ import annotations

import copy
import dataclasses
import itertools
import math
from collections.abc import Callable, Generator, Sequence
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional

from bnviz import data
from bnviz.config.arms import ARMS
from bnviz.config.cost import CHECKPOINTS
from bnviz.config.experiment import FIELDS, Experiment
from bnviz.config.fields import SHAPE
from bnviz.config.sweep import Run, check_no_live_changes
from bnviz.measures.context import MeasureContext
from bnviz.measures.registry import checkpoint_measure
from bnviz.nets.network import Network
from bnviz.nets.normalizers import EVALUATE, TRAIN, BatchNorm
from bnviz.train.device import device
from bnviz.train.loop import LOSSES
from bnviz.train.minibatches import DataTensors, bootstrap_sample, generator_for, minibatches, noisy_labels
from bnviz.train.sgd import Decay


class Normalizers:
    """The normalizers of one layer of several runs, applied run by run: works for every kind."""

    def __init__(self, layers: Sequence[nn.Module], groups: int):
        self.layers, self.groups = layers, groups
        self.parameters = [parameter for layer in layers for parameter in layer.parameters() if parameter.requires_grad]
        self.run_indices = [index for index, layer in enumerate(layers) for one in layer.parameters() if one.requires_grad]

    def __call__(self, z: Tensor, mode: str, generators: Sequence[torch.Generator]) -> Tensor:
        pairs = zip(self.layers, z, generators, strict=True)
        return torch.stack([layer(one, mode, self.groups, generator) for layer, one, generator in pairs])

    def rates(self, learning_rate: Tensor) -> list[Tensor]:
        """The rate of each of the parameters, of the rates [runs]."""
        return [learning_rate[index] for index in self.run_indices]

    def unstack(self) -> None:
        """Copy parameters and running statistics back into the layers."""


class NoNormalizers(Normalizers):
    """No normalizer."""

    def __call__(self, z: Tensor, mode: str, generators: Sequence[torch.Generator]) -> Tensor:
        return z


class StackedBatchNorm(Normalizers):
    """`bnviz.nets.network.BatchNorm` of one layer of several runs: to PyTorch, one batch norm of runs × groups × width units.

    Every ghost batch has running statistics of its own. Their update is linear, so their means are those of the plain layer.
    """

    def __init__(self, layers: Sequence[BatchNorm], groups: int):
        super().__init__(layers, groups)
        scales = (_stack_attribute(layers, name).requires_grad_(layers[0].gamma.requires_grad) for name in ("gamma", "beta"))
        running = (_stack_attribute(layers, name).repeat(1, groups, 1) for name in ("running_mean", "running_variance"))
        self.gamma, self.beta = scales  # [runs, 1, width]
        self.parameters = [one for one in (self.gamma, self.beta) if one.requires_grad]
        self.mean, self.variance = running  # [runs, groups, width]
        self.momentum, self.eps = layers[0].momentum, layers[0].eps

    def __call__(self, z: Tensor, mode: str, generators: Sequence[torch.Generator]) -> Tensor:
        if mode == EVALUATE:
            scale = self.gamma / torch.sqrt(self.variance.mean(1, keepdim=True) + self.eps)
            return torch.addcmul(self.beta - self.mean.mean(1, keepdim=True) * scale, z, scale)
        runs, groups, width = self.mean.shape
        blocks = z.view(runs * groups, -1, width).transpose(0, 1)  # [size, runs × groups, width]
        gamma, beta = (scale.expand(self.mean.shape).reshape(-1) for scale in (self.gamma, self.beta))
        columns = blocks.reshape(len(blocks), -1)  # one for each run, group and unit
        running = self.mean.view(-1), self.variance.view(-1)
        normalized = functional.batch_norm(columns, *running, gamma, beta, True, self.momentum, self.eps)
        return normalized.view(blocks.shape).transpose(0, 1).reshape(z.shape)

    def rates(self, learning_rate: Tensor) -> list[Tensor]:
        return [learning_rate[:, None, None]] * len(self.parameters)

    @torch.no_grad()
    def unstack(self) -> None:
        state = {"gamma": self.gamma, "beta": self.beta, "running_mean": self.mean, "running_variance": self.variance}
        for index, layer in enumerate(self.layers):
            for name, values in state.items():
                getattr(layer, name).copy_(values[index].mean(0))


def _stack_attribute(layers: Sequence[nn.Module], name: str) -> Tensor:
    """A parameter or buffer [width] of every layer, as [runs, 1, width]."""
    return torch.stack([getattr(layer, name).detach() for layer in layers])[:, None]


def normalizers_of(layers: Sequence[Any], run: Run) -> Normalizers:
    """The normalizers of one layer of several runs whose kind, groups and momentum are `run`'s."""
    groups = run.experiment.groups if ARMS[run.arm].statistics else 1
    if ARMS[run.arm].normalizer == "none":
        return NoNormalizers(layers, groups)
    if ARMS[run.arm].normalizer == "batch" and run.experiment.batch % groups == 0:
        return StackedBatchNorm(layers, groups)
    return Normalizers(layers, groups)


def normalizer_kind(run: Run) -> tuple:
    """Runs of one kind are normalized together."""
    settings = [getattr(run.experiment, field.name) for field in FIELDS.values() if field.only_with_statistics]
    return ARMS[run.arm].normalizer, *settings


def shared_part(experiment: Experiment) -> Experiment:
    """What all runs of the experiment's stack share; whatever may differ among them is at its default here."""
    return Experiment(**{field.name: getattr(experiment, field.name) for field in FIELDS.values() if field.role == SHAPE})


class Pass(NamedTuple):
    """What a minibatch gives: losses [runs], gradients of every layer's z [runs, examples, width], every layer's input, and
    gradients of what else learns."""

    losses: Tensor
    outputs: Sequence[Tensor]
    inputs: Sequence[Tensor]
    scales: Sequence[Tensor]


def _joined(passes: Sequence[Pass]) -> Pass:
    """Those of several minibatches as if they were one: the gradient of W is a sum over the examples of all of them."""
    losses, outputs, inputs, scales = zip(*passes, strict=True)
    return Pass(
        torch.stack(losses).mean(0),
        [torch.cat(layer, 1) / len(passes) for layer in zip(*outputs, strict=True)],
        [torch.cat([a.detach() for a in layer], 1) for layer in zip(*inputs, strict=True)],
        [torch.stack(part).mean(0) for part in zip(*scales, strict=True)],
    )


class Stack:
    """Runs of one shape, sorted by kind."""

    def __init__(self, runs: Sequence[Run]):
        if len({run.shape for run in runs}) != 1:
            raise ValueError("runs of different shapes cannot be stacked")
        for run in runs:
            check_no_live_changes(run.experiment)
        self.runs = sorted(runs, key=normalizer_kind)
        self.experiments = [run.experiment for run in self.runs]
        self.shared = shared_part(self.experiments[0])
        self.loss = LOSSES[data.DATA_SETS[self.shared.dataset].loss]
        self.device = device()
        self.networks = [
            Network(run.experiment, ARMS[run.arm].normalizer, generator_for(run.experiment, "weights")).to(self.device)
            for run in self.runs
        ]
        self.activation = self.networks[0].activation
        self._stack_parameters()
        self.generators = [generator_for(experiment, "dropout") for experiment in self.experiments]
        like = self.weights[0].new_tensor  # in the same precision, on the same device
        self.learning_rate, self.decay, self.growth = (
            like([getattr(experiment, name) for experiment in self.experiments])
            for name in ("learning_rate", "weight_decay", "rate_growth")
        )
        self.special = not all(Decay.of(experiment).is_idle for experiment in self.experiments)
        self.steps = 0
        self.dropout = [experiment.dropout for experiment in self.experiments]

    def _stack_parameters(self) -> None:
        linears = list(zip(*(network.linears for network in self.networks), strict=True))
        self.weights = [torch.stack([linear.weight.detach() for linear in layer]) for layer in linears]
        self.biases = [torch.stack([linear.bias.detach() for linear in layer])[:, None] for layer in linears]
        skips = zip(*(network.skip_scales for network in self.networks), strict=True)
        learns = self.shared.trainable == "all"
        self.skip_scales = [torch.stack([one.detach() for one in layer])[:, None, None].requires_grad_(learns) for layer in skips]
        indices = [
            list(part) for _, part in itertools.groupby(range(len(self.runs)), lambda index: normalizer_kind(self.runs[index]))
        ]
        self.parts = [slice(part[0], part[-1] + 1) for part in indices]
        self.normalizers = [
            [
                normalizers_of([net.normalizers[layer] for net in self.networks[part]], self.runs[part.start])
                for part in self.parts
            ]
            for layer in range(self.shared.hidden_layers)
        ]
        self.velocities: dict[int, Tensor] = {}

    def forward(self, x: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """z of every layer, the logits last, and every layer's input: in training, for x [runs, examples, features]."""
        z = torch.baddbmm(self.biases[0], x, self.weights[0].mT).requires_grad_()  # gradients of z, not of the weights
        outputs, inputs = [z], [x]
        for layer, (weight, bias) in enumerate(zip(self.weights[1:], self.biases[1:], strict=True)):
            a = self._dropout(self.activation(self._normalized(z, layer, TRAIN)))
            a = self._hand_on(layer, a, inputs[-1])
            z = torch.baddbmm(bias, a, weight.mT)
            outputs.append(z)
            inputs.append(a)
        return outputs, inputs

    def evaluate(self, first: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
        """Logits [runs, examples, classes] with running statistics, for inputs that all runs share.

        `first(W, b)` is x Wᵀ + b of these inputs, called once with the first weights of all runs.
        """
        wide = first(self.weights[0].flatten(0, 1), self.biases[0].flatten())
        z = wide.unflatten(1, self.weights[0].shape[:2]).transpose(0, 1)
        a = z  # which no first layer adds to
        for layer, (weight, bias) in enumerate(zip(self.weights[1:], self.biases[1:], strict=True)):
            a = self._hand_on(layer, self.activation(self._normalized(z, layer, EVALUATE)), a)
            z = torch.baddbmm(bias, a, weight.mT)
        return z

    def _hand_on(self, layer: int, a: Tensor, received: Tensor) -> Tensor:
        """As `Network.hand_on`."""
        if layer == 0 or self.shared.skip_connections == "none":
            return a
        return received + (self.skip_scales[layer - 1] * a if self.skip_scales else a)

    def _normalized(self, z: Tensor, layer: int, mode: str) -> Tensor:
        parts = [
            normalizers(z[part], mode, self.generators[part])
            for part, normalizers in zip(self.parts, self.normalizers[layer], strict=True)
        ]
        return parts[0] if len(parts) == 1 else torch.cat(parts)

    def _dropout(self, a: Tensor) -> Tensor:
        """Dropout, the masks of each run drawn as in `Network.onward`."""
        if not any(self.dropout):
            return a
        masks = [
            (torch.rand(a.shape[1:], generator=generator) >= rate) / (1 - rate) if rate else torch.ones(a.shape[1:])
            for rate, generator in zip(self.dropout, self.generators, strict=True)
        ]
        return a * torch.stack(masks).to(a.device)

    def losses(self, logits: Tensor, y: Tensor) -> Tensor:
        """The mean loss of every run [runs], for y [runs, examples] or targets [runs, examples, classes]."""
        each = self.loss(logits.flatten(0, 1), y.flatten(0, 1), reduction="none")
        return each.view(len(self.runs), -1).mean(1)

    def step(self, x: Tensor, y: Tensor) -> Tensor:
        """One step of SGD for every run on its own minibatch, or on several [runs, accumulate × batch, …] by the mean of their
        gradients; returns the mean losses [runs] before it."""
        count = self.shared.accumulate
        passes = [self._backward(*part) for part in zip(x.chunk(count, 1), y.chunk(count, 1), strict=True)]
        losses, outputs, inputs, scales = passes[0] if count == 1 else _joined(passes)
        with torch.no_grad():
            self._step_linears(outputs, inputs)
            self._step_scales(scales)
        self.steps += 1
        return losses

    def _backward(self, x: Tensor, y: Tensor) -> Pass:
        outputs, inputs = self.forward(x)
        losses = self.losses(outputs[-1], y)
        scales = [one for layer in self.normalizers for part in layer for one in part.parameters]
        scales += [one for one in self.skip_scales if one.requires_grad]
        gradients = torch.autograd.grad(losses.sum(), outputs + scales)
        return Pass(losses.detach(), gradients[: len(outputs)], inputs, gradients[len(outputs) :])

    def _step_linears(self, gradients: Sequence[Tensor], inputs: Sequence[Tensor]) -> None:
        momentum, rate = self.shared.momentum, self.learning_rate[:, None, None]
        special = [self.special] * self.shared.hidden_layers + [False]  # not the output layer
        layers = list(zip(self.weights, self.biases, gradients, inputs, special, strict=True))
        first = {"all": 0, "scales": len(layers), "output": -1}[self.shared.trainable]  # of those that learn
        for weight, bias, gradient, a, is_special in layers[first:]:
            scaled = gradient * rate
            if is_special:
                self._step_hidden(weight, gradient, a)
            elif momentum:
                weight -= self._velocity(weight).baddbmm_(scaled.mT, a, beta=momentum)
            else:
                weight.baddbmm_(scaled.mT, a, alpha=-1)
            self._descend(bias, scaled.sum(1, keepdim=True))

    def _step_hidden(self, weight: Tensor, gradient: Tensor, a: Tensor) -> None:
        """A step of hidden weights that decay, or whose rate grows: the velocity, which holds the rate, grows along."""
        growth = self.growth[:, None, None]
        rate = self.learning_rate[:, None, None] * growth ** (self.steps + 0.5)
        update = torch.baddbmm(weight * (rate * self.decay[:, None, None]), (gradient * rate).mT, a)
        if momentum := self.shared.momentum:
            update = self._velocity(weight).mul_(momentum * growth).add_(update)
        weight -= update

    def _step_scales(self, gradients: Sequence[Tensor]) -> None:
        rest = iter(gradients)
        for layer in self.normalizers:
            for part, normalizers in zip(self.parts, layer, strict=True):
                rates = normalizers.rates(self.learning_rate[part])
                for parameter, rate in zip(normalizers.parameters, rates, strict=True):
                    self._descend(parameter, next(rest) * rate)
        for scale, gradient in zip(self.skip_scales, rest, strict=False):  # none, if they do not learn
            self._descend(scale, gradient * self.learning_rate[:, None, None])

    def _descend(self, parameter: Tensor, update: Tensor) -> None:
        """SGD as torch.optim.SGD has it. Rates are constant, so the velocity may hold them."""
        if momentum := self.shared.momentum:
            update = self._velocity(parameter).mul_(momentum).add_(update)
        parameter -= update

    def _velocity(self, parameter: Tensor) -> Tensor:
        if id(parameter) not in self.velocities:
            self.velocities[id(parameter)] = torch.zeros_like(parameter)
        return self.velocities[id(parameter)]

    @torch.no_grad()
    def unstack(self) -> list[Network]:
        """The runs' networks, with their current parameters."""
        for index, network in enumerate(self.networks):
            for layer, linear in enumerate(network.linears):
                linear.weight.copy_(self.weights[layer][index])
                linear.bias.copy_(self.biases[layer][index, 0])
            for scale, values in zip(network.skip_scales, self.skip_scales, strict=True):
                scale.copy_(values[index, 0, 0])
        for layer in self.normalizers:
            for normalizers in layer:
                normalizers.unstack()
        return self.networks


def train_stack(runs: Sequence[Run], measures: Sequence[str] = ()) -> Generator[dict[str, Any] | None, None, tuple[str, str]]:
    """Train the runs together; yields None after every step, and at the end a row for each run."""
    stack = Stack(runs)
    log = StackLog(stack, measures)
    batches = [minibatches(experiment) for experiment in stack.experiments]
    for step in range(stack.shared.steps + 1):
        log.checkpoint(step)
        if step < stack.shared.steps:
            indices = torch.stack([one.take(stack.shared.accumulate) for one in batches])  # [runs, examples]
            log.add(stack.step(*log.minibatch(indices)))
            yield None
    yield from log.rows()
    return "finished", ""


class StackLog:
    """The data of a stack's runs, and the curves and measurements that their rows list."""

    def __init__(self, stack: Stack, measures: Sequence[str] = ()):
        self.stack, self.measures = stack, [checkpoint_measure(name) for name in measures]
        self.earlier: dict[tuple[int, int], Network] = {}  # by run, and by step: what measures look back at
        self.looked_at = self.steps_looked_at()
        self.split = DataTensors(stack.shared)
        labels = [noisy_labels(experiment, self.split.y_train) for experiment in stack.experiments]
        self.x, self.y = self.split.x_train.to(stack.device), torch.stack(labels).to(stack.device)
        self.drawn = drawn_examples(stack.experiments).to(stack.device)
        self.x_test, self.y_test = self.split.x_test.to(stack.device), self.split.y_test.to(stack.device)
        steps = stack.shared.steps
        self.checkpoints = sorted({round(index * steps / CHECKPOINTS) for index in range(CHECKPOINTS + 1)})
        self.recent_losses: list[Tensor] = []  # losses [runs] of the steps since the last checkpoint
        self.diverged_at: list[int | None] = [None] * len(stack.runs)
        self.curves: list[dict[str, list]] = [{"train_losses": [], "test_accuracies": []} for _ in stack.runs]
        self.measurements: list[list[dict[str, float]]] = [[] for _ in stack.runs]

    def minibatch(self, indices: Tensor) -> tuple[Tensor, Tensor]:
        """Inputs [runs, examples, features] and labels of the chosen examples [runs, examples]."""
        indices = self.drawn.gather(1, indices.to(self.x.device))
        x = self.x.index_select(0, indices.flatten()).unflatten(0, indices.shape)
        return x, self.y[torch.arange(len(indices), device=indices.device)[:, None], indices]

    def test_linear(self, weight: Tensor, bias: Tensor) -> Tensor:
        """x Wᵀ + b of the test examples."""
        return self.split.test_linear(weight, bias) if weight.is_cpu else functional.linear(self.x_test, weight, bias)

    def add(self, losses: Tensor) -> None:
        self.recent_losses.append(losses)

    @torch.no_grad()
    def checkpoint(self, step: int) -> None:
        """If `step` is a checkpoint: record test accuracy, and the mean loss of the minibatches since the last one.

        Before any other step, only what measures look back at is kept.
        """
        self.keep_earlier(step)
        if step not in self.checkpoints:
            return
        self.logits = self.stack.evaluate(self.test_linear)
        losses = self.losses_since(step)
        for index, accuracy in enumerate(accuracies(self.logits, self.y_test)):
            self.curves[index]["test_accuracies"].append(accuracy)
            self.curves[index]["train_losses"].append(losses[index])
        if self.measures:
            self.measure(step)

    def losses_since(self, step: int) -> list[float]:
        """Mean losses [runs] since the last checkpoint, NaN for the untrained networks. Records the first that is not finite."""
        if not self.recent_losses:
            return [math.nan] * len(self.stack.runs)
        losses, self.recent_losses = torch.stack(self.recent_losses), []
        for index in range(len(self.stack.runs)):
            lost = (~losses[:, index].isfinite()).nonzero().flatten().tolist()
            if self.diverged_at[index] is None and lost:
                self.diverged_at[index] = step - len(losses) + lost[0]
        return losses.mean(0).tolist()

    def steps_looked_at(self) -> dict[int, list[int]]:
        """Which runs' networks measures want to see at an earlier step, beside the end: indices by step."""
        wanted: dict[int, list[int]] = {}
        for index, experiment in enumerate(self.stack.experiments):
            for measure in self.measures:
                if measure.looks_back:
                    wanted.setdefault(experiment.steps - measure.looks_back(experiment), []).append(index)
        return wanted

    def keep_earlier(self, step: int) -> None:
        """Copy the networks that a measure wants to see as they are before this step."""
        if step in self.looked_at:
            networks = self.stack.unstack()
            self.earlier.update({(index, step): copy.deepcopy(networks[index]).cpu() for index in self.looked_at[step]})

    def values_of(self, index: int, context: MeasureContext) -> dict[str, Any]:
        """All measures of a run's network."""
        values: dict[str, Any] = {}
        for measure in self.measures:
            back = measure.looks_back(context.experiment) if measure.looks_back else 0
            at_end = self.stack.steps == self.stack.shared.steps
            earlier = self.earlier.get((index, self.stack.steps - back)) if back and at_end else None
            values |= measure.function(dataclasses.replace(context, earlier=earlier))
        return values

    def measure(self, step: int) -> None:
        """Take the measures of every run's network, on one minibatch for all runs, another one at each checkpoint."""
        generator = torch.Generator().manual_seed(step)
        minibatch = torch.randperm(len(self.x), generator=generator)[: self.stack.shared.batch]
        y, drawn, examples = self.y.cpu(), self.drawn.cpu(), self.split.examples()
        for index, network in enumerate(self.stack.unstack()):
            network = network if network.linears[0].weight.is_cpu else copy.deepcopy(network).cpu()
            experiment, own = self.stack.experiments[index], examples._replace(y_train=y[index])
            if experiment.bootstrap == "yes":
                own = own._replace(x_train=own.x_train[drawn[index]], y_train=own.y_train[drawn[index]])
            context = MeasureContext(network, experiment, self.stack.loss, own, minibatch)
            self.measurements[index].append(self.values_of(index, context))

    @torch.no_grad()
    def rows(self) -> list[dict[str, Any]]:
        """A row for each run. Training accuracy is on all training examples, with running statistics."""
        all_logits = self.stack.evaluate(lambda weight, bias: functional.linear(self.x, weight, bias))
        runs = torch.arange(len(self.drawn), device=self.drawn.device)[:, None]
        train_logits, y_train = all_logits[runs, self.drawn], self.y[runs, self.drawn]
        y_test = self.y_test.expand(len(train_logits), *self.y_test.shape)
        train_accuracies, test_losses = accuracies(train_logits, y_train), self.stack.losses(self.logits, y_test).tolist()
        return [
            {
                "type": "row",
                "run": run.id,
                "arm": run.arm,
                "seed": run.experiment.seed,
                "train_accuracy": train_accuracies[index],
                "test_accuracy": self.curves[index]["test_accuracies"][-1],
                "best_test_accuracy": max(self.curves[index]["test_accuracies"]),
                "train_loss": self.curves[index]["train_losses"][-1],
                "test_loss": test_losses[index],
                "diverged_at": self.diverged_at[index],
                "checkpoints": self.checkpoints,
                **self.curves[index],
                **{name: [values[name] for values in self.measurements[index]] for name in (self.measurements[index] or [{}])[0]},
            }
            for index, run in enumerate(self.stack.runs)
        ]


def drawn_examples(experiments: Sequence[Experiment]) -> Tensor:
    """For each run the indices [runs, examples] of the training examples that it has: all of them, or a bootstrap sample."""
    return torch.stack([bootstrap_sample(one) if one.bootstrap == "yes" else torch.arange(one.examples) for one in experiments])


def accuracies(logits: Tensor, y: Tensor) -> list[float]:
    """The share of labels [(runs,) examples] that each run [runs] predicts; NaN where it predicts numbers."""
    if y.is_floating_point():
        return [math.nan] * len(logits)
    correct = (logits.argmax(2) == y).sum(1).tolist()
    return [count / logits.shape[1] for count in correct]
