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


def test_group_norm_has_groups_of_about_8_channels_and_is_no_layer_norm_unless_it_must_be():
    widths = {4: 2, 6: 2, 8: 2, 15: 3, 16: 2, 24: 3, 64: 8, 100: 10, 256: 32, 1024: 32, **dict.fromkeys((1, 2, 3, 7, 67), 1)}
    assert {width: group_count(width) for width in widths} == widths
    model = nn.Sequential(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8))
    group, layer = (bnviz.swap(model, kind) for kind in ("group", "layer"))
    assert not torch.allclose(group(IMAGES), layer(IMAGES), atol=0.1)


class FrozenBatchNorm2d(nn.Module):
    """As libraries have it: all of it is buffers."""

    def __init__(self, width):
        super().__init__()
        for name in ("weight", "bias", "running_mean", "running_var"):
            self.register_buffer(name, torch.rand(width))

    def forward(self, x):
        scale = self.weight * self.running_var.rsqrt()
        return x * scale.view(-1, 1, 1) + (self.bias - self.running_mean * scale).view(-1, 1, 1)


@pytest.mark.parametrize("make", [lambda: nn.BatchNorm2d(4, eps=0.5, momentum=0.3), lambda: FrozenBatchNorm2d(4)])
def test_batch_norm_as_batch_norm_stays_as_it_is(make):
    model = nn.Sequential(nn.Conv2d(3, 4, 3), make(), nn.ReLU())
    model(IMAGES)
    model[1].eval().requires_grad_(False)
    other = bnviz.swap(model, "batch")
    assert type(other[1]) is type(model[1]) and vars(other[1]).get("momentum") == vars(model[1]).get("momentum")
    assert not other[1].training and not any(one.requires_grad for one in other[1].parameters())
    assert torch.equal(other(IMAGES), model(IMAGES)) and other[1] is not model[1]


@pytest.mark.parametrize("kind", ["group", "instance", "layer", "rms"])
def test_eps_is_kept_and_what_has_no_scale_gets_none(kind):
    plain = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4, eps=0.5, affine=False))
    other = bnviz.swap(plain, kind)
    assert other[1].eps == 0.5 and not list(other[1].parameters()) and other(IMAGES).shape == (16, 4, 6, 6)
    frozen = nn.Sequential(nn.Conv2d(3, 4, 3), nn.BatchNorm2d(4).requires_grad_(False))
    assert not any(one.requires_grad for one in bnviz.swap(frozen, kind)[1].parameters())
    tokens = bnviz.swap(nn.Sequential(nn.Linear(4, 4), nn.LayerNorm(4, eps=0.25, elementwise_affine=False)), kind)
    assert not list(tokens[1].parameters()) and tokens(torch.randn(2, 3, 4)).shape == (2, 3, 4)


def test_what_cannot_be_swapped_is_refused():
    with pytest.raises(ValueError, match="expected batch, group"):
        bnviz.swap(mlp(), "batchnorm")
    with pytest.raises(ValueError, match="no normalizer"):
        bnviz.swap(mlp(None), "layer")
