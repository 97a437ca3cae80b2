"""The page at /step-zero: the examples on the way up and the gradient on the way down, in untrained deep networks."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from bnviz.config.experiment import Experiment
from bnviz.config.sweep import Curve, Sweep, changes
from bnviz.lessons.step_zero.judge import answer, verdict
from bnviz.lessons.step_zero.panels import panels
from bnviz.web.site.sweep_page import SEEDS, SweepPage


def sweep(base: Experiment, own: Mapping[str, Any]) -> Sweep:
    """Networks without and with batch norm as they are initialized, over seeds, measured layer by layer."""
    point = changes(hidden_layers=base.hidden_layers)
    curves = tuple(Curve(arm, arm) for arm in ("none", "batch"))
    return Sweep(base.replace(steps=0), "hidden_layers", (point,), curves, own["seeds"], measures=("signal", "activation_rank"))


PRESETS = {
    "default": {},
    "small_batch": {"batch_size": 8},
    "linear": {"activation": "identity"},
    "orthogonal": {"activation": "identity", "initialization": "orthogonal"},
    "tanh": {"activation": "tanh", "initialization": "xavier"},
}

PAGE = SweepPage(
    lesson="step_zero",
    sweep=sweep,
    panels=panels,
    verdict=verdict,
    answer=answer,
    main=("activation", "initialization", "width", "batch_size", "seeds"),
    more=("hidden_layers", "dataset", "seed"),
    presets=PRESETS,
    default=Experiment(hidden_layers=50, train_size=512, steps=0),
    own={"seeds": dataclasses.replace(SEEDS, default=10, high=20, marks=(3, 5, 10, 20))},
)
