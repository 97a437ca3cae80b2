"""Does a deep network learn whose γ and β alone are trained?"""

from __future__ import annotations

from bnviz.config.experiment import Experiment
from bnviz.config.sweep import Curve, Sweep, changes
from bnviz.judge.claim import Row
from bnviz.judge.findings import (
    SAME,
    apart,
    at,
    best,
    chance,
    curve,
    final_accuracy,
    final_mean,
    percent,
    rates,
    selection_accuracy,
    trains,
)
from bnviz.judge.intervals import over_seeds
from bnviz.judge.scale import PERCENT, POINTS
from bnviz.judge.verdict import Criterion, Verdict
from bnviz.lessons.does_it_hold.seeds import FRESH
from bnviz.lessons.does_it_hold.sentences import at_edges, chart, claim, fill, numbers, part_name, row_name, training_guides

KEY = "only-scales"
RATES = (0.1, 0.3, 1.0, 3.0, 10.0)


def verdict(sweep: Sweep, rows: list[Row]) -> Verdict:
    values, best_rates = final_accuracy(sweep, rows), best(final_mean(selection_accuracy(sweep, rows)))
    scales, output = (at(values, best_rates)[curve(sweep, name)] for name in ("scales", "output"))
    if max(scales.mean(), output.mean()) < 2 * chance(sweep):
        return Verdict((), fill(KEY, "never", chance=percent(chance(sweep))))
    gain, rate = over_seeds(scales - output), rates(sweep, best_rates)
    with_scales, with_output, gain_text = apart(scales.mean(), output.mean(), gain.interval())
    summary = fill(KEY, "ours", apart=gain_text, chance=percent(chance(sweep)), edges=at_edges(sweep, best_rates))
    texts = {"scales": with_scales, "output": with_output}
    parts = (
        Criterion(part_name(KEY, "learns"), over_seeds(scales), "above", trains(sweep), scale=PERCENT),
        Criterion(part_name(KEY, "more"), gain, "above", SAME, scale=POINTS),
    )
    rows_of_table = ((row_name(KEY, name), text, rate[name]) for name, text in texts.items())
    return Verdict(parts, summary, numbers=numbers(KEY, rows_of_table))


CLAIM = claim(
    KEY,
    sweep=Sweep(
        Experiment(seed=FRESH, hidden_layers=10, train_size=4000, steps=1000),
        "learning_rate",
        tuple(changes(learning_rate=rate) for rate in RATES),
        tuple(Curve(name, "batch", changes(trainable=name)) for name in ("scales", "output")),
        seeds=11,
        measures=("held_out",),
    ),
    verdict=verdict,
    charts=(chart(KEY, "end", final_accuracy, guides=training_guides),),
)
