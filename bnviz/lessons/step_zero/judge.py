"""What the networks say before their first step: do examples stay apart, and does the gradient keep its size?"""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from bnviz import numerals
from bnviz.config.sweep import Sweep
from bnviz.judge.intervals import LEVEL, Interval, finite_mean, interval, over_seeds
from bnviz.judge.table import Table
from bnviz.judge.verdict import FEWEST_SEEDS
from bnviz.lessons.step_zero.results import (
    ARMS,
    SMALLEST,
    WORDS,
    Rows,
    from_end_to_end,
    growth,
    logarithms,
    measurements,
    theory,
)
from bnviz.web.markdown import table
from bnviz.web.words import fill

PREDICTIONS = WORDS["predictions"]
LEAST = 1.02  # by which the factors per layer have to differ to count: over 50 layers that makes 2.7
LEAST_RANK = 1.1  # by which effective ranks have to differ to count
FAMILY = 3  # what is judged of one sweep: ranks, gradients, and whether theory fits; each so strictly that all are right together
STRICT = 1 - (1 - LEVEL) / FAMILY
PLACES = {"effective_rank": 1, "activation_rank": 1, "cosine": 2}  # of what is measured in the last layer, after the point
SIDES = {1: "more", 0: "same", -1: "less", None: "open"}  # names in the catalogue, by sign
OUTCOMES = {(True, False): "both", (True, True): "apart", (False, False): "steady", (False, True): "neither"}


def side(change: np.ndarray, least: float) -> int | None:
    """1 or -1 where the mean of `change` [seeds] surely lies above `least` or below -`least`, 0 where surely between them.

    None if these seeds cannot tell, or are too few to.
    """
    one, surely = over_seeds(change), (1 - STRICT) / 2
    if one.seeds < FEWEST_SEEDS:
        return None
    if one.not_above(-least) <= surely and one.not_below(least) <= surely:
        return 0
    direction = int(one.not_above(least) <= surely) - int(one.not_below(-least) <= surely)
    return direction or None


def apart(sweep: Sweep, rows: Rows) -> int | None:
    """Whether examples stay farther apart with batch norm (1), without (-1) or in both alike (0), as `side`.

    By the effective rank in the last hidden layer.
    """
    rank = {arm: logarithms(values[:, -1]) for arm, values in measurements(sweep, rows, "effective_rank").items()}
    return side(rank["batch"] - rank["none"], math.log(LEAST_RANK))


def grows(sweep: Sweep, rows: Rows) -> int | None:
    """Whether the gradient grows faster on its way down with batch norm (1), without (-1), or in both alike (0), as `side`."""
    squared = measurements(sweep, rows, "squared_gradient")
    return side(growth(squared["batch"]) - growth(squared["none"]), math.log(LEAST))


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
                table(numbers(sweep, rows)),
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
        return fill(WORDS["verdict"]["few"], least=FEWEST_SEEDS) if sweep.seeds < FEWEST_SEEDS else texts["open"]
    if result == prediction:
        return fill(texts["right"], prediction=PREDICTIONS[prediction])
    return fill(texts["wrong"], prediction=PREDICTIONS[prediction], found=texts[result])


def _alike(sweep: Sweep, rows: Rows) -> str:
    """Do the examples become alike?"""
    texts, rank = WORDS["alike"], measurements(sweep, rows, "effective_rank")
    ratio = interval(logarithms(rank["batch"][:, -1]) - logarithms(rank["none"][:, -1]))
    return f"**{texts['ask']}** **{_headline(sweep, texts, apart(sweep, rows), LEAST_RANK, ratio)}**"


def _gradient(sweep: Sweep, rows: Rows) -> str:
    """Does the gradient keep its size on its way down?"""
    texts, layers = WORDS["gradient"], sweep.base.hidden_layers
    if layers < SMALLEST:
        return f"**{texts['ask']}** {fill(texts['shallow'], least=SMALLEST)}"
    squared = measurements(sweep, rows, "squared_gradient")
    ratio = interval(growth(squared["batch"]) - growth(squared["none"]))
    headline = _headline(sweep, texts, grows(sweep, rows), LEAST, ratio)
    return " ".join([f"**{texts['ask']}** **{headline}**", *_law(sweep, interval(growth(squared["batch"]), STRICT))])


def numbers(sweep: Sweep, rows: Rows) -> Table:
    """What both networks measure, in the last layer and from layer to layer."""
    texts, layers = WORDS["numbers"], sweep.base.hidden_layers
    known = {"layer": layers, "middle": layers // 2 + 1, "examples": sweep.base.batch, "width": sweep.base.width}
    lines = [
        (fill(texts[key], **known), *(number(interval(values[:, -1]), places) for values in _of_arms(sweep, rows, key)))
        for key, places in PLACES.items()
    ]
    if layers >= SMALLEST:
        squared = _of_arms(sweep, rows, "squared_gradient")
        lines.append((fill(texts["growth"], **known), *(factor(interval(growth(values))) for values in squared)))
        ends = (float(np.exp(finite_mean(from_end_to_end(values)))) for values in squared)
        lines.append((fill(texts["ends"], **known), *map(short, ends)))
    return Table((texts["what"], texts["none"], texts["batch"]), tuple(lines))


def _of_arms(sweep: Sweep, rows: Rows, key: str) -> list[np.ndarray]:
    """One measure of both arms, [seeds, layers] each."""
    values = measurements(sweep, rows, key)
    return [values[arm] for arm in ARMS]


def _headline(sweep: Sweep, texts: Mapping[str, str], answer: int | None, least: float, ratio: Interval) -> str:
    """What `side` says in words; where it is open, with the ratio whose logarithm is `ratio`."""
    if sweep.seeds < FEWEST_SEEDS:
        return fill(WORDS["verdict"]["few"], least=FEWEST_SEEDS)
    return fill(texts[SIDES[answer]], least=_percent(least), ratio=factor(ratio))


def _law(sweep: Sweep, rate: Interval) -> list[str]:
    """What was published for wide layers, and whether these networks agree."""
    expected, texts = theory(sweep.base), WORDS["law"]
    if expected is None or sweep.seeds < FEWEST_SEEDS:
        return []
    low, high = math.exp(rate.low), math.exp(rate.high)
    side = "within" if low <= expected <= high else "above" if low > expected else "below"
    return [fill(texts[sweep.base.activation], expected=f"{expected:.3f}", batch=sweep.base.batch, side=texts[side])]


def _percent(factor: float) -> str:
    """By how many percent a factor is more than 1."""
    return f"{100 * (factor - 1):.0f}"


def number(mean: Interval, digits: int) -> str:
    """A mean over seeds with its interval."""
    return numerals.interval(*mean[:3], form=lambda value: numerals.digits(value, digits))


def factor(rate: Interval) -> str:
    """A factor with its interval, from logarithms."""
    return number(rate.through(np.exp), 3)


def short(value: float) -> str:
    """A factor that may be huge or tiny, to two digits."""
    if not math.isfinite(value) or not value:
        return WORDS["interval"]["unknown"]
    return numerals.short(value)
