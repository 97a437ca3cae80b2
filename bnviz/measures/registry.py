"""The one table of measures beyond what every snapshot holds: what each records, when it is taken, and which function takes it.

A shared measure is one file in this folder and one entry in `SHARED`; one that a single lesson needs lies in that lesson's
`measures/` and is declared in its `__init__.py` as `MEASURES`. So are the questions that people may ask about a trained network,
as `QUESTIONS`. A measure is a function of one argument: `bnviz.measures.context` says what that holds. This module loads no
PyTorch: a declaration names its function.
"""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from bnviz import normalizers
from bnviz.config.arms import original
from bnviz.config.cost import RATE, weights
from bnviz.config.experiment import PROBE_SIZE, Experiment
from bnviz.config.fields import Field
from bnviz.lessons import LESSONS
from bnviz.record.schema import FEW, ROUNDED, Key, by_tap

if TYPE_CHECKING:
    from bnviz.measures.context import LiveContext, Loss, MeasureContext
    from bnviz.nets.network import Network

Values = dict[str, Any]  # by key: what a recording or a row can hold


@dataclass(frozen=True)
class Measure:
    """What is common to both kinds of measures. `run`, written "module:function", names the function that takes it; it returns
    values under `keys`, and must leave training untouched.

    `when` says in words when a measure is taken and of which arms. `seconds` estimates what it costs an arm each time, on one
    ordinary core; `bnviz.measures.budget` adds that up.
    """

    name: str
    run: str
    keys: tuple[Key, ...]
    when: str
    seconds: Callable[[Experiment], float] = lambda experiment: 0.0


@dataclass(frozen=True)
class LiveMeasure(Measure):
    """A measure of a live run, of each of its arms: taken with every `every`-th snapshot, and with the last one, of an experiment
    that it `applies_to`. Its values join the arm's part of the snapshot; it may return none for some arms.

    For the estimate of a recording's size: `arms` are those that it returns values for, and `sizes` what the names in its keys'
    shapes mean, beyond `bnviz.record.size.sizes_of`.
    """

    applies_to: Callable[[Experiment], bool] = lambda experiment: True
    every: int = 1
    arms: Callable[[Experiment], tuple[str, ...]] = lambda experiment: experiment.arms
    sizes: Callable[[Experiment], Mapping[str, int]] = lambda experiment: {}

    @property
    def function(self) -> Callable[[LiveContext], Values]:
        """The function that takes it. The first time, this loads its module, and PyTorch with it."""
        return _function(self.run)


@dataclass(frozen=True)
class CheckpointMeasure(Measure):
    """A measure of a sweep's runs, taken at every checkpoint if the sweep names it. A row lists its values.

    At the last checkpoint, one that `looks_back` so many steps, at least 1, is given the network of then, too
    (`MeasureContext.earlier`).
    """

    looks_back: Callable[[Experiment], int] | None = None

    @property
    def function(self) -> Callable[[MeasureContext], Values]:
        """The function that takes it. The first time, this loads its module, and PyTorch with it."""
        return _function(self.run)


@dataclass(frozen=True)
class Question:
    """What may be asked about a trained network, at `GET bnviz/runs/<id>/<name>?field=value&…`.

    `fields` are the parameters that the query has, with their limits for this experiment. `run`, written "module:function", names
    the function that answers: function(network, experiment, loss, **values) with the network of the compared arm. It returns the
    answer as JSON can write it, and leaves the network as it was.
    """

    name: str
    run: str
    fields: Callable[[Experiment], tuple[Field, ...]]

    def answer(self, network: Network, experiment: Experiment, loss: Loss, values: Mapping[str, Any]) -> Values:
        """Call its function. The first time, this loads its module, and PyTorch with it."""
        return _function(self.run)(network, experiment, loss, **values)

    def read(self, experiment: Experiment, texts: Mapping[str, str]) -> dict[str, Any]:
        """The values that a query gives in text; raises BadField for one that is missing or wrong."""
        return {field.name: field.parse(texts.get(field.name, "")) for field in self.fields(experiment)}


def _function(path: str) -> Callable[..., Values]:
    """The function of "module:function"."""
    module, name = path.split(":")
    return getattr(importlib.import_module(module), name)


def compared_arms(experiment: Experiment) -> tuple[str, ...]:
    """The two arms that are compared, without companions of theirs."""
    return experiment.arms[:2]


def normalized_arms(experiment: Experiment) -> tuple[str, ...]:
    """The arms that have a normalizer, at some step or other."""
    return tuple(arm for arm in experiment.arms if original(arm) != "none")


