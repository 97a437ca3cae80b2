"""Networks and trainings that other tools stumbled over. Each trains bit-identically with a recorder and without."""

import copy
import dataclasses
import io
import os
import signal
import subprocess
import sys
import warnings

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

import bnviz
from bnviz.record import ndjson
from tests import ROOT
from tests.recorder.training import Training, assert_untouched, cross_entropy, examples, messages, mlp

X, Y = examples()
IMAGES, LABELS = examples((3, 8, 8), 32)
TOKENS, TARGETS = examples((5, 20), 32)


def part_of(snapshots, number=-1):
    return snapshots[number]["arms"]["model"]


class Lambda(nn.Module):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def forward(self, *values):
        return self.function(*values)


def convolutional(normalizer=nn.BatchNorm2d):
    """Two convolutions, pooled and flattened."""
    return nn.Sequential(
        *(nn.Conv2d(3, 6, 3), normalizer(6), nn.ReLU(inplace=True), nn.MaxPool2d(2)),
        *(nn.Conv2d(6, 4, 2), normalizer(4), nn.ReLU(inplace=True), nn.Flatten(), nn.Linear(16, 3)),
    )


def test_channels_are_the_units_of_a_convolution():
    header, snapshots = assert_untouched(convolutional, IMAGES, LABELS)
    assert [(layer["name"], layer["width"], layer["values"]) for layer in header["layers"]] == [("1", 6, 288), ("5", 4, 128)]
    part = part_of(snapshots, 0)
    assert part["mean"]["normalized"] == pytest.approx([0, 0], abs=0.1)
    assert (part["zeros"]["activation"] > 0).all() and (part["zeros"]["normalized"] == 0).all()


def test_a_layer_that_turns_nan_leaves_earlier_snapshots_unspoiled():
    x = X.clone()
    header, snapshots = assert_untouched(
        lambda: mlp(None), x, Y, loss=lambda output, y: cross_entropy(output * 1e6, y) ** 5, steps=4
    )
    nonfinite = [part_of(snapshots, number)["nonfinite"]["activation"].sum() for number in range(len(snapshots))]
    assert nonfinite[0] == 0 and nonfinite[-1] > 0
    assert np.isfinite(part_of(snapshots, 0)["unit_mean"]["activation"][0, :12]).all()
    assert snapshots[-1]["arms"]["model"]["probe_loss"] is None


def test_constant_layers_and_few_examples(caplog):
    def constant():
        model = mlp()
        nn.init.zeros_(model[0].weight)
        return model

    part = part_of(assert_untouched(constant, X, Y)[1], 0)
    assert part["std"]["normalized"][0] < 1e-3 and part["shift_step"]["linear"][0] == 0
    header, snapshots = assert_untouched(mlp, X, Y, options={"probe": (X[:1], Y[:1])})  # batch norm cannot train on one
    assert header["view"] == "evaluation" and "The training view of 'model'" in caplog.text
    assert part_of(snapshots)["counts"]["linear"].sum() == 12 + 8
    header, snapshots = assert_untouched(lambda: mlp(None), X, Y, options={"probe": (X[:1], Y[:1])})
    assert header["view"] == "training" and part_of(snapshots)["std"]["linear"].shape == (2,)


@pytest.mark.parametrize("kind", [torch.bfloat16, torch.float16, torch.float64])
def test_other_precisions(kind):
    def make():
        return mlp(nn.LayerNorm).to(kind)

    header, snapshots = assert_untouched(make, X.to(kind), Y)
    assert np.isfinite(part_of(snapshots)["mean"]["linear"]).all() and part_of(snapshots)["gradient_norm"].min() > 0


def test_autocast():
    def forward(model, x):
        with torch.autocast("cpu", torch.bfloat16):
            return model(x)

    plain = Training(mlp, X, Y, forward=forward)
    recorded = Training(mlp, X, Y, forward=forward, options={})
    assert plain.losses == recorded.losses
    with torch.autocast("cpu", torch.bfloat16):  # weights that a snapshot casts are not kept for training
        model = mlp()
        recorder = bnviz.record(model, probe=(X, Y), every=1)
        recorder.step()
        cross_entropy(model(X), Y).backward()
    assert all(parameter.grad is not None for parameter in model.parameters())


