"""Stacks on an accelerator: the same runs as on the processor, to tolerance."""

import pytest
import torch

from bnviz.config.experiment import Experiment
from bnviz.config.sweep import canonical_run, trainable_arms
from bnviz.train.device import device
from bnviz.train.stacked import train_stack

# Short, for rounding differs and grows from step to step.
BASE = Experiment(steps=12, batch_size=32, learning_rate=0.02, train_size=500, momentum=0.5, dropout=0.1, ghost_batch_size=16)
needs_a_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="PyTorch finds no CUDA device here")


def rows(monkeypatch, name, measures=()):
    monkeypatch.setenv("BNVIZ_DEVICE", name)
    runs = [canonical_run(BASE.replace(seed=seed), arm) for arm in trainable_arms() for seed in (0, 1)]
    return {row["run"]: row for row in train_stack(runs, measures) if row}


def test_the_processor_is_where_stacks_train_by_default(monkeypatch):
    monkeypatch.delenv("BNVIZ_DEVICE", raising=False)
    assert device() == torch.device("cpu")


@pytest.mark.parametrize("name", ["warp9", "cuda:99"])
def test_a_device_that_is_not_there_is_named(monkeypatch, name):
    with pytest.raises(ValueError, match=f"BNVIZ_DEVICE = {name}: PyTorch finds no such device here"):
        rows(monkeypatch, name)


@needs_a_gpu
@pytest.mark.parametrize("measures", [(), ("landscape",)])
def test_rows_are_those_of_the_processor(monkeypatch, measures):
    ours, theirs = rows(monkeypatch, "cuda", measures), rows(monkeypatch, "cpu", measures)
    assert ours.keys() == theirs.keys() and len(ours) > 10
    for run, row in ours.items():
        assert row.keys() == theirs[run].keys()
        for name in ("test_accuracies", "train_losses"):
            assert row[name] == pytest.approx(theirs[run][name], abs=0.004, nan_ok=True), (row["arm"], name)
        assert row["diverged_at"] == theirs[run]["diverged_at"]
