"""The panels of the page /step-zero: three measures against depth, without and with batch norm."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from bnviz.config.sweep import Sweep
from bnviz.judge.intervals import finite_mean, interval
from bnviz.lessons.step_zero.judge import number, short
from bnviz.lessons.step_zero.results import ARMS, WORDS, Rows, logarithms, measurements, settled_cosine, theory
from bnviz.web.examples import labelled
from bnviz.web.figures import (
    COLOURS,
    NAMES,
    NO_TABLE,
    Trace,
    axis,
    band,
    columns_over_seeds,
    heading,
    layout,
    line,
    numbers,
    panel,
    table,
    threads,
)
from bnviz.web.words import fill

TEXTS = WORDS["panels"]
FEW_DECADES = 4  # of an axis: fewer can have more marks than every second one
MARGIN = {"l": 62, "r": 14, "t": 48, "b": 42}
Panel = dict[str, Any]


def panels(sweep: Sweep, rows: Rows) -> list[Panel]:
    """All panels of the page, in reading order."""
    return [rank(sweep, rows), cosine(sweep, rows), gradient(sweep, rows)]


def rank(sweep: Sweep, rows: Rows) -> Panel:
    """The effective rank of what enters the nonlinearity and, dashed, of what leaves it."""
    values = measurements(sweep, rows, "effective_rank")
    after = [_after(sweep, rows, arm) for arm in ARMS if sweep.base.activation != "identity"]
    lower = _expected("batch", sweep, [math.sqrt(sweep.base.width)] * sweep.base.hidden_layers, TEXTS["rank"]["bound"])
    return _panel("rank", sweep, values, [*after, lower], {"rangemode": "tozero"}, lambda mean: number(mean, 1))


def _examples(sweep: Sweep) -> str:
    """Which examples a number of a chart is of."""
    return fill(WORDS["axes"]["examples"], examples=sweep.base.batch)


def _after(sweep: Sweep, rows: Rows, arm: str) -> Trace:
    """The mean effective rank of an arm's outputs a[l]."""
    layers, name = list(range(1, sweep.base.hidden_layers + 1)), fill(TEXTS["rank"]["after"], name=NAMES[arm])
    values = interval(measurements(sweep, rows, "activation_rank")[arm].T).mean
    label = f"{fill(WORDS['axes']['hover'], layer='%{x}')}: %{{y:.3~g}}<extra>{name}</extra>"
    columns = {fill(WORDS["columns"]["mean"], name=name, y=TEXTS["rank"]["y"]): values}
    dashed = line(arm, "", 1.5, "dash", x=layers, y=numbers(values), name=name, hovertemplate=label)
    return {**labelled(dashed, _examples(sweep)), "showlegend": True, **table(WORDS["axes"]["layer"], layers, columns)}


def cosine(sweep: Sweep, rows: Rows) -> Panel:
    """The mean cosine between the outputs of two examples, next to what it would be in infinitely wide layers."""
    guides = []
    if (wide := next((one for row in rows if (one := row["wide_cosine"][0]) and row["curve"] == "none"), None)) is not None:
        guides.append(_expected("none", sweep, wide, TEXTS["cosine"]["wide"]))
    if (limit := settled_cosine(sweep.base)) is not None:
        guides.append(_expected("batch", sweep, [limit] * sweep.base.hidden_layers, TEXTS["cosine"]["settled"]))
    values = measurements(sweep, rows, "cosine")
    return _panel("cosine", sweep, values, guides, {"range": [_floor(values), 1.04]}, lambda mean: number(mean, 2))


def _floor(values: dict[str, np.ndarray]) -> float:
    """Where the axis of cosines begins."""
    finite = _finite_values(values)
    return min(-0.04, float(finite.min()) - 0.04) if finite.size else -0.04


def _finite_values(values: dict[str, np.ndarray]) -> np.ndarray:
    """All finite values of all arms."""
    every = np.concatenate([one.ravel() for one in values.values()])
    return every[np.isfinite(every)]


def _decades(logs: dict[str, np.ndarray]) -> float:
    """How many powers of ten these natural logarithms span."""
    finite = _finite_values(logs)
    return float(np.ptp(finite)) / math.log(10) if finite.size else 0.0


