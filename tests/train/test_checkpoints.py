"""A run that goes on from an earlier one's copy gives the very lines of a run trained from the start."""

import pytest
import torch

from bnviz.config.experiment import Experiment
from bnviz.record import ndjson
from bnviz.train import checkpoints as module
from bnviz.train import loop
from bnviz.train.checkpoints import PER_RUN, CheckpointCache, train

torch.set_num_threads(1)
SMALL = Experiment(dataset="mnist1d", width=16, hidden_layers=3, steps=64, batch_size=32, snapshot_every=3, train_size=200)
VARIANTS = {  # and the step at which each parts from those before it
    "learning rate": (40, {"changes": "40:learning_rate=1"}),
    "again": (60, {"changes": "40:learning_rate=1;60:batch_size=8"}),
    "earlier": (20, {"changes": "20:times_w2=3;40:learning_rate=1;60:input_noise=1"}),
    "off": (33, {"changes": "33:compare=none", "scale_start": "keep"}),
}


def lines_of(messages):
    """Lines, how many steps were taken, and how it ended."""
    lines, steps = [], 0
    while True:
        try:
            message = next(messages)
        except StopIteration as done:
            return lines, steps, done.value
        steps += message is None
        if message is not None:
            lines.append(message if isinstance(message, bytes) else ndjson.line(message))


@pytest.fixture
def checkpoint_cache():
    return CheckpointCache()


@pytest.mark.parametrize(
    "more",
    [
        {},
        pytest.param(
            {"momentum": 0.9, "dropout": 0.3, "hold_from": 9, "fixed_scales": "yes", "look_inside": "yes"},
            marks=pytest.mark.slow,
        ),
    ],
)
def test_every_variant_goes_on_from_another_and_nobody_can_tell(checkpoint_cache, more):
    base = SMALL.replace(**more)
    lines_of(train(base, checkpoint_cache))
    for name, (step, changes) in VARIANTS.items():
        experiment = base.replace(**changes)
        lines, steps, outcome = lines_of(train(experiment, checkpoint_cache))
        assert (lines, 64, outcome) == lines_of(loop.train(experiment)), name
        assert 64 - step <= steps < 64 - step + 64 // PER_RUN + SMALL.snapshot_every, name


def test_batch_norm_that_comes_later_goes_on_from_before_it_came(checkpoint_cache):
    for begin in (50, 30, 40, 45):
        experiment = SMALL.replace(batch_norm_from=begin)
        lines, steps, _ = lines_of(train(experiment, checkpoint_cache))
        assert lines == lines_of(loop.train(experiment))[0]
    assert steps < 40


def test_a_change_goes_on_from_a_run_that_is_still_on_its_way_and_both_stay_what_they_are(checkpoint_cache):
    going = train(SMALL, checkpoint_cache)
    begun = [next(going) for _ in range(70)]
    experiment = SMALL.replace(changes="30:learning_rate=1")
    lines, steps, _ = lines_of(train(experiment, checkpoint_cache))
    assert steps < 50 and lines == lines_of(loop.train(experiment))[0]
    assert [line for line in begun if line] + lines_of(going)[0] == lines_of(loop.train(SMALL))[0]


def test_other_experiments_begin_at_the_start(checkpoint_cache):
    lines_of(train(SMALL, checkpoint_cache))
    for changes in ({"seed": 1}, {"batch_norm_from": 50}, {"look_inside": "yes"}, {"changes": "1:learning_rate=1"}):
        assert lines_of(train(SMALL.replace(**changes), checkpoint_cache))[1] >= 63


def test_the_best_of_several_is_taken(checkpoint_cache):
    for changes in ("20:dropout=0.1", "20:dropout=0.2;50:momentum=0.5", "20:dropout=0.3"):
        lines_of(train(SMALL.replace(changes=changes), checkpoint_cache))
    assert lines_of(train(SMALL.replace(changes="20:dropout=0.2;50:momentum=0.9"), checkpoint_cache))[1] < 20


@pytest.mark.slow
def test_memory_is_bounded_and_the_last_runs_are_kept():
    alone = CheckpointCache()
    lines_of(train(SMALL, alone))
    size = sum(past.bytes for past in alone._runs.values())
    few = CheckpointCache(max_bytes=int(2.5 * size))
    for seed in range(5):
        for _ in train(SMALL.replace(seed=seed), few):
            assert sum(past.bytes for past in few._runs.values()) <= 2.5 * size
    assert list(few._runs) == [SMALL.replace(seed=seed).id for seed in (3, 4)]
    assert len(next(iter(few._runs.values())).checkpoints) <= PER_RUN + 2


def test_data_that_only_one_run_has_count():
    sizes = {}
    for precision in ("single", "double"):
        cache, experiment = CheckpointCache(), SMALL.replace(precision=precision, steps=4)
        lines_of(train(experiment, cache))
        sizes[precision] = cache._runs[experiment.id].bytes
    data = 8 * 40 * (200 + 1000)  # training and held-out examples of 40 numbers
    assert sizes["double"] > sizes["single"] + data


def test_a_run_too_large_to_keep_is_trained_all_the_same():
    tiny = CheckpointCache(max_bytes=1000)
    for _ in range(2):
        lines, steps, _ = lines_of(train(SMALL, tiny))
        assert steps == 64 and lines == lines_of(loop.train(SMALL))[0] and not tiny._runs


def test_the_networks_of_a_run_that_went_on_can_be_asked(checkpoint_cache):
    experiment = SMALL.replace(changes="40:learning_rate=1")
    lines_of(loop.train(experiment))
    expected = loop.TRAINED_NETWORKS.pop(experiment.id).state_dict()
    lines_of(train(SMALL, checkpoint_cache)), lines_of(train(experiment, checkpoint_cache))
    resumed = loop.TRAINED_NETWORKS[experiment.id].state_dict()
    assert all(torch.equal(resumed[name], expected[name]) for name in expected)


@pytest.mark.slow
def test_a_worker_has_room_for_several_runs_of_the_default_experiment():
    for _ in train(Experiment()):
        pass
    assert 2 * module.CHECKPOINTS._runs[Experiment().id].bytes < module.MAX_BYTES
    _, steps, _ = lines_of(train(Experiment(changes="500:learning_rate=1")))
    assert 100 <= steps < 100 + 600 // PER_RUN + Experiment().snapshot_every
