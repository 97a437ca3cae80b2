"""A run that begins like another one goes on from where that one stood, and says the same as if it had begun by itself."""

import pytest
import torch

from bnviz.config.experiment import Experiment
from bnviz.record import ndjson
from bnviz.train import checkpoints, loop

BASE = Experiment(steps=80, width=16, train_size=256, batch_size=16, snapshot_every=4)
CHANGED = [
    {"changes": "60:learning_rate=1"},
    {"changes": "60:batch_size=4"},
    {"changes": "50:compare=none;70:compare=batch", "scale_start": "keep"},
    {"changes": "41:times_w2=10;55:freeze_layer=2"},
    {"changes": "50:input_noise=0.5"},
    {"changes": "64:momentum=0.9;70:dropout=0.3"},
]


@pytest.fixture(autouse=True)
def one_thread():
    torch.set_num_threads(1)


def said(experiment, count_steps=False):
    """The lines of a run, and how many steps were trained for them."""
    lines, steps = [], 0
    for message in loop.train(experiment):
        lines += [ndjson.line(message)] if message else []
        steps += message is None
    return (lines, steps) if count_steps else lines


@pytest.mark.parametrize("changes", CHANGED, ids=lambda changes: changes["changes"])
@pytest.mark.parametrize("more", [{}, {"dropout": 0.2, "momentum": 0.9, "hold_from": 20}], ids=["plain", "with memory"])
def test_the_same_lines_with_fewer_steps(changes, more):
    before, experiment = BASE.replace(**more), BASE.replace(**more, **changes)
    alone, steps = said(experiment, count_steps=True)
    checkpoints.PASTS.clear()
    said(before)
    resumed, fewer = said(experiment, count_steps=True)
    assert resumed == alone
    assert steps == BASE.steps and fewer <= 0.65 * steps


def test_a_change_of_a_change_goes_on_from_before_both():
    said(BASE.replace(changes="40:learning_rate=1"))
    resumed, steps = said(BASE.replace(changes="60:learning_rate=1"), count_steps=True)
    assert 40 <= steps < 80
    checkpoints.PASTS.clear()
    assert resumed == said(BASE.replace(changes="60:learning_rate=1"))


def test_what_differs_from_the_start_is_trained_from_the_start():
    said(BASE)
    assert said(BASE.replace(seed=1), count_steps=True)[1] == BASE.steps


def test_a_stopped_run_is_gone_on_with():
    running = loop.train(BASE)
    for message in running:
        if message and message["step"] == 40:
            break
    running.close()
    assert said(BASE, count_steps=True)[1] <= 50


def test_only_the_last_few_runs_are_remembered():
    for seed in range(checkpoints.RUNS + 2):
        said(BASE.replace(seed=seed, steps=10))
    assert len(checkpoints.PASTS) == checkpoints.RUNS
