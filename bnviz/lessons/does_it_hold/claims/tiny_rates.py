"""At equal tiny learning rates, does batch norm add anything?"""

from __future__ import annotations

import numpy as np

from bnviz.config.experiment import Experiment
from bnviz.config.sweep import Sweep, sweep_over
from bnviz.judge.claim import Chart, Claim, Row, Verdict
from bnviz.judge.findings import SAME, below, curve, learnt, percent, points, settled, word
from bnviz.judge.intervals import difference


def verdict(sweep: Sweep, rows: list[Row]) -> Verdict:
    values = settled(sweep, rows)
    none, batch = values[curve(sweep, "none")], values[curve(sweep, "batch")]  # [points, seeds]
    gains = [difference(*pair) for pair in zip(batch, none, strict=True)]
    parts = [
        f"at {rate:g} {percent(np.mean(without))} without, {percent(np.mean(with_it))} with, {points(gain)}"
        for rate, without, with_it, gain in zip(sweep.values, none, batch, gains, strict=True)
    ]
    findings = [learnt(below(gain, SAME), without, sweep) for gain, without in zip(gains, none, strict=True)]
    return Verdict(word(*findings), f"Test accuracy at the end: {'; '.join(parts)}.")


CLAIM = Claim(
    key="tiny-rates",
    name="Nothing at tiny rates",
    says="At equal tiny learning rates batch norm adds nothing: its gain is that it stands larger ones.",
    published="A 110-layer residual net on CIFAR-10 gets to the same accuracy with and without batch norm at a low learning "
    "rate, and to a better one with it at a high rate.",
    source="Bjorck et al. 2018, as summed up by a reader; its own numbers could not be looked up",
    sweep=sweep_over(Experiment(steps=2500), "learning_rate", (0.001, 0.003, 0.01), seeds=10),
    verdict=verdict,
    charts=(Chart("Test accuracy at the end", "The same rate for both arms.", "test accuracy", settled),),
    limits="“Nothing” means less than one percentage point; that a net may be worse with batch norm is no objection. At the "
    "smallest rate neither is done after 2,500 steps, where the paper trained much longer.",
)
