"""Does batch norm help because it keeps distributions stable? Add noise right after it, and see."""

from __future__ import annotations

import numpy as np

from bnviz.config.experiment import Experiment
from bnviz.config.sweep import Sweep, sweep_over
from bnviz.judge.claim import Row
from bnviz.judge.findings import at, best, chance, curve, enumeration, final_accuracy, guessing, losses, rates, times
from bnviz.judge.intervals import over_seeds
from bnviz.judge.verdict import Criterion, Verdict
from bnviz.lessons.does_it_hold.seeds import FRESH
from bnviz.lessons.does_it_hold.sentences import GUIDES, at_edges, chart, claim, claim_texts, fill

KEY = "noise"
RATES = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
ARMS = ("none", "batch", "noisy-none", "noisy-batch")


def stopped_at(sweep: Sweep, values: np.ndarray) -> list[str]:
    """The rates at which the network without batch norm trains, on average, and with noise does not."""
    none, noisy = (values[curve(sweep, name)].mean(-1) for name in ("none", "noisy-none"))
    half = guessing(sweep) / 2
    return [f"{rate:g}" for rate, plain, shaken in zip(sweep.values, none, noisy, strict=True) if plain < half <= shaken]


def verdict(sweep: Sweep, rows: list[Row]) -> Verdict:
    values, half = losses(sweep, rows), guessing(sweep) / 2
    best_rates = best(-values)
    final, rate = dict(zip(ARMS, at(values, best_rates), strict=True)), rates(sweep, best_rates)
    ends = {arm.replace("-", "_"): fill(KEY, "end", loss=f"{final[arm].mean():.2f}", rate=rate[arm]) for arm in ARMS}
    stopped = stopped_at(sweep, values)
    summary = fill(
        KEY, "ours", **ends, guessing=f"{guessing(sweep):.2f}",
        stopped=fill(KEY, "stopped", rates=enumeration(stopped)) if stopped else claim_texts(KEY)["not_stopped"],
        better=times(over_seeds(np.log(final["noisy-batch"]) - np.log(final["none"])).interval()),
        edges=at_edges(sweep, best_rates),
    )  # fmt: skip
    parts = (
        Criterion("it still trains", over_seeds(final["noisy-batch"]), "below", half),
        Criterion("better than without", over_seeds(final["noisy-batch"] - final["none"]), "below"),
        Criterion("not without batch norm", over_seeds(final["noisy-none"]), "above", half),
    )
    return Verdict(parts, summary)


CLAIM = claim(
    KEY,
    sweep=sweep_over(Experiment(seed=FRESH, hidden_layers=15, steps=600), "learning_rate", RATES, ARMS, seeds=5),
    verdict=verdict,
    charts=(
        chart(
            KEY, "loss", losses, ".2f",
            guides=lambda sweep: {GUIDES["guessing"]: guessing(sweep), GUIDES["half"]: guessing(sweep) / 2},
        ),
        chart(KEY, "end", final_accuracy, guides=lambda sweep: {GUIDES["chance"]: chance(sweep)}),
    ),
)  # fmt: skip