def test_what_comes_out_of_batch_norm_is_recorded_before_an_in_place_relu():
    header, snapshots = assert_untouched(mlp, X, Y)
    part = part_of(snapshots)
    assert (part["percentiles"]["normalized"][:, 0] < 0).all() and (part["percentiles"]["activation"][:, 0] >= 0).all()
    assert part["zeros"]["normalized"].sum() == 0 < part["zeros"]["activation"].min()


class Shared(nn.Module):
    """A block, with batch norm in it, that is used twice; and two Linear modules with one weight."""

    def __init__(self):
        super().__init__()
        self.first, self.block, self.norm = nn.Linear(20, 20), nn.Linear(20, 20), nn.BatchNorm1d(20)
        self.head, self.tied = nn.Linear(20, 20), nn.Linear(20, 20)
        self.tied.weight = self.head.weight

    def forward(self, x):
        for _ in range(2):
            x = self.norm(self.block(torch.relu(self.first(x)))).relu()
        return self.tied(self.head(x))[:, :3]


def test_a_module_that_is_called_twice_and_weights_that_two_share():
    header, snapshots = assert_untouched(Shared, X, Y)
    names = [(layer["name"], layer["repeat"]) for layer in header["layers"]]
    assert names == [("first", 0), ("norm", 0), ("first", 1), ("norm", 1), ("head", 0)]
    part = part_of(snapshots)
    assert part["mean"]["linear"][1] != part["mean"]["linear"][3]
    assert header["parameters"] == ["first.weight", "block.weight", "head.weight"]
    assert part["normalized_together"].tolist()[1] == 16


@dataclasses.dataclass
class Answer:
    logits: torch.Tensor
    more: dict


@pytest.mark.parametrize(
    "wrap", [lambda y: (y, 1), lambda y: {"logits": y}, lambda y: Answer(y, {})], ids=["tuple", "dict", "class"]
)
def test_outputs_of_any_kind(wrap):
    def forward(model, x):
        output = model(x)
        return output.logits if isinstance(output, Answer) else output["logits"] if isinstance(output, dict) else output[0]

    def make():
        return nn.Sequential(mlp(), Lambda(wrap))

    def loss(output, y):
        return cross_entropy(output if isinstance(output, torch.Tensor) else forward(lambda _: output, None), y)

    header, snapshots = assert_untouched(make, X, Y, forward=forward, loss=loss)
    assert part_of(snapshots)["probe_accuracy"] is not None and header["classes"] == 3


class Recurrent(nn.Module):
    def __init__(self):
        super().__init__()
        self.lstm, self.cell, self.out = nn.LSTM(20, 7, batch_first=True), nn.GRUCell(7, 6), nn.Linear(6, 3)

    def forward(self, x):
        x, state = self.lstm(x)[0], None
        for time in range(x.shape[1]):
            state = self.cell(x[:, time], state)
        return self.out(state)


def test_recurrent_networks():
    header, _ = assert_untouched(Recurrent, TOKENS, TARGETS)
    layers = [(layer["name"], layer["width"]) for layer in header["layers"]]
    assert layers[0] == ("lstm", 7) and ("cell", 6) in layers


class Words(nn.Module):
    """Words to an embedding with as many rows as a sentence has words, a recurrent network, and its last state."""

    def __init__(self, recurrent):
        super().__init__()
        self.words, self.recurrent, self.out = nn.Embedding(5, 6), recurrent(6, 7, batch_first=True), nn.Linear(7, 3)

    def forward(self, x):
        state = self.recurrent(self.words(x))[1]
        return self.out((state[0] if isinstance(state, tuple) else state)[-1])


