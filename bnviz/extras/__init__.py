"""Measures that cost more than a snapshot may, or that only some pages ask for. A new one is one file and one line in `EXTRAS`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bnviz.experiment import Experiment
from bnviz.extras.minibatch_noise import minibatch_noise


@dataclass(frozen=True)
class Extra:
    """`measure(arm, tensors, upcoming)` returns keys for the arm's part of a snapshot; it must leave training untouched.

    It gets the `Arm` and the `Tensors` of bnviz.training, and the indices of the minibatch that comes next.

    `asked` tells whether an experiment wants it; it is taken with every `every`-th snapshot and with the last one.
    """

    measure: Callable[..., dict[str, Any]]
    asked: Callable[[Experiment], bool] = lambda experiment: True
    every: int = 1


EXTRAS: list[Extra] = [
    Extra(minibatch_noise, every=4),
]
