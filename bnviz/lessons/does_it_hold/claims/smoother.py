"""Is the loss smoother along the gradient with batch norm, and the gradient a better guide?"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from functools import partial

import numpy as np

from bnviz.config.experiment import Experiment
from bnviz.config.sweep import Sweep, sweep_over
from bnviz.judge.claim import Chart, Claim, Row, Verdict
from bnviz.judge.findings import below, curve, listed, series, times, word
from bnviz.judge.intervals import Interval, difference

VARYING = {
    "loss_range": "range of the loss",
    "gradient_distance": "distance of the gradients",
}  # see landscape.py
BENDING = {"gradient_bend": "bend of the loss"}
JUDGED = 0.1  # the learning rate that every page begins with; both networks train there


def typical(sweep: Sweep, rows: list[Row], key: str) -> np.ndarray:
    """The median over checkpoints [curves, points, seeds]; NaN where that is not finite or the row is missing."""
    return _over_checkpoints(series(sweep, rows, key), np.median)


def highest(sweep: Sweep, rows: list[Row], key: str) -> np.ndarray:
    """The largest over checkpoints, as `typical`: how far the worst moment goes."""
    return _over_checkpoints(series(sweep, rows, key), np.max)


def _over_checkpoints(values: np.ndarray, reduce: Callable) -> np.ndarray:
    if not values.shape[-1]:
        return np.full(values.shape[:-1], np.nan)
    found = reduce(np.where(np.isfinite(values), values, np.inf), axis=-1)  # what blew up counts as large
    return np.where(np.isfinite(found), found, np.nan)


def ratio(values: np.ndarray, sweep: Sweep) -> Interval:
    """With batch norm against without, at the judged rate: the interval of the logarithm."""
    judged = sweep.values.index(JUDGED)
    return difference(*(np.log(values[curve(sweep, name)][judged]) for name in ("batch", "none")))


def judge(measures: Mapping[str, str], sweep: Sweep, rows: list[Row]) -> Verdict:
    """All these measures must be smaller with batch norm, typically and at the worst."""
    medians = {name: ratio(typical(sweep, rows, key), sweep) for key, name in measures.items()}
    peaks = {name: ratio(highest(sweep, rows, key), sweep) for key, name in measures.items()}
    every = medians | {f"{name} at the worst": one for name, one in peaks.items()}
    findings = {name: below(one, 0.0) for name, one in every.items()}
    amiss = [
        f"{words}: {listed([name for name, finding in findings.items() if finding is found])}."
        for words, found in (("Not smaller", False), ("Left open", None))
        if found in findings.values()
    ]
    ours = f"With batch norm, as a multiple of without, at rate {JUDGED:g}: {_told(medians)}. At the worst: {_told(peaks)}."
    return Verdict(word(*findings.values()), " ".join([ours, *amiss]))


def judge_bend(sweep: Sweep, rows: list[Row]) -> Verdict:
    """The same of the bend; and whether its worst is the doing of training at all."""
    found = judge(BENDING, sweep, rows)
    return Verdict(found.word, f"{found.ours} It is worst before the first step in {untrained(sweep, rows, *BENDING)}.")


def untrained(sweep: Sweep, rows: list[Row], key: str) -> str:
    """In how many of the judged runs of each arm the measure is largest before any training."""
    values = series(sweep, rows, key)[:, sweep.values.index(JUDGED)]
    first = (np.where(np.isfinite(values), values, np.inf).argmax(-1) == 0).sum(-1)
    none, batch = (first[curve(sweep, name)] for name in ("none", "batch"))
    return f"{none} of {sweep.seeds} runs without and {batch} of {sweep.seeds} with it"


def _told(ratios: dict[str, Interval]) -> str:
    return "; ".join(f"{name} {times(one)}" for name, one in ratios.items())


def _typical(key: str) -> Callable[[Sweep, list[Row]], np.ndarray]:
    return lambda sweep, rows: typical(sweep, rows, key)


def _path(key: str) -> Callable[[Sweep, list[Row]], np.ndarray]:
    return lambda sweep, rows: series(sweep, rows, key)[:, sweep.values.index(JUDGED)]


def _charts(key: str, y: str, caption: str) -> tuple[Chart, Chart]:
    name = (VARYING | BENDING)[key].capitalize()
    return (
        Chart(f"{name}, rate {JUDGED:g}", caption, y, _path(key), ".2g", log=True, over_steps=True),
        Chart(f"{name}, typical", "Median over the training, at each learning rate.", y, _typical(key), ".2g", log=True),
    )


SWEEP = dataclasses.replace(
    sweep_over(Experiment(steps=400), "learning_rate", (0.03, JUDGED, 0.3), seeds=8), measures=("landscape",)
)
SOURCE = "Santurkar et al. 2018, section 3.1, figure 4 (curves only)"
LIMITS = (
    "Each network is measured where its own way has led it. A step is the learning rate times the gradient, so who has smaller "
    "gradients makes smaller steps. And weights below batch norm may be scaled without a change in what the net says, which "
    "scales gradients and bend."
)
CLAIM = Claim(
    key="smoother",
    name="A smoother loss",
    says="Along the gradient the loss changes less with batch norm, and the gradient tells more of what comes: it changes less, "
    "too. Typically and at the worst.",
    published="For VGG on CIFAR-10, loss and gradient vary far less along the gradient's way with batch norm.",
    source=SOURCE,
    sweep=SWEEP,
    verdict=partial(judge, VARYING),
    charts=(
        *_charts("loss_range", "largest − smallest loss", "Of five steps along the gradient, ½ to 4 times the usual one."),
        *_charts(
            "gradient_distance", "‖g − g′‖", "From the gradient g that chose the way to the farthest of those on the way, g′."
        ),
    ),
    limits=LIMITS,
)
BENDS_LESS = Claim(
    key="bend",
    name="A loss that bends less",
    says="For each unit of way along the gradient, the gradient changes less with batch norm: the loss is smoother, not only the "
    "steps shorter. Typically and at the worst.",
    published="For VGG on CIFAR-10, the “effective β-smoothness” is better (the bend smaller) with batch norm.",
    source=SOURCE,
    sweep=SWEEP,
    verdict=judge_bend,
    charts=_charts("gradient_bend", "‖g − g′‖ / ‖step‖", "The largest of five steps, ½ to 4 times the usual one."),
    limits=LIMITS,
)
