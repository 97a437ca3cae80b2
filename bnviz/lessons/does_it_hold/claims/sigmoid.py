"""Do sigmoid networks learn with batch norm that do not learn without it?"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from bnviz.config.experiment import Experiment
from bnviz.config.sweep import Sweep, sweep_over
from bnviz.judge.claim import Row
from bnviz.judge.findings import (
    at,
    at_own_best,
    best,
    chance,
    curve,
    enumeration,
    final_accuracy,
    final_mean,
    percent,
    rates,
    selection_accuracy,
    trains,
)
from bnviz.judge.scale import PERCENT
from bnviz.judge.signs import Signs
from bnviz.judge.verdict import Criterion, Verdict
from bnviz.lessons.does_it_hold.seeds import FRESH
from bnviz.lessons.does_it_hold.sentences import GUIDES, at_edges, chart, claim, claim_texts, fill, numbers, part_name, row_name

KEY = "sigmoid"


def stuck(sweep: Sweep) -> float:
    """Up to twice chance a network counts as stuck: it has learnt next to nothing."""
    return 2 * chance(sweep)


def verdict(sweep: Sweep, rows: list[Row]) -> Verdict:
    values, scores = final_accuracy(sweep, rows), final_mean(selection_accuracy(sweep, rows))
    best_rates, own = best(scores), at_own_best(values, scores)
    rate, final = rates(sweep, best_rates), at(values, best_rates).mean(-1)
    none, batch = curve(sweep, "none"), curve(sweep, "batch")
    still = values[none].mean(-1) < stuck(sweep)
    where = [f"{value:g}" for value, is_stuck in zip(sweep.values, still, strict=True) if is_stuck]
    summary = fill(
        KEY, "ours", chance=percent(chance(sweep)),
        stuck=fill(KEY, "stuck", rates=enumeration(where)) if where else claim_texts(KEY)["not_stuck"],
        counts=_counts(sweep, own[none], own[batch]), edges=at_edges(sweep, best_rates),
    )  # fmt: skip
    telling = bool((own > stuck(sweep)).any())
    parts = (
        Criterion(part_name(KEY, "stuck"), Signs(own[none]), "below", stuck(sweep), telling=telling, scale=PERCENT),
        Criterion(part_name(KEY, "trains"), Signs(own[batch]), "above", trains(sweep), telling=telling, scale=PERCENT),
    )
    rows_of_table = (
        (row_name(KEY, "accuracy"), percent(final[none]), percent(final[batch])),
        *_counted(sweep, own[[none, batch]]),
    )
    return Verdict(parts, summary, numbers=numbers(KEY, rows_of_table, none=rate["none"], batch=rate["batch"]))


def _counted(sweep: Sweep, own: np.ndarray) -> Iterator[tuple[str, ...]]:
    """How many seeds of each network [networks, seeds] are near chance, and how many train."""
    for name, there in (("near", own < stuck(sweep)), ("trained", own > trains(sweep))):
        yield row_name(KEY, name), *(fill(KEY, "count", count=int(count), seeds=sweep.seeds) for count in there.sum(-1))


def _counts(sweep: Sweep, none: np.ndarray, batch: np.ndarray) -> str:
    """How many seeds are stuck without batch norm and train with it, each at its own best rate, and what to try."""
    still = int((none < stuck(sweep)).sum())
    text = fill(KEY, "counts", still=still, trained=int((batch > trains(sweep)).sum()), seeds=sweep.seeds)
    return text if still == sweep.seeds else f"{text} {claim_texts(KEY)['deeper']}"


CLAIM = claim(
    KEY,
    sweep=sweep_over(
        Experiment(seed=FRESH, activation="sigmoid", train_size=4000, steps=1000), "learning_rate",
        (0.03, 0.1, 0.3, 1.0, 3.0, 10.0), seeds=14, measures=("held_out",),
    ),
    verdict=verdict,
    charts=(
        chart(
            KEY, "end", final_accuracy,
            guides=lambda sweep: {GUIDES["trains"]: trains(sweep), GUIDES["stuck"]: stuck(sweep)},
        ),
    ),
)  # fmt: skip
