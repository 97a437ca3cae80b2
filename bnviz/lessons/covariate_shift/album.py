"""Pictures of animals in rows, as one image that stays sharp at any size."""

from __future__ import annotations

import numpy as np
import streamlit as st

from bnviz.data.coats import CAT, OTHER, SIDE, Animals, animals, levels, paint
from bnviz.web import words

TEXTS = words.catalogue("covariate_shift")["album"]
COLUMNS = 10
PIXEL = 4  # each pixel is drawn as a square of 4 by 4, or browsers would blur it
GAP = 2


def show(world: str) -> None:
    """The training and the test animals of the world `world` (a key of COATS): cats above, other animals below."""
    train, test = animals()
    sheets = [
        (TEXTS["trained"], train, levels(world, select(train))),
        (TEXTS["black"], test, 0.0),
        (TEXTS["coloured"], test, 1.0),
    ]
    with st.container(key="album"):
        for place, (caption, herd, level) in zip(st.columns(len(sheets)), sheets, strict=True):
            alt = words.fill(TEXTS["alt"], caption=caption)
            place.image(sheet(select(herd), level), caption=caption, width="stretch", output_format="PNG", alt=alt)


def select(herd: Animals) -> Animals:
    """The first cats and the first others of a herd: COLUMNS of each."""
    places = np.concatenate([np.flatnonzero(herd.labels == kind)[:COLUMNS] for kind in (CAT, OTHER)])
    return Animals(*(array[places] for array in herd))


def sheet(herd: Animals, level: np.ndarray | float) -> np.ndarray:
    """Animals painted at `level`, in rows of COLUMNS with transparent gaps: [height, width, 4] from 0 to 255."""
    pictures = (255 * paint(herd.shapes, level, herd.seeds)).round().astype(np.uint8)
    opaque = np.concatenate([pictures, np.full((*pictures.shape[:3], 1), 255, np.uint8)], axis=-1)
    framed = np.pad(opaque, ((0, 0), (0, GAP), (0, GAP), (0, 0)))
    rows = framed.reshape(-1, COLUMNS, SIDE + GAP, SIDE + GAP, 4).transpose(0, 2, 1, 3, 4)
    pixels = rows.reshape(-1, COLUMNS * (SIDE + GAP), 4)[:-GAP, :-GAP]
    return pixels.repeat(PIXEL, axis=0).repeat(PIXEL, axis=1)
