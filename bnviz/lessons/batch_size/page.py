"""The page at /batch-size: a noise microscope. What do its minibatch-mates do to one example?"""

from bnviz.config.experiment import Experiment
from bnviz.lessons.batch_size import portrait
from bnviz.lessons.batch_size.panels import panels
from bnviz.web.site.page import Page

PRESETS = {
    "default": {},
    "small_groups_large_minibatch": {"batch_size": 256, "ghost_batch_size": 4},
    "both_large": {"batch_size": 256},
    "both_small": {"batch_size": 4},
    "mnist_1d_to_the_end": {"dataset": "mnist1d", "train_size": 512, "ghost_batch_size": 8, "steps": 1000, "snapshot_every": 8},
    "two_spirals": {"dataset": "spirals"},
}

PAGE = Page(
    lesson="batch_size",
    panels=panels,
    beside=portrait.show,
    main=("batch_size", "ghost_batch_size", "learning_rate", "example"),
    more=(
        "compare",
        "microscope",
        "dataset",
        "activation",
        "train_size",
        "label_noise",
        "dropout",
        "steps",
        "seed",
        "width",
        "hidden_layers",
        "momentum",
        "accumulate",
        "initialization",
        "snapshot_every",
    ),
    presets=PRESETS,
    default=Experiment(microscope="yes", example=4),
)
