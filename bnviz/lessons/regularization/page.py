"""The page at /regularization: batch norm's noise as a regularizer, and why not to use it as one."""

from collections.abc import Mapping

from bnviz.config.experiment import FIELDS, Experiment
from bnviz.config.sweep import Curve, Sweep, changes
from bnviz.lessons.regularization.judge import answer, verdict
from bnviz.lessons.regularization.panels import panels
from bnviz.web.site.sweep_page import SweepPage

SIZES = (256, 4, 32, 8, 64, 16, 128, 512)  # the ends first, for what they say comes first


def sweep(base: Experiment, own: Mapping[str, object]) -> Sweep:
    """Test and training accuracy against the ghost batches' size: with random labels and without, beside plain nets."""
    curves = [
        curve
        for world, noise in (("noisy", base.label_noise), ("clean", 0.0))
        for curve in _curves(world, noise, base.dropout)
        if noise or world == "clean"
    ]
    points = tuple(changes(ghost_batch_size=size) for size in ghost_sizes(base.batch))
    return Sweep(base, "ghost_batch_size", points, tuple(curves), seeds=own["seeds"])


def ghost_sizes(batch: int) -> list[int]:
    """The whole minibatch, as far as a ghost batch can be as large, and such sizes as split it."""
    whole = [batch] if batch <= FIELDS["ghost_batch_size"].high else []
    return [*whole, *(size for size in SIZES if 2 * size <= batch)]


def _curves(world: str, noise: float, dropout: float) -> list[Curve]:
    """Batch norm, the plain net, and the plain net with dropout, on labels of which a share `noise` is random."""
    curves = [Curve(f"{arm} {world}", arm, changes(label_noise=noise, dropout=0.0)) for arm in ("batch", "none")]
    return [*curves, Curve(f"dropout {world}", "none", changes(label_noise=noise, dropout=dropout))] if dropout else curves


def inside(base: Experiment) -> dict[str, Experiment]:
    """Single runs worth a look, with and without batch norm side by side."""
    sizes = sorted(ghost_sizes(base.batch))
    ends = {
        f"groups of {size}": base.replace(dropout=0.0, ghost_batch_size=size) for size in dict.fromkeys((sizes[0], sizes[-1]))
    }
    clean = {f"{name}, clean labels": one.replace(label_noise=0.0) for name, one in ends.items()} if base.label_noise else {}
    return {**ends, **clean}


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
