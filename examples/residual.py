"""A small residual network for 28 × 28 Fashion-MNIST, with batch norm and without: is the lecture right for convolutions?

Both start from the same weights and see the same minibatches. Run it: python examples/residual.py
"""

import torch
import torch.nn.functional as F
from torch import nn

import bnviz
from bnviz.data import load


class Block(nn.Module):
    """x ↦ ReLU(F(x) + S x), where F is two convolutions and S one of 1 × 1."""

    def __init__(self, inputs, outputs):
        super().__init__()
        self.conv1, self.norm1 = nn.Conv2d(inputs, outputs, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(outputs)
        self.conv2, self.norm2 = nn.Conv2d(outputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs)
        self.skip = nn.Conv2d(inputs, outputs, 1, stride=2)

    def forward(self, x):
        y = F.relu(self.norm1(self.conv1(x)))
        return F.relu(self.norm2(self.conv2(y)) + self.skip(x))


def network():
    return nn.Sequential(Block(1, 8), Block(8, 16), Block(16, 32), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(32, 10))


def train(out=None, steps=300, every=50):
    """Train both, and return the recorder. `out` is the file to write."""
    torch.manual_seed(0)
    x, y, x_test, y_test = map(torch.tensor, load("fashion"))
    x, x_test = x.view(-1, 1, 28, 28), x_test.view(-1, 1, 28, 28)
    with_norm = network()
    models = {"batch norm": with_norm, "without": bnviz.swap(with_norm, "none")}
    optimizers = {name: torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9) for name, model in models.items()}
    probe, title = (x_test[:300], y_test[:300]), "A residual network with batch norm and without"
    with bnviz.record(models, probe, F.cross_entropy, out, every, title=title, total_steps=steps) as recorder:
        for step in range(steps):
            chosen = torch.randint(len(x), (64,))
            losses = {}
            for name, model in models.items():
                optimizers[name].zero_grad()
                losses[name] = F.cross_entropy(model(x[chosen]), y[chosen])
                losses[name].backward()
                optimizers[name].step()
            recorder.step(loss=losses, epoch=64 * (step + 1) / len(x))
    return recorder


if __name__ == "__main__":
    recorder = train("residual.ndjson")
    *_, last, _ = recorder.messages()
    for name, part in last["arms"].items():
        print(f"{name}: accuracy {part['evaluation_accuracy']:.1%}")
    print(*recorder.findings() or ["Nothing found."], "See it: bnviz view residual.ndjson", sep="\n")