_NORMALIZED = {"optional": True, "when": "while something is normalized"}

_AS_TRAINED = "in place of examples of the next minibatch"

SHARED = (
    LiveMeasure(
        "example_steps",
        "bnviz.measures.example_steps:example_steps",
        keys=(
            by_tap(
                "example_step",
                "how far the same examples' values have moved since the snapshot before: root mean square over probe and units, "
                "normalized with the probe's own statistics",
                unit="σ",
            ),
            by_tap("example_step_in_training", f"the same of the probe's first examples, {_AS_TRAINED}", unit="σ"),
            by_tap(
                "example_step_weights", "how far the weights alone would have moved them, in the previous minibatch", unit="σ"
            ),
            by_tap("example_step_mates", "how far the new minibatch, and noise, have moved them in addition", unit="σ"),
            by_tap(
                "unit_example_step",
                "`example_step_in_training` of each unit, in 1/16 of the layer's",
                "layers, width",
                value_bytes=FEW,
            ),
        ),
        when="every snapshot, of the two arms that are compared",
        seconds=lambda experiment: 2 * (PROBE_SIZE + experiment.batch) * weights(experiment) / RATE,
        arms=compared_arms,
    ),
    LiveMeasure(
        "minibatch_noise",
        "bnviz.measures.minibatch_noise:minibatch_noise",
        keys=(
            by_tap("mean_noise", "distance of means of the next minibatch from the probe's, root mean square", unit="σ"),
            by_tap("variance_noise", "distance of its variances from the probe's, root mean square", unit="σ²"),
            by_tap(
                "variance_noise_theory",
                "the same for independent draws, in theory. For the mean it is √(1/`group_size` + 1/`probe_size`)",
                unit="σ²",
            ),
            by_tap(
                "minibatch_mean",
                "mean of each unit on the first group normalized together, rounded",
                "layers, width",
                value_bytes=ROUNDED,
            ),
            by_tap("minibatch_std", "standard deviation of each unit there, rounded", "layers, width", value_bytes=ROUNDED),
        ),
        when="every fourth snapshot",
        every=4,
    ),
    LiveMeasure(
        "unit_examples",
        "bnviz.measures.unit_examples:unit_examples",
        keys=(
            Key(
                "unit_examples",
                "the numbers that normalize a few examples of the next minibatch",
                parts=(
                    Key(
                        "z",
                        "z of the first eight examples, fewer if fewer are normalized together, rounded to 1/256 of its root "
                        "mean square over them",
                        "layers, watched, examples",
                        value_bytes=ROUNDED,
                    ),
                    Key("together", "how many values are normalized together", unit="examples or units", **_NORMALIZED),
                    *(Key(one.name, one.what, one.shape, optional=True, when=one.when) for one in normalizers.quantities()),
                ),
            ),
        ),
        when="every snapshot, of the two arms that are compared; unit j lies in part j // `together`",
        seconds=lambda experiment: experiment.batch * weights(experiment) / RATE,
        arms=compared_arms,
    ),
    LiveMeasure(
        "skip_scales",
        "bnviz.measures.skip_scales:skip_scales",
        keys=(Key("skip_scale", "α of SkipInit of each layer; NaN for the first layer", "layers"),),
        when="every snapshot, where `skip_connections` is `skipinit`",
        applies_to=lambda experiment: experiment.skip_connections == "skipinit",
    ),
)


@cache
def measures() -> tuple[LiveMeasure | CheckpointMeasure, ...]:
    """All measures: the shared ones, then those of the lessons."""
    return (*SHARED, *_declarations("MEASURES"))


def live_measures() -> tuple[LiveMeasure, ...]:
    """The measures of live runs."""
    return tuple(measure for measure in measures() if isinstance(measure, LiveMeasure))


def checkpoint_measure(name: str) -> CheckpointMeasure:
    """The measure of sweeps that has this name; KeyError if there is none."""
    return {measure.name: measure for measure in measures() if isinstance(measure, CheckpointMeasure)}[name]


@cache
def questions() -> Mapping[str, Question]:
    """All questions of the lessons, by name."""
    return {question.name: question for question in _declarations("QUESTIONS")}


def _declarations(table: str) -> list[Any]:
    """The entries of the lessons' tables of this name, in the order of the lessons."""
    names = [f"bnviz.lessons.{lesson}.measures" for lesson in LESSONS]
    modules = [importlib.import_module(name) for name in names if importlib.util.find_spec(name)]
    return [entry for module in modules for entry in getattr(module, table, ())]
