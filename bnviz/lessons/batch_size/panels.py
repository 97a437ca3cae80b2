"""The panels of the page /batch-size, the noise microscope: one example among ever new minibatch-mates, and what theory says."""

from __future__ import annotations

import math
from typing import Any

from bnviz.config.arms import ARMS
from bnviz.config.experiment import Experiment
from bnviz.lessons.batch_size import measures
from bnviz.web import words
from bnviz.web.figures import (
    COLOURS,
    GREY,
    TWO_ROWS,
    Layout,
    Trace,
    axis,
    compared,
    heading,
    layout,
    learning,
    line,
    paired_names,
    panel,
)

Panel = dict[str, Any]
SIDES = (-0.3, 0.0, 0.3)  # offsets of the scenes from a size's place on the axis, in octaves
TICKS = [digit * 10**power for power in (-3.0, -2.0, -1.0, 0.0) for digit in (1, 2, 5)]
MARGIN = {**TWO_ROWS, "t": 26}
HALVES = [[0, 0.42], [0.58, 1]]
DOTS, CURVES = {"height": 360, "rate": 2}, {"height": 340, "rate": 2}

WORDS = words.catalogue("batch_size")
TEXTS = WORDS["panels"]


def panels(experiment: Experiment) -> list[Panel]:
    """All panels of the page, in reading order; without the microscope, learning alone.

    Where statistics are not taken from the minibatch, other minibatches change nothing: nothing varies that could be matched.
    """
    varying = [scatter, rates] if ARMS[compared(experiment)[1]].statistics else []
    microscope = [mates, example_panel, *varying, means, variances] if experiment.microscope == "yes" else []
    return [*(make(experiment) for make in microscope), {**learning(experiment, WORDS), "wide": True, "height": 280}]


def _scenes(experiment: Experiment) -> dict[str, str]:
    """Names of the scenes: both arms and, where it can be matched, dropout. Short, for a telephone has little room."""
    none, norm = compared(experiment)
    names = {none: TEXTS["without"], norm: paired_names(experiment)[norm]}
    return names | ({"dropout": TEXTS["dropout"]} if ARMS[norm].statistics else {})


def _arranged(experiment: Experiment, *y: Layout, **more: Any) -> Layout:
    """A subplot for each axis `y`, side by side over minibatch sizes, with a line at the size that this run normalizes."""
    sizes, own = measures.sizes(experiment), experiment.batch / experiment.groups
    reach = [math.log10(sizes[0]) - 0.18, math.log10(sizes[-1]) + 0.18]
    mark = {"type": "line", "x0": own, "x1": own, "y0": 0, "y1": 1, "line": {"color": GREY, "width": 1.5, "dash": "dot"}}
    arrangement = layout(showlegend=True, margin=MARGIN, shapes=[])
    for place, (axes, vertical) in enumerate(zip(("", "2"), y, strict=False)):
        x = axis(TEXTS["batch_axis"], type="log", range=reach, anchor=f"y{axes}", **more)
        x["tickvals"] = list(sizes[:: len(y)])
        arrangement[f"xaxis{axes}"] = {**x, "domain": HALVES[place]} if len(y) > 1 else x
        arrangement[f"yaxis{axes}"] = {**vertical, "anchor": f"x{axes}"}
        arrangement["shapes"].append({**mark, "xref": f"x{axes}", "yref": f"y{axes} domain"})
    return arrangement


def _part(experiment: Experiment, scene: str) -> dict[str, str]:
    """Where a scene is recorded: dropout in the compared arm's part."""
    _, norm = compared(experiment)
    return {"arm": norm, "scene": "dropout"} if scene == "dropout" else {"arm": scene, "scene": "mates"}


def _dots(experiment: Experiment, scene: str, name: str, side: float, kind: str, form: str) -> Trace:
    """One dot a draw, in the scene's own column beside each size."""
    feed = {"kind": kind, "side": side, **_part(experiment, scene)}
    mark = {"color": COLOURS[scene], "size": 4, "opacity": 0.75, "line": {"width": 0}}
    label = f"%{{y:{form}}}<extra>{name}</extra>"
    more = {"name": name, "hovertemplate": label, "showlegend": True}
    return {**line(scene), "feed": feed, "mode": "markers", "marker": mark, **more}


def _figure(experiment: Experiment, kind: str, form: str, y: Layout) -> tuple[list[Trace], Layout]:
    """Dots of all scenes over the sizes."""
    arrangement = _arranged(experiment, y, showgrid=False)
    arrangement["legend"] |= {"itemsizing": "constant"}
    scenes = zip(_scenes(experiment).items(), SIDES, strict=False)
    return [_dots(experiment, *scene, side, kind, form) for scene, side in scenes], arrangement


def mates(experiment: Experiment) -> Panel:
    """How far a[l] of the example is from its value in evaluation, draw by draw."""
    zero = axis(TEXTS["mates"]["y"], fit="mates", zerolinecolor=GREY) | {"zeroline": True}
    return panel("mates", *heading(WORDS, "mates"), _figure(experiment, "example-dots", "+.2f", zero), **DOTS)


