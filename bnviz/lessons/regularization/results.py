"""What the rows of the lesson's sweep come to, and how numbers and networks are written."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from bnviz import numerals
from bnviz.config.sweep import Sweep, grid
from bnviz.judge.claim import Row
from bnviz.judge.intervals import Interval, difference
from bnviz.web import words

WORDS = words.catalogue("regularization")
NETWORKS = WORDS["networks"]
Rows = list[Row]
Values = dict[str, np.ndarray]  # of one measure, by curve: [sizes, seeds]
SCENES = ("batch", "none", "dropout")  # followed by a kind of labels, the name of a curve: "batch noisy"
WITHOUT_GROUPS = SCENES[1:]  # nothing in these networks depends on the size of ghost batches


def labels(sweep: Sweep) -> dict[str, str]:
    """The kinds of labels that the sweep trains on, each with what pages call it."""
    noise = sweep.base.label_noise
    noisy = {"noisy": words.fill(WORDS["labels"]["noisy"], share=f"{100 * noise:.3g}")} if noise else {}
    return {**noisy, "clean": WORDS["labels"]["clean"]}


def scenes(sweep: Sweep) -> list[str]:
    """Those of SCENES that the sweep has."""
    return [scene for scene in SCENES if any(curve.name.startswith(scene) for curve in sweep.curves)]


def sizes(sweep: Sweep) -> list[int]:
    """The sizes of the ghost batches, in ascending order."""
    return sorted(sweep.values)


def network_name(sweep: Sweep, scene: str, short: bool = False) -> str:
    """What a scene is called: in legends, or, if `short`, in sentences."""
    return words.fill(NETWORKS[f"short_{scene}" if short else scene], rate=f"{sweep.base.dropout:g}")


def groups_name(size: int | str) -> str:
    """What batch norm in groups of one size is called."""
    return words.fill(NETWORKS["groups"], size=size)


def measurements(sweep: Sweep, rows: Rows) -> dict[str, Values]:
    """Training accuracy, test accuracy, the gap between them, and test accuracy with population statistics, of every curve:
    [sizes, seeds], NaN where there is none."""
    order, names = np.argsort(sweep.values), [curve.name for curve in sweep.curves]
    train, test = (grid(sweep, rows, f"{key}_accuracy")[:, order] for key in ("train", "test"))
    last = [{**row, "population": row["population_accuracies"][-1]} for row in rows]
    population = grid(sweep, last, "population")[:, order]
    scores = {"test": test, "train": train, "gap": train - test, "population": population}
    return {key: dict(zip(names, values, strict=True)) for key, values in scores.items()}


def diverged(sweep: Sweep, rows: Rows) -> Values:
    """Which runs of every curve diverged, 1 or 0: [sizes, seeds], NaN where there is none."""
    order = np.argsort(sweep.values)
    lost = grid(sweep, [{**row, "lost": row["diverged_at"] is not None} for row in rows], "lost")[:, order]
    return dict(zip((curve.name for curve in sweep.curves), lost, strict=True))


def course(rows: Rows, curve: str, size: int | None) -> tuple[list[int], np.ndarray]:
    """Steps, and the mean over seeds of the test accuracy there: [checkpoints] each. `size` None: whatever the size."""
    runs = {row["run"]: row for row in rows if row["curve"] == curve and size in (None, row["value"])}
    if not runs:
        return [], np.array([])
    every = np.array([row["test_accuracies"] for row in runs.values()], float)
    there = np.isfinite(every)
    with np.errstate(invalid="ignore"):
        return next(iter(runs.values()))["checkpoints"], np.where(there, every, 0).sum(0) / there.sum(0)


def shrunk(values: np.ndarray) -> Interval:
    """The smallest groups minus the largest, seed by seed, of values [sizes, seeds]."""
    return difference(values[0], values[-1])


def recovered(values: Mapping[str, Values], kind: str) -> list[Interval]:
    """What population statistics change test accuracy by, in groups of each size in turn, with one kind of labels."""
    pairs = zip(values["population"][f"batch {kind}"], values["test"][f"batch {kind}"], strict=True)
    return [difference(population, running) for population, running in pairs]


def pair(test: Values, scene: str, kind: str) -> np.ndarray:
    """Test accuracy of the smallest groups and of another scene, with one kind of labels: [2, seeds]."""
    return np.stack([test[f"batch {kind}"][0], test[f"{scene} {kind}"][0]])


def against(test: Values, scene: str, kind: str) -> Interval:
    """Test accuracy of the smallest groups minus that of another scene, seed by seed, with one kind of labels."""
    return difference(*pair(test, scene, kind))


def percent(share: float) -> str:
    """A share in percent."""
    return numerals.percent(share, 1)


def accuracy(mean: Interval, place: int) -> str:
    """A mean over seeds with its interval, in percent."""
    middle, low, high = (float(one[place]) for one in mean[:3])
    return numerals.interval(100 * middle, 100 * low, 100 * high, lambda value: numerals.digits(value, 1), " %")


def points(change: Interval) -> str:
    """A difference of accuracies in percentage points, with its interval."""
    return numerals.interval(*change[:3], form=numerals.points, unit=" points")
