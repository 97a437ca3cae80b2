"""What the sweep over momentum and batch size says of the law, and whether the gap in accuracy follows the error."""

from __future__ import annotations

import numpy as np

from bnviz import numerals
from bnviz.config.sweep import Sweep
from bnviz.data import DATA_SETS
from bnviz.judge.intervals import interval
from bnviz.judge.verdict import FEWEST_SEEDS
from bnviz.lessons.train_and_eval.sweep_results import Cells, Rows, best, cells, logarithms, rank_correlations, sizes_of
from bnviz.web import words
from bnviz.web.words import fill

TEXTS = words.catalogue("train_and_eval")["sweep"]
QUESTIONS = ("recovered", "training")  # gaps that may follow the error
CLOSE = 1.5  # times more or less: a law within it is called close


def verdict(sweep: Sweep, rows: Rows) -> str:
    """What can be said when all rows are in, as Markdown."""
    done, total = len({row["run"] for row in rows}), len(sweep.runs())
    if done < total:
        return fill(TEXTS["computing"], done=done, total=total)
    values = cells(sweep, rows)
    return "\n\n".join([_table(sweep, values), _law(sweep, values), *_follows(sweep, values)])


def _table(sweep: Sweep, values: Cells) -> str:
    """The best momentum of each batch size, by the law and as measured, and the worst gap."""
    lines = [_row(TEXTS[f"column_{name}"] for name in ("size", "law", "measured", "error", "gap")), _row(["---"] * 5)]
    by_law, measured = best(values.law), best(values.measured)
    for place, size in sorted(enumerate(sizes_of(sweep)), key=lambda pair: pair[1]):
        errors, gaps = np.exp(logarithms(values.measured[place]).mean(-1)), values.recovered[place].mean(-1)
        ours, theirs = (f"{sweep.values[one[place]]:g}" if one[place] >= 0 else TEXTS["unknown"] for one in (measured, by_law))
        error = f"{numerals.two_digits(errors[measured[place]])} σ" if measured[place] >= 0 else TEXTS["unknown"]
        lines.append(_row([str(size), theirs, ours, error, _worst(sweep, gaps)]))
    return "\n".join(lines)


def _row(texts) -> str:
    return f"| {' | '.join(texts)} |"


def _worst(sweep: Sweep, gaps: np.ndarray) -> str:
    """The largest of the mean gaps [momenta], and where it is."""
    if not np.isfinite(gaps).all():
        return TEXTS["unknown"]
    return fill(TEXTS["worst"], points=f"{100 * gaps.max():.0f}", momentum=f"{sweep.values[gaps.argmax()]:g}")


def _law(sweep: Sweep, values: Cells) -> str:
    """How far law and measurement are apart, over all batch sizes and momenta."""
    ratios = np.exp((logarithms(values.law) - logarithms(values.measured)).mean(-1))  # [sizes, momenta]
    if not np.isfinite(ratios).all():
        return TEXTS["diverged"]
    apart = np.abs(np.log(ratios))
    size, momentum = np.unravel_index(apart.argmax(), apart.shape)
    return fill(
        TEXTS["law"],
        cells=ratios.size, close=int((apart <= np.log(CLOSE)).sum()), times=f"{CLOSE:g}",
        middle=numerals.digits(np.median(ratios)), far=numerals.two_digits(ratios[size, momentum]),
        size=sizes_of(sweep)[size], momentum=f"{sweep.values[momentum]:g}",
    )  # fmt: skip


def _follows(sweep: Sweep, values: Cells) -> list[str]:
    """Whether each gap in accuracy is larger where the error is."""
    if DATA_SETS[sweep.base.dataset].loss != "cross-entropy":
        return [TEXTS["no_accuracy"]]
    if sweep.seeds < FEWEST_SEEDS:
        return [fill(TEXTS["few"], least=FEWEST_SEEDS)]
    return [_follows_one(values, question) for question in QUESTIONS]


def _follows_one(values: Cells, question: str) -> str:
    """Judged over seeds, both questions together right 95 times in 100."""
    found = interval(rank_correlations(values.measured, getattr(values, question)), 1 - 0.05 / len(QUESTIONS))
    if not np.isfinite(found.low):
        return fill(TEXTS[question], answer=TEXTS["open"], correlation=TEXTS["unknown"])
    answer = TEXTS["yes"] if found.low > 0 else TEXTS["reverse"] if found.high < 0 else TEXTS["open"]
    return fill(TEXTS[question], answer=answer, correlation=numerals.interval(*found[:3]))
