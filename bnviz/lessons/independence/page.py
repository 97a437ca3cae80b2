"""The page at /independence: do w3 and b3 learn on their own, once there is batch norm below them?"""

from bnviz.config.experiment import Experiment
from bnviz.lessons.independence.panels import panels
from bnviz.web.site.page import Page

LINEAR_NET = {
    "dataset": "linear-map", "activation": "identity", "hidden_layers": 25, "width": 10, "initialization": "xavier",
    "batch_size": 1000, "learning_rate": 0.01, "steps": 100, "snapshot_every": 2, "hold_from": 0,
}  # fmt: skip

PRESETS = {
    "default": {},
    "linear_net": LINEAR_NET,
    "large_learning_rate": {"learning_rate": 0.3},
    "sigmoid": {"activation": "sigmoid"},
}

PAGE = Page(
    lesson="independence",
    panels=panels,
    main=("learning_rate", "batch_size", "activation", "hold_from"),
    more=(
        "compare",
        "gradient_shift",
        "dataset",
        "hidden_layers",
        "width",
        "initialization",
        "momentum",
        "steps",
        "seed",
        "ghost_batch_size",
        "dropout",
        "label_noise",
        "train_size",
        "snapshot_every",
    ),
    presets=PRESETS,
    default=Experiment(gradient_shift="yes", hold_from=100, steps=400, snapshot_every=5),
    layer=3,
)
