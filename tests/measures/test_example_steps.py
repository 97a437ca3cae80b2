"""How far the same examples move, against plain loops over examples, minibatches and layers in double precision."""

import numpy as np
import pytest
import torch

from bnviz.config.experiment import PROBE_SIZE, Experiment
from bnviz.measures.context import Draw
from bnviz.measures.example_steps import PARTS, example_steps
from bnviz.measures.example_values import places
from bnviz.record import ndjson
from bnviz.train import loop
from tests.measures import live_context

torch.set_num_threads(1)

SMALL = Experiment(dataset="mnist1d", width=12, hidden_layers=3, batch_size=32, learning_rate=0.5)
VARIANTS = {
    "none": {},
    "batch": {},
    "layer": {"compare": "layer"},
    "noisy-batch": {"compare": "noisy-batch", "dropout": 0.3},
    "ghosts": {"ghost_batch_size": 10},  # 32 = 11 + 11 + 10
    "large ghosts": {"batch_size": 65, "ghost_batch_size": 30},  # 65 = 33 + 32: examples of the probe take 15 places of the 33
    "tiny": {"batch_size": 2},
    "sigmoid": {"activation": "sigmoid"},
}
KEYS = ("example_step", "example_step_in_training", "example_step_weights", "example_step_mates")


def arm_name(variant):
    return "none" if variant == "none" else SMALL.replace(**VARIANTS[variant]).compare


def draw_of(size, turn=0, groups=1):
    return Draw(torch.arange(size), groups, torch.Generator().get_state(), turn)


# Where examples stand


@pytest.mark.parametrize("size", [2, 3, 5, 8, 16, 64, 100, 256, 1024])
def test_examples_stand_in_one_place_each_and_never_twice_together(size):
    turns = [places(draw_of(size, turn), PROBE_SIZE) for turn in range(4)]
    for chosen in turns:
        assert sorted(chosen.flatten().tolist()) == list(range(chosen.numel()))
        assert chosen.shape[1] <= size and 16 <= chosen.numel() <= PROBE_SIZE
    pairs = [{frozenset((i, j)) for row in one.tolist() for i in row for j in row if i != j} for one in turns]
    assert all(pairs) and not any(one & other for one, other in zip(pairs, pairs[1:], strict=False))


# The plain implementation


class Plain:
    """A copy of an arm's network as it is now, in NumPy."""

    def __init__(self, arm):
        self.kind, self.g = arm.normalizer, arm.experiment.activation
        self.layers = [
            (linear.weight.detach().double().numpy().copy(), linear.bias.detach().double().numpy().copy())
            for linear in arm.network.linears
        ]
        norms = arm.network.normalizers
        self.scales = (
            [[getattr(norm, name).detach().double().numpy().copy() for name in ("gamma", "beta")] for norm in norms]
            if self.kind != "none"
            else None
        )

    def normalize(self, z, layer, generator):
        if self.kind == "none":
            return z
        gamma, beta = self.scales[layer]
        axis = 1 if self.kind == "layer" else 0
        mean = z.mean(axis, keepdims=True)
        y = gamma * (z - mean) / np.sqrt(((z - mean) ** 2).mean(axis, keepdims=True) + 1e-5) + beta
        if generator is None or self.kind != "noisy-batch":
            return y
        shift = torch.empty(len(gamma)).uniform_(-0.5, 0.5, generator=generator).double().numpy()
        return y * torch.empty(len(gamma)).uniform_(1, 1.25, generator=generator).double().numpy() + shift

    def taps(self, x, noise=None):
        """[taps, layers, examples, width] of x, all of whose examples are normalized together."""
        generator, values = None, []
        if noise is not None:
            generator = torch.Generator()
            generator.set_state(noise)
        for layer, (weight, bias) in enumerate(self.layers[:-1]):
            z = x @ weight.T + bias
            y = self.normalize(z, layer, generator)
            x = {"relu": np.maximum(y, 0), "sigmoid": 1 / (1 + np.exp(-y))}[self.g]
            values.append((z, y, x))
        return np.array(values).transpose(1, 0, 2, 3)


