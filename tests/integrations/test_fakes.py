"""The callbacks, called as their libraries call them: by small fakes of their training loops."""

import importlib
import sys
from types import ModuleType, SimpleNamespace
from unittest.mock import MagicMock

import pytest
import torch

from bnviz.record import ndjson
from tests.recorder.training import cross_entropy, examples, mlp, seed

X, Y = examples()
STEPS = 4


@pytest.fixture
def callbacks(monkeypatch):
    """A function that imports the callback of a library, in whose place there is a fake."""

    def make(name, library, base):
        fake = ModuleType(library)
        setattr(fake, base, type(base, (), {}))
        monkeypatch.setitem(sys.modules, library, fake)
        monkeypatch.delitem(sys.modules, f"bnviz.integrations.{name}", raising=False)
        module = importlib.import_module(f"bnviz.integrations.{name}")
        monkeypatch.delitem(sys.modules, f"bnviz.integrations.{name}")
        return module.RecorderCallback

    return make


class Loop:
    """Steps of an optimizer."""

    def __init__(self):
        seed()
        self.model = mlp()
        self.model.device = torch.device("cpu")  # Lightning's modules have one
        self.optimizer = torch.optim.SGD(self.model.parameters(), lr=0.1)

    def backward(self):
        """Gradients of a minibatch; returns its loss."""
        loss = cross_entropy(self.model(X[:16]), Y[:16])
        loss.backward()
        return loss.detach()

    def step(self):
        """A step with the gradients that there are."""
        self.optimizer.step()

    def clear(self):
        """Forget the gradients."""
        self.optimizer.zero_grad()


def light(callback, accumulate=1, fails_at=None):
    """Training as Lightning's trainer does it: a loss that is divided, and gradients that are cleared before a minibatch."""
    loop = Loop()
    trainer = SimpleNamespace(
        estimated_stepping_batches=STEPS,
        global_step=0,
        accumulate_grad_batches=accumulate,
        current_epoch=0,
        num_training_batches=STEPS * accumulate,
    )
    callback.on_train_start(trainer, loop.model)
    for batch in range(STEPS * accumulate):
        if batch == fails_at:
            callback.on_exception(trainer, loop.model, RuntimeError("out of memory"))
            return loop
        if batch % accumulate == 0:
            loop.clear()
        loss = loop.backward() / accumulate
        if (batch + 1) % accumulate == 0:
            loop.step()
            trainer.global_step += 1
        callback.on_train_batch_end(trainer, loop.model, {"loss": loss}, (X, Y), batch)
    callback.on_train_end(trainer, loop.model)
    return loop


def hug(callback):
    """Training as the Trainer of Hugging Face does it: gradients are cleared before a step counts as ended."""
    loop = Loop()
    args, state = SimpleNamespace(device=torch.device("cpu")), SimpleNamespace(max_steps=STEPS, global_step=0)
    callback.on_train_begin(args, state, None, model=loop.model, optimizer=loop.optimizer)
    for _ in range(STEPS):
        loop.backward()
        loop.step()
        callback.on_optimizer_step(args, state, None, model=loop.model)
        loop.clear()
        state.global_step += 1
    callback.on_train_end(args, state, None, model=loop.model)
    return loop


def recorded(callback):
    """Header, snapshots' parts and end."""
    header, *snapshots, end = callback.recorder.messages()
    assert [one["step"] for one in snapshots] == [0, 1, 2, 3, 4]
    return header, [one["arms"]["model"] for one in snapshots], end, snapshots


@pytest.mark.parametrize("accumulate", [1, 2])
def test_lightning_counts_steps_of_the_optimizer_and_means_their_losses(callbacks, tmp_path, accumulate):
    out = tmp_path / "a.ndjson"
    callback = callbacks("lightning", "lightning", "Callback")(probe=(X, Y), loss=cross_entropy, out=out, every=1)
    loop = light(callback, accumulate)
    header, parts, end, snapshots = recorded(callback)
    assert header["total_steps"] == STEPS and end["status"] == "finished" and header["layers"][0]["kind"] == "BatchNorm1d"
    first = cross_entropy(Loop().model(X[:16]), Y[:16]).item()
    assert parts[1]["train_loss"] == pytest.approx(first, rel=1e-4)
    assert snapshots[2]["epoch"] == pytest.approx(0.5) and max(parts[-1]["gradient_norm"]) > 0
    assert not any(module._forward_hooks for module in loop.model.modules())
    assert list(ndjson.read(out.read_bytes().splitlines()))[-1]["type"] == "end"


def test_lightning_says_what_ended_training(callbacks):
    callback = callbacks("lightning", "lightning", "Callback")((X, Y), cross_entropy, every=1)
    light(callback, fails_at=2)
    *_, end = callback.recorder.messages()
    assert (end["status"], end["message"]) == ("failed", "RuntimeError: out of memory")


def test_hugging_face_is_recorded_while_gradients_are_there(callbacks):
    callback = callbacks("hugging_face", "transformers", "TrainerCallback")((X, Y), cross_entropy, every=1, title="mine")
    hug(callback)
    header, parts, end, _ = recorded(callback)
    assert (header["total_steps"], header["title"], end["status"]) == (STEPS, "mine", "finished")
    assert all(max(part["gradient_norm"]) > 0 for part in parts[1:]) and parts[-1]["probe_loss"] < parts[0]["probe_loss"]


def test_training_ends_the_same_with_a_callback(callbacks):
    kinds = {light: ("lightning", "lightning", "Callback"), hug: ("hugging_face", "transformers", "TrainerCallback")}
    for train, names in kinds.items():
        plain, recorded = train(MagicMock()), train(callbacks(*names)((X, Y), cross_entropy, every=1))
        states = [loop.model.state_dict() for loop in (plain, recorded)]
        assert all(torch.equal(states[0][key], states[1][key]) for key in states[0])


@pytest.mark.parametrize(("name", "missing"), [("lightning", "lightning"), ("hugging_face", "transformers")])
def test_what_is_missing_is_named_with_what_installs_it(monkeypatch, name, missing):
    monkeypatch.setitem(sys.modules, missing, None)  # as if it were not installed
    monkeypatch.delitem(sys.modules, f"bnviz.integrations.{name}", raising=False)
    with pytest.raises(ModuleNotFoundError) as raised:
        importlib.import_module(f"bnviz.integrations.{name}")
    assert f'needs {missing}, which is not installed: pip install "bnviz[{name}]"' in str(raised.value)
