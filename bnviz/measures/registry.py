"""The one table of measures beyond what every snapshot holds: what each records, when it is taken, and what takes it.

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
from bnviz.record.schema import Key, by_tap


@dataclass(frozen=True)
class Measure:
    """`run`, written "module:function", is called as function(arm, tensors, upcoming) and returns what it measured, under `keys`;
    it must leave training untouched.

    `live` measures belong to a paired run: they get its `Arm` and `Tensors` and the indices of the minibatch that comes next,
    are taken with every `every`-th snapshot, and with the last one, of an experiment that `asked` for it; what they return joins
    the arm's part of the snapshot. The others belong to sweeps, which ask for them by name: they get an arm of which only
    network, experiment and loss are there, and are taken at every checkpoint but the last; a row lists what they return. `when`
    says in words when a measure is taken and of which arms. `seconds` estimates what it
    costs an arm each time, on one ordinary core; `bnviz.measures.budget` adds that up.
    """

    name: str
    run: str
    keys: tuple[Key, ...]
    when: str
    asked: Callable[[Experiment], bool] = lambda experiment: True
    every: int = 1
    live: bool = True
    seconds: Callable[[Experiment], float] = lambda experiment: 0.0

    @property
    def function(self) -> Callable[..., dict[str, Any]]:
        """What takes it; the first time its module is loaded, and PyTorch with it."""
        module, name = self.run.split(":")
        return getattr(importlib.import_module(module), name)


SHARED = (
    Measure(
        "minibatch_noise",
        "bnviz.measures.minibatch_noise:minibatch_noise",
        keys=(
            by_tap("mean_noise", "how far means of the next minibatch lie from the probe's, root mean square", unit="σ"),
            by_tap("variance_noise", "how far its variances lie from the probe's, root mean square", unit="σ²"),
            by_tap("variance_noise_theory", "what independent draws would give; for the mean that is 1/√`group_size`", unit="σ²"),
            by_tap("minibatch_mean", "mean of each unit on the first group normalized together, rounded", "layers, width"),
            by_tap("minibatch_std", "standard deviation of each unit there, rounded", "layers, width"),
        ),
        when="every fourth snapshot",
        every=4,
    ),
)


@cache
def measures() -> tuple[Measure, ...]:
    """All measures: the shared ones, then those of the lessons."""
    homes = [f"bnviz.lessons.{lesson}.measures" for lesson in LESSONS]
    declared = [importlib.import_module(home).MEASURES for home in homes if importlib.util.find_spec(home)]
    return (*SHARED, *(measure for of_lesson in declared for measure in of_lesson))


def named(name: str) -> Measure:
    """The measure of that name; KeyError if there is none."""
    return {measure.name: measure for measure in measures()}[name]
