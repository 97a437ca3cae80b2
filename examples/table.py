"""A plain network for a table: a CSV file with a line of names, numbers, and the class in its last column.

Run it: python examples/table.py [FILE.csv]. Without a file it writes one, table.csv: signals of MNIST-1D, 40 numbers each.
"""

import csv
import sys
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

import bnviz
from bnviz.data import load


def write(path):
    """A table with the training signals of MNIST-1D."""
    x, y, *_ = load("mnist1d")
    with Path(path).open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([[*(f"t{place}" for place in range(x.shape[1])), "digit"]])
        csv.writer(file).writerows([*(f"{value:.4f}" for value in signal), digit] for signal, digit in zip(x, y, strict=True))


def read(path):
    """Inputs [rows, columns] of mean 0 and variance 1, and the number of each row's class [rows]; rows are shuffled."""
    with Path(path).open(newline="", encoding="utf-8") as file:
        _, *rows = csv.reader(file)
    x = np.array([row[:-1] for row in rows], np.float32)
    _, y = np.unique([row[-1] for row in rows], return_inverse=True)
    order = np.random.default_rng(0).permutation(len(x))
    return torch.tensor((x - x.mean(0)) / (x.std(0) + 1e-6))[order], torch.tensor(y)[order]


def train(path, out=None, epochs=10, every=50):
    """Train on four fifths of the table, and return the recorder. `out` is the file to write."""
    torch.manual_seed(0)
    x, y = read(path)
    count = 4 * len(x) // 5
    model = nn.Sequential(nn.Linear(x.shape[1], 64), nn.ReLU(), nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, int(y.max()) + 1))
    optimizer = torch.optim.Adam(model.parameters(), lr=0.003)
    with bnviz.record(model, (x[count:][:300], y[count:][:300]), F.cross_entropy, out, every, title=Path(path).name) as recorder:
        for epoch in range(epochs):
            for chosen in torch.randperm(count).split(64):
                optimizer.zero_grad()
                loss = F.cross_entropy(model(x[chosen]), y[chosen])
                loss.backward()
                optimizer.step()
                recorder.step(loss=loss, epoch=epoch)
    return recorder


if __name__ == "__main__":
    if len(sys.argv) == 1:
        write("table.csv")
    recorder = train(*(sys.argv[1:] or ["table.csv"]), "table.ndjson")
    print(*recorder.findings() or ["Nothing found."], "See it: bnviz view table.ndjson", sep="\n")
