"""Healthy networks of many kinds: nothing is found in any of them. And what looks like a fault, but cannot be told from one."""

import pytest
import torch
from torch import nn

import bnviz
from tests.recorder.training import cross_entropy, examples, messages

STEPS = 64
CENTRES = 2 * torch.randn(4, 20, generator=torch.Generator().manual_seed(3))


def classes(count, shape=(20,), seed=0):
    """Inputs [count, …] around one point for each of 4 classes, and the classes."""
    generator = torch.Generator().manual_seed(seed)
    y = torch.randint(4, (count,), generator=generator)
    x = CENTRES[y] + torch.randn(count, 20, generator=generator)
    if len(shape) == 3:  # images with a stripe at a place that says the class
        x = torch.randn(count, *shape, generator=generator)
        x += 2 * (torch.arange(shape[1]) // 2 == y[:, None])[:, None, :, None]
    return x, y


class Block(nn.Module):
    """A residual block."""

    def __init__(self, width):
        super().__init__()
        convolution = {"kernel_size": 3, "padding": 1, "bias": False}
        self.conv1, self.norm1 = nn.Conv2d(width, width, **convolution), nn.BatchNorm2d(width)
        self.conv2, self.norm2 = nn.Conv2d(width, width, **convolution), nn.BatchNorm2d(width)

    def forward(self, x):
        return torch.relu(x + self.norm2(self.conv2(torch.relu(self.norm1(self.conv1(x))))))


class UNet(nn.Module):
    """Down, up, and a way around; a class for each pixel."""

    def __init__(self):
        super().__init__()
        self.down, self.norm1 = nn.Conv2d(1, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8)
        self.low, self.norm2 = nn.Conv2d(8, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16)
        self.up, self.out = nn.ConvTranspose2d(16, 8, 2, stride=2), nn.Conv2d(16, 2, 3, padding=1)

    def forward(self, x):
        high = torch.relu(self.norm1(self.down(x)))
        low = torch.relu(self.norm2(self.low(nn.functional.max_pool2d(high, 2))))
        return self.out(torch.cat([high, torch.relu(self.up(low))], 1))


class Transformer(nn.Module):
    """Words, their places, two layers, and the mean."""

    def __init__(self):
        super().__init__()
        self.words, self.places = nn.Embedding(20, 16), nn.Parameter(0.02 * torch.randn(6, 16))
        options = {"dim_feedforward": 32, "dropout": 0.1, "batch_first": True, "norm_first": True, "activation": "gelu"}
        self.layers = nn.Sequential(*(nn.TransformerEncoderLayer(16, 2, **options) for _ in range(2)))
        self.out = nn.Linear(16, 4)

    def forward(self, x):
        return self.out(self.layers(self.words(x) + self.places).mean(1))


class Scaled(nn.Module):
    """Multiplies by a small number, as LayerScale does."""

    def forward(self, x):
        return 1e-3 * x


def dense(activation, *more, norm=True):
    """Two hidden layers; `more` makes modules behind each nonlinearity."""
    layers = []
    for inputs in (20, 32):
        layers += [nn.Linear(inputs, 32, bias=not norm), *([nn.BatchNorm1d(32)] if norm else [])]
        layers += [activation(), *(one() for one in more)]
    return nn.Sequential(*layers, nn.Linear(32, 4))


def convolutional():
    layers = [nn.Conv2d(1, 8, 3, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*layers, nn.Conv2d(8, 8, 2, bias=False), nn.BatchNorm2d(8), nn.ReLU(), nn.Flatten(), nn.Linear(32, 4))


def residual():
    stem = [nn.Conv2d(1, 8, 3, padding=1, bias=False), nn.BatchNorm2d(8), nn.ReLU()]
    return nn.Sequential(*stem, Block(8), Block(8), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 4))


def words(count, seed=0):
    """Sentences [count, 6] whose words are mostly of one of four parts of the vocabulary, which is the class."""
    generator = torch.Generator().manual_seed(seed)
    y = torch.randint(4, (count,), generator=generator)
    return 5 * y[:, None] + torch.randint(5, (count, 6), generator=generator), y


def pixels(count, seed=0):
    """Images, and whether a pixel is bright."""
    x, _ = classes(count, (1, 8, 8), seed)
    return x, (x[:, 0] > 0.5).long()


def images(count, seed=0):
    return classes(count, (1, 8, 8), seed)


HEALTHY = {
    "tanh": (lambda: dense(nn.Tanh), classes, {}),
    "tanh without normalizer": (lambda: dense(nn.Tanh, norm=False), classes, {}),
    "GELU": (lambda: dense(nn.GELU), classes, {}),
    "dropout": (lambda: dense(nn.ReLU, nn.Dropout), classes, {}),
    "scaled": (lambda: dense(nn.ReLU, Scaled), classes, {}),
    "tiny probe": (lambda: dense(nn.ReLU), classes, {"probe": 4}),
    "CNN": (convolutional, images, {}),
    "tiny probe of images": (convolutional, images, {"probe": 3}),
    "ResNet": (residual, images, {}),
    "autocast": (residual, images, {"autocast": True}),
    "U-Net": (UNet, pixels, {}),
    "transformer": (Transformer, words, {"rate": 3e-3}),
    "step() after eval()": (lambda: dense(nn.ReLU), classes, {"evaluates": True}),
}


@pytest.mark.parametrize("case", HEALTHY)
def test_nothing_is_found(case):
    make, draw, more = HEALTHY[case]
    torch.manual_seed(0)
    model, (x, y) = make(), draw(512)
    probe = draw(more.get("probe", 128), seed=1)
    optimizer = torch.optim.Adam(model.parameters(), lr=more.get("rate", 2e-3))
    with bnviz.record(model, probe=probe, loss=cross_entropy, every=16) as recorder:
        for step in range(STEPS):
            part = slice(32 * step % 512, 32 * step % 512 + 32)
            model.train()
            optimizer.zero_grad()
            with torch.autocast("cpu", torch.bfloat16, enabled=more.get("autocast", False)):
                loss = cross_entropy(model(x[part]), y[part])
            loss.backward()
            optimizer.step()
            if more.get("evaluates"):
                model.eval()
            recorder.step(loss=loss)
    assert list(map(str, recorder.findings())) == []


def test_nothing_is_found_in_a_generator_that_loses_against_a_better_judge():
    torch.manual_seed(0)
    normal = [nn.Linear(8, 16, bias=False), nn.BatchNorm1d(16), nn.ReLU()]
    maker = nn.Sequential(*normal, nn.Linear(16, 20))
    judge = nn.Sequential(nn.Linear(20, 32, bias=False), nn.BatchNorm1d(32), nn.LeakyReLU(0.2), nn.Linear(32, 1))
    optimizers = [torch.optim.Adam(one.parameters(), lr=rate) for one, rate in ((maker, 1e-3), (judge, 5e-3))]
    x, binary = classes(512)[0], nn.functional.binary_cross_entropy_with_logits
    with bnviz.record(maker, probe=torch.randn(128, 8), every=8) as recorder:
        for step in range(STEPS):
            real, made = x[8 * step : 8 * step + 8], maker(torch.randn(32, 8))
            optimizers[1].zero_grad()
            scores = judge(torch.cat([real, made.detach()]))
            binary(scores, (torch.arange(40) < 8).float()[:, None]).backward()
            optimizers[1].step()
            optimizers[0].zero_grad()
            loss = binary(judge(torch.cat([real, made]))[8:], torch.ones(32, 1))  # 40 values together in there, 32 in the maker
            loss.backward()
            optimizers[0].step()
            recorder.step(loss=loss)
    header, snapshots = messages(recorder)
    assert snapshots[-1]["arms"]["model"]["train_loss"] > 2 * snapshots[1]["arms"]["model"]["train_loss"]
    assert snapshots[-1]["arms"]["model"]["normalized_together"].tolist() == [32]
    assert list(map(str, recorder.findings())) == []


BENT = {  # what half of the units add to what goes into the nonlinearity, and multiply it with; whether it is flat there
    "tanh": (nn.Tanh, 0, 1, False),
    "tanh, far out": (nn.Tanh, 9, 1, True),
    "tanh of large numbers": (nn.Tanh, 0, 1000, True),
    "GELU, far below 0": (nn.GELU, -4, 0.5, True),
    "softplus, far above 0": (nn.Softplus, 9, 1, False),
    "ReLU": (nn.ReLU, 0, 1, False),
}


@pytest.mark.parametrize("case", BENT)
@pytest.mark.parametrize("behind", [nn.Identity, Scaled])
def test_units_are_saturated_whatever_their_scale(case, behind):
    activation, shift, scale, is_flat = BENT[case]
    model = nn.Sequential(nn.Linear(20, 8), nn.BatchNorm1d(8), activation(), behind(), nn.Linear(8, 3))
    with torch.no_grad():
        model[1].weight[:4], model[1].bias[:4] = scale, shift
    recorder = bnviz.record(model, probe=examples(count=512))
    recorder.close()
    part = messages(recorder)[1][0]["arms"]["model"]
    assert part["saturated_units"].tolist() == [0.5 * is_flat] and part["dead_units"].tolist() == [0]


class Bent(nn.Module):
    """Two layers with the same function behind each of them, and `behind` that after the second one."""

    def __init__(self, bend, scale, behind=None):
        super().__init__()
        self.first, self.second, self.out = nn.Linear(20, 16), nn.Linear(16, 8), nn.LazyLinear(4)
        self.bend, self.behind = bend, behind or nn.Identity()
        with torch.no_grad():
            self.first.weight *= scale
        self(torch.zeros(2, 20))

    def forward(self, x):
        return self.out(self.behind(self.bend(self.second(self.bend(self.first(x))))))


def shares_at_bounds(model):
    """The shares of units at bounds of an untrained network's layers, or None; and the bounds that the header lists."""
    recorder = bnviz.record(model, probe=examples(count=200))
    recorder.close()
    header, snapshots = messages(recorder)
    shares = snapshots[0]["arms"]["model"].get("units_at_bounds")
    return None if shares is None else shares.tolist(), [layer.get("bounds") for layer in header["layers"]]


BOUNDED = {  # how the nonlinearity is called, and its bounds
    "nn.Tanh": (nn.Tanh(), [-1, 1]),
    "torch.tanh": (torch.tanh, [-1, 1]),
    "tanh_": (lambda z: z.tanh_(), [-1, 1]),
    "nn.Sigmoid": (nn.Sigmoid(), [0, 1]),
    "nn.Hardtanh": (nn.Hardtanh(-2, 2, inplace=True), [-2, 2]),
    "hardtanh": (lambda z: nn.functional.hardtanh(z, -2, max_val=2), [-2, 2]),
    "nn.Hardsigmoid": (nn.Hardsigmoid(), [0, 1]),
    "softsign": (nn.functional.softsign, [-1, 1]),
}


@pytest.mark.parametrize("case", BOUNDED)
def test_units_at_the_bounds_of_their_nonlinearity_are_counted(case):
    bend, bounds = BOUNDED[case]
    torch.manual_seed(0)
    large = Bent(bend, 1e5)
    assert shares_at_bounds(large) == ([1, 0], [bounds, bounds])
    torch.manual_seed(0)
    assert shares_at_bounds(Bent(bend, 1)) == ([0, 0], [bounds, bounds])


@pytest.mark.parametrize("behind", [nn.Dropout(0.9), nn.Sequential(nn.Dropout(0.5), nn.Unflatten(1, (2, 4)), nn.Flatten())])
def test_units_at_bounds_behind_dropout_are_counted_without_its_mask(behind):
    torch.manual_seed(0)
    model = Bent(torch.tanh, 1, behind)
    with torch.no_grad():
        model.second.weight[:4] *= 1e5
    assert shares_at_bounds(model) == ([0, 0.5], [[-1, 1]] * 2)


class Dense(nn.Linear):
    """A module with weights that bends by itself what it gives."""

    def forward(self, x):
        return super().forward(x).tanh()


def test_a_module_may_bend_by_itself():
    torch.manual_seed(0)
    model = nn.Sequential(Dense(20, 8), nn.Linear(8, 3))
    with torch.no_grad():
        model[0].weight[:2] *= 1e5
    assert shares_at_bounds(model) == ([0.25], [[-1, 1]])


UNBOUNDED = {  # what makes other values of a tanh's, or is no bounded function
    "scaled": lambda z: 2 * z.tanh(),
    "residual": lambda z: z + z.tanh(),
    "pooled": lambda z: nn.functional.max_pool1d(z.tanh(), 2).repeat(1, 2),
    "scaled in place": lambda z: z.tanh().mul_(3),
    "ReLU6": nn.functional.relu6,
    "nn.ReLU6": nn.ReLU6(),
    "GELU": nn.functional.gelu,
}


@pytest.mark.parametrize("case", UNBOUNDED)
def test_what_is_not_bounded_has_no_bounds(case):
    assert shares_at_bounds(Bent(UNBOUNDED[case], 1e5)) == (None, [None, None])


@pytest.mark.parametrize("scale, is_saturated", [(1, False), (100, True)])
def test_a_tanh_network_with_large_weights_is_saturated_and_a_usual_one_is_not(scale, is_saturated):
    torch.manual_seed(0)
    model, (x, y) = Bent(nn.Tanh(), scale), classes(512)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    with bnviz.record(model, probe=(x[:200], y[:200]), loss=cross_entropy, every=16) as recorder:
        for step in range(STEPS):
            optimizer.zero_grad()
            loss = cross_entropy(model(x[8 * step : 8 * step + 8]), y[8 * step : 8 * step + 8])
            loss.backward()
            optimizer.step()
            recorder.step(loss=loss)
    found = [(one.kind, one.cause, one.layer, one.step) for one in recorder.findings()]
    assert found == [("saturated_units", "at_bounds", "first", 0)] * is_saturated


def test_gradients_that_are_accumulated_over_three_steps_move_weights():
    torch.manual_seed(0)
    model, (x, y) = dense(nn.ReLU), classes(512)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05)
    with bnviz.record(model, probe=classes(128), loss=cross_entropy, every=16) as recorder:
        for step in range(1, STEPS + 1):
            loss = cross_entropy(model(x[8 * step - 8 : 8 * step]), y[8 * step - 8 : 8 * step])
            loss.backward()
            if step % 3 == 0:
                optimizer.step()
                optimizer.zero_grad()
            recorder.step(loss=loss)
    assert "no_updates" not in {one.kind for one in recorder.findings()}
    still = [nn.Parameter(torch.zeros(3, 3))]
    optimizer = torch.optim.SGD(still, lr=0.1)
    with bnviz.record(model, probe=classes(128), loss=cross_entropy, every=4) as recorder:
        for _ in range(8):
            cross_entropy(model(x[:32]), y[:32]).backward()
            optimizer.step()
            recorder.step()
    assert "no_updates" in {one.kind for one in recorder.findings()}