def in_training(plain, probe, x_train, draw):
    """[taps, layers, examples, width]: a minibatch for each copy, put together by hand."""
    chosen, size = places(draw, PROBE_SIZE).numpy(), -(-len(draw.minibatch) // draw.groups)
    values = {}
    for row in chosen:
        mates = [x_train[index] for index in draw.minibatch[len(row) : size]]
        together = plain.taps(np.array([*probe[row], *mates]), draw.noise)
        values.update({example: together[:, :, place] for place, example in enumerate(row)})
    return np.stack([values[example] for example in range(len(values))], 2)


def distance(one, other, scale):
    """Root mean square over examples and units, in σ: [taps, layers]."""
    total = np.zeros(one.shape[:2])
    count = min(one.shape[2], other.shape[2])
    for example in range(count):
        total += ((one[:, :, example] - other[:, :, example]) ** 2).sum(-1)
    return np.sqrt(total / count / one.shape[-1]) / scale


class Look:
    """An arm at a snapshot, seen plainly."""

    def __init__(self, arm, tensors, minibatch, turn):
        self.plain, self.draw = Plain(arm), Draw(minibatch, arm.groups, arm.dropout.get_state(), turn)
        self.probe, self.x_train = tensors.x_test[:PROBE_SIZE].double().numpy(), tensors.x_train.double().numpy()
        self.alone = self.plain.taps(self.probe, self.draw.noise)
        self.trained = self.with_draw(self.draw)

    def with_draw(self, draw):
        return in_training(self.plain, self.probe, self.x_train, draw)


def looked_at(experiment, name, steps=3, then=None):
    """What is measured at the third snapshot, when minibatches have the size `then`, and it and the second one seen plainly."""
    arm, tensors, batches = loop.ArmTrainer(experiment, name), loop.DataTensors(experiment), loop.minibatches(experiment)
    looks = []
    for turn in range(3):
        with torch.no_grad():
            context = live_context(arm, tensors, batches.peek(), turn)
            looks.append(Look(arm, tensors, batches.peek(), turn))
            result = example_steps(context)
        for _ in range(steps):
            chosen = next(batches)
            arm.step(tensors.x_train[chosen], tensors.y_train[chosen])
        batches.size = then if then and turn == 1 else batches.size
    return result, *looks[-2:]


@pytest.mark.parametrize("then", [None, 8])
@pytest.mark.parametrize("variant", VARIANTS)
def test_steps_are_those_of_plain_loops(variant, then):
    result, before, now = looked_at(SMALL.replace(**VARIANTS[variant]), arm_name(variant), then=then)
    scale = np.sqrt((before.alone.std(2) ** 2).mean(-1))
    redrawn = now.with_draw(before.draw)
    expected = {
        "example_step": distance(now.alone, before.alone, scale),
        "example_step_in_training": distance(now.trained, before.trained, scale),
        "example_step_weights": distance(redrawn, before.trained, scale),
        "example_step_mates": distance(now.trained, redrawn, scale),
    }
    for key, values in expected.items():
        for place, tap in enumerate(ndjson.TAPS):
            assert result[key][tap] == pytest.approx(values[place], rel=2e-4, abs=2e-5), (key, tap)
    count = min(now.trained.shape[2], before.trained.shape[2])
    units = np.sqrt(((now.trained[:, :, :count] - before.trained[:, :, :count]) ** 2).mean(2))
    for place, tap in enumerate(ndjson.TAPS):
        share = units[place] / np.sqrt((units[place] ** 2).mean(-1, keepdims=True))
        assert np.abs(result["unit_example_step"][tap] / PARTS - share).max() < 0.6 / PARTS


def test_without_statistics_of_a_minibatch_others_move_nothing():
    for name in ("none", "layer"):
        result, *_ = looked_at(SMALL.replace(**VARIANTS[name]), name)
        for tap in ndjson.TAPS:
            assert not result["example_step_mates"][tap].any()
            assert np.array_equal(result["example_step_in_training"][tap], result["example_step_weights"][tap])


def test_what_does_not_move_has_moved_by_nothing_even_where_sigma_is_0():
    """A layer without variance: W = 0, and a is b on every example."""
    arm, tensors, batches = loop.ArmTrainer(SMALL, "none"), loop.DataTensors(SMALL), loop.minibatches(SMALL)
    with torch.no_grad():
        arm.network.linears[1].weight.zero_()
        results = [example_steps(live_context(arm, tensors, batches.peek(), turn)) for turn in range(2)]
    for key in (*KEYS, "unit_example_step"):
        assert all(not result[key][tap].any() for result in results for tap in ndjson.TAPS), key


def test_a_run_says_how_far_examples_move_at_every_snapshot_and_distributions_move_less():
    """The Wasserstein distance pairs values in the best way, examples in one way: so the shift is never larger."""
    experiment = SMALL.replace(steps=12, snapshot_every=3, train_size=200, changes="6:batch_size=4;9:compare=none")
    snapshots = [message for message in loop.train(experiment) if message]
    for index, snapshot in enumerate(snapshots):
        for part in snapshot["arms"].values():
            for tap in ndjson.TAPS:
                moved = part["example_step"][tap]
                assert (moved > 0).all() == (index > 0)
                assert (part["shift_step"][tap] <= moved * (1 + 1e-5)).all()


def test_measuring_touches_neither_statistics_nor_generators():
    arm, tensors, batches = (
        kind(SMALL.replace(**VARIANTS["noisy-batch"]))
        for kind in (lambda e: loop.ArmTrainer(e, "noisy-batch"), loop.DataTensors, loop.minibatches)
    )
    before = [value.clone() for value in arm.network.state_dict().values()], arm.dropout.get_state(), torch.get_rng_state()
    with torch.no_grad():
        for turn in range(2):
            example_steps(live_context(arm, tensors, batches.peek(), turn))
    assert all(map(torch.equal, before[0], arm.network.state_dict().values()))
    assert torch.equal(before[1], arm.dropout.get_state()) and torch.equal(before[2], torch.get_rng_state())
