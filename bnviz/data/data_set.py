"""A data set, built in or of one's own: its size, kind and loader."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np


class Split(NamedTuple):
    """Inputs [examples, features] float32 and labels [examples] int64, or targets [examples, classes] float32."""

    x_train: np.ndarray
    y_train: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray


@dataclass(frozen=True)
class DataSet:
    """What a page needs to know of a data set without loading it.

    `examples` is what pages call its examples, in the plural; `loss` is a key of bnviz.train.loop.LOSSES; `licence` is the name
    of a file beside this one. `sha256` is a hash of the file of an own data set (bnviz/data/own.py), and part of the ids of its
    experiments.
    """

    label: str
    examples: str
    features: int
    classes: int
    train_size: int
    test_size: int
    credit: str
    load: Callable[..., Split]
    loss: str = "cross-entropy"
    licence: str = ""
    has_coats: bool = False  # the coats of an experiment apply, and `load` wants to know them
    sha256: str = ""

    @property
    def words(self) -> dict[str, str]:
        """What pages call its examples, in sentences."""
        test = f"test {self.examples}"
        return {
            "examples": self.examples,
            "held_out": test,
            "tested": f"{self.test_size:,} {test}",
            "train": f"training {self.examples}",
        }
