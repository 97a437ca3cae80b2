"""What the networks say before their first step: do examples stay apart, and does the gradient keep its size?"""

from __future__ import annotations

import math

import numpy as np

from bnviz.config.sweep import Sweep
from bnviz.judge.intervals import Interval, difference, finite_mean, interval
from bnviz.lessons.step_zero.results import SMALLEST, WORDS, Rows, from_end_to_end, growth, measurements, theory
from bnviz.web.words import fill

PREDICTIONS = WORDS["predictions"]
LEAST = 1.02  # by which the factors per layer have to differ to count: over 50 layers that makes 2.7
SIDES = {1: "more", 0: "same", -1: "less", None: "open"}  # names in the catalogue, by sign
OUTCOMES = {(True, False): "both", (True, True): "apart", (False, False): "steady", (False, True): "neither"}


def apart(sweep: Sweep, rows: Rows) -> int | None:
    """Whether examples stay farther apart with batch norm (1) or without (-1): by the effective rank in the last hidden layer.

    None if these seeds cannot tell.
    """
    rank = measurements(sweep, rows, "effective_rank")
    change = difference(rank["batch"][:, -1], rank["none"][:, -1])
    return 1 if change.low > 0 else -1 if change.high < 0 else None


def grows(sweep: Sweep, rows: Rows) -> int | None:
    """Whether the gradient grows faster on its way down with batch norm (1) or without (-1), or in both alike (0).

    None if these seeds cannot tell: their interval lies neither within LEAST nor outside of it.
    """
    squared, least = measurements(sweep, rows, "squared_gradient"), math.log(LEAST)
    change = difference(growth(squared["batch"]), growth(squared["none"]))
    if -least < change.low and change.high < least:
        return 0
    return 1 if change.low >= least else -1 if change.high <= -least else None


def outcome(sweep: Sweep, rows: Rows) -> str | None:
    """One of OUTCOMES; None if these seeds cannot tell."""
    facts = apart(sweep, rows), grows(sweep, rows)
    return None if None in facts else OUTCOMES[facts[0] == 1, facts[1] == 1]


def complete(sweep: Sweep, rows: Rows) -> bool:
    """Whether all rows are in."""
    return len({row["run"] for row in rows}) == len(sweep.runs())


def verdict(sweep: Sweep, rows: Rows) -> str:
    """The verdicts, as Markdown."""
    texts = WORDS["verdict"]
    if not complete(sweep, rows):
        return fill(texts["computing"], done=len({row["run"] for row in rows}), total=len(sweep.runs()))
    answers = [_alike(sweep, rows), _gradient(sweep, rows)]
    headline = f"**{WORDS['half'][half]}**" if (half := outcome(sweep, rows)) else ""
    return "\n\n".join(
        filter(
            None,
            [
                "\n".join(f"- {one}" for one in answers),
                headline,
                fill(texts["brackets"], seeds=sweep.seeds, least=_percent(LEAST)),
            ],
        )
    )


def answer(sweep: Sweep, rows: Rows, prediction: str) -> str:
    """Compares a prediction, one of PREDICTIONS, with what was measured."""
    texts = WORDS["answer"]
    if not complete(sweep, rows):
        return texts["wait"]
    if sweep.base.hidden_layers < SMALLEST:
        return fill(texts["shallow"], least=SMALLEST)
    if (result := outcome(sweep, rows)) is None:
        return texts["open"]
    if result == prediction:
        return fill(texts["right"], prediction=PREDICTIONS[prediction])
    return fill(texts["wrong"], prediction=PREDICTIONS[prediction], found=texts[result])


def _alike(sweep: Sweep, rows: Rows) -> str:
    """Do the examples become alike?"""
    texts = WORDS["alike"]
    rank, after, cosine = (
        {arm: interval(values[:, -1]) for arm, values in measurements(sweep, rows, key).items()}
        for key in ("effective_rank", "activation_rank", "cosine")
    )
    details = fill(
        texts["told"],
        layer=sweep.base.hidden_layers, width=sweep.base.width, examples=sweep.base.batch,
        plain_rank=number(rank["none"], 1), batch_rank=number(rank["batch"], 1),
        plain_after=number(after["none"], 1), batch_after=number(after["batch"], 1),
        plain_cosine=number(cosine["none"], 2), batch_cosine=number(cosine["batch"], 2),
    )  # fmt: skip
    return f"**{texts['ask']}** **{texts[SIDES[apart(sweep, rows)]]}** {details}"


def _gradient(sweep: Sweep, rows: Rows) -> str:
    """Does the gradient keep its size on its way down?"""
    texts, layers = WORDS["gradient"], sweep.base.hidden_layers
    if layers < SMALLEST:
        return f"**{texts['ask']}** {fill(texts['shallow'], least=SMALLEST)}"
    squared = measurements(sweep, rows, "squared_gradient")
    rates = {arm: interval(growth(values)) for arm, values in squared.items()}
    ends = {arm: float(np.exp(finite_mean(from_end_to_end(values)))) for arm, values in squared.items()}
    details = fill(
        texts["told"],
        middle=layers // 2 + 1, layer=layers, plain=factor(rates["none"]), batch=factor(rates["batch"]),
        plain_ends=short(ends["none"]), batch_ends=short(ends["batch"]),
    )  # fmt: skip
    headline = fill(texts[SIDES[grows(sweep, rows)]], least=_percent(LEAST))
    return " ".join([f"**{texts['ask']}** **{headline}**", details, *_law(sweep, rates["batch"])])


def _law(sweep: Sweep, rate: Interval) -> list[str]:
    """What was published for wide layers, and whether these networks agree."""
    expected, texts = theory(sweep.base), WORDS["law"]
    if expected is None:
        return []
    low, high = math.exp(rate.low), math.exp(rate.high)
    side = "within" if low <= expected <= high else "above" if low > expected else "below"
    return [fill(texts[sweep.base.activation], expected=f"{expected:.3f}", batch=sweep.base.batch, side=texts[side])]


def _percent(factor: float) -> str:
    """By how many percent a factor is more than 1."""
    return f"{100 * (factor - 1):.0f}"


def number(mean: Interval, digits: int) -> str:
    """A mean over seeds with its interval."""
    middle, low, high = (_minus(f"{float(one):.{digits}f}") for one in mean[:3])
    return fill(WORDS["interval"]["interval"], mean=middle, low=low, high=high) if math.isfinite(mean.low) else middle


def factor(rate: Interval) -> str:
    """A factor with its interval, from logarithms."""
    return number(rate.through(np.exp), 3)


def short(value: float) -> str:
    """A factor that may be huge or tiny, to two digits."""
    if not math.isfinite(value) or not value:
        return WORDS["interval"]["unknown"]
    power = math.floor(math.log10(value))
    if -3 < power < 5:
        return f"{value:.2g}" if value < 100 else f"{round(value, 1 - power):,.0f}"
    return fill(WORDS["interval"]["power"], digits=f"{value / 10.0**power:.1f}", power=_raised(power))


def _raised(power: int) -> str:
    return str(power).translate(str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"))


def _minus(text: str) -> str:
    return text.replace("-", "−")
