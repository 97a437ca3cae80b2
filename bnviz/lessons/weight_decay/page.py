"""The page at /weight-decay: batch norm cancels the scale of the weights that feed it, so decay sets their learning rate."""

import streamlit as st

from bnviz.config.experiment import Experiment
from bnviz.lessons.weight_decay.panels import panels
from bnviz.lessons.weight_decay.scale import conclusion, table
from bnviz.web.site.page import Page

PRESETS = {
    "default": {},
    "single": {"precision": "single"},
    "epsilon": {"epsilon": 1e-5},
    "times": {"changes": "200:times_w2=1000", "learning_rate": 0.3},
    "times_without": {"changes": "200:times_w2=1000", "learning_rate": 0.3, "weight_decay": 0.0},
}


def show_scale(experiment: Experiment) -> None:
    """Draw what batch norm does to weights that are 1,000 times as large, with the page's ε."""
    with st.container(key="scale", horizontal=True, vertical_alignment="center"):
        st.markdown(table(experiment.epsilon))
        st.caption(conclusion(experiment.epsilon))


PAGE = Page(
    lesson="weight_decay",
    panels=panels,
    beside=show_scale,
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