@pytest.mark.parametrize("recurrent", [nn.LSTM, nn.GRU, nn.RNN])
def test_embeddings_and_recurrent_modules_whose_last_state_goes_on_are_layers(recurrent):
    x = torch.randint(5, (32, 5), generator=torch.Generator().manual_seed(2))
    header, snapshots = assert_untouched(lambda: Words(recurrent), x, TARGETS)
    layers = [(layer["name"], layer["kind"], layer["width"], layer["tap_values"]) for layer in header["layers"]]
    assert layers == [
        ("words", "Embedding", 6, [160, 160, 160]),
        ("recurrent", recurrent.__name__, 7, [160, 160, 32]),
    ]
    assert (part_of(snapshots)["shift_from_first"]["linear"] > 0).all()


class Tokens(nn.Module):
    """A transformer's block with dropout: layer norm before attention, and a network of two layers."""

    def __init__(self, norm=nn.LayerNorm):
        super().__init__()
        self.norm, self.attention = norm(20), nn.MultiheadAttention(20, 2, batch_first=True)
        self.norm2, self.up, self.down, self.head = norm(20), nn.Linear(20, 30), nn.Linear(30, 20), nn.Linear(20, 3)

    def forward(self, x):
        y = self.norm(x)
        x = x + nn.functional.dropout(self.attention(y, y, y, need_weights=False)[0], 0.1, self.training)
        x = x + self.down(nn.functional.gelu(self.up(self.norm2(x))))
        return self.head(x.mean(1))


@pytest.mark.parametrize("norm", [nn.LayerNorm, nn.RMSNorm])
def test_tokens_have_their_units_on_the_last_axis(norm):
    header, _ = assert_untouched(lambda: Tokens(norm), TOKENS, TARGETS)
    layers = {layer["name"]: layer["width"] for layer in header["layers"]}
    assert layers == {"norm": 20, "attention": 20, "norm2": 20, "up": 30, "down": 20}


class Residual(nn.Module):
    """Two branches that meet: what the next layer gets is their sum, though another branch was called in between."""

    def __init__(self):
        super().__init__()
        self.one, self.norm = nn.Conv2d(3, 6, 3, padding=1), nn.BatchNorm2d(6)
        self.side, self.side_norm = nn.Conv2d(3, 6, 1), nn.BatchNorm2d(6)
        self.last, self.out = nn.Conv2d(6, 6, 3), nn.Linear(6, 3)

    def forward(self, x):
        x = torch.relu(self.norm(self.one(x)) + self.side_norm(self.side(x)))
        return self.out(self.last(x).mean((2, 3)))


def test_residual_sums_are_what_the_next_layer_gets():
    header, snapshots = assert_untouched(Residual, IMAGES, LABELS)
    assert [layer["name"] for layer in header["layers"]] == ["norm", "side_norm", "last"]
    mean = part_of(snapshots)["mean"]["activation"]
    assert mean[0] == mean[1] > 0 and mean[2] != mean[0]


def test_gradient_checkpoints_count_a_layer_once():
    class Checkpointed(nn.Module):
        def __init__(self):
            super().__init__()
            self.first, self.rest = nn.Linear(20, 20), mlp()

        def forward(self, x):
            return checkpoint(self.rest, self.first(x), use_reentrant=False)

    header, snapshots = assert_untouched(Checkpointed, X, Y)
    assert [layer["name"] for layer in header["layers"]] == ["first", "rest.1", "rest.4"]


def test_gradients_that_are_accumulated():
    def train(record):
        torch.manual_seed(0)
        model = mlp()
        optimizer = torch.optim.Adam(model.parameters())
        recorder = bnviz.record(model, probe=(X, Y), loss=cross_entropy, every=1) if record else None
        for step in range(8):
            loss = cross_entropy(model(X[8 * step : 8 * step + 8]), Y[8 * step : 8 * step + 8]) / 2
            loss.backward()
            if step % 2:
                optimizer.step()
                optimizer.zero_grad()
            if recorder:
                recorder.step(loss=loss)
        return model.state_dict(), recorder

    (plain, _), (recorded, recorder) = train(False), train(True)
    assert all(torch.equal(one, other) for one, other in zip(plain.values(), recorded.values(), strict=True))
    recorder.close()
    parts = [part_of(messages(recorder)[1], number) for number in range(1, 9)]
    assert [np.isnan(part["gradient_norm"]).any() for part in parts] == [False, True] * 4  # zeroed after each second one
    assert [part["update_ratio"].max() > 0 for part in parts] == [False, True] * 4


