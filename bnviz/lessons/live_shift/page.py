"""The page at /: watch a[2] shift while the layers below it learn, without and with batch norm."""

from bnviz.lessons.live_shift.panels import panels
from bnviz.web.site.page import Page
from bnviz.web.site.presets import Preset

PRESETS = {
    "The default": Preset("Follow the thin lines, one for each unit of a[2]: how far does each wander in either network?"),
    "Too fast for the plain net": Preset(
        "At learning rate 1, ten times the default, does each network still learn? Try 0.3 and 3, too.",
        {"learning_rate": 1.0},
    ),
    "Sigmoid, as in 2015": Preset(
        "Figure 1 of the 2015 paper is of a sigmoid network. Before you compare the shifts: do both networks learn?",
        {"activation": "sigmoid"},
    ),
    "Tiny batches": Preset(
        "Mean and variance now come from 4 examples. How far do they scatter, and what does that cost? Try 2, too.",
        {"batch_size": 4},
    ),
    "Where batch norm is slower": Preset(
        "A small learning rate with weights that start well. Which network reaches the target accuracy first?",
        {"learning_rate": 0.01},
    ),
}

PAGE = Page(
    story="live_shift",
    title="Watch a[2] shift",
    claim="The claim: while layers 1 and 2 learn, what they hand to layer 3 keeps shifting, and batch norm holds it in place. "
    "Here the same network trains twice, on the same minibatches: see whether it does.",
    panels=panels,
    main=("batch_size", "learning_rate", "activation", "dataset"),
    more=(
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
    ),
    presets=PRESETS,
)
