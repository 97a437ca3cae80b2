"""How large a learning rate still trains?"""

from __future__ import annotations

import numpy as np

from bnviz.config.experiment import Experiment
from bnviz.config.sweep import Sweep, sweep_over
from bnviz.judge.claim import Chart, Claim, Row, Verdict
from bnviz.judge.findings import above, chance, curve, settled, times, trains, word
from bnviz.judge.intervals import difference

RATES = (0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0, 5.0, 7.0, 10.0)


def largest(sweep: Sweep, rows: list[Row]) -> np.ndarray:
    """The largest rate [curves, seeds] up to which every rate of the sweep trains; NaN if the smallest does not."""
    trained = settled(sweep, rows) > trains(sweep)
    unbroken = np.logical_and.accumulate(trained, axis=1).sum(1)  # how many rates, from the smallest on
    return np.where(unbroken > 0, np.array(sweep.values)[np.maximum(unbroken, 1) - 1], np.nan)


def _span(found: np.ndarray, last: float) -> str:
    """The rates of the seeds, in a clause."""
    low, high = found.min(), found.max()
    span = f"{low:g}" if low == high else f"{low:g} to {high:g}, depending on the seed"
    return span + (", the largest that was tried" if high == last else "")


def verdict(sweep: Sweep, rows: list[Row]) -> Verdict:
    none, batch = (largest(sweep, rows)[curve(sweep, name)] for name in ("none", "batch"))
    if not np.isfinite([none, batch]).all():
        return Verdict(word(None), f"Some runs do not train even at rate {sweep.values[0]:g}.")
    ratio, last = difference(np.log(batch), np.log(none)), sweep.values[-1]
    ours = (
        f"The largest rate that trains: without batch norm {_span(none, last)}; with it {_span(batch, last)}. That is "
        f"{'at least ' if batch.max() == last else ''}{times(ratio)} as much."
    )
    return Verdict(word(above(ratio, 0.0)), ours)


CLAIM = Claim(
    key="largest-rate",
    name="Larger learning rates",
    says="Batch norm lets a network train at learning rates that break the same network without it.",
    published="A 110-layer residual net on CIFAR-10 is trained at 0.1 with batch norm and at 0.0001 without. Inception without "
    "batch norm broke down at five times its rate; with it, 30 times was fine.",
    source="Bjorck et al. 2018; Ioffe & Szegedy 2015, section 4.2.2",
    sweep=sweep_over(Experiment(steps=300), "learning_rate", RATES, seeds=5),
    verdict=verdict,
    charts=(
        Chart(
            "Test accuracy after 300 steps",
            "A net counts as training above the upper line, halfway from chance to all.",
            "test accuracy",
            settled,
            guides=lambda sweep: {"trains": trains(sweep), "chance": chance(sweep)},
        ),
    ),
    limits="Five layers, where Bjorck et al. had 110; set more to see what depth does. That a rate trains does not make it a "
    "good one.",
)