class Body(nn.Module):
    """A module of one's own: those of PyTorch are not compiled in place."""

    def __init__(self):
        super().__init__()
        self.body = mlp()

    def forward(self, x):
        return self.body(x)


@pytest.mark.slow
@pytest.mark.parametrize("in_place", [False, True])
def test_a_compiled_model_is_neither_compiled_again_nor_broken_up(in_place):
    from torch._dynamo.testing import CompileCounter

    def train(record):
        torch.compiler.reset()
        torch.manual_seed(0)
        counter, model = CompileCounter(), Body()
        compiled = model if in_place else torch.compile(model, backend=counter, fullgraph=True)
        if in_place:
            model.compile(backend=counter, fullgraph=True)
        optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
        recorder = bnviz.record(compiled, probe=(X, Y), loss=cross_entropy, every=1) if record else None
        for step in range(4):
            optimizer.zero_grad()
            loss = cross_entropy(compiled(X[16 * step : 16 * step + 16]), Y[16 * step : 16 * step + 16])
            loss.backward()
            optimizer.step()
            if recorder:
                recorder.step(loss=loss)
        return counter.frame_count, model.state_dict(), recorder

    (frames, plain, _), (frames_recorded, recorded, recorder) = train(False), train(True)
    assert frames == frames_recorded == 1
    assert all(torch.equal(one, other) for one, other in zip(plain.values(), recorded.values(), strict=True))
    assert [layer["name"] for layer in next(recorder.messages())["layers"]] == ["body.1", "body.4"]


@pytest.mark.filterwarnings("ignore")
def test_torchscript_is_refused():
    with pytest.raises(TypeError, match="TorchScript"):
        bnviz.record(torch.jit.trace(mlp().eval(), X), probe=(X, Y))


def test_a_model_can_be_saved_and_copied_while_it_is_recorded():
    model = mlp()
    recorder = bnviz.record(model, probe=(X, Y), loss=cross_entropy, every=1)
    recorder.step()
    file = io.BytesIO()
    torch.save(model, file)
    copies = [copy.deepcopy(model), torch.load(io.BytesIO(file.getvalue()), weights_only=False)]
    for one in copies:
        assert all(torch.equal(one.state_dict()[key], value) for key, value in model.state_dict().items())
        assert torch.equal(one.eval()(X), copy.deepcopy(model).eval()(X))


def test_data_parallel_models_are_recorded_by_the_names_of_the_model_itself():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        header, _ = assert_untouched(lambda: nn.DataParallel(mlp()), X, Y)
    assert [layer["name"] for layer in header["layers"]] == ["1", "4"]


def frozen():
    """Batch norm in evaluation whenever the model is put into training."""
    model = mlp()
    for module in model:
        if isinstance(module, nn.BatchNorm1d):
            module.eval()
    return model


@pytest.mark.parametrize(
    "make, is_frozen", [(mlp, 0), (frozen, 1), (lambda: mlp().eval(), 1)], ids=["trains", "frozen", "model in eval()"]
)
def test_batch_norm_in_evaluation_while_training(make, is_frozen):
    header, snapshots = assert_untouched(make, X * 3 + 1, Y)
    part = part_of(snapshots)
    assert part["frozen"].tolist() == [is_frozen, is_frozen]
    assert np.isnan(part["normalized_together"]).all() == bool(is_frozen)
    assert (part["updates_seen"] == (0 if is_frozen else 6)).all()
    assert (abs(part["std"]["normalized"][0] - 1) < 0.3) == (not is_frozen)  # seen as it trains


def test_without_running_statistics():
    _, snapshots = assert_untouched(lambda: mlp(lambda width: nn.BatchNorm1d(width, track_running_stats=False)), X, Y)
    assert "running_mean_error" not in part_of(snapshots) and part_of(snapshots)["normalized_together"].tolist() == [16, 16]


