"""A small transformer that sorts letters, with layer norm before each part (Pre-LN) or after it (Post-LN).

Without a warm-up of the rate a deep Post-LN does not learn (Xiong et al. 2020). Run it: python examples/transformer.py
"""

import torch
import torch.nn.functional as F
from torch import nn

import bnviz

LETTERS, LENGTH, WIDTH, LAYERS = 8, 6, 32, 18


class Sorter(nn.Module):
    """Letters [examples, LENGTH] ↦ scores of the letters in order [examples, LENGTH, LETTERS]."""

    def __init__(self, is_pre):
        super().__init__()
        self.letters, self.places = nn.Embedding(LETTERS, WIDTH), nn.Parameter(torch.randn(LENGTH, WIDTH))
        options = {"dim_feedforward": 2 * WIDTH, "dropout": 0.0, "batch_first": True, "norm_first": is_pre}
        self.layers = nn.ModuleList(nn.TransformerEncoderLayer(WIDTH, 4, **options) for _ in range(LAYERS))
        self.norm, self.out = nn.LayerNorm(WIDTH), nn.Linear(WIDTH, LETTERS)

    def forward(self, x):
        y = self.letters(x) + self.places
        for layer in self.layers:
            y = layer(y)
        return self.out(self.norm(y))


def cross_entropy(scores, letters):
    return F.cross_entropy(scores.flatten(0, 1), letters.flatten())


def train(out=None, steps=300, every=50):
    """Train both, and return the recorder. `out` is the file to write."""
    torch.manual_seed(0)
    models = {"Pre-LN": Sorter(True), "Post-LN": Sorter(False)}
    models["Post-LN"].load_state_dict(models["Pre-LN"].state_dict())
    optimizers = {name: torch.optim.Adam(model.parameters(), lr=0.005) for name, model in models.items()}
    words = torch.randint(LETTERS, (128, LENGTH))
    probe, title = (words, words.sort().values), "A transformer with layer norm before and after"
    with bnviz.record(models, probe, cross_entropy, out, every, "*norm1", title=title, total_steps=steps) as recorder:
        for _ in range(steps):
            words, losses = torch.randint(LETTERS, (32, LENGTH)), {}
            for name, model in models.items():
                optimizers[name].zero_grad()
                losses[name] = cross_entropy(model(words), words.sort().values)
                losses[name].backward()
                optimizers[name].step()
            recorder.step(loss=losses)
    return recorder


if __name__ == "__main__":
    recorder = train("transformer.ndjson")
    *_, last, _ = recorder.messages()
    print(*(f"{name}: {part['evaluation_accuracy']:.1%} of letters right" for name, part in last["arms"].items()), sep="\n")
    print(*recorder.findings() or ["Nothing found."], "See it: bnviz view transformer.ndjson", sep="\n")
