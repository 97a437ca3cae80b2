"""Up to which learning rate does training work?"""

from __future__ import annotations

import math

import numpy as np

from bnviz.config.experiment import Experiment
from bnviz.config.sweep import Sweep, sweep_over
from bnviz.judge.claim import Row
from bnviz.judge.findings import LEAST, curve, final_accuracy, times, trains
from bnviz.judge.intervals import Interval, over_seeds
from bnviz.judge.scale import TIMES
from bnviz.judge.signs import Censored, Signs
from bnviz.judge.verdict import Criterion, Verdict
from bnviz.lessons.does_it_hold.seeds import FRESH
from bnviz.lessons.does_it_hold.sentences import chart, claim, claim_texts, fill, part_name, training_guides

KEY = "largest-rate"
STEPS = 300
RATES = (0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 7.0, 10.0)


def largest(sweep: Sweep, rows: list[Row]) -> np.ndarray:
    """The largest rate [curves, seeds] up to which every rate of the sweep trains; NaN if the smallest does not."""
    trained = final_accuracy(sweep, rows) > trains(sweep)
    unbroken = np.logical_and.accumulate(trained, axis=1).sum(1)  # how many rates, from the smallest on
    return np.where(unbroken > 0, np.array(sweep.values)[np.maximum(unbroken, 1) - 1], np.nan)


def next_rate(sweep: Sweep, rates: np.ndarray) -> np.ndarray:
    """The next larger rate of the sweep; infinity after the last one, because none beyond it was tried."""
    return np.append(np.array(sweep.values), np.inf)[np.searchsorted(sweep.values, rates) + 1]


def _span(edges: np.ndarray, last: float) -> str:
    """The rates of the seeds, in a clause."""
    low, high = edges.min(), edges.max()
    span = f"{low:g}" if low == high else fill(KEY, "span", low=f"{low:g}", high=f"{high:g}")
    return fill(KEY, "last", span=span) if high == last else span


def _interval(least: np.ndarray, ratio: np.ndarray, most: np.ndarray) -> Interval:
    """The mean of the logarithms of `ratio` [seeds], from the interval of the least that they may be to that of the most."""
    high = over_seeds(most).interval().high if np.isfinite(most).all() else np.array(np.inf)
    return Interval(ratio.mean(), over_seeds(least).interval().low, high, np.array(len(ratio)))


def verdict(sweep: Sweep, rows: list[Row]) -> Verdict:
    """The largest rate lies between the last one that trains and the next one: the ratio of two is known within that."""
    none, batch = (largest(sweep, rows)[curve(sweep, name)] for name in ("none", "batch"))
    if not np.isfinite([none, batch]).all():
        return Verdict((), fill(KEY, "never", rate=f"{sweep.values[0]:g}"))
    ratio, last = np.log(batch) - np.log(none), sweep.values[-1]
    least, most = np.log(batch) - np.log(next_rate(sweep, none)), np.log(next_rate(sweep, batch)) - np.log(none)
    at_least = claim_texts(KEY)["least"] if batch.max() == last else ""
    summary = fill(
        KEY, "ours", none=_span(none, last), batch=_span(batch, last), least=at_least,
        ratio=times(shown := _interval(least, ratio, most)),
    )  # fmt: skip
    measured = Censored(Signs(least), Signs(most))
    part = Criterion(part_name(KEY, "ratio"), measured, "above", math.log(LEAST), scale=TIMES, shown=shown)
    return Verdict((part,), summary)


CLAIM = claim(
    KEY,
    sweep=sweep_over(Experiment(seed=FRESH, steps=STEPS), "learning_rate", RATES, seeds=14),
    verdict=verdict,
    charts=(
        chart(
            KEY, "end", final_accuracy, braces={"steps": STEPS},
            guides=training_guides,
        ),
    ),
)  # fmt: skip
