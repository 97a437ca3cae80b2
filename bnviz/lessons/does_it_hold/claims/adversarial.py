"""Is a network with batch norm less robust to adversarial noise? Measured by robustness.py."""

from __future__ import annotations

import numpy as np

from bnviz.config.experiment import Experiment
from bnviz.config.sweep import Sweep, sweep_over
from bnviz.judge.claim import Row
from bnviz.judge.findings import (
    SAME,
    apart,
    at,
    best,
    curve,
    final_accuracy,
    final_mean,
    percent,
    points_scale,
    rates,
    selection_accuracy,
    series,
    trains,
)
from bnviz.judge.intervals import over_seeds
from bnviz.judge.verdict import Criterion, Verdict
from bnviz.lessons.does_it_hold.seeds import FRESH
from bnviz.lessons.does_it_hold.sentences import at_edges, chart, claim, fill, part_name

KEY = "adversarial"
SIZE = 0.1  # that of bnviz.lessons.does_it_hold.measures.robustness, which loads PyTorch


def attacked(sweep: Sweep, rows: list[Row]) -> np.ndarray:
    """Accuracy under attack at the end, mean of the last checkpoints [curves, points, seeds]."""
    return final_mean(series(sweep, rows, "attacked_accuracies"))


def noised(sweep: Sweep, rows: list[Row]) -> np.ndarray:
    """Accuracy with Gaussian noise of the same size, as `attacked`."""
    return final_mean(series(sweep, rows, "noised_accuracies"))


def verdict(sweep: Sweep, rows: list[Row]) -> Verdict:
    best_rates = best(final_mean(selection_accuracy(sweep, rows)))
    none, batch = curve(sweep, "none"), curve(sweep, "batch")
    clean, attack, noise = (at(one(sweep, rows), best_rates) for one in (final_accuracy, attacked, noised))  # [curves, seeds]
    if clean.mean(-1).min() < trains(sweep):
        return Verdict((), fill(KEY, "untrained", trains=percent(trains(sweep))))
    change, rate = over_seeds(attack[batch] - attack[none]), rates(sweep, best_rates)
    attack_texts = apart(attack[batch].mean(), attack[none].mean(), change.interval())
    noise_texts = apart(noise[batch].mean(), noise[none].mean(), over_seeds(noise[batch] - noise[none]).interval())
    keys = ("batch", "none", "apart")
    summary = fill(
        KEY, "ours", size=f"{SIZE:g}", none_rate=rate["none"], batch_rate=rate["batch"],
        clean_none=percent(clean[none].mean()), clean_batch=percent(clean[batch].mean()),
        **{f"attack_{key}": text for key, text in zip(keys, attack_texts, strict=True)},
        **{f"noise_{key}": text for key, text in zip(keys, noise_texts, strict=True)}, edges=at_edges(sweep, best_rates),
    )  # fmt: skip
    scale = points_scale(attack[batch].mean(), attack[none].mean(), change.interval())
    return Verdict((Criterion(part_name(KEY, "attacked"), change, "below", -SAME, scale=scale),), summary)


CLAIM = claim(
    KEY,
    sweep=sweep_over(
        Experiment(seed=FRESH, train_size=4000, steps=600), "learning_rate", (0.03, 0.1, 0.3),
        seeds=12, measures=("held_out", "robustness"),
    ),
    verdict=verdict,
    charts=(
        chart(KEY, "attacked", attacked, braces={"size": f"{SIZE:g}"}),
        chart(KEY, "noised", noised, braces={"size": f"{SIZE:g}"}),
        chart(KEY, "end", final_accuracy),
    ),
)  # fmt: skip
