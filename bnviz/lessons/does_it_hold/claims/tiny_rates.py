"""At equal tiny learning rates, does batch norm gain anything?"""

from __future__ import annotations

from bnviz.config.experiment import Experiment
from bnviz.config.sweep import Sweep, sweep_over
from bnviz.judge.claim import Row, Verdict
from bnviz.judge.findings import SAME, apart, below, curve, learnt, settled, word
from bnviz.judge.intervals import difference
from bnviz.lessons.does_it_hold.said import chart, claim, fill

KEY = "tiny-rates"


def verdict(sweep: Sweep, rows: list[Row]) -> Verdict:
    values = settled(sweep, rows)
    none, batch = values[curve(sweep, "none")], values[curve(sweep, "batch")]  # [points, seeds]
    gains = [difference(*pair) for pair in zip(batch, none, strict=True)]
    said_of = [apart(with_it.mean(), without.mean(), gain) for with_it, without, gain in zip(batch, none, gains, strict=True)]
    parts = [
        fill(KEY, "rate", rate=f"{rate:g}", none=without, batch=with_it, gain=gain)
        for rate, (with_it, without, gain) in zip(sweep.values, said_of, strict=True)
    ]
    findings = [learnt(below(gain, SAME), without, sweep) for gain, without in zip(gains, none, strict=True)]
    return Verdict(word(*findings), fill(KEY, "ours", rates="; ".join(parts)))


CLAIM = claim(
    KEY,
    sweep=sweep_over(Experiment(steps=2500), "learning_rate", (0.001, 0.003, 0.01), seeds=10),
    verdict=verdict,
    charts=(chart(KEY, "end", settled),),
)