def gradient(sweep: Sweep, rows: Rows) -> Panel:
    """The squared norm of the gradient, on a logarithmic axis; means and intervals are of logarithms."""
    logs = {arm: logarithms(values) for arm, values in measurements(sweep, rows, "squared_gradient").items()}
    guides, rate = [], theory(sweep.base)
    if rate is not None and math.isfinite(last := finite_mean(logs["batch"][:, -1])):
        below = np.arange(sweep.base.hidden_layers)[::-1]
        guides.append(_expected("batch", sweep, np.exp(last + below * math.log(rate)), TEXTS["gradient"]["law"]))
    y = {"type": "log", "exponentformat": "power"} | ({"dtick": 2} if _decades(logs) > FEW_DECADES else {})
    return _panel("gradient", sweep, logs, guides, y, lambda mean: short(math.exp(float(mean.mean))), np.exp, wide=True)


def _panel(name, sweep, values, guides, y, describe, back=np.asarray, **more) -> Panel:
    """One measure over the layers: mean over seeds, its interval as a band, single seeds as faint lines; `back` undoes what was
    done to the values before means were taken, and `tell` writes one of them."""
    layers = np.arange(1, sweep.base.hidden_layers + 1)
    traces = [trace for arm in ARMS for trace in _curve(name, sweep, arm, layers, values[arm], back)]
    title, caption = heading(WORDS, name)
    x = axis(WORDS["axes"]["layer"], range=[0.5, float(layers[-1]) + 0.5])
    figure = layout(showlegend=True, margin=MARGIN, xaxis=x, yaxis=axis(TEXTS[name]["y"], **y))
    traces = [labelled(trace, _examples(sweep)) for trace in traces]
    text = "; ".join(_description(arm, values[arm], describe) for arm in ARMS)
    alternative = fill(WORDS["alternatives"]["panel"], title=title, layer=layers[-1], told=text)
    about = {"examples": sweep.base.batch, "width": sweep.base.width}
    if definition := TEXTS[name].get("definition"):
        more["definition"] = fill(definition, **about)
    return panel(name, title, fill(caption, **about), (traces + guides, figure), height=340, alternative=alternative, **more)


def _description(arm: str, values: np.ndarray, describe) -> str:
    """The mean in the last layer, for those who do not see it."""
    mean = interval(values[:, -1])
    value = describe(mean) if np.isfinite(mean.mean) else WORDS["interval"]["unknown"]
    return fill(WORDS["alternatives"]["curve"], name=NAMES[arm], value=value)


def _curve(name: str, sweep: Sweep, arm: str, layers: np.ndarray, values: np.ndarray, back) -> list[Trace]:
    mean = interval(values.T)
    means = mean.through(back)
    label = f"{fill(WORDS['axes']['hover'], layer='%{x}')}: %{{y:.3~g}}<extra>{NAMES[arm]}</extra>"
    strong = line(arm, "", 2.5, x=layers.tolist(), y=numbers(means.mean), hovertemplate=label, legendgroup=arm)
    about = {"name": NAMES[arm], "y": TEXTS[name]["y"]}
    columns = columns_over_seeds(WORDS["columns"], about, means, back(values), sweep.base.seed)
    return [
        band(arm, layers, means.low, means.high, 0.18) | NO_TABLE,
        threads(arm, layers, back(values)) | NO_TABLE,
        {**strong, "showlegend": True, **table(WORDS["axes"]["layer"], layers.tolist(), columns)},
    ]


def _expected(arm: str, sweep: Sweep, values: Any, name: str) -> Trace:
    """What theory expects of an arm, dotted."""
    layers = list(range(1, sweep.base.hidden_layers + 1))
    about = fill(name, width=sweep.base.width)
    label = f"{fill(WORDS['axes']['hover'], layer='%{x}')}: %{{y:.3~g}}<extra>{about}</extra>"
    dotted = line(arm, "", 2, "dot", x=layers, y=numbers(values), name=about, hovertemplate=label)
    return {**dotted, "showlegend": True, "line": {**dotted["line"], "color": COLOURS[arm]}}
