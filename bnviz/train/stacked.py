"""Many runs at once: networks of one shape whose tensors are stacked, so that one pass trains them all.

`train_stack` gives what `bnviz.train.loop` gives for the same arms, to float tolerance, without a look inside. Weights are
[runs, out, in] and layers' outputs [runs, examples, width]. Autograd stops at z: the gradient of W is that of z times the
layer's input, ∂L/∂W = (∂L/∂z)ᵀ a, and goes into W in one pass, for with small minibatches it is moving weights that costs.
docs/stacked.md compares this with `torch.func.vmap`, and says why this one is used.

A stack may train on an accelerator. Whatever is drawn at random is drawn on the processor, so its runs are the same ones there.
"""

from __future__ import annotations

import copy
import itertools
import math
from collections.abc import Callable, Generator, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from bnviz import data
from bnviz.config.arms import ARMS
from bnviz.config.cost import CHECKPOINTS
from bnviz.config.experiment import FIELDS, Experiment
from bnviz.config.fields import SHAPE
from bnviz.config.sweep import Run, check_steady
from bnviz.measures.context import MeasureContext
from bnviz.measures.registry import checkpoint_measure
from bnviz.nets.network import Network
from bnviz.nets.normalizers import EVALUATE, TRAIN, BatchNorm
from bnviz.train.device import device
from bnviz.train.loop import LOSSES
from bnviz.train.minibatches import Tensors, generator_for, minibatches, noisy_labels
from bnviz.train.sgd import Decay


class Normalizers:
    """The normalizers of one layer as they are, run by run: right for every kind."""

    def __init__(self, layers: Sequence[nn.Module], groups: int):
        self.layers, self.groups = layers, groups
        self.parameters = [parameter for layer in layers for parameter in layer.parameters() if parameter.requires_grad]
        self.of_run = [place for place, layer in enumerate(layers) for one in layer.parameters() if one.requires_grad]

    def __call__(self, z: Tensor, mode: str, generators: Sequence[torch.Generator]) -> Tensor:
        pairs = zip(self.layers, z, generators, strict=True)
        return torch.stack([layer(one, mode, self.groups, generator) for layer, one, generator in pairs])

    def unstack(self) -> None:
        """Put what was learnt back into the layers."""


class NoNormalizers(Normalizers):
    """No normalizer."""

    def __call__(self, z: Tensor, mode: str, generators: Sequence[torch.Generator]) -> Tensor:
        return z


class StackedBatchNorm(Normalizers):
    """`bnviz.nets.network.BatchNorm` of one layer of several runs: to PyTorch, one batch norm of runs × groups × width units.

    Every ghost batch has running statistics of its own. Following is linear, so their means are those of the plain layer.
    """

    def __init__(self, layers: Sequence[BatchNorm], groups: int):
        super().__init__(layers, groups)
        self.gamma, self.beta = (_of_each(layers, name).requires_grad_() for name in ("gamma", "beta"))  # [runs, 1, width]
        self.parameters = [self.gamma, self.beta]
        self.mean, self.variance = (  # [runs, groups, width]
            _of_each(layers, name).repeat(1, groups, 1) for name in ("running_mean", "running_variance")
        )
        self.momentum, self.eps = layers[0].momentum, layers[0].eps

    def __call__(self, z: Tensor, mode: str, generators: Sequence[torch.Generator]) -> Tensor:
        if mode == EVALUATE:
            scale = self.gamma / torch.sqrt(self.variance.mean(1, keepdim=True) + self.eps)
            return torch.addcmul(self.beta - self.mean.mean(1, keepdim=True) * scale, z, scale)
        runs, groups, width = self.mean.shape
        blocks = z.view(runs * groups, -1, width).transpose(0, 1)  # [size, runs × groups, width]
        gamma, beta = (scale.expand(self.mean.shape).reshape(-1) for scale in (self.gamma, self.beta))
        columns = blocks.reshape(len(blocks), -1)  # one for all that is averaged
        running = self.mean.view(-1), self.variance.view(-1)
        normalized = functional.batch_norm(columns, *running, gamma, beta, True, self.momentum, self.eps)
        return normalized.view(blocks.shape).transpose(0, 1).reshape(z.shape)

    @torch.no_grad()
    def unstack(self) -> None:
        learnt = {"gamma": self.gamma, "beta": self.beta, "running_mean": self.mean, "running_variance": self.variance}
        for place, layer in enumerate(self.layers):
            for name, values in learnt.items():
                getattr(layer, name).copy_(values[place].mean(0))


def _of_each(layers: Sequence[nn.Module], name: str) -> Tensor:
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
    told = [getattr(run.experiment, field.name) for field in FIELDS.values() if field.only_with_statistics]
    return ARMS[run.arm].normalizer, *told


def shared_part(experiment: Experiment) -> Experiment:
    """What all runs of the experiment's stack share; whatever may differ among them is at its default here."""
    return Experiment(**{field.name: getattr(experiment, field.name) for field in FIELDS.values() if field.role == SHAPE})


