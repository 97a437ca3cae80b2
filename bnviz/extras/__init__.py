"""Measures that cost more than a snapshot may, or that only some pages ask for.

A new one is one file and one line in `EXTRAS`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bnviz.experiment import MICROSCOPE_EVERY, Experiment
from bnviz.extras.coats import coats
from bnviz.extras.gradient_shift import gradient_shift
from bnviz.extras.microscope import microscope
from bnviz.extras.minibatch_noise import minibatch_noise
from bnviz.extras.standardized import standardized
from bnviz.extras.views import views


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
    Extra(coats, asked=lambda experiment: experiment.dataset == "cats", every=8),
    Extra(gradient_shift, asked=lambda experiment: experiment.gradient_shift == "yes"),
    Extra(standardized, asked=lambda experiment: experiment.look_inside == "yes"),
    Extra(microscope, asked=lambda experiment: experiment.microscope == "yes", every=MICROSCOPE_EVERY),
    Extra(views, asked=lambda experiment: experiment.look_inside == "yes"),
]
