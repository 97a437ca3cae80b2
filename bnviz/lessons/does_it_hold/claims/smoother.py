"""Is the loss smoother along the gradient with batch norm? Measured by landscape.py."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from bnviz.config.experiment import Experiment
from bnviz.config.sweep import Sweep, sweep_over
from bnviz.judge.claim import Chart, Row, Values, Verdict
from bnviz.judge.findings import below, curve, listed, series, times, word
from bnviz.judge.intervals import Interval, difference
from bnviz.lessons.does_it_hold.said import claim, fill, said

JUDGED = 0.1  # the learning rate that every page begins with; both networks train there


def typical(sweep: Sweep, rows: list[Row], key: str) -> np.ndarray:
    """The median over checkpoints [curves, points, seeds]; NaN where that is not finite or the row is missing."""
    return _over_checkpoints(series(sweep, rows, key), np.median)


def highest(sweep: Sweep, rows: list[Row], key: str) -> np.ndarray:
    """The largest over checkpoints, as `typical`: the worst moment of training."""
    return _over_checkpoints(series(sweep, rows, key), np.max)


def _over_checkpoints(values: np.ndarray, reduce: Callable) -> np.ndarray:
    if not values.shape[-1]:
        return np.full(values.shape[:-1], np.nan)
    found = reduce(np.where(np.isfinite(values), values, np.inf), axis=-1)  # what is not finite counts as large
    return np.where(np.isfinite(found), found, np.nan)


def ratio(values: np.ndarray, sweep: Sweep) -> Interval:
    """With batch norm against without, at the judged rate: the interval of the logarithm."""
    judged = sweep.values.index(JUDGED)
    return difference(*(np.log(values[curve(sweep, name)][judged]) for name in ("batch", "none")))


def judge(key: str, sweep: Sweep, rows: list[Row]) -> Verdict:
    """All of a claim's measures must be smaller with batch norm: their medians over training and their maxima."""
    names = measures(key)
    medians = {name: ratio(typical(sweep, rows, measure), sweep) for measure, name in names.items()}
    peaks = {name: ratio(highest(sweep, rows, measure), sweep) for measure, name in names.items()}
    every = medians | {fill(key, "maximum", name=name): one for name, one in peaks.items()}
    findings = {name: below(one, 0.0) for name, one in every.items()}
    ours = fill(
        key, "ours", rate=f"{JUDGED:g}", medians=_told(key, medians), peaks=_told(key, peaks), amiss=_amiss(key, findings)
    )
    return Verdict(word(*findings.values()), ours)


def measures(key: str) -> dict[str, str]:
    """What a claim measures, keys of a row, each with its name in a sentence."""
    return {measure: name[0].lower() + name[1:] for measure, name in said(key)["measures"].items()}


def _amiss(key: str, findings: Mapping[str, bool | None]) -> str:
    """What is not smaller, and what cannot be told."""
    kinds = {"not_smaller": False, "left_open": None}
    named = {kind: [name for name, finding in findings.items() if finding is sought] for kind, sought in kinds.items()}
    return "".join(fill(key, kind, names=listed(names)) for kind, names in named.items() if names)


def judge_curvature(sweep: Sweep, rows: list[Row]) -> Verdict:
    """The same of the curvature; and how often its maximum lies before any training."""
    found = judge("bend", sweep, rows)
    return Verdict(found.word, found.ours + untrained(sweep, rows, "gradient_bend"))


def untrained(sweep: Sweep, rows: list[Row], measure: str) -> str:
    """In how many of the judged runs of each arm the measure is largest before any training."""
    values = series(sweep, rows, measure)[:, sweep.values.index(JUDGED)]
    first = (np.where(np.isfinite(values), values, np.inf).argmax(-1) == 0).sum(-1)
    none, batch = (first[curve(sweep, name)] for name in ("none", "batch"))
    return fill("bend", "untrained", none=none, batch=batch, seeds=sweep.seeds)


def _told(key: str, ratios: Mapping[str, Interval]) -> str:
    return "; ".join(fill(key, "measure", name=name, ratio=times(one)) for name, one in ratios.items())


def _path(measure: str) -> Values:
    return lambda sweep, rows: series(sweep, rows, measure)[:, sweep.values.index(JUDGED)]


def _charts(key: str) -> tuple[Chart, ...]:
    """Two charts of each measure: over the steps of the judged rate, and its median at each rate."""
    texts, found = said(key), []
    for measure, name in texts["measures"].items():
        y, caption = texts["charts"][measure]["y"], texts["charts"][measure]["caption"]
        title = fill(key, "title_path", name=name, rate=f"{JUDGED:g}")
        found.append(Chart(title, caption, y, _path(measure), ".2g", log=True, over_steps=True))
        title, median = fill(key, "title_typical", name=name), partial(typical, key=measure)
        found.append(Chart(title, texts["caption_typical"], y, median, ".2g", log=True))
    return tuple(found)


SWEEP = dataclasses.replace(
    sweep_over(Experiment(steps=400), "learning_rate", (0.03, JUDGED, 0.3), seeds=8), measures=("landscape",)
)
CLAIM = claim("smoother", sweep=SWEEP, verdict=partial(judge, "smoother"), charts=_charts("smoother"))
SMALLER_CURVATURE = claim("bend", sweep=SWEEP, verdict=judge_curvature, charts=_charts("bend"))
