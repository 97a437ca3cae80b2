"""The panels of the page /does-it-hold: a claim's charts, over the sweep's axis or over steps, whatever the claim is."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np

from bnviz import numerals
from bnviz.config.experiment import FIELDS
from bnviz.config.sweep import Sweep, present
from bnviz.judge.claim import Chart, Claim, Row
from bnviz.judge.intervals import Interval, interval
from bnviz.lessons.does_it_hold.sentences import WORDS
from bnviz.web.figures import (
    COLOURS,
    GREY,
    NAMES,
    NO_TABLE,
    Layout,
    Trace,
    axis,
    band,
    columns_over_seeds,
    layout,
    line,
    numbers,
    panel,
    table,
    threads,
    translucent,
)
from bnviz.web.words import fill

AXES, TEXTS = WORDS["axes"], WORDS["charts"]
DASHES = {"noisy-batch": "dash", "noisy-none": "dash", "group": "dashdot", "layer": "dashdot"}
SYMBOLS = {"noisy-batch": "diamond", "noisy-none": "diamond", "group": "square", "layer": "triangle-up"}
APART = 0.06  # between two curves' dots at one place, in distances of the places
ROOM = 0.35  # beside the outermost places, the same
MOST_TICKS = 8
MOST_BEYOND = 0.3  # of the values' range, that the end of an interval may lie outside of it: with few seeds it may be far
MARGIN = {"l": 56, "r": 14, "t": 62, "b": 42}


def panels(claim: Claim, sweep: Sweep, rows: list[Row]) -> list[dict[str, Any]]:
    """The claim's charts with what there is of the sweep's rows."""
    return [_panel(f"{claim.key}-{place}", chart, sweep, rows, _wide(claim, place)) for place, chart in enumerate(claim.charts)]


def _wide(claim: Claim, place: int) -> bool:
    """The first chart takes a whole row if the others would not fill it."""
    return place == 0 and len(claim.charts) % 2 == 1


def _panel(name: str, chart: Chart, sweep: Sweep, rows: list[Row], wide: bool) -> dict[str, Any]:
    raw, guides = chart.values(sweep, rows), chart.guides(sweep)
    values, caption = _to_axis(chart, raw), " ".join([chart.caption, *_left_out(chart, sweep, rows, raw)])
    traces, x = _over_steps(chart, sweep, rows, values) if chart.over_steps else _over_axis(chart, sweep, values)
    y = axis(chart.y, **_y_axis(chart, values, guides))
    figure = layout(showlegend=True, margin=MARGIN, xaxis=x, yaxis=y, **_guides(chart, guides))
    text = _description(chart, sweep, values) if rows else TEXTS["nothing_at_all"]
    alternative = fill(TEXTS["alternative"], title=chart.title, y=chart.y, text=text)
    return panel(name, chart.title, caption, (traces, figure), wide=wide, height=340, alternative=alternative)


def _left_out(chart: Chart, sweep: Sweep, rows: list[Row], values: np.ndarray) -> Iterator[str]:
    """A sentence about runs that are there and have no finite number, if there are any: no mean can count them."""
    there = present(sweep, rows)
    if chart.over_steps:
        ends = values[..., -1:].swapaxes(-1, -2) if values.shape[-1] else values
        lost = (there.all() & ~np.isfinite(ends)).sum(-1)  # [curves, 1]
    else:
        lost = (there & ~np.isfinite(values)).sum(-1)
    text = TEXTS["left_out_path" if chart.over_steps else "left_out_runs"]
    runs = [
        fill(text, count=count, seeds=sweep.seeds, name=NAMES[curve.name], place=f"{value:g}")
        for curve, counts in zip(sweep.curves, lost, strict=True)
        for value, count in zip(sweep.values, counts, strict=False)
        if count
    ]
    if runs:
        yield fill(TEXTS["left_out"], runs="; ".join(runs))


def _to_axis(chart: Chart, values: np.ndarray) -> np.ndarray:
    """On a logarithmic chart means and intervals are taken of logarithms."""
    if not chart.log:
        return values
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(values > 0, np.log(values), np.nan)


def _back(chart: Chart, values: Any) -> np.ndarray:
    return np.exp(values) if chart.log else np.asarray(values, float)


def _over_axis(chart: Chart, sweep: Sweep, values: np.ndarray) -> tuple[list[Trace], Layout]:
    """Mean and interval at every place of the axis, single seeds faintly behind, and what was published dotted."""
    places, gap = _places(sweep)
    traces: list[Trace] = []
    for number, (curve, of_curve) in enumerate(zip(sweep.curves, values, strict=True)):
        x = 10 ** (places + APART * gap * (number - (len(sweep.curves) - 1) / 2))
        columns = _columns(chart, sweep, curve.name, interval(of_curve), of_curve.T)
        listed = table(_axis_title(sweep), sweep.values, columns)
        traces += [
            _seeds(chart, curve.name, x, of_curve) | NO_TABLE,
            _means(chart, sweep, curve.name, x, interval(of_curve)) | listed,
        ]
        if curve.name in chart.published:
            traces.append(_published(chart, curve.name, sweep.values, chart.published[curve.name]))
    return traces, _x_axis(sweep)


def _places(sweep: Sweep) -> tuple[np.ndarray, float]:
    """The logarithms of the values on the axis, and the smallest distance between two of them."""
    places = np.log10(np.array(sweep.values, float))
    return places, float(np.diff(np.sort(places)).min()) if len(places) > 1 else 0.3


def _x_axis(sweep: Sweep) -> Layout:
    """A logarithmic axis of the sweep's values, as many of them written out as there is room for."""
    places, gap = _places(sweep)
    values = sweep.values[:: math.ceil(len(sweep.values) / MOST_TICKS)]
    ticks = {"tickvals": list(values), "ticktext": [f"{value:g}" for value in values], "tickangle": 0}
    ends = [float(places.min() - ROOM * gap), float(places.max() + ROOM * gap)]
    return axis(_axis_title(sweep), type="log", range=ends, **ticks)


