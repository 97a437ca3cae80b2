"""A picture of the one held-out example that is watched, where the data set has pictures."""

from __future__ import annotations

from functools import cache

import numpy as np
import streamlit as st

from bnviz.config.experiment import Experiment
from bnviz.data import DATA_SETS, FOLDER
from bnviz.web import words
from bnviz.web.site.images import data_url

PIXEL = 2  # every pixel is drawn so large, or browsers would blur it
TEXTS = words.catalogue("batch_size")["portrait"]


def show(experiment: Experiment) -> None:
    """The watched example of Fashion-MNIST, with its number and its class."""
    if experiment.dataset != "fashion" or experiment.microscope != "yes":
        return
    images, labels = _held_out()
    with st.container(key="portrait", horizontal=True, vertical_alignment="center"):
        held_out, clothing = DATA_SETS["fashion"].words["held_out"], TEXTS["classes"][labels[experiment.example]]
        st.image(data_url(enlarged(images[experiment.example])), width=PIXEL * images.shape[2], alt=clothing)
        values = {"example": experiment.example, "held_out": held_out, "class": clothing}
        st.caption(words.fill(TEXTS["caption"], **values))


@cache
def _held_out() -> tuple[np.ndarray, np.ndarray]:
    """Images [examples, height, width] from 0 to 255, and labels, straight from the archive: a page needs no training data."""
    with np.load(FOLDER / "fashion_mnist.npz") as arrays:
        return arrays["x_test"], arrays["y_test"]


def enlarged(image: np.ndarray) -> np.ndarray:
    """Every pixel PIXEL times as wide and as high."""
    return image.repeat(PIXEL, axis=0).repeat(PIXEL, axis=1)
