"""From a network that is broken on purpose to the finding that names what is broken, and to the command's exit code."""

import pytest
import torch
from torch import nn

import bnviz
from bnviz.__main__ import main
from bnviz.recorder.report import Unreadable, check, read_messages
from tests.recorder.training import Training, cross_entropy, examples, mlp

X, Y = examples(count=200)
X = 2 * X + 6
TARGETS = X[:, :3].argmax(1)


class TwoPlaces(nn.Module):
    """One batch norm for two places."""

    def __init__(self):
        super().__init__()
        self.first, self.second, self.norm, self.out = nn.Linear(20, 20), nn.Linear(20, 20), nn.BatchNorm1d(20), nn.Linear(20, 3)

    def forward(self, x):
        return self.out(self.norm(self.second(self.norm(self.first(x)).relu()) + 9).relu())


def found(make, **more):
    """The findings of a short training, by kind."""
    options = {"every": 10, "recompute": [(X, TARGETS)]}
    training = Training(make, X, TARGETS, **{"steps": 40, "options": options, **more})
    return {finding.kind: finding for finding in training.recorder.findings()}


def slow_statistics():
    return mlp(lambda width: nn.BatchNorm1d(width, momentum=0.001))


def dead():
    model = mlp(None)
    nn.init.constant_(model[0].bias, -100)
    return model


def shrinking():
    model = mlp(None, (20, *[16] * 8))
    with torch.no_grad():
        for module in model:
            if isinstance(module, nn.Linear):
                module.weight *= 0.2
                module.bias *= 0
    return model


