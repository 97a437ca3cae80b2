"""The page /gamma-beta: batch norm does not force mean 0 and variance 1; γ and β move them."""

from bnviz.config.experiment import Experiment
from bnviz.lessons.gamma_beta.panels import panels
from bnviz.web.site.page import Page

PRESETS = {
    "default": {},
    "sigmoid": {"activation": "sigmoid", "learning_rate": 1.0},
    "a_large_learning_rate": {"learning_rate": 1.0},
}

PAGE = Page(
    lesson="gamma_beta",
    panels=panels,
    main=("batch_size", "learning_rate", "activation", "compare"),
    more=(
        "statistics_momentum",
        "dataset",
        "ghost_batch_size",
        "momentum",
        "initialization",
        "width",
        "steps",
        "seed",
        "hidden_layers",
        "label_noise",
        "dropout",
        "train_size",
        "snapshot_every",
        "fixed_scales",
        "look_inside",
        "trainable",
    ),
    presets=PRESETS,
    moved={
        "views": "/train-and-eval?panels=one-network-several-views",
        "lag": "/train-and-eval?panels=the-errors-over-steps",
    },
    default=Experiment(fixed_scales="yes", look_inside="yes", learning_rate=0.3),
)