def _axis_title(sweep: Sweep) -> str:
    return AXES.get(sweep.axis, FIELDS[sweep.axis].label)


def _columns(chart: Chart, sweep: Sweep, arm: str, mean: Interval, seeds: np.ndarray) -> dict[str, np.ndarray]:
    """For the chart's table: mean, interval and every run of [seeds, rows] of one curve, by what they are called."""
    means, about = mean.through(partial(_back, chart)), {"name": NAMES[arm], "y": chart.y}
    return columns_over_seeds(TEXTS["columns"], about, means, _back(chart, seeds), sweep.base.seed)


def _seeds(chart: Chart, arm: str, x: np.ndarray, values: np.ndarray) -> Trace:
    """A faint dot for every run, of [points, seeds]."""
    mark = {"color": translucent(arm, 0.35), "size": 4, "line": {"width": 0}}
    y = numbers(_back(chart, values).ravel())
    dots = line(arm, x=np.repeat(x, values.shape[1]).tolist(), y=y, hoverinfo="skip", legendgroup=arm)
    return {**dots, "mode": "markers", "marker": mark}


def _means(chart: Chart, sweep: Sweep, arm: str, x: np.ndarray, mean: Interval) -> Trace:
    """The mean over seeds, and its interval as far as it is known."""
    middle, low, high = (_back(chart, one) for one in mean[:3])
    bars = {"type": "data", "symmetric": False, "array": numbers(high - middle), "arrayminus": numbers(middle - low)}
    text = [f"{value:g}: {_value_text(chart, mean, place)}" for place, value in enumerate(sweep.values)]
    trace = line(arm, "", 2.5, DASHES.get(arm, "solid"), x=x.tolist(), y=numbers(middle), text=text, legendgroup=arm)
    return trace | {
        "mode": "lines+markers",
        "marker": {"size": 8, "symbol": SYMBOLS.get(arm, "circle"), "color": COLOURS[arm]},
        "error_y": {**bars, "thickness": 1.5, "width": 3},
        "hovertemplate": f"%{{text}}<extra>{NAMES[arm]}</extra>",
        "showlegend": True,
    }


def _published(chart: Chart, arm: str, x: Iterable[float], y: Iterable[float]) -> Trace:
    """The published values of one curve, dotted."""
    name = fill(TEXTS["published"], name=NAMES[arm])
    label = f"%{{x}}: %{{y:{chart.form}}}<extra>{name}</extra>"
    dotted = line(arm, "", 1.5, "dot", x=list(x), y=list(y), name=name, hovertemplate=label, legendgroup=arm)
    return {**dotted, "mode": "lines+markers", "marker": {"size": 5, "symbol": "x"}}


def _over_steps(chart: Chart, sweep: Sweep, rows: list[Row], values: np.ndarray) -> tuple[list[Trace], Layout]:
    """Mean over seeds as a line, its interval as a band, single seeds as faint lines."""
    steps = np.array(next(iter(rows))["checkpoints"] if rows else [], float)[: values.shape[-1]]
    traces: list[Trace] = []
    for curve, of_curve in zip(sweep.curves, values, strict=True):
        mean = interval(of_curve.T)
        listed = table(AXES["step"], steps, _columns(chart, sweep, curve.name, mean, of_curve))
        traces += [
            band(curve.name, steps, _back(chart, mean.low), _back(chart, mean.high), 0.15) | NO_TABLE,
            threads(curve.name, steps, _back(chart, of_curve)) | NO_TABLE,
            _path(chart, curve.name, steps, mean) | listed,
        ]
    return traces, axis(AXES["step"], range=[0, sweep.base.steps])


