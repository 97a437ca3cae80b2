"""A sweep is one experiment over an axis × seeds: many runs that differ in a few fields, and what they come to.

A sweep is a frozen value like an experiment. Its rows, one a run, come in any order; `grid` lays them out.
"""

from __future__ import annotations

import dataclasses
import hashlib
import itertools
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from bnviz.config import cost
from bnviz.config.arms import ARMS
from bnviz.config.experiment import FIELDS, FORMAT, Experiment
from bnviz.config.fields import LIVE, OBSERVATION, SHAPE, BadField, Field
from bnviz.data import DATA_SETS

MAXIMUM_SEEDS = 20
FIRST_SECONDS, STACK_SECONDS = 1.5, 3.0  # of computing, after which a sweep's first rows should be there, and later ones
STACK_RUNS = 20  # more bring no further gain, only memory
STEP_SECONDS = 5e-4  # that a stack's step takes beside its runs' own: with small minibatches it pays to share it

NO_LIVE_CHANGES = "networks of a sweep train together from start to end, so nothing can change on their way"

Changes = tuple[tuple[str, Any], ...]  # fields and values: a dictionary that can be hashed


def changes(**fields: Any) -> Changes:
    """Fields with new values, checked; raises BadField."""
    for name, value in fields.items():
        if name not in FIELDS:
            raise BadField(name, value, "there is no such setting")
    return tuple((name, FIELDS[name].check(value)) for name, value in fields.items())


def check_no_live_changes(experiment: Experiment) -> None:
    """Raise BadField if something happens on the experiment's way, which only a live run can show."""
    for field in FIELDS.values():
        if field.role == LIVE and (value := getattr(experiment, field.name)) != field.default:
            raise BadField(field.name, value, NO_LIVE_CHANGES)


@dataclass(frozen=True)
class Curve:
    """One line in a sweep's charts: an arm (a key of ARMS) and what else is different about it."""

    name: str
    arm: str
    changes: Changes = ()


@dataclass(frozen=True)
class Run:
    """One arm of one experiment, trained without looking inside."""

    experiment: Experiment
    arm: str

    @property
    def id(self) -> str:
        return f"{self.experiment.id}-{self.arm}"

    @property
    def shape(self) -> tuple:
        """Runs with equal shapes can train stacked: their tensors have the same sizes at every step."""
        return tuple(getattr(self.experiment, field.name) for field in FIELDS.values() if field.role == SHAPE)

    def seconds(self) -> float:
        """Estimated computing time on one ordinary core, when it trains stacked with a few others."""
        return cost.stacked_seconds(self.experiment)


@dataclass(frozen=True)
class Cell:
    """A place in a sweep: which point of the axis, which curve, which seed, and the run whose row belongs there."""

    point: int
    curve: str
    seed: int
    run: Run


@dataclass(frozen=True)
class Sweep:
    """`base` with each of `points`, each of `curves` and each of `seeds` seeds from the base's on.

    A point is a set of changes; its value of the field `axis` is its place on the chart. `measures` are keys of
    names of `bnviz.measures.registry`, taken of every run beside the usual ones.
    """

    base: Experiment
    axis: str
    points: tuple[Changes, ...]
    curves: tuple[Curve, ...]
    seeds: int = 5
    measures: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.axis not in FIELDS or self.axis == "seed":
            raise BadField("axis", self.axis, f"expected one of {', '.join(name for name in FIELDS if name != 'seed')}")
        if isinstance(self.seeds, bool) or not isinstance(self.seeds, int) or not 1 <= self.seeds <= MAXIMUM_SEEDS:
            raise BadField("seeds", self.seeds, f"expected a whole number from 1 to {MAXIMUM_SEEDS}")
        if not self.points or not all(self.axis in dict(point) for point in self.points):
            raise BadField("values", self.points, f"expected values of {self.axis}")
        if len(set(self.values)) != len(self.values):
            raise BadField("values", self.values, "expected different values")
        if not self.curves or any(curve.arm not in ARMS or ARMS[curve.arm].derived for curve in self.curves):
            raise BadField("arms", self.curves, f"expected some of {', '.join(trainable_arms())}")
        FIELDS["seed"].check(self.base.seed + self.seeds - 1)
        if FIELDS[self.axis].role == LIVE:
            raise BadField("axis", self.axis, NO_LIVE_CHANGES)
        for different in (*self.points, *(curve.changes for curve in self.curves)):
            check_no_live_changes(self.base.replace(**dict(different)))

    @property
    def values(self) -> tuple:
        """The points' places on the axis."""
        return tuple(dict(point)[self.axis] for point in self.points)

    @property
    def id(self) -> str:
        """Sixteen hex digits: a hash of the format version and of everything that makes the sweep."""
        own = dataclasses.asdict(self) | {"base": self.base.identity_fields}
        if others := self._contents():
            own["contents"] = others
        canonical = json.dumps({"format": FORMAT, "sweep": own}, sort_keys=True)
        return hashlib.sha256(canonical.encode()).hexdigest()[:16]

    def _contents(self) -> dict[str, str]:
        """Hashes of the own data sets that its points and curves name, by name."""
        changed = [dict(one) for one in (*self.points, *(curve.changes for curve in self.curves))]
        names = {one["dataset"] for one in changed if "dataset" in one}
        return {name: DATA_SETS[name].sha256 for name in sorted(names) if DATA_SETS[name].sha256}

    def cells(self) -> list[Cell]:
        """All places, point by point."""
        return list(self._all_cells)

    @cached_property
    def _all_cells(self) -> tuple[Cell, ...]:
        seeds = range(self.base.seed, self.base.seed + self.seeds)
        places = itertools.product(range(len(self.points)), self.curves, seeds)
        return tuple(Cell(point, curve.name, seed, self._run(self.points[point], curve, seed)) for point, curve, seed in places)

    def _run(self, point: Changes, curve: Curve, seed: int) -> Run:
        return canonical_run(self.base.replace(**dict(point), **dict(curve.changes), seed=seed), curve.arm)

    def runs(self) -> list[Run]:
        """The runs, each once: where the axis means nothing to an arm, one run serves all points."""
        return list(dict.fromkeys(cell.run for cell in self.cells()))

    def seconds(self) -> float:
        """Estimated computing time of the training on one core."""
        return sum(run.seconds() for run in self.runs())

    def check_cost(self, measuring: float = 0.0) -> None:
        """Raise TooExpensive, saying what to change, if it would cost more than a shared server should spend: its training and so
        many seconds of `measuring`."""
        cost.check_sweep_seconds(self.seconds() + measuring)


