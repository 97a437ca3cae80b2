"""Do networks of 30 layers train without batch norm if their skip connections start as identities?"""

from __future__ import annotations

from bnviz.config.experiment import Experiment
from bnviz.config.sweep import Curve, Sweep, changes
from bnviz.judge.claim import Row
from bnviz.judge.findings import (
    SAME,
    apart,
    at,
    at_own_best,
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
from bnviz.judge.signs import Signs
from bnviz.judge.verdict import Criterion, Verdict
from bnviz.lessons.does_it_hold.seeds import FRESH
from bnviz.lessons.does_it_hold.sentences import at_edges, chart, claim, fill, numbers, part_name, row_name, training_guides

KEY = "skipinit"
RATES = (0.01, 0.03, 0.1, 0.3)


def verdict(sweep: Sweep, rows: list[Row]) -> Verdict:
    values, scores = final_accuracy(sweep, rows), final_mean(selection_accuracy(sweep, rows))
    best_rates, own = best(scores), at_own_best(values, scores)
    final = at(values, best_rates)  # [curves, seeds]
    started, plain = curve(sweep, "skipinit"), curve(sweep, "residual")
    skipinit, residual, batch = final[started], final[plain], final[curve(sweep, "residual-batch")]
    if final.mean(-1).max() < 2 * chance(sweep):
        return Verdict((), fill(KEY, "never", chance=percent(chance(sweep))))
    gain, rate = over_seeds(skipinit - residual), rates(sweep, best_rates)
    with_it, without, gain_text = apart(skipinit.mean(), residual.mean(), gain.interval())
    summary = fill(KEY, "ours", apart=gain_text, edges=at_edges(sweep, best_rates))
    texts = {"skipinit": with_it, "residual": without, "residual-batch": percent(batch.mean())}
    parts = (  # of networks that may blow up or not, seeds are counted
        Criterion(part_name(KEY, "trains"), Signs(own[started]), "above", trains(sweep), scale=PERCENT),
        Criterion(part_name(KEY, "more"), Signs(own[started] - own[plain]), "above", SAME, scale=POINTS, shown=gain.interval()),
    )
    rows_of_table = ((row_name(KEY, name.replace("-", "_")), text, rate[name]) for name, text in texts.items())
    return Verdict(parts, summary, numbers=numbers(KEY, rows_of_table, layers=sweep.base.hidden_layers))


CLAIM = claim(
    KEY,
    sweep=Sweep(
        Experiment(seed=FRESH, hidden_layers=30, train_size=4000, steps=500),
        "learning_rate",
        tuple(changes(learning_rate=rate) for rate in RATES),
        (
            Curve("skipinit", "none", changes(skip_connections="skipinit")),
            Curve("residual", "none", changes(skip_connections="residual")),
            Curve("residual-batch", "batch", changes(skip_connections="residual")),
        ),
        seeds=11,
        measures=("held_out",),
    ),
    verdict=verdict,
    charts=(chart(KEY, "end", final_accuracy, guides=training_guides),),
)