def _path(chart: Chart, arm: str, steps: np.ndarray, mean: Interval) -> Trace:
    label = f"step %{{x}}: %{{y:{chart.form}}}<extra>{NAMES[arm]}</extra>"
    y = numbers(_back(chart, mean.mean))
    strong = line(arm, "", 2.5, DASHES.get(arm, "solid"), x=steps.tolist(), y=y, hovertemplate=label, legendgroup=arm)
    return {**strong, "showlegend": True}


def _ticks(chart: Chart, low: float, high: float) -> Layout:
    """As many round numbers, written out, as a logarithmic axis from 10^low to 10^high has room for."""
    digits = (1, 2, 3, 5, 7) if high - low < 1 else (1, 2, 5) if high - low < 3 else (1,)
    ticks = [digit * 10.0**power for power in range(math.floor(low), math.ceil(high) + 1) for digit in digits]
    percent = chart.form.endswith("%")
    return {"tickvals": ticks, "ticktext": [f"{100 * tick:g}%" if percent else f"{tick:g}" for tick in ticks]}


def _y_axis(chart: Chart, values: np.ndarray, guides: Mapping[str, float]) -> Layout:
    """Kind, format and range."""
    kind = {"type": "log"} if chart.log else {"tickformat": ".1~%"} if chart.form.endswith("%") else {}
    references = [*guides.values(), *(value for of_curve in chart.published.values() for value in of_curve)]
    if chart.over_steps and not chart.log:
        values = values[..., 1:]  # the untrained network's value would compress the rest of the axis
    if not np.isfinite(values).any():
        return {**kind, "range": [0.0, 1.02]} if "tickformat" in kind else kind
    visible = np.append(values[np.isfinite(values)], _to_axis(chart, np.array(references)))
    low, high = _reach(visible, interval(values.swapaxes(-1, -2) if chart.over_steps else values))
    if chart.log:
        reach = [low / math.log(10), high / math.log(10)]
        return {**kind, "range": reach, **_ticks(chart, *reach)}
    return {**kind, "range": [max(low, 0.0), min(high, 1.02) if kind else high]}  # nothing that is measured here is negative


def _reach(visible: np.ndarray, mean: Interval) -> tuple[float, float]:
    """From the lowest to the highest value, and as much of their intervals as leaves the values readable, with some room."""
    low, high = visible.min(), visible.max()
    beyond = MOST_BEYOND * max(high - low, 0.05)
    ends = np.concatenate([mean.low.ravel(), mean.high.ravel(), [low, high]])
    ends = ends[np.isfinite(ends)].clip(low - beyond, high + beyond)
    room = 0.04 * max(np.ptp(ends), 0.05)
    return float(ends.min() - room), float(ends.max() + room)


def _guides(chart: Chart, guides: Mapping[str, float]) -> Layout:
    """Grey lines across the chart, named at the end where the curves are not."""
    across = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "line": {"color": GREY, "width": 1, "dash": "dash"}}
    end = {"x": 0, "xanchor": "left"} if chart.over_steps else {"x": 1, "xanchor": "right"}
    beside = {**end, "xref": "paper", "yanchor": "bottom", "showarrow": False, "font": {"color": GREY, "size": 11}}
    heights = {name: math.log10(value) if chart.log else value for name, value in guides.items()}
    return {
        "shapes": [{**across, "y0": value, "y1": value} for value in guides.values()],
        "annotations": [{**beside, "text": name, "y": height} for name, height in heights.items()],
    }


def _one(chart: Chart, value: float) -> str:
    return numerals.percent(value, 1) if chart.form.endswith("%") else f"{value:{chart.form}}"


def _value_text(chart: Chart, mean: Interval, place: int) -> str:
    """A mean with its interval."""
    middle, low, high = (float(_back(chart, one[place])) for one in mean[:3])
    if not math.isfinite(middle):
        return TEXTS["nothing"]
    return numerals.interval(middle, low, high, partial(_one, chart))


def _description(chart: Chart, sweep: Sweep, values: np.ndarray) -> str:
    """The means, for those who do not see them."""
    return " ".join(
        fill(TEXTS["curve"], name=NAMES[curve.name], values=_told_of(chart, sweep, of_curve))
        for curve, of_curve in zip(sweep.curves, values, strict=True)
    )


def _told_of(chart: Chart, sweep: Sweep, values: np.ndarray) -> str:
    """The means of one curve: at every place of the axis, or at the end of training."""
    if chart.over_steps:
        return fill(TEXTS["at_the_end"], value=_value_text(chart, interval(values.T), -1))
    mean = interval(values)
    places = [fill(TEXTS["value"], place=f"{x:g}", value=_value_text(chart, mean, place)) for place, x in enumerate(sweep.values)]
    return ", ".join(places)
