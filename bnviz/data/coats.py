"""Cats and other animals: silhouettes that are painted, black or coloured, when they are loaded.

The shapes are fixed; a coat's level says how coloured it is, from 0 (black) to 1 (fully coloured). All else of a picture
(background, hue, stripes, noise) comes from the animal's own seed, so the same animal can be painted at any level.
"""

from __future__ import annotations

from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np

SIDE = 28
FEATURES = SIDE * SIDE * 3
OTHER, CAT = 0, 1
TRAIN_SIZE, TEST_SIZE = 3000, 600  # half of each are cats
COATS = {
    "black": "all black",
    "black-cats": "cats black, others coloured",
    "mixed": "black to coloured, mixed",
}


class Animals(NamedTuple):
    """Shapes [n, 28, 28] from 0 to 1, labels [n] (1: cat) and seeds [n] of their coats."""

    shapes: np.ndarray
    labels: np.ndarray
    seeds: np.ndarray


@cache
def animals() -> tuple[Animals, Animals]:
    """Training and test animals, cats and others in turn; no shape is in both.

    There are fewer shapes of cats than training needs: they are repeated, mirrored every second time, in other coats.
    """
    with np.load(Path(__file__).with_name("cat_vs_other.npz")) as arrays:
        shapes, labels = arrays["x"].astype(np.float32) / 255, arrays["y"]
    order = np.random.default_rng(20200229).permutation(len(labels))
    kinds = [shapes[order][labels[order] == kind] for kind in (OTHER, CAT)]
    half = TEST_SIZE // 2
    return _alternate([kind[half:] for kind in kinds], TRAIN_SIZE, 0), _alternate(
        [kind[:half] for kind in kinds], TEST_SIZE, TRAIN_SIZE
    )


def _alternate(kinds: list[np.ndarray], count: int, first_seed: int) -> Animals:
    """`count` animals, of one kind and the other in turn."""
    shapes = np.stack([_tile(kind, count // 2) for kind in kinds], axis=1).reshape(count, SIDE, SIDE)
    return Animals(shapes, np.arange(count, dtype=np.int64) % 2, np.arange(first_seed, first_seed + count))


def _tile(shapes: np.ndarray, count: int) -> np.ndarray:
    rounds = [shapes[:, :, :: -1 if turn % 2 else 1] for turn in range(-(-count // len(shapes)))]
    return np.concatenate(rounds)[:count]


def levels(coats: str, group: Animals) -> np.ndarray:
    """How coloured each animal is [n] in the world `coats`, a key of COATS."""
    if coats == "mixed":
        return np.array([np.random.default_rng((1, seed)).uniform() for seed in group.seeds])
    return np.where((group.labels == OTHER) & (coats == "black-cats"), 1.0, 0.0)


def paint(shapes: np.ndarray, level: np.ndarray | float, seeds: np.ndarray) -> np.ndarray:
    """Pictures [n, 28, 28, 3] float32 from 0 to 1 of shapes [n, 28, 28] with coats at `level` (one, or one each).

    Equal shapes, levels and seeds give equal pictures, whatever else is painted with them.
    """
    scenes = [_scene(np.random.default_rng((0, seed))) for seed in seeds]
    ground, dark, bright, noise = (np.stack(parts) for parts in zip(*scenes, strict=True))
    level = np.broadcast_to(np.asarray(level, np.float32), len(shapes))[:, None, None, None]
    coat = dark + level * (bright - dark)
    return np.clip(ground + shapes[..., None] * (coat - ground) + noise, 0, 1)


def _scene(generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Background colour [1, 1, 3]; black coat, coloured coat and noise, each [28, 28, 3]."""
    ground = generator.uniform(0.5, 1.0, (1, 1, 3))
    stripes = _stripes(generator)
    dark = np.repeat(0.04 + 0.08 * stripes, 3, axis=2)
    bright = _hue(generator) * (1 - 0.4 * stripes)
    noise = 0.06 * generator.standard_normal((SIDE, SIDE, 3), np.float32)
    ground, dark, bright, noise = (part.astype(np.float32) for part in (ground, dark, bright, noise))
    return ground, dark, bright, noise


def _hue(generator: np.random.Generator) -> np.ndarray:
    """A strong colour [3]: one channel low, one high, one anywhere between."""
    return generator.permutation((generator.uniform(0.0, 0.3), generator.uniform(0.2, 0.8), generator.uniform(0.6, 1.0)))


def _stripes(generator: np.random.Generator) -> np.ndarray:
    """A coat's pattern [28, 28, 1] from 0 to 1: for every second animal, plain; else slanting stripes."""
    plain, angle, period, phase = generator.uniform((0, 0, 4, 0), (1, np.pi, 8, 2 * np.pi))
    across = np.cos(angle) * np.arange(SIDE)[:, None] + np.sin(angle) * np.arange(SIDE)
    return (plain > 0.5) * (0.5 + 0.5 * np.sin(2 * np.pi * across / period + phase))[..., None]


def flat(pictures: np.ndarray, coats: str) -> np.ndarray:
    """Pictures as inputs [n, 2352] of a network that trains in the world `coats`, standardized on the training part."""
    _, mean, std = _training(coats)
    return (pictures.reshape(len(pictures), FEATURES) - mean) / std


def unflat(inputs: np.ndarray, coats: str) -> np.ndarray:
    """The brightness from 0 to 1 that inputs of any shape were made of."""
    _, mean, std = _training(coats)
    return np.clip(inputs * std + mean, 0, 1)


def paint_animals(coats: str, group: Animals) -> np.ndarray:
    """The animals [n, 28, 28, 3] as they look in the world `coats`."""
    return paint(group.shapes, levels(coats, group), group.seeds)


@lru_cache(2)  # worlds, 28 MB each
def _training(coats: str) -> tuple[np.ndarray, np.float32, np.float32]:
    """The training part as inputs [n, 2352], and the mean and standard deviation of all its pixels before standardization."""
    x = paint_animals(coats, animals()[0]).reshape(TRAIN_SIZE, FEATURES)
    mean, std = np.float32(x.mean(dtype=np.float64)), np.float32(x.std(dtype=np.float64))
    x -= mean
    x /= std
    return x, mean, std


def split(coats: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """x_train, y_train, x_test, y_test in the world `coats`."""
    train, test = animals()
    return _training(coats)[0], train.labels, flat(paint_animals(coats, test), coats), test.labels
