"""Good in train(), bad in eval(): a network that is broken on purpose, found by its findings and mended.

Minibatches of 8 and a momentum of 0.001: after 100 steps running statistics are still 90 % what they began with, 0 and 1.
Run it: python examples/good_in_train.py
"""

import torch
import torch.nn.functional as F
from torch import nn
from torch.optim.swa_utils import update_bn

import bnviz
from bnviz.data import load

BATCH, MOMENTUM, RATE = 8, 0.001, 0.03


def network():
    layers = []
    for inputs, units in ((784, 64), (64, 64)):
        layers += [nn.Linear(inputs, units, bias=False), nn.BatchNorm1d(units, momentum=MOMENTUM), nn.ReLU()]
    return nn.Sequential(*layers, nn.Linear(64, 10))


def train(out=None, steps=100, every=25, seed=0):
    """Train it; return the recorder, and accuracies on test images: as it is in evaluation, and with recomputed statistics."""
    torch.manual_seed(seed)
    x, y, x_test, y_test = map(torch.tensor, load("fashion"))
    x, x_test = x - x.min(), x_test - x.min()  # pixels from 0 on: their mean is not 0
    batches = x[:512].split(128)
    model = network()
    optimizer = torch.optim.SGD(model.parameters(), lr=RATE, momentum=0.9)
    probe, title = (x_test[:300], y_test[:300]), "Good in train(), bad in eval()"
    options = {"every": every, "recompute": batches, "title": title, "total_steps": steps}
    with bnviz.record(model, probe, F.cross_entropy, out, **options) as recorder:
        for _ in range(steps):
            chosen = torch.randint(len(x), (BATCH,))
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x[chosen]), y[chosen])
            loss.backward()
            optimizer.step()
            recorder.step(loss=loss)
    broken = accuracy(model, x_test, y_test)
    update_bn(batches, model)
    return recorder, broken, accuracy(model, x_test, y_test)


def accuracy(model, x, y):
    with torch.no_grad():
        return (model.eval()(x).argmax(1) == y).float().mean().item()


if __name__ == "__main__":
    recorder, broken, mended = train("good_in_train.ndjson")
    print(*recorder.findings() or ["Nothing found."], sep="\n")
    print(f"Accuracy in evaluation: {broken:.1%}. With recomputed statistics, the same weights: {mended:.1%}.")
    print("See it: bnviz view good_in_train.ndjson")
