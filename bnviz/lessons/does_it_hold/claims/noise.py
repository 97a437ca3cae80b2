"""Does batch norm help because it keeps distributions stable? Add noise right after it, and see."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from bnviz.config.experiment import Experiment
from bnviz.config.sweep import Sweep, sweep_over
from bnviz.judge.claim import Row
from bnviz.judge.findings import (
    LEAST,
    at,
    at_own_best,
    best,
    chance,
    curve,
    enumeration,
    final_accuracy,
    guessing,
    losses,
    rates,
    times,
)
from bnviz.judge.intervals import over_seeds
from bnviz.judge.scale import TIMES
from bnviz.judge.signs import Measured, Signs
from bnviz.judge.verdict import Criterion, Verdict
from bnviz.lessons.does_it_hold.seeds import FRESH
from bnviz.lessons.does_it_hold.sentences import GUIDES, at_edges, chart, claim, claim_texts, fill, numbers, part_name, row_name

KEY = "noise"
RATES = (0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
ARMS: tuple[str, ...] = ("none", "batch", "noisy-none", "noisy-batch")


def stopped_at(sweep: Sweep, values: np.ndarray) -> list[str]:
    """The rates at which the network without batch norm trains, on average, and with noise does not."""
    none, noisy = (values[curve(sweep, name)].mean(-1) for name in ("none", "noisy-none"))
    half = guessing(sweep) / 2
    return [f"{rate:g}" for rate, plain, shaken in zip(sweep.values, none, noisy, strict=True) if plain < half <= shaken]


def verdict(sweep: Sweep, rows: list[Row]) -> Verdict:
    values, half = losses(sweep, rows), guessing(sweep) / 2
    best_rates = best(-values)
    final, rate = dict(zip(ARMS, at(values, best_rates), strict=True)), rates(sweep, best_rates)
    own = dict(zip(ARMS, at_own_best(values, -values), strict=True))  # of each seed at its own best rate [seeds]
    ends = {arm: fill(KEY, "end", loss=f"{final[arm].mean():.2f}", rate=rate[arm]) for arm in ARMS}
    stopped, ratio = stopped_at(sweep, values), _logarithms(own["noisy-batch"]) - _logarithms(own["none"])
    summary = fill(
        KEY, "ours", guessing=f"{guessing(sweep):.2f}",
        stopped=fill(KEY, "stopped", rates=enumeration(stopped)) if stopped else claim_texts(KEY)["not_stopped"],
        better=times(over_seeds(ratio).interval()), edges=at_edges(sweep, best_rates),
    )  # fmt: skip
    with_it, without = (_most_train(own[arm], half) for arm in ("batch", "none"))  # before there is any noise
    parts = (
        Criterion(part_name(KEY, "trains"), Signs(own["noisy-batch"]), "below", half, telling=with_it),
        Criterion(
            part_name(KEY, "better"),
            _better(own, ratio, half),
            "below",
            -math.log(LEAST),
            telling=with_it,
            scale=TIMES,
        ),
        Criterion(
            part_name(KEY, "stops"),
            Signs(own["noisy-none"]),
            "above",
            half,
            informative=without,
            telling=with_it,
        ),
    )
    rows_of_table = (
        (row_name(KEY, "plain"), ends["none"], ends["batch"]),
        (row_name(KEY, "noisy"), ends["noisy-none"], ends["noisy-batch"]),
        (row_name(KEY, "trained"), *(_count(sweep, own[f"noisy-{arm}"], half) for arm in ("none", "batch"))),
    )
    return Verdict(parts, summary, numbers=numbers(KEY, rows_of_table))


def _count(sweep: Sweep, losses: np.ndarray, half: float) -> str:
    """How many of a network's seeds [seeds] train."""
    return fill(KEY, "count", trained=int((losses < half).sum()), seeds=sweep.seeds)


def _logarithms(losses: np.ndarray) -> np.ndarray:
    return np.log(np.maximum(losses, np.finfo(float).tiny))


def _most_train(losses: np.ndarray, half: float) -> bool:
    """Whether most seeds [seeds] train."""
    return 2 * int((losses < half).sum()) > len(losses)


def _better(own: Mapping[str, np.ndarray], ratio: np.ndarray, half: float) -> Measured:
    """The ratio's logarithm [seeds]; where a network does not train, its loss is of another kind, so that seeds are counted."""
    fails = {arm: own[arm] >= half for arm in ("noisy-batch", "none")}
    neither = fails["noisy-batch"] & fails["none"]  # has no ratio worth the name
    return Signs(np.where(neither, np.nan, ratio)) if any(map(np.any, fails.values())) else over_seeds(ratio)


CLAIM = claim(
    KEY,
    sweep=sweep_over(Experiment(seed=FRESH, hidden_layers=15, steps=600), "learning_rate", RATES, ARMS, seeds=11),
    verdict=verdict,
    charts=(
        chart(
            KEY, "loss", losses, ".2f",
            guides=lambda sweep: {GUIDES["guessing"]: guessing(sweep), GUIDES["half"]: guessing(sweep) / 2},
        ),
        chart(KEY, "end", final_accuracy, guides=lambda sweep: {GUIDES["chance"]: chance(sweep)}),
    ),
)  # fmt: skip