class Stack:
    """Runs of one shape, sorted by kind."""

    def __init__(self, runs: Sequence[Run]):
        if len({run.shape for run in runs}) != 1:
            raise ValueError("runs of different shapes cannot be stacked")
        for run in runs:
            check_steady(run.experiment)
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
        self.special = not all(Decay.of(experiment).idle for experiment in self.experiments)
        self.steps = 0
        self.dropout = [experiment.dropout for experiment in self.experiments]

    def _stack_parameters(self) -> None:
        linears = list(zip(*(network.linears for network in self.networks), strict=True))
        self.weights = [torch.stack([linear.weight.detach() for linear in layer]) for layer in linears]
        self.biases = [torch.stack([linear.bias.detach() for linear in layer])[:, None] for layer in linears]
        places = [
            list(part) for _, part in itertools.groupby(range(len(self.runs)), lambda place: normalizer_kind(self.runs[place]))
        ]
        self.parts = [slice(part[0], part[-1] + 1) for part in places]
        self.normalizers = [
            [
                normalizers_of([net.normalizers[layer] for net in self.networks[part]], self.runs[part.start])
                for part in self.parts
            ]
            for layer in range(self.shared.hidden_layers)
        ]
        self.velocities: dict[int, Tensor] = {}

    def forward(self, x: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """z of every layer, the logits last, and what entered every layer: in training, for x [runs, examples, features]."""
        z = torch.baddbmm(self.biases[0], x, self.weights[0].mT).requires_grad_()  # the weights are not asked for theirs
        outputs, inputs = [z], [x]
        for layer, (weight, bias) in enumerate(zip(self.weights[1:], self.biases[1:], strict=True)):
            a = self._dropped(self.activation(self._normalized(z, layer, TRAIN)))
            z = torch.baddbmm(bias, a, weight.mT)
            outputs.append(z)
            inputs.append(a)
        return outputs, inputs

    def evaluate(self, first: Callable[[Tensor, Tensor], Tensor]) -> Tensor:
        """Logits [runs, examples, classes] with running statistics, for inputs that all runs share.

        `first(W, b)` is x Wᵀ + b of these inputs: they meet the first weights of all runs in one product.
        """
        wide = first(self.weights[0].flatten(0, 1), self.biases[0].flatten())
        z = wide.unflatten(1, self.weights[0].shape[:2]).transpose(0, 1)
        for layer, (weight, bias) in enumerate(zip(self.weights[1:], self.biases[1:], strict=True)):
            z = torch.baddbmm(bias, self.activation(self._normalized(z, layer, EVALUATE)), weight.mT)
        return z

    def _normalized(self, z: Tensor, layer: int, mode: str) -> Tensor:
        done = [
            normalizers(z[part], mode, self.generators[part])
            for part, normalizers in zip(self.parts, self.normalizers[layer], strict=True)
        ]
        return done[0] if len(done) == 1 else torch.cat(done)

    def _dropped(self, a: Tensor) -> Tensor:
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
        """One step of SGD for every run on its own minibatch; returns the losses [runs] before it."""
        outputs, inputs = self.forward(x)
        losses = self.losses(outputs[-1], y)
        scales = [one for layer in self.normalizers for part in layer for one in part.parameters]
        gradients = torch.autograd.grad(losses.sum(), outputs + scales)
        with torch.no_grad():
            self._step_linears(gradients[: len(outputs)], inputs)
            self._step_scales(gradients[len(outputs) :])
        self.steps += 1
        return losses.detach()

    def _step_linears(self, gradients: Sequence[Tensor], inputs: Sequence[Tensor]) -> None:
        momentum, rate = self.shared.momentum, self.learning_rate[:, None, None]
        special = [self.special] * self.shared.hidden_layers + [False]  # the output layer is as ever
        layers = zip(self.weights, self.biases, gradients, inputs, special, strict=True)
        for weight, bias, gradient, a, is_special in layers:
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
                rates = self.learning_rate[part]
                for place, one in enumerate(normalizers.parameters):
                    rate = rates[:, None, None] if isinstance(normalizers, StackedBatchNorm) else rates[normalizers.of_run[place]]
                    self._descend(one, next(rest) * rate)

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
        """The runs' networks, with what they have learnt so far."""
        for place, network in enumerate(self.networks):
            for layer, linear in enumerate(network.linears):
                linear.weight.copy_(self.weights[layer][place])
                linear.bias.copy_(self.biases[layer][place, 0])
        for layer in self.normalizers:
            for normalizers in layer:
                normalizers.unstack()
        return self.networks


def train_stack(runs: Sequence[Run], measures: Sequence[str] = ()) -> Generator[dict[str, Any] | None, None, tuple[str, str]]:
    """Train the runs together; yields None after every step, and at the end a row for each run."""
    stack = Stack(runs)
    logbook = Logbook(stack, measures)
    batches = [minibatches(experiment) for experiment in stack.experiments]
    for step in range(stack.shared.steps + 1):
        logbook.look(step)
        if step < stack.shared.steps:
            chosen = torch.stack([next(one) for one in batches])  # [runs, examples]
            logbook.add(stack.step(*logbook.minibatch(chosen)))
            yield None
    yield from logbook.rows()
    return "finished", ""


class Logbook:
    """The data of a stack's runs, and what is written down of their training."""

    def __init__(self, stack: Stack, measures: Sequence[str] = ()):
        self.stack, self.measures = stack, [checkpoint_measure(name).function for name in measures]
        self.split = Tensors(stack.shared)
        labels = [noisy_labels(experiment, self.split.y_train) for experiment in stack.experiments]
        self.x, self.y = self.split.x_train.to(stack.device), torch.stack(labels).to(stack.device)
        self.x_test, self.y_test = self.split.x_test.to(stack.device), self.split.y_test.to(stack.device)
        steps = stack.shared.steps
        self.checkpoints = sorted({round(place * steps / CHECKPOINTS) for place in range(CHECKPOINTS + 1)})
        self.since: list[Tensor] = []  # losses [runs] of the steps since the last checkpoint
        self.diverged: list[int | None] = [None] * len(stack.runs)
        self.curves: list[dict[str, list]] = [{"train_losses": [], "test_accuracies": []} for _ in stack.runs]
        self.measured: list[list[dict[str, float]]] = [[] for _ in stack.runs]

    def minibatch(self, chosen: Tensor) -> tuple[Tensor, Tensor]:
        """Inputs [runs, examples, features] and labels of the chosen examples [runs, examples]."""
        chosen = chosen.to(self.x.device)
        x = self.x.index_select(0, chosen.flatten()).unflatten(0, chosen.shape)
        return x, self.y[torch.arange(len(chosen), device=chosen.device)[:, None], chosen]

    def first_of_test(self, weight: Tensor, bias: Tensor) -> Tensor:
        """x Wᵀ + b of the test examples."""
        return self.split.test_linear(weight, bias) if weight.is_cpu else functional.linear(self.x_test, weight, bias)

    def add(self, losses: Tensor) -> None:
        self.since.append(losses)

    @torch.no_grad()
    def look(self, step: int) -> None:
        """If `step` is a checkpoint: accuracy on the test examples, loss on the minibatches since the last one."""
        if step not in self.checkpoints:
            return
        self.logits = self.stack.evaluate(self.first_of_test)
        losses = self.losses_since(step)
        for place, accuracy in enumerate(accuracies(self.logits, self.y_test)):
            self.curves[place]["test_accuracies"].append(accuracy)
            self.curves[place]["train_losses"].append(losses[place])
        if self.measures:
            self.measure(step)

    def losses_since(self, step: int) -> list[float]:
        """Mean losses [runs] since the last checkpoint; the untrained networks have none. Notes the first that is not finite."""
        if not self.since:
            return [math.nan] * len(self.stack.runs)
        losses, self.since = torch.stack(self.since), []
        for place in range(len(self.stack.runs)):
            lost = (~losses[:, place].isfinite()).nonzero().flatten().tolist()
            if self.diverged[place] is None and lost:
                self.diverged[place] = step - len(losses) + lost[0]
        return losses.mean(0).tolist()

    def measure(self, step: int) -> None:
        """Take the measures of every run's own network, all on the same examples, others at each checkpoint."""
        generator = torch.Generator().manual_seed(step)
        minibatch = torch.randperm(len(self.x), generator=generator)[: self.stack.shared.batch]
        y, examples = self.y.cpu(), self.split.examples()
        for place, network in enumerate(self.stack.unstack()):
            network = network if network.linears[0].weight.is_cpu else copy.deepcopy(network).cpu()
            experiment, labelled = self.stack.experiments[place], examples._replace(y_train=y[place])
            context = MeasureContext(network, experiment, self.stack.loss, labelled, minibatch)
            self.measured[place].append({key: value for measure in self.measures for key, value in measure(context).items()})

    @torch.no_grad()
    def rows(self) -> list[dict[str, Any]]:
        """What every run came to. Training accuracy is on all training examples, with running statistics."""
        train = self.stack.evaluate(lambda weight, bias: functional.linear(self.x, weight, bias))
        y_test = self.y_test.expand(len(train), *self.y_test.shape)
        train_accuracies, test_losses = accuracies(train, self.y), self.stack.losses(self.logits, y_test).tolist()
        return [
            {
                "type": "row",
                "run": run.id,
                "arm": run.arm,
                "seed": run.experiment.seed,
                "train_accuracy": train_accuracies[place],
                "test_accuracy": self.curves[place]["test_accuracies"][-1],
                "best_test_accuracy": max(self.curves[place]["test_accuracies"]),
                "train_loss": self.curves[place]["train_losses"][-1],
                "test_loss": test_losses[place],
                "diverged_at": self.diverged[place],
                "checkpoints": self.checkpoints,
                **self.curves[place],
                **{name: [values[name] for values in self.measured[place]] for name in (self.measured[place] or [{}])[0]},
            }
            for place, run in enumerate(self.stack.runs)
        ]


def accuracies(logits: Tensor, y: Tensor) -> list[float]:
    """The share of labels [(runs,) examples] that are right in every run [runs]; NaN where numbers are predicted."""
    if y.is_floating_point():
        return [math.nan] * len(logits)
    right = (logits.argmax(2) == y).sum(1).tolist()
    return [count / logits.shape[1] for count in right]
