"""Models, arguments and disks that behave badly: training goes on as it would without a recorder, and what can be is recorded."""

import os
import random
import threading

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import parametrizations, parametrize

import bnviz
from bnviz.record import ndjson
from tests.recorder.training import Training, assert_untouched, cross_entropy, examples, messages, mlp

X, Y = examples()


def warnings_in(caplog):
    """The messages that were logged."""
    return [record.getMessage() for record in caplog.records]


class InPlace(nn.Module):
    """Works in place on its input, and its loss does so on the target."""

    def __init__(self):
        super().__init__()
        self.rest = mlp()

    def forward(self, x):
        return self.rest(x.sub_(0.5))

    @staticmethod
    def loss(output, target):
        return cross_entropy(output.mul_(2), target.fill_(1))


@pytest.mark.parametrize("wrap", [lambda x: x, lambda x: (x,), lambda x: {"x": x}], ids=["tensor", "tuple", "dict"])
def test_the_probe_stays_as_it_is(wrap):
    x, y = X.clone(), Y.clone()
    with bnviz.record(InPlace(), probe=(wrap(x), y), loss=InPlace.loss, every=1) as recorder:
        recorder.step()
    assert torch.equal(x, X) and torch.equal(y, Y)
    first, second = (snapshot["arms"]["model"] for snapshot in messages(recorder)[1])
    assert first["probe_loss"] == second["probe_loss"] and second["shift_step"]["linear"].max() == 0
    x.zero_()
    assert first["probe_loss"] == pytest.approx(recorder._arms[0].observe().scores.loss)  # a copy is kept from the start


@pytest.mark.parametrize("epoch", [np.int64(3), np.float32(3), torch.tensor(3.0), 3])
def test_an_epoch_is_a_number_of_any_type(epoch):
    recorder = bnviz.record(mlp(), probe=(X, Y), every=1)
    recorder.step(epoch=epoch)
    assert list(recorder.messages())[-1]["epoch"] == 3


def test_a_value_that_cannot_be_recorded_is_missing_and_loses_no_line(caplog, tmp_path):
    recorder = bnviz.record(mlp(), probe=(X, Y), every=1, title=tmp_path, total_steps=np.int64(9))
    recorder.step(epoch="first")
    recorder.step(epoch="second")
    header, *snapshots = recorder.messages()
    assert (header["title"], header["total_steps"]) == (None, 9)
    assert [one["epoch"] for one in snapshots] == [None] * 3
    assert len(warnings_in(caplog)) == 2 and "An epoch could not be recorded" in warnings_in(caplog)[1]


