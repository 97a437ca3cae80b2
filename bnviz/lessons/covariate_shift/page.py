"""The page at /covariate-shift: networks trained on black cats are tested on coloured ones."""

from bnviz.config.experiment import Experiment
from bnviz.data import DATA_SETS
from bnviz.lessons.covariate_shift import album
from bnviz.lessons.covariate_shift.panels import panels
from bnviz.web.site.page import Page

PRESETS = {
    "everything_black": {},
    "only_cats_black": {"coats": "black-cats"},
    "remedy_mixed_coats": {"coats": "mixed"},
}


def pictures(experiment: Experiment) -> None:
    """Some of the animals, above the player."""
    if DATA_SETS[experiment.dataset].has_coats:
        album.show(experiment.coats)


PAGE = Page(
    lesson="covariate_shift",
    panels=panels,
    beside=pictures,
    main=("coats", "batch_size", "learning_rate", "activation"),
    more=(
        "compare",
        "momentum",
        "initialization",
        "width",
        "hidden_layers",
        "train_size",
        "steps",
        "seed",
        "ghost_batch_size",
        "dropout",
        "label_noise",
        "dataset",
        "snapshot_every",
    ),  # fmt: skip
    presets=PRESETS,
    default=Experiment(dataset="cats", steps=400),
)
