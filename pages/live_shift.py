"""The page at /: watch a[2] shift while the layers below it learn, without and with batch norm."""

import streamlit as st

from bnviz.data import DATA_SETS
from bnviz.experiment import FIELDS, Experiment
from bnviz.site import links, presets, stage, widgets

MAIN = ("batch_size", "learning_rate", "activation", "dataset")
NEXT = ("ghost_batch_size", "momentum", "initialization", "width", "steps", "seed")
REST = (*NEXT, *(name for name in FIELDS if name not in MAIN + NEXT))


def panels(experiment: Experiment) -> list[dict]:
    from bnviz import figures

    return figures.live_shift(experiment)


if link := links.opened("live-shift"):
    widgets.load(link.experiment)
experiment = widgets.experiment()
view = links.view(experiment)
links.write(experiment)

st.header("Watch a[2] shift", anchor=False)
st.markdown(
    "The claim: while layers 1 and 2 learn, what they hand to layer 3 keeps shifting, and batch norm holds it in place."
    " Here the same network trains twice, on the same minibatches: see whether it does."
)
presets.row(experiment)
widgets.row(MAIN, REST)
if problems := links.problems():
    st.warning(problems)
if notes := experiment.notes():
    st.caption(" ".join(notes))
stage.play(experiment, panels, view, story="live-shift")
st.caption(
    "Words: the lecture writes α and β for batch norm's scale and offset, this page γ and β, as the papers do. "
    "The momentum of PyTorch's batch norm is the weight of the *new* statistic.  \n"
    f"Data: {DATA_SETS[experiment.dataset].credit}."
)
