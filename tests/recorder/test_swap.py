"""`bnviz.swap`: the same network with other normalizers."""

import pytest
import torch
from torch import nn

import bnviz
from bnviz.recorder.swap import group_count
from tests.recorder.test_must_work import Tokens, convolutional
from tests.recorder.training import cross_entropy, examples, messages, mlp

IMAGES, LABELS = examples((3, 8, 8), 16)
KINDS = ["batch", "group", "instance", "layer", "rms", "none"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("make, shape", [(mlp, (20,)), (convolutional, (3, 8, 8)), (Tokens, (5, 20))])
def test_a_copy_with_another_normalizer_trains_and_is_recorded_beside_the_model(make, shape, kind):
    x, y = examples(shape, 16)
    model = make()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    other = bnviz.swap(model, kind)
    cross_entropy(other(x), y).backward()
    assert all(torch.equal(model.state_dict()[name], value) for name, value in before.items())
    shared = {name for name, value in other.state_dict().items() if value.ndim > 1}
    assert shared == {name for name, value in before.items() if value.ndim > 1}
    assert all(torch.equal(other.state_dict()[name], before[name]) for name in shared)
    recorder = bnviz.record({"before": model, kind: other}, probe=(x, y), loss=cross_entropy)
    recorder.close()
    header, snapshots = messages(recorder)
    assert header["hidden_layers"] == len(snapshots[0]["arms"][kind]["std"]["linear"])
    assert ("gamma" in snapshots[0]["arms"][kind]) == (kind != "none")


@pytest.mark.parametrize("kind", ["group", "instance", "layer", "rms"])
def test_a_normalizer_computes_what_its_name_says(kind):
    model = nn.Sequential(nn.Conv2d(3, 16, 3), nn.BatchNorm2d(16))
    other = bnviz.swap(model, kind).double()
    values = other[0](IMAGES.double())
    axes = {"group": (2, 3, 4), "instance": (2, 3, 4), "layer": (1, 2, 3, 4), "rms": (1, 2, 3, 4)}[kind]
    split = values.unflatten(1, ({"group": 2, "instance": 16}.get(kind, 1), -1))
    middle = 0 if kind == "rms" else split.mean(axes, keepdim=True)
    expected = (split - middle) / ((split - middle) ** 2).mean(axes, keepdim=True).add(1e-5).sqrt()
    assert torch.allclose(other(IMAGES.double()), expected.flatten(1, 2))


def test_gamma_and_beta_are_kept():
    model = mlp()
    with torch.no_grad():
        model[1].weight.uniform_(), model[1].bias.uniform_()
    other = bnviz.swap(model.eval(), "layer")
    assert torch.equal(other[1].weight, model[1].weight) and torch.equal(other[1].bias, model[1].bias)
    assert not other.training and other[1].weight is not model[1].weight


@pytest.mark.parametrize("kind", ["rms", "none"])
def test_a_transformer_calls_what_was_put_in(kind):
    """With gradients PyTorch's layer takes its plain path, without them a fast one."""
    layer = nn.TransformerEncoderLayer(8, 2, 16, batch_first=True)
    encoder = bnviz.swap(nn.TransformerEncoder(layer, 2), kind).eval()
    x, mask = torch.randn(4, 3, 8), torch.tensor([[False, False, True]] * 4)
    with torch.no_grad():
        fast = encoder(x, src_key_padding_mask=mask)
    assert torch.allclose(fast, encoder(x, src_key_padding_mask=mask), atol=1e-6)


def test_a_function_may_make_the_normalizer_and_shared_ones_stay_shared():
    shared = nn.BatchNorm1d(20)
    model = nn.Sequential(nn.Linear(20, 20), shared, nn.Linear(20, 20), shared)
    other = bnviz.swap(model, lambda width: nn.GroupNorm(5, width))
    assert other[1] is other[3] and other[1].num_groups == 5


def test_group_norm_has_enough_channels_in_a_group():
    assert {width: group_count(width) for width in (3, 8, 16, 24, 64, 256, 1024)} == {
        **{3: 1, 8: 1, 16: 2, 24: 2, 64: 8, 256: 32, 1024: 32}
    }


def test_what_cannot_be_swapped_is_refused():
    with pytest.raises(ValueError, match="expected batch, group"):
        bnviz.swap(mlp(), "batchnorm")
    with pytest.raises(ValueError, match="no normalizer"):
        bnviz.swap(mlp(None), "layer")
