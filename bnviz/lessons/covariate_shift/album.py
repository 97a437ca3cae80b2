"""Pictures of animals in rows, as one image that stays sharp at any size."""

from __future__ import annotations

from functools import cache

import numpy as np
import streamlit as st

from bnviz.data.coats import CAT, OTHER, SIDE, Animals, animals, levels, paint
from bnviz.web import words
from bnviz.web.site.images import data_url

TEXTS = words.catalogue("covariate_shift")["album"]
COLUMNS = 10
PIXEL = 4  # each pixel is drawn as a square of 4 by 4, or browsers would blur it
GAP = 2


def show(world: str) -> None:
    """The training and the test animals of the world `world` (a key of COATS): cats above, other animals below."""
    pictures = sheets(world)
    with st.container(key="album"):
        for place, (caption, address) in zip(st.columns(len(pictures)), pictures.items(), strict=True):
            place.image(address, caption=caption, width="stretch", alt=words.fill(TEXTS["alt"], caption=caption))


@cache
def sheets(world: str) -> dict[str, str]:
    """What the album of a world shows: by its caption, the address of each image."""
    train, test = animals()
    herds = {"trained": (train, levels(world, select(train))), "black": (test, 0.0), "coloured": (test, 1.0)}
    return {TEXTS[key]: data_url(sheet(select(herd), level)) for key, (herd, level) in herds.items()}


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
