"""Does batch norm make sigmoid nets learn that do not learn without it?"""

from __future__ import annotations

import numpy as np

from bnviz.config.experiment import Experiment
from bnviz.config.sweep import Sweep, sweep_over
from bnviz.judge.claim import Chart, Claim, Row, Verdict
from bnviz.judge.findings import above, at, below, best, chance, curve, listed, percent, rates, settled, trains, word
from bnviz.judge.intervals import interval


def stuck(sweep: Sweep) -> float:
    """Up to twice chance a network counts as stuck: it has learnt next to nothing."""
    return 2 * chance(sweep)


def verdict(sweep: Sweep, rows: list[Row]) -> Verdict:
    values = settled(sweep, rows)
    chosen = best(values)
    rate, ends = rates(sweep, chosen), dict(zip((one.name for one in sweep.curves), at(values, chosen), strict=True))
    still = values[curve(sweep, "none")].mean(-1) < stuck(sweep)
    where = [f"{value:g}" for value, is_stuck in zip(sweep.values, still, strict=True) if is_stuck]
    ours = (
        f"Test accuracy, each at its best rate: {percent(np.mean(ends['none']))} without (rate {rate['none']}), "
        f"{percent(np.mean(ends['batch']))} with batch norm (rate {rate['batch']}); chance is {percent(chance(sweep))}. "
        + (f"Without batch norm it is stuck at {listed(where)}." if where else "Without batch norm it is stuck at no rate.")
    )
    return Verdict(word(below(interval(ends["none"]), stuck(sweep)), above(interval(ends["batch"]), trains(sweep))), ours)


CLAIM = Claim(
    key="sigmoid",
    name="Sigmoid nets",
    says="With sigmoids, which saturate, a deep net learns with batch norm and not without it.",
    published="Inception with sigmoids on ImageNet: 69.8 % with batch norm; without it never better than chance (0.1 %).",
    source="Ioffe & Szegedy 2015, section 4.2.2",
    sweep=sweep_over(Experiment(activation="sigmoid", steps=1000), "learning_rate", (0.03, 0.1, 0.3, 1.0, 3.0, 10.0), seeds=4),
    verdict=verdict,
    charts=(
        Chart(
            "Test accuracy at the end",
            "A net counts as stuck below the lower line, twice chance, and as training above the upper one.",
            "test accuracy",
            settled,
            guides=lambda sweep: {"trains": trains(sweep), "stuck": stuck(sweep)},
        ),
    ),
    limits="Five layers and He's initial weights, made for ReLU. Inception is far deeper: set more layers and see.",
)
