"""The one table of measures beyond what every snapshot holds: what each is called, when it is taken, and what takes it.

A shared measure is one file in this folder and one line in `SHARED`; one that a single lesson needs lies in that lesson's
`measures/` and is declared in its `__init__.py` as `MEASURES`. This module loads no PyTorch: a declaration names its function.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

from bnviz.config.experiment import Experiment
from bnviz.lessons import LESSONS


@dataclass(frozen=True)
class Measure:
    """`run`, written "module:function", is called as function(arm, tensors, upcoming) and returns keys for the arm's part of a
    snapshot; it must leave training untouched.

    It gets the `Arm` and the `Tensors` of bnviz.train, and the indices of the minibatch that comes next.

    `asked` tells whether an experiment wants it; it is taken with every `every`-th snapshot and with the last one.
    """

    name: str
    run: str
    asked: Callable[[Experiment], bool] = lambda experiment: True
    every: int = 1

    @property
    def function(self) -> Callable[..., dict[str, Any]]:
        """What takes it; the first time its module is loaded, and PyTorch with it."""
        module, name = self.run.split(":")
        return getattr(importlib.import_module(module), name)


SHARED = (Measure("minibatch_noise", "bnviz.measures.minibatch_noise:minibatch_noise", every=4),)


@cache
def measures() -> tuple[Measure, ...]:
    """All measures: the shared ones, then those of the lessons."""
    homes = [f"bnviz.lessons.{lesson}.measures" for lesson in LESSONS]
    declared = [importlib.import_module(home).MEASURES for home in homes if importlib.util.find_spec(home)]
    return (*SHARED, *(measure for of_lesson in declared for measure in of_lesson))