def test_synchronized_batch_norm():
    header, snapshots = assert_untouched(lambda: nn.SyncBatchNorm.convert_sync_batchnorm(mlp()), X, Y)
    assert header["layers"][0]["normalizer"] == "SyncBatchNorm" and part_of(snapshots)["updates_seen"].tolist() == [6, 6]


NORMALIZERS = {
    "BatchNorm2d": nn.BatchNorm2d,
    "GroupNorm": lambda width: nn.GroupNorm(2, width),
    "InstanceNorm2d": lambda width: nn.InstanceNorm2d(width, track_running_stats=True),
    "LocalResponseNorm": lambda width: nn.LocalResponseNorm(2),
    "LayerNorm": lambda width: nn.LayerNorm([width, *((6, 6) if width == 6 else (2, 2))]),
}


@pytest.mark.parametrize("name", NORMALIZERS)
def test_normalizers_of_images(name):
    header, _ = assert_untouched(lambda: convolutional(NORMALIZERS[name]), IMAGES, LABELS)
    assert [(layer["normalizer"], layer["width"], layer["source"]) for layer in header["layers"]] == [
        (name, 6, "0"),
        (name, 4, "4"),
    ]


@pytest.mark.parametrize("dimensions", [1, 3])
def test_batch_norm_of_sequences_and_volumes(dimensions):
    convolution, norm = (nn.Conv1d, nn.BatchNorm1d) if dimensions == 1 else (nn.Conv3d, nn.BatchNorm3d)
    x, y = examples((2, *[4] * dimensions), 16)
    make = lambda: nn.Sequential(convolution(2, 5, 2), norm(5), nn.ReLU(), nn.Flatten(), nn.Linear(5 * 3**dimensions, 3))  # noqa: E731
    header, snapshots = assert_untouched(make, x, y)
    assert header["layers"][0]["width"] == 5 and part_of(snapshots)["normalized_together"].tolist() == [16 * 3**dimensions]


def test_two_recorders_at_once():
    """A network that makes examples, and one that tells them from others."""

    def train(record):
        torch.manual_seed(0)
        maker, judge = mlp(widths=(4, 12, 8), classes=20), mlp(widths=(20, 12, 8), classes=1)
        optimizers = [torch.optim.Adam(one.parameters()) for one in (maker, judge)]
        noise = torch.randn(16, 4)
        recorders = []
        if record:
            recorders = [bnviz.record(one, probe=probe, every=1) for one, probe in ((maker, noise), (judge, X))]
        for step in range(4):
            for turn, optimizer in enumerate(optimizers):
                optimizer.zero_grad()
                scores = judge(torch.cat([maker(torch.randn(16, 4)), X[16 * step : 16 * step + 16]]))
                loss = scores[:16].mean() - scores[16:].mean() if turn else -scores[:16].mean()
                loss.backward()
                optimizer.step()
                if recorders:
                    recorders[turn].step(loss=loss)
        return [*maker.state_dict().values(), *judge.state_dict().values(), torch.get_rng_state()], recorders

    (plain, _), (recorded, recorders) = train(False), train(True)
    assert all(torch.equal(one, other) for one, other in zip(plain, recorded, strict=True))
    for recorder in recorders:
        recorder.close()
        assert len(messages(recorder)[1]) == 5


KILLED = """
import sys, torch, bnviz
from tests.recorder.training import cross_entropy, examples, mlp
x, y = examples()
recorder = bnviz.record(mlp(), probe=(x, y), loss=cross_entropy, out=sys.argv[1], every=1)
while True:
    recorder.step()
    print(flush=True)
"""


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="Windows has no such signal")
def test_a_training_that_is_killed_leaves_a_whole_file(tmp_path):
    out = tmp_path / "run.ndjson"
    with subprocess.Popen([sys.executable, "-c", KILLED, str(out)], cwd=ROOT, stdout=subprocess.PIPE) as process:
        for _ in range(3):
            process.stdout.readline()
        os.kill(process.pid, signal.SIGKILL)
    lines = [line for line in out.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]
    header, *snapshots = ndjson.read(lines)
    assert len(snapshots) >= 4 and [one["index"] for one in snapshots] == list(range(len(snapshots)))