@pytest.mark.parametrize("lost", [0, 3])
def test_a_disk_that_was_full_leaves_whole_lines(lost, caplog, monkeypatch, tmp_path):
    """The disk takes half of the line with this number, and nothing of the line after it."""
    out, write, numbers = tmp_path / "run.ndjson", os.write, iter(range(100))

    def full(file, data):
        number = next(numbers)
        if number == lost:
            return write(file, data[: len(data) // 2])
        if number in (lost + 1, lost + 2):
            raise OSError(28, "No space left on device")
        return write(file, data)

    monkeypatch.setattr("bnviz.recorder.output.os.write", full)
    recorder = bnviz.record(mlp(), probe=(X, Y), out=out, every=1)
    for _ in range(4):
        recorder.step()
        assert out.read_bytes() == b"".join(recorder.lines())
    recorder.close()
    assert isinstance(recorder.findings(), list)
    header, *snapshots, end = ndjson.read(out.read_bytes().splitlines())
    assert (header["type"], end["type"]) == ("header", "end") and "findings" in end
    assert [one["index"] for one in snapshots] == list(range(4 if lost == 0 else 3))
    assert len(warnings_in(caplog)) == 1


def test_a_function_that_fails_to_choose_steps_ends_nothing(caplog):
    recorder = bnviz.record(mlp(), probe=(X, Y), every=lambda step: [None, True, True][step])
    for _ in range(4):
        recorder.step()
    assert len(messages_so_far(recorder)) == 4
    assert len(warnings_in(caplog)) == 1 and "No more are taken" in caplog.text


def messages_so_far(recorder):
    return list(recorder.messages())


class Leaves(nn.Module):
    """Ends the program in evaluation."""

    def __init__(self, error):
        super().__init__()
        self.rest, self.error = mlp(), error

    def forward(self, x):
        if not self.training:
            raise self.error
        return self.rest(x)


def test_a_model_that_ends_the_program_does_not_do_so_while_it_is_measured(caplog):
    recorder = bnviz.record(Leaves(SystemExit("no")), probe=(X, Y), every=1)
    recorder.step()
    assert "counts" in messages_so_far(recorder)[-1]["arms"]["model"] and "SystemExit" in caplog.text
    with pytest.raises(KeyboardInterrupt):
        bnviz.record(Leaves(KeyboardInterrupt()), probe=(X, Y))


@pytest.mark.filterwarnings("ignore:Initializing zero-element tensors")
def test_an_empty_layer_is_left_out():
    def make():
        return nn.Sequential(nn.Linear(20, 0), nn.ReLU(), nn.Linear(0, 8), nn.ReLU(), nn.Linear(8, 3))

    header, snapshots = assert_untouched(make, X, Y)
    assert [layer["name"] for layer in header["layers"]] == ["2"] and header["layers_found"] == 2
    assert snapshots[-1]["arms"]["model"]["counts"]["linear"].sum() > 0
    with pytest.raises(ValueError, match="its output is empty|the output is empty"):
        bnviz.record(make(), probe=(X, Y), layers="0")


class Threaded(nn.Module):
    """Another thread uses one of its layers whenever it is called."""

    def __init__(self):
        super().__init__()
        self.first, self.rest = nn.Linear(20, 20), mlp()

    def forward(self, x):
        other = threading.Thread(target=self.first, args=(x[:1],))
        other.start()
        other.join()
        return self.rest(self.first(x))


def test_calls_from_another_thread_are_not_recorded():
    layers = next(bnviz.record(Threaded(), probe=(X, Y)).messages())["layers"]
    assert [(layer["name"], layer["repeat"], layer["values"]) for layer in layers] == [
        ("first", 0, 64),
        ("rest.1", 0, 64),
        ("rest.4", 0, 64),
    ]


class DropWeights(nn.Module):
    """Draws weights that are 0, as DropConnect does."""

    def forward(self, weight):
        return nn.functional.dropout(weight, 0.2, self.training)


def drop_connect(layer):
    """The layer, with weights that are drawn at each call."""
    parametrize.register_parametrization(layer, "weight", DropWeights())
    return layer


@pytest.mark.parametrize("wrap", [parametrizations.spectral_norm, parametrizations.weight_norm, drop_connect])
def test_weights_that_are_computed_leave_no_trace_and_are_no_layers(wrap):
    def make():
        return nn.Sequential(wrap(nn.Linear(20, 8)), nn.ReLU(), nn.Linear(8, 3))

    header, _ = assert_untouched(make, X, Y)
    assert [(layer["name"], layer["normalizer"]) for layer in header["layers"]] == [("0", "")]


class Draws(nn.Module):
    """Has a generator of its own, in an attribute or in a list, and an average that is a plain tensor."""

    def __init__(self, owner):
        super().__init__()
        self.rest, self.owner, self.average = mlp(), owner, torch.zeros(20)

    def forward(self, x):
        owner = self.owner[0] if isinstance(self.owner, list) else self.owner
        drawn = torch.rand((), generator=owner) if isinstance(owner, torch.Generator) else owner.uniform(0, 1)
        self.average.mul_(0.9).add_(x.mean(0))
        return self.rest(x * float(drawn) - self.average)


class MovingLoss(nn.Module):
    """Subtracts a moving average of outputs, which is a buffer."""

    def __init__(self):
        super().__init__()
        self.register_buffer("center", torch.zeros(3))

    def forward(self, output, target):
        loss = cross_entropy(output - self.center, target)
        self.center.mul_(0.9).add_(output.detach().mean(0))
        return loss


GENERATORS = [random.Random, np.random.RandomState, np.random.default_rng, lambda seed: [torch.Generator().manual_seed(seed)]]


@pytest.mark.parametrize("generator", GENERATORS, ids=["python", "older numpy", "numpy", "torch in a list"])
def test_a_models_own_generators_and_tensors_and_a_losss_buffers_are_put_back(generator):
    losses = []
    for options in (None, {}):
        loss = MovingLoss()
        losses.append(Training(lambda: Draws(generator(3)), X, Y, loss=loss, options=options).losses)
    assert losses[0] == losses[1]