def sweep_over(
    base: Experiment,
    axis: str,
    values: Iterable,
    arms: Iterable[str] = ("none", "batch"),
    seeds: int = 5,
    measures: tuple[str, ...] = (),
) -> Sweep:
    """The sweep of `base` over values of one field, a curve for each arm; raises BadField."""
    if axis not in FIELDS:
        raise BadField("axis", axis, "there is no such setting")
    points = tuple(changes(**{axis: value}) for value in values)
    return Sweep(base, axis, points, tuple(Curve(arm, arm) for arm in arms), seeds, measures)


def trainable_arms() -> list[str]:
    """The arms that a sweep can train."""
    return [name for name, arm in ARMS.items() if not arm.derived]


def canonical_run(experiment: Experiment, arm: str) -> Run:
    """The run of an arm, with every field that means nothing to it at its default: so equal runs are one run."""
    irrelevant = [field for field in FIELDS.values() if field.role == OBSERVATION or _needs_statistics(field, arm)]
    return Run(experiment.replace(**{field.name: field.default for field in irrelevant}), arm)


def _needs_statistics(field: Field, arm: str) -> bool:
    return field.only_with_statistics and not ARMS[arm].statistics


def stacks(runs: Sequence[Run], first: int = 0) -> list[tuple[Run, ...]]:
    """The runs in stacks of one shape each; the `first` few in smaller ones, so that something is soon there."""
    return _stacks(runs[:first], FIRST_SECONDS) + _stacks(runs[first:], STACK_SECONDS)


def _stacks(runs: Iterable[Run], seconds: float) -> list[tuple[Run, ...]]:
    """The runs in stacks of one shape each that take about so many seconds; what comes first is trained first."""
    shapes: dict[tuple, list[Run]] = {}
    for run in runs:
        shapes.setdefault(run.shape, []).append(run)
    result = []
    for group in shapes.values():
        one = max(run.seconds() for run in group)
        worthwhile = round(4 * STEP_SECONDS * group[0].experiment.steps / one)  # runs that bring their share down to a quarter
        size = min(STACK_RUNS, max(1, worthwhile, round(seconds / one)))
        count = -(-len(group) // size)
        result += [tuple(part) for part in _evenly(group, count)]
    return result


def _evenly(runs: Sequence[Run], count: int) -> Iterable[Sequence[Run]]:
    """`runs` in `count` parts of about one size."""
    borders = [round(place * len(runs) / count) for place in range(count + 1)]
    return (runs[start:end] for start, end in itertools.pairwise(borders))


def cells_by_run(sweep: Sweep) -> dict[str, list[Cell]]:
    """The places that each run fills, by the run's id."""
    cells: dict[str, list[Cell]] = {}
    for cell in sweep.cells():
        cells.setdefault(cell.run.id, []).append(cell)
    return cells


def row_at(sweep: Sweep, cell: Cell, row: Mapping[str, Any]) -> dict[str, Any]:
    """A run's row as it is at a place of the sweep."""
    return {**row, "curve": cell.curve, "point": cell.point, "value": sweep.values[cell.point]}


def grid(sweep: Sweep, rows: Iterable[Mapping[str, Any]], key: str, shape: tuple[int, ...] = ()) -> np.ndarray:
    """A number of every row, or numbers of this shape [curves, points, seeds, …]; NaN where a row is missing or they are null."""
    curves = {curve.name: place for place, curve in enumerate(sweep.curves)}
    values = np.full((len(curves), len(sweep.points), sweep.seeds, *shape), np.nan)
    for row in rows:
        values[curves[row["curve"]], row["point"], row["seed"] - sweep.base.seed] = np.array(row[key], float)
    return values


def present(sweep: Sweep, rows: Iterable[Mapping[str, Any]]) -> np.ndarray:
    """Whether each row is there [curves, points, seeds]."""
    return np.isfinite(grid(sweep, rows, "seed"))