def example_panel(experiment: Experiment) -> Panel:
    """What the network predicts for the example, draw by draw."""
    probability = axis(TEXTS["said"]["y"], fit="prediction")
    return panel("said", *heading(WORDS, "said"), _figure(experiment, "prediction-dots", ".3f", probability), **DOTS)


def _curve(experiment: Experiment, scene: str, axes: str, feed: dict[str, Any], form: str, unit: str = "", **more: Any) -> Trace:
    """A measure over sizes, with a marker at each."""
    name = _scenes(experiment)[scene]
    label = f"B = %{{x}}: %{{y:{form}}}{unit}<extra>{name}</extra>"
    marks = {"mode": "lines+markers", "marker": {"size": 6}, "hovertemplate": label, "legendgroup": scene}
    return line(scene, axes, 2, **{**marks, **more}, name=name, feed={**_part(experiment, scene), **feed})


def _expected(arm: str, feed: dict[str, Any], name: str, unit: str = "", **more: Any) -> Trace:
    """What theory says: dashed, and grey unless it is of one arm."""
    label = f"B = %{{x}}: %{{y:.3f}}{unit}<extra>{name}</extra>"
    style = {"color": COLOURS.get(arm, GREY), "width": 1.5, "dash": "dash"}
    return {**line("none"), "line": style, "name": name, "hovertemplate": label, "showlegend": True, "feed": feed, **more}


def _powers(title: str, fit: str) -> Layout:
    return axis(title, type="log", tickvals=TICKS, fit=fit)


def scatter(experiment: Experiment) -> Panel:
    """How much the example varies, in a[l] and in what the network predicts, in other minibatches and under dropout."""
    _, norm = compared(experiment)
    example_curves = [_curve(experiment, scene, "", {"kind": "example-scatter"}, ".3f") for scene in ("dropout", norm)]
    example_curves[0] |= {
        "line": {**example_curves[0]["line"], "width": 7},
        "opacity": 0.5,
    }  # matched, so the other one lies upon it
    feed = {"kind": "prediction-scatter"}
    prediction_curves = [_curve(experiment, scene, "2", feed, ".3f", showlegend=True) for scene in _scenes(experiment)]
    guide = _expected("", {"kind": "root-guide"}, "∝ 1/√B")
    example = _powers(TEXTS["scatter"]["example"], "example_scatter")
    prediction = axis(TEXTS["scatter"]["prediction"], rangemode="tozero", fit="prediction_scatter")
    arrangement = _arranged(experiment, example, prediction) | {"margin": TWO_ROWS}
    return panel("scatter", *heading(WORDS, "scatter"), ([*example_curves, *prediction_curves, guide], arrangement), **CURVES)


def rates(experiment: Experiment) -> Panel:
    """The dropout rate that varies a[2] as much."""
    arrangement = _arranged(experiment, axis(TEXTS["rates"]["y"], tickformat=".0%", rangemode="tozero", fit="rates"))
    trace = _curve(experiment, "dropout", "", {"kind": "rates"}, ".1%")
    return panel("rates", *heading(WORDS, "rates"), ([trace], arrangement), **CURVES)


def _noise(experiment: Experiment, name: str, unit: str, expected: list[Trace]) -> Panel:
    """How a statistic varies over minibatches: dots of the chosen layer, faint lines of the others, dashed what theory says."""
    key, dots = f"{name}_sd", {"mode": "markers", "marker": {"size": 8}, "showlegend": True}
    arms, traces = compared(experiment), [*expected]
    for arm in arms:
        traces.append(line(arm, "", 1, opacity=0.45, feed={"kind": "other-layers", "arm": arm, "key": key}, hoverinfo="skip"))
    statistic = {"kind": "statistic", "key": key}
    traces += [_curve(experiment, arm, "", statistic, ".3f", f" {unit}", **dots) for arm in arms]
    arrangement = _arranged(experiment, _powers(TEXTS[name]["y"], key))
    return panel(name, *heading(WORDS, name), (traces, arrangement), **CURVES)


def means(experiment: Experiment) -> Panel:
    """The mean of a minibatch, with σ√(1/B − 1/N)."""
    theory = {"kind": "statistic", "arm": "none", "key": "mean_sd_theory"}
    return _noise(experiment, "mean", "σ", [_expected("", theory, "σ√(1/B − 1/N)", " σ")])


def variances(experiment: Experiment) -> Panel:
    """Here theory depends on the tails of z, so each network has a line of its own."""
    theory, name = {"kind": "statistic", "key": "variance_sd_theory"}, TEXTS["theory"]
    expected = [
        _expected(arm, {**theory, "arm": arm}, name, " σ²", legendgroup="theory", showlegend=arm == "none")
        for arm in compared(experiment)
    ]
    return _noise(experiment, "variance", "σ²", expected)