BROKEN = {
    "slow statistics": (slow_statistics, {}, "evaluation_gap", ("cold", "they repair it", "1 4")),
    "frozen": (lambda: mlp().eval(), {}, "frozen", ("", "model.train()", "1")),
    "pairs": (mlp, {"batch": 3}, "small_groups", ("", "only 3 values", "1")),
    "two places": (TwoPlaces, {}, "two_uses", ("", " 2 times.", "norm")),
    "dead": (dead, {}, "dead_units", ("", "gave 0 for every example", "0")),
    "shrinking": (shrinking, {}, "gradients_change", ("", "Gradients grow", "16.weight")),
    "infinite": (
        lambda: mlp(None),
        {"loss": lambda y, t: cross_entropy(1e9 * y, t) ** 9},
        "not_finite",
        ("everywhere", "NaN or infinite", ""),
    ),
    "idle bias": (mlp, {}, "idle_bias", ("", '"0" has a bias, and module "1" subtracts it', "1")),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_is_broken_is_found(case):
    make, more, kind, (cause, words, layer) = BROKEN[case]
    findings = found(make, **more)
    assert kind in findings, list(map(str, findings.values()))
    assert words in str(findings[kind]) and (findings[kind].cause == cause or not cause)
    assert findings[kind].layer in layer.split(" ")


def without_bias(width=32):
    """Batch norm as it should be."""
    layers = [nn.Linear(20, width, bias=False), nn.BatchNorm1d(width), nn.ReLU(), nn.Linear(width, 3)]
    return nn.Sequential(*layers)


def test_nothing_is_found_in_a_healthy_network(tmp_path, capsys):
    out = tmp_path / "run.ndjson"
    torch.manual_seed(0)
    model = without_bias()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.02)
    with bnviz.record(model, probe=(X[:100], TARGETS[:100]), loss=cross_entropy, out=out, every=20) as recorder:
        for step in range(100):
            part = slice(32 * step % 160, 32 * step % 160 + 32)
            optimizer.zero_grad()
            loss = cross_entropy(model(X[part]), TARGETS[part])
            loss.backward()
            optimizer.step()
            recorder.step(loss=loss)
    assert list(map(str, recorder.findings())) == []
    assert main(["check", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "1 layer, 11 snapshots, the last one at step 100" in printed
    assert "Nothing found. Looked for: values that are NaN or infinite;" in printed


def test_the_command_says_what_was_found_and_where(tmp_path, capsys):
    out = tmp_path / "run.ndjson"
    Training(slow_statistics, X, TARGETS, steps=40, options={"out": out})
    assert main(["check", str(out)]) == 1
    printed = " ".join(capsys.readouterr().out.split())
    assert "finding arm layer step evaluation gap model" in printed
    assert "too few updates for this momentum" in printed
    *_, end = read_messages(out)
    assert end["type"] == "end" and "evaluation_gap" in [one["kind"] for one in end["findings"]]
    whole = out.read_bytes()
    out.write_bytes(whole[: len(whole) - 200])  # cut off in the last line
    assert "evaluation_gap" in [one.kind for one in check(out)[0]]


@pytest.mark.parametrize("bias", [True, False])
def test_notes_do_not_fail_the_command(tmp_path, capsys, bias):
    out = tmp_path / "run.ndjson"
    model = nn.Sequential(nn.Linear(20, 8, bias=bias), nn.BatchNorm1d(8), nn.Tanh(), nn.Linear(8, 3))
    with bnviz.record(model, probe=(X, TARGETS), loss=cross_entropy, out=out) as recorder:
        recorder.step()
    assert main(["check", str(out)]) == 0
    assert ("idle bias (note)" in capsys.readouterr().out) == bias


@pytest.mark.parametrize(
    "contents, words",
    [
        (b"", "it is empty"),
        (b"a,b\n1,2\n", "line 1 is no line of a recording"),
        (b'{"type":"end"}\n', "does not begin with a recording's header"),
        (b'{"type":"header","experiment":{}}\n', "a recording of the lab"),
    ],
)
def test_other_files_are_refused_in_a_sentence(tmp_path, capsys, contents, words):
    path = tmp_path / "run.ndjson"
    path.write_bytes(contents)
    with pytest.raises(Unreadable, match=words):
        check(path)
    with pytest.raises(SystemExit) as stopped:
        main(["check", str(path)])
    assert stopped.value.code == 2 and words in capsys.readouterr().err
    with pytest.raises(SystemExit):
        main(["check", str(tmp_path / "nothing.ndjson")])
    assert "cannot read" in capsys.readouterr().err


def test_a_loss_that_is_no_number_is_found_at_its_step(tmp_path):
    """Weights are not moved by it, so all layers stay finite."""
    out, lost = tmp_path / "run.ndjson", torch.tensor(float("nan"))
    with bnviz.record(mlp(), probe=(X, TARGETS), loss=cross_entropy, out=out, every=5) as recorder:
        for step in range(1, 11):
            recorder.step(loss=lost if step == 7 else torch.ones(()))
    (training,) = (one for one in check(out)[0] if one.kind == "loss_not_finite")
    assert training.step == 7 and "all layers were finite" in str(training)
    with bnviz.record(mlp(), probe=(X, TARGETS), loss=lambda y, t: y.sum().new_tensor(-1.0).log(), out=out) as recorder:
        recorder.step(loss=1.0)
    (probe,) = (one for one in check(out)[0] if one.kind == "loss_not_finite")
    assert probe.step == 0 and "The loss on the probe was NaN" in str(probe)


def notes_of(models, x=None, steps=3):
    """The idle biases that are found in a short training of these models, by arm."""
    x = X if x is None else x
    with bnviz.record(models, probe=(x, TARGETS), loss=cross_entropy, every=1) as recorder:
        optimizers = [torch.optim.SGD(model.parameters(), lr=0.1) for model in models.values()]
        for _ in range(steps):
            for model, optimizer in zip(models.values(), optimizers, strict=True):
                optimizer.zero_grad()
                cross_entropy(model(x), TARGETS).backward()
                optimizer.step()
            recorder.step()
    return {one.arm: str(one) for one in recorder.findings() if one.kind == "idle_bias"}, recorder


@pytest.mark.parametrize("order", [("batch", "group", "layer", "none"), ("group", "none", "batch")])
def test_a_bias_is_idle_in_the_arm_whose_batch_norm_subtracts_it(order, tmp_path):
    torch.manual_seed(0)
    base = mlp(widths=(20, 16, 16))
    notes, recorder = notes_of({kind: bnviz.swap(base, kind) for kind in order})
    assert (
        list(notes) == ["batch"]
        and 'Module "0" has a bias, and module "1" subtracts it again. This holds for 2 layers' in notes["batch"]
    )
    header = next(recorder.messages())
    kinds = {arm: header["arm_layers"].get(arm, header["layers"])[0]["normalizer"] for arm in order}
    all_kinds = {"batch": "BatchNorm1d", "group": "GroupNorm", "layer": "GroupNorm", "none": ""}  # one group is layer norm
    assert kinds == {arm: all_kinds[arm] for arm in order}
    path = tmp_path / "run.ndjson"
    path.write_bytes(b"".join(recorder.lines()))
    assert [one.arm for one in check(path)[0] if one.kind == "idle_bias"] == ["batch"]


class Skip(nn.Module):
    """What goes into batch norm is used behind it as well: as it is, or by a second module with the same bias."""

    def __init__(self, is_tied):
        super().__init__()
        self.stem, self.norm, self.out = nn.Linear(20, 20), nn.BatchNorm1d(20), nn.Linear(20, 3)
        self.inner, self.inner_norm = nn.Linear(20, 20), nn.BatchNorm1d(20)
        nn.init.zeros_(self.inner_norm.weight)  # a branch that begins as nothing
        self.is_tied = is_tied

    def forward(self, x):
        h = self.stem(x)
        branch = self.inner_norm(self.inner(self.norm(h).relu()))
        return self.out(branch + (h if not self.is_tied else nn.functional.linear(x, self.stem.weight, self.stem.bias).tanh()))


@pytest.mark.parametrize("is_tied", [False, True])
def test_a_bias_that_is_used_elsewhere_is_not_idle(is_tied):
    torch.manual_seed(0)
    notes, _ = notes_of({"model": Skip(is_tied)})
    assert 'Module "inner" has a bias' in notes["model"] and "This holds for 1 layer." in notes["model"]


def test_a_bias_is_not_idle_where_its_use_shows_after_some_steps_alone():
    class Hidden(nn.Module):
        def __init__(self):
            super().__init__()
            self.body, self.norm, self.out = nn.Linear(20, 20), nn.BatchNorm1d(20), nn.Linear(20, 3)
            self.scale = nn.Parameter(torch.zeros(20))

        def forward(self, x):
            h = self.body(x)
            return self.out(self.norm(h) + self.scale * h)

    torch.manual_seed(0)
    assert notes_of({"model": Hidden()})[0] == {}


def dead_shares(model, x):
    """The share of dead units of each layer, untrained."""
    torch.manual_seed(0)
    recorder = bnviz.record(model, probe=x)
    recorder.close()
    _, snapshot, *_ = recorder.messages()
    return snapshot["arms"]["model"]["dead_units"].tolist()


class Masked(nn.Module):
    """Units of which half are dead, behind a dropout that leaves few values of a small probe."""

    def __init__(self, drop):
        super().__init__()
        self.first, self.out, self.drop = nn.Linear(4, 8), nn.Linear(8, 2), drop
        with torch.no_grad():
            self.first.bias.copy_(torch.tensor([9.0, -99.0] * 4))

    def forward(self, x):
        return self.out(self.drop(self.first(x).relu(), self.training))


@pytest.mark.parametrize(
    "drop",
    [
        lambda h, training: h,
        lambda h, training: nn.functional.dropout(h, 0.9, training),
        lambda h, training: nn.Dropout(0.9).train(training)(h),
        lambda h, training: h * torch.bernoulli(torch.full_like(h, 0.1)) if training else h,
        lambda h, training: h * (torch.rand_like(h) < 0.1) if training else h,
    ],
)
def test_zeros_of_a_mask_are_not_dead_units(drop):
    assert dead_shares(Masked(drop), torch.ones(3, 4)) == [0.5]


def test_a_unit_that_answers_at_one_position_is_not_dead():
    x = torch.zeros(60, 1, 16, 16)
    x[7, 0, 3, 3] = 1.0
    convolution = nn.Conv2d(1, 4, 1, bias=False)
    with torch.no_grad():
        convolution.weight.copy_(torch.tensor([1.0, -1, 2, -1]).reshape(4, 1, 1, 1))
    assert dead_shares(nn.Sequential(convolution, nn.ReLU(), nn.Conv2d(4, 2, 1)), x) == [0.5]
