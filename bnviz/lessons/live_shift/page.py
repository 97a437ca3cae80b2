"""The page at /: watch a[2] shift while the layers below it learn, without and with batch norm."""

from bnviz.lessons import LESSONS, address
from bnviz.lessons.live_shift.panels import panels
from bnviz.web.site.page import Page

PRESETS = {
    "default": {},
    "fast": {"learning_rate": 1.0},
    "sigmoid": {"activation": "sigmoid"},
    "tiny": {"batch_size": 4},
    "slower": {"learning_rate": 0.01},
}

PAGE = Page(
    lesson="live_shift",
    panels=panels,
    main=("batch_size", "learning_rate", "activation", "dataset"),
    more=(
        "compare",
        "ghost_batch_size",
        "momentum",
        "initialization",
        "width",
        "steps",
        "seed",
        "hidden_layers",
        "skip_connections",
        "label_noise",
        "dropout",
        "train_size",
        "snapshot_every",
    ),
    presets=PRESETS,
    onward={address(lesson): title for lesson, title in LESSONS.items() if lesson != "live_shift"},
)
