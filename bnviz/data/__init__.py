"""Data sets by name.

A new data set is one loader and one line in ``DATA_SETS``. Loaders return standardized float32 inputs and never touch the
network; the archives and their licences lie beside this file. Own data sets (bnviz/data/own.py) come after these.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np

from bnviz.data import coats, own
from bnviz.data.data_set import DataSet, Split
from bnviz.data.linear_map import linear_map

__all__ = ["DATA_SETS", "FOLDER", "OWN", "DataSet", "Split", "load"]

FOLDER = Path(__file__).parent


def _standardize(x_train: np.ndarray, x_test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both parts flattened, with the mean and the standard deviation of the whole training part."""
    x_train = x_train.reshape(len(x_train), -1).astype(np.float32)
    x_test = x_test.reshape(len(x_test), -1).astype(np.float32)
    mean, std = x_train.mean(), x_train.std()
    return (x_train - mean) / std, (x_test - mean) / std


def _archive(name: str, keys: tuple[str, str, str, str]) -> Split:
    with np.load(FOLDER / name) as arrays:
        x_train, y_train, x_test, y_test = (arrays[key] for key in keys)
    x_train, x_test = _standardize(x_train, x_test)
    return Split(x_train, y_train.astype(np.int64), x_test, y_test.astype(np.int64))


def _fashion() -> Split:
    return _archive("fashion_mnist.npz", ("x_train", "y_train", "x_test", "y_test"))


def _mnist1d() -> Split:
    return _archive("mnist1d.npz", ("x", "y", "xt", "yt"))


def _spiral_points(examples: int, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Two interleaved Archimedean spirals of 1.75 turns, with Gaussian noise across the arm."""
    labels = np.arange(examples) % 2
    radius = np.sqrt(generator.uniform(0.02, 1.0, examples))
    angle = 3.5 * np.pi * radius + np.pi * labels
    points = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return points + generator.normal(0.0, 0.02, points.shape), labels


def _spirals() -> Split:
    generator = np.random.default_rng(20150211)  # the data are one fixed set, whatever an experiment's seed
    x_train, y_train = _spiral_points(4000, generator)
    x_test, y_test = _spiral_points(1000, generator)
    x_train, x_test = _standardize(x_train, x_test)
    return Split(x_train, y_train.astype(np.int64), x_test, y_test.astype(np.int64))


def _cats(world: str) -> Split:
    return Split(*coats.split(world))


DATA_SETS: dict[str, DataSet] = {
    "fashion": DataSet(
        "Fashion-MNIST",
        "images",
        features=784,
        classes=10,
        train_size=5000,
        test_size=1000,
        credit="Fashion-MNIST: Xiao, Rasul and Vollgraf 2017, a balanced part of it, MIT licence",
        load=_fashion,
        licence="LICENSE-fashion-mnist",
    ),
    "mnist1d": DataSet(
        "MNIST-1D",
        "signals",
        features=40,
        classes=10,
        train_size=4000,
        test_size=1000,
        credit="MNIST-1D: Greydanus 2020, Apache 2.0 licence",
        load=_mnist1d,
        licence="LICENSE-mnist1d",
    ),
    "spirals": DataSet(
        "Two spirals",
        "points",
        features=2,
        classes=2,
        train_size=4000,
        test_size=1000,
        credit="Two spirals in the plane, made by this program",
        load=_spirals,
    ),
    "cats": DataSet(
        "Cats and other animals",
        "animals",
        features=coats.FEATURES,
        classes=2,
        train_size=coats.TRAIN_SIZE,
        test_size=coats.TEST_SIZE,
        credit="Silhouettes of cats and of bears, cows, dogs and horses: PyPI animal-mnist 0.4, MIT licence. The shapes are "
        "machine-made (drawn with a diffusion model and thresholded), not photographs; coats and backgrounds are painted by "
        "this program",
        load=_cats,
        licence="LICENSE-animal-mnist",
        has_coats=True,
    ),
    "linear-map": DataSet(
        "Linear map (regression)",
        "examples",
        features=10,
        classes=10,
        train_size=1000,
        test_size=1000,
        credit="Gaussian inputs and a random linear map of them, made by this program after Santurkar et al. 2018",
        load=lambda: Split(*linear_map()),
        loss="squared",
    ),
}

OWN = own.data_sets(own.configured_folder(), DATA_SETS)
DATA_SETS |= OWN.sets


def load(name: str, world: str = "black") -> Split:
    """The data set called `name`, read when it is needed; `world`, a key of COATS, tells how painted animals look.

    The arrays are read-only; raises KeyError for an unknown name. The last two are kept: painted animals take 50 MB a world.
    """
    return _load(name, (world,) if DATA_SETS[name].has_coats else ())


@lru_cache(2)
def _load(name: str, worlds: tuple[str, ...]) -> Split:
    split = DATA_SETS[name].load(*worlds)
    for array in split:
        array.setflags(write=False)
    return split
