"""Small networks that are trained with and without a recorder."""

import random

import numpy as np
import torch
from torch import nn

import bnviz
from bnviz.record import ndjson

STEPS = 6


def examples(shape=(20,), count=64, classes=3):
    """Inputs [count, …] and labels [count], always the same."""
    generator = torch.Generator().manual_seed(1)
    return torch.randn(count, *shape, generator=generator), torch.randint(classes, (count,), generator=generator)


def mlp(normalizer=nn.BatchNorm1d, widths=(20, 12, 8), classes=3):
    """A fully connected network with ReLUs that work in place; without normalizers if that is None."""
    layers = []
    for inputs, outputs in zip(widths[:-1], widths[1:], strict=True):
        layers += [nn.Linear(inputs, outputs), *([normalizer(outputs)] if normalizer else []), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers, nn.Linear(widths[-1], classes))


def cross_entropy(output, target):
    """The loss of logits, of whatever type."""
    return nn.functional.cross_entropy(output.float(), target)


class Training:
    """A training of a model made by `make`, from the same random numbers each time; with a recorder if options are given."""

    def __init__(self, make, x, y, loss=cross_entropy, steps=STEPS, batch=16, forward=None, options=None):
        seed()
        self.model = make()
        self.call = forward or (lambda model, x: model(x))
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=0.1, momentum=0.9)
        self.recorder = None
        self.losses = []
        if options is not None:
            self.recorder = bnviz.record(self.model, **{"probe": (x, y), "loss": loss, "every": 2, **options})
        for _ in range(steps):
            chosen = torch.randint(len(x), (batch,))
            self.optimizer.zero_grad()
            value = loss(self.call(self.model, x[chosen]), y[chosen])
            value.backward()
            self.optimizer.step()
            self.losses.append(value.item())
            if self.recorder:
                self.recorder.step(loss=value)
        if self.recorder:
            self.recorder.close()

    def state(self):
        """All that training leaves: weights, buffers, the optimizer's state, gradients, losses, the random generators' states."""
        moments = [one for state in self.optimizer.state.values() for one in state.values()]
        gradients = [one.grad for one in self.model.parameters()]
        numbers = (np.random.get_state()[1].tolist(), random.getstate())
        return [*self.model.state_dict().values(), *moments, *gradients, torch.get_rng_state()], (self.losses, numbers)


def seed():
    """Seed every generator."""
    torch.manual_seed(0)
    np.random.seed(0)
    random.seed(0)


def assert_untouched(make, x, y, **more):
    """A training ends bit-identical with a recorder and without. Returns the recording's header and snapshots."""
    options = more.pop("options", {})
    plain, recorded = Training(make, x, y, **more), Training(make, x, y, options=options, **more)
    (tensors, numbers), (other_tensors, other_numbers) = plain.state(), recorded.state()
    assert len(tensors) == len(other_tensors)
    for one, other in zip(tensors, other_tensors, strict=True):
        assert (one is None and other is None) or torch.equal(one.cpu().nan_to_num(), other.cpu().nan_to_num())
    assert repr(numbers) == repr(other_numbers)
    assert not any(hooks(module) for module in recorded.model.modules())
    return messages(recorded.recorder)


def hooks(module):
    """The hooks on a module."""
    return [*module._forward_hooks.values(), *module._forward_pre_hooks.values()]


def messages(recorder):
    """Header and snapshots of a recording that has ended, whose numbers of values add up."""
    header, *snapshots, end = recorder.messages()
    assert end["type"] == "end"
    for snapshot in snapshots:
        for part in snapshot["arms"].values():
            check_counts(header, part)
    return header, snapshots


def check_counts(header, part):
    """Counts and tails are all values of a layer, or none where it could not be measured."""
    if "counts" not in part:
        return
    for number, tap in enumerate(ndjson.TAPS):
        expected = [layer["tap_values"][number] * len(layer["units"]) for layer in header["layers"]]
        total = part["counts"][tap].sum(1, dtype=int) + sum(
            part[key][tap].astype(int) for key in ("underflow", "overflow", "nonfinite")
        )
        assert all(one in (0, all_values) for one, all_values in zip(total, expected, strict=True))
