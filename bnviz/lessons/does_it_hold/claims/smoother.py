"""Is the loss smoother along the gradient with batch norm? Measured by landscape.py."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

import numpy as np

from bnviz.config.experiment import Experiment
from bnviz.config.sweep import Sweep, present, sweep_over
from bnviz.judge.claim import Chart, Row, Values
from bnviz.judge.findings import LEAST, curve, enumeration, series, times
from bnviz.judge.intervals import LEVEL, over_seeds
from bnviz.judge.scale import TIMES
from bnviz.judge.signs import Measured, Signs
from bnviz.judge.verdict import Criterion, Verdict
from bnviz.lessons.does_it_hold.seeds import FRESH
from bnviz.lessons.does_it_hold.sentences import claim, claim_texts, fill, numbers

JUDGED = 0.1  # the learning rate that every page begins with; both networks train there


def typical(sweep: Sweep, rows: list[Row], key: str) -> np.ndarray:
    """The median over checkpoints [curves, points, seeds]; infinite where that blew up, NaN where the row is missing."""
    return _over_checkpoints(sweep, rows, key, np.median)


def highest(sweep: Sweep, rows: list[Row], key: str) -> np.ndarray:
    """The largest over checkpoints, as `typical`: the worst moment of training."""
    return _over_checkpoints(sweep, rows, key, np.max)


def _over_checkpoints(sweep: Sweep, rows: list[Row], key: str, reduce: Callable) -> np.ndarray:
    values = series(sweep, rows, key)
    if not values.shape[-1]:
        return np.full(values.shape[:-1], np.nan)
    result = reduce(np.where(np.isfinite(values), values, np.inf), axis=-1)  # what is not finite counts as large
    return np.where(present(sweep, rows), result, np.nan)


def diverged(sweep: Sweep, rows: list[Row]) -> np.ndarray:
    """Which runs [curves, points, seeds] end without a finite training loss."""
    return ~np.isfinite(series(sweep, rows, "train_losses")[..., -1])


def ratios(values: np.ndarray, sweep: Sweep) -> np.ndarray:
    """With batch norm over without, the logarithm [seeds] at the judged rate, of [curves, points, seeds].

    It is not finite where a network blew up.
    """
    judged = sweep.values.index(JUDGED)
    none, batch = (values[curve(sweep, arm)][judged] for arm in ("none", "batch"))
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.log(batch) - np.log(none)


def measured(logarithms: np.ndarray) -> Measured:
    """The ratios' logarithms [seeds]. If a network blew up, seeds are counted, and that one counts against what has to be
    shown: that the measure is smaller, and that it is not. A blow-up says how far training came, not how smooth its loss was.
    """
    there = np.isfinite(logarithms)
    return over_seeds(logarithms) if there.all() else Signs(np.where(there, logarithms, np.nan))


def judge(key: str, sweep: Sweep, rows: list[Row]) -> Verdict:
    """All of a claim's measures must be smaller with batch norm: their medians over training and their maxima."""
    names = measures(key)
    lost = diverged(sweep, rows) | np.any([np.isinf(highest(sweep, rows, measure)) for measure in names], 0)
    medians, peaks = (
        {name: ratios(np.where(lost, np.inf, reduced(sweep, rows, measure)), sweep) for measure, name in names.items()}
        for reduced in (typical, highest)
    )
    at_maximum = {fill(key, "maximum", name=name): logarithms for name, logarithms in peaks.items()}
    parts = tuple(_part(name, logarithms) for name, logarithms in {**medians, **at_maximum}.items())
    summary = fill(
        key, "ours", rate=f"{JUDGED:g}", amiss=_exceptions(key, parts), blown=_divergence_sentence(key, sweep, lost),
    )  # fmt: skip
    rows_of_table = ((name, _ratio(medians[name]), _ratio(peaks[name])) for name in names.values())
    return Verdict(parts, summary, numbers=numbers(key, rows_of_table))


def _part(name: str, logarithms: np.ndarray) -> Criterion:
    telling = bool(np.isfinite(logarithms).any())
    return Criterion(
        name,
        measured(logarithms),
        "below",
        -math.log(LEAST),
        telling=telling,
        scale=TIMES,
        shown=over_seeds(logarithms).interval(),
    )


def measures(key: str) -> dict[str, str]:
    """What a claim measures, keys of a row, each with its name in a sentence."""
    return {measure: name[0].lower() + name[1:] for measure, name in claim_texts(key)["measures"].items()}


def _exceptions(key: str, parts: Sequence[Criterion]) -> str:
    """What is not smaller, and what cannot be told, each by its own 95 % interval."""
    one_sided = (1 - LEVEL) / 2
    kinds = {
        "not_smaller": [part.name for part in parts if part.fails <= one_sided],
        "left_open": [part.name for part in parts if min(part.holds, part.fails) > one_sided],
    }
    return "".join(fill(key, kind, names=enumeration(names)) for kind, names in kinds.items() if names)


def _divergence_sentence(key: str, sweep: Sweep, blown: np.ndarray) -> str:
    """How many of the judged runs of each arm blew up on the way, of [curves, points, seeds]."""
    lost = blown[:, sweep.values.index(JUDGED)].sum(-1)
    none, batch = (int(lost[curve(sweep, arm)]) for arm in ("none", "batch"))
    return fill(key, "blown", none=none, batch=batch, seeds=sweep.seeds) if none or batch else ""


def judge_curvature(sweep: Sweep, rows: list[Row]) -> Verdict:
    """The same of the curvature; and how often its maximum lies before any training."""
    verdict = judge("bend", sweep, rows)
    return replace(verdict, summary=verdict.summary + untrained(sweep, rows, "gradient_bend"))


def untrained(sweep: Sweep, rows: list[Row], measure: str) -> str:
    """In how many of the judged runs of each arm the measure is largest before any training."""
    values = series(sweep, rows, measure)[:, sweep.values.index(JUDGED)]
    first = (np.where(np.isfinite(values), values, np.inf).argmax(-1) == 0).sum(-1)
    none, batch = (first[curve(sweep, name)] for name in ("none", "batch"))
    return fill("bend", "untrained", none=none, batch=batch, seeds=sweep.seeds)


def _ratio(logarithms: np.ndarray) -> str:
    """The mean ratio of the seeds in which neither network blew up, with its interval."""
    return times(over_seeds(logarithms).interval())


def _path(measure: str) -> Values:
    return lambda sweep, rows: series(sweep, rows, measure)[:, sweep.values.index(JUDGED)]


def _charts(key: str) -> tuple[Chart, ...]:
    """Two charts of each measure: over the steps of the judged rate, and its median at each rate."""
    texts, charts = claim_texts(key), []
    for measure, name in texts["measures"].items():
        y, caption = texts["charts"][measure]["y"], texts["charts"][measure]["caption"]
        title = fill(key, "title_path", name=name, rate=f"{JUDGED:g}")
        charts.append(Chart(title, caption, y, _path(measure), ".2g", log=True, over_steps=True))
        title, median = fill(key, "title_typical", name=name), partial(typical, key=measure)
        charts.append(Chart(title, texts["caption_typical"], y, median, ".2g", log=True))
    return tuple(charts)


SWEEP = sweep_over(Experiment(seed=FRESH, steps=400), "learning_rate", (0.03, JUDGED, 0.3), seeds=20, measures=("landscape",))
CLAIM = claim("smoother", sweep=SWEEP, verdict=partial(judge, "smoother"), charts=_charts("smoother"))
SMALLER_CURVATURE = claim("bend", sweep=SWEEP, verdict=judge_curvature, charts=_charts("bend"))
