"""The page at /weight-decay: what stands before batch norm has no size, so weight decay sets its learning rate."""

from bnviz.config.experiment import Experiment
from bnviz.lessons.weight_decay.panels import panels
from bnviz.web.site.page import Page

PRESETS = {
    "default": {},
    "single": {"precision": "single"},
    "epsilon": {"epsilon": 1e-5},
    "times": {"changes": "200:times_w2=1000", "learning_rate": 0.3},
    "times_without": {"changes": "200:times_w2=1000", "learning_rate": 0.3, "weight_decay": 0.0},
}

PAGE = Page(
    lesson="weight_decay",
    panels=panels,
    main=("weight_decay", "learning_rate", "epsilon", "precision"),
    more=(
        "compare",
        "momentum",
        "batch_size",
        "rate_growth",
        "rising",
        "dataset",
        "activation",
        "hidden_layers",
        "width",
        "initialization",
        "steps",
        "seed",
        "snapshot_every",
    ),
    presets=PRESETS,
    front=4,
    default=Experiment(weight_decay=0.05, rising="yes", epsilon=1e-30, precision="double", snapshot_every=10),
)
