"""The page at /regularization: batch norm's noise as a regularizer, and why not to use it as one."""

from collections.abc import Mapping
from typing import Any

from bnviz.config.experiment import FIELDS, Experiment
from bnviz.config.sweep import Curve, Sweep, changes
from bnviz.lessons.regularization.judge import answer, verdict
from bnviz.lessons.regularization.panels import panels
from bnviz.lessons.regularization.results import WORDS
from bnviz.web import words
from bnviz.web.site.sweep_page import SweepPage

SIZES = (256, 4, 32, 8, 64, 16, 128, 512)  # the ends first: the verdicts need them


def sweep(base: Experiment, own: Mapping[str, Any]) -> Sweep:
    """Accuracy against the size of ghost batches, with random labels and with clean ones, next to networks without batch norm."""
    kinds = {"noisy": base.label_noise, "clean": 0.0} if base.label_noise else {"clean": 0.0}
    curves = [curve for kind, noise in kinds.items() for curve in _curves(kind, noise, base.dropout)]
    points = tuple(changes(ghost_batch_size=size) for size in ghost_sizes(base.batch))
    return Sweep(base, "ghost_batch_size", points, tuple(curves), seeds=own["seeds"], measures=("population",))


def ghost_sizes(batch: int) -> list[int]:
    """The whole minibatch, if a ghost batch may be so large, and the sizes that split it."""
    full = [batch] if batch <= FIELDS["ghost_batch_size"].high else []
    return [*full, *(size for size in SIZES if 2 * size <= batch)]


def _curves(kind: str, noise: float, dropout: float) -> list[Curve]:
    """Batch norm, no normalizer, and no normalizer but dropout, on labels with a random share `noise`."""
    curves = [Curve(f"{arm} {kind}", arm, changes(label_noise=noise, dropout=0.0)) for arm in ("batch", "none")]
    return [*curves, Curve(f"dropout {kind}", "none", changes(label_noise=noise, dropout=dropout))] if dropout else curves


def inside(base: Experiment) -> dict[str, Experiment]:
    """Single runs worth a look, with and without batch norm side by side."""
    texts, experiments = WORDS["inside"], {}
    for size in dict.fromkeys((min(ghost_sizes(base.batch)), max(ghost_sizes(base.batch)))):
        one = base.replace(dropout=0.0, ghost_batch_size=size)
        experiments[words.fill(texts["whole"], size=size)] = one
        if base.label_noise:
            experiments[words.fill(texts["clean"], size=size)] = one.replace(label_noise=0.0)
    return experiments


PRESETS = {
    "default": {},
    "no_momentum": {"momentum": 0.0},
    "mnist_1d": {"dataset": "mnist1d"},
    "larger_steps": {"learning_rate": 0.3},
    "hardly_any_data": {"train_size": 100, "batch_size": 32, "learning_rate": 0.03},
}

PAGE = SweepPage(
    lesson="regularization",
    sweep=sweep,
    panels=panels,
    verdict=verdict,
    answer=answer,
    inside=inside,
    main=("label_noise", "dropout", "learning_rate", "seeds"),
    more=(
        "dataset",
        "train_size",
        "batch_size",
        "momentum",
        "steps",
        "seed",
        "activation",
        "hidden_layers",
        "width",
        "initialization",
    ),
    presets=PRESETS,
    default=Experiment(train_size=1000, batch_size=256, momentum=0.9, steps=240, label_noise=0.3, dropout=0.1),
)
