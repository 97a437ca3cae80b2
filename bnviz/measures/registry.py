"""The one table of measures beyond what every snapshot holds: what each records, when it is taken, and what takes it.

A shared measure is one file in this folder and one line in `SHARED`; one that a single lesson needs lies in that lesson's
`measures/` and is declared in its `__init__.py` as `MEASURES`. So are the questions that people may ask about a trained network,
as `QUESTIONS`. This module loads no PyTorch: a declaration names its function.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from bnviz import normalizers
from bnviz.config.cost import RATE, weights
from bnviz.config.experiment import Experiment
from bnviz.config.fields import Field
from bnviz.lessons import LESSONS
from bnviz.record.schema import Key, by_tap


@dataclass(frozen=True)
class Measure:
    """`run`, written "module:function", is called as function(arm, tensors, upcoming) and returns what it measured, under `keys`;
    it must leave training untouched.

    `live` measures belong to a paired run: they get its `ArmTrainer` and `Tensors` and the indices of the next minibatch,
    are taken with every `every`-th snapshot, and with the last one, of an experiment that `asked` for it; what they return joins
    the arm's part of the snapshot. The others belong to sweeps, which ask for them by name: they get an arm of which only
    network, experiment and loss are there, and are taken at every checkpoint; a row lists what they return. `when`
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
        return _function(self.run)


@dataclass(frozen=True)
class Question:
    """What may be asked about a trained network, at `GET bnviz/runs/<id>/<name>?field=value&…`.

    `fields` says what has to be given with it, and within which limits, of a run of this experiment. `run`, written
    "module:function", is called as function(network, experiment, loss, **values) with the network of the compared arm, and
    returns the answer as JSON can write it; it must leave the network as it was.
    """

    name: str
    run: str
    fields: Callable[[Experiment], tuple[Field, ...]]

    @property
    def function(self) -> Callable[..., dict[str, Any]]:
        """What answers it; the first time its module is loaded, and PyTorch with it."""
        return _function(self.run)

    def read(self, experiment: Experiment, texts: Mapping[str, str]) -> dict[str, Any]:
        """The values that a query gives in text; raises BadField for one that is missing or wrong."""
        return {field.name: field.parse(texts.get(field.name, "")) for field in self.fields(experiment)}


def _function(path: str) -> Callable[..., dict[str, Any]]:
    """What "module:function" names."""
    module, name = path.split(":")
    return getattr(importlib.import_module(module), name)


_NORMALIZED = {"optional": True, "when": "while something is normalized"}

SHARED = (
    Measure(
        "minibatch_noise",
        "bnviz.measures.minibatch_noise:minibatch_noise",
        keys=(
            by_tap("mean_noise", "how far means of the next minibatch lie from the probe's, root mean square", unit="σ"),
            by_tap("variance_noise", "how far its variances lie from the probe's, root mean square", unit="σ²"),
            by_tap(
                "variance_noise_theory",
                "what independent draws would give; for the mean that is √(1/`group_size` + 1/`probe_size`)",
                unit="σ²",
            ),
            by_tap("minibatch_mean", "mean of each unit on the first group normalized together, rounded", "layers, width"),
            by_tap("minibatch_std", "standard deviation of each unit there, rounded", "layers, width"),
        ),
        when="every fourth snapshot",
        every=4,
    ),
    Measure(
        "unit_examples",
        "bnviz.measures.unit_examples:unit_examples",
        keys=(
            Key(
                "unit_examples",
                "what normalizes a few examples of the next minibatch",
                parts=(
                    Key(
                        "z",
                        "z of the first eight examples, fewer if fewer are normalized together, rounded to 1/256 of its root "
                        "mean square over them",
                        "layers, watched, examples",
                    ),
                    Key("together", "how many values are normalized together", unit="examples or units", **_NORMALIZED),
                    *(Key(one.name, one.what, one.shape, optional=True, when=one.when) for one in normalizers.quantities()),
                ),
            ),
        ),
        when="every snapshot, of the two arms that are compared; unit j lies in part j // `together`",
        seconds=lambda experiment: experiment.batch * weights(experiment) / RATE,
    ),
)


@cache
def measures() -> tuple[Measure, ...]:
    """All measures: the shared ones, then those of the lessons."""
    return (*SHARED, *_declared("MEASURES"))


@cache
def questions() -> Mapping[str, Question]:
    """All questions of the lessons, by name."""
    return {question.name: question for question in _declared("QUESTIONS")}


def _declared(table: str) -> list[Any]:
    """What the lessons declare under this name, in their order."""
    homes = [f"bnviz.lessons.{lesson}.measures" for lesson in LESSONS]
    modules = [importlib.import_module(home) for home in homes if importlib.util.find_spec(home)]
    return [one for module in modules for one in getattr(module, table, ())]


def named(name: str) -> Measure:
    """The measure of that name; KeyError if there is none."""
    return {measure.name: measure for measure in measures()}[name]
