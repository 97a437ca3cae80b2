"""Does batch norm help because it keeps distributions stable? Add noise right after it, and see."""

from __future__ import annotations

import numpy as np

from bnviz.config.experiment import Experiment
from bnviz.config.sweep import Sweep, sweep_over
from bnviz.judge.claim import Row, Verdict
from bnviz.judge.findings import above, at, below, best, chance, curve, guessing, listed, losses, rates, settled, word
from bnviz.judge.intervals import interval
from bnviz.lessons.does_it_hold.said import GUIDES, chart, claim, fill, said

KEY = "noise"
ARMS = ("none", "batch", "noisy-none", "noisy-batch")


def stopped_at(sweep: Sweep, values: np.ndarray) -> list[str]:
    """The rates at which the network without batch norm trains, on average, and with noise does not."""
    none, noisy = (values[curve(sweep, name)].mean(-1) for name in ("none", "noisy-none"))
    half = guessing(sweep) / 2
    return [f"{rate:g}" for rate, plain, shaken in zip(sweep.values, none, noisy, strict=True) if plain < half <= shaken]


def verdict(sweep: Sweep, rows: list[Row]) -> Verdict:
    values, half = losses(sweep, rows), guessing(sweep) / 2
    chosen = best(-values)
    reached, rate = dict(zip(ARMS, at(values, chosen), strict=True)), rates(sweep, chosen)
    ends = {arm.replace("-", "_"): fill(KEY, "end", loss=f"{reached[arm].mean():.2f}", rate=rate[arm]) for arm in ARMS}
    stopped = stopped_at(sweep, values)
    ours = fill(
        KEY, "ours", **ends, guessing=f"{guessing(sweep):.2f}",
        stopped=fill(KEY, "stopped", rates=listed(stopped)) if stopped else said(KEY)["not_stopped"],
    )  # fmt: skip
    still, not_at_all = below(interval(reached["noisy-batch"]), half), above(interval(reached["noisy-none"]), half)
    return Verdict(word(still, not_at_all), ours)


CLAIM = claim(
    KEY,
    sweep=sweep_over(Experiment(hidden_layers=15, steps=600), "learning_rate", (0.01, 0.03, 0.1, 0.3), ARMS, seeds=4),
    verdict=verdict,
    charts=(
        chart(
            KEY, "loss", losses, ".2f",
            guides=lambda sweep: {GUIDES["guessing"]: guessing(sweep), GUIDES["half"]: guessing(sweep) / 2},
        ),
        chart(KEY, "end", settled, guides=lambda sweep: {GUIDES["chance"]: chance(sweep)}),
    ),
)  # fmt: skip
