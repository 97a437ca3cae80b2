"""The panels of the page /batch-size, the noise microscope: one example among ever new minibatch-mates, and what theory says."""

from __future__ import annotations

import math
from typing import Any

from bnviz.config.experiment import Experiment
from bnviz.lessons.batch_size import measures
from bnviz.web import words
from bnviz.web.figures import COLOURS, GREY, PAIR, TWO_ROWS, Layout, Trace, axis, layout, learning, line, panel

Panel = dict[str, Any]
SCENES = {"none": "without", "batch": "with batch norm", "dropout": "dropout"}  # short, for a telephone has little room
SIDES = {"none": -0.3, "batch": 0.0, "dropout": 0.3}  # of a size's place on the axis, in octaves
TICKS = [digit * 10**power for power in (-3.0, -2.0, -1.0, 0.0) for digit in (1, 2, 5)]
MARGIN = {**TWO_ROWS, "t": 26}
HALVES = [[0, 0.42], [0.58, 1]]
DOTS, CURVES = {"height": 360, "rate": 2}, {"height": 340, "rate": 2}

WORDS = words.catalogue("batch_size")


def panels(experiment: Experiment) -> list[Panel]:
    """All panels of the page, in reading order; without the microscope, learning alone."""
    measured = [mates, said, scatter, rates, means, variances] if experiment.microscope == "yes" else []
    return [*(make(experiment) for make in measured), {**learning(experiment, WORDS), "wide": True, "height": 280}]


def _arranged(experiment: Experiment, *y: Layout, **more: Any) -> Layout:
    """A subplot for each axis `y`, side by side over minibatch sizes, with a line at the size that this run normalizes."""
    sizes, own = measures.sizes(experiment), experiment.batch / experiment.groups
    reach = [math.log10(sizes[0]) - 0.18, math.log10(sizes[-1]) + 0.18]
    mark = {"type": "line", "x0": own, "x1": own, "y0": 0, "y1": 1, "line": {"color": GREY, "width": 1.5, "dash": "dot"}}
    arrangement = layout(showlegend=True, margin=MARGIN, shapes=[])
    for place, (axes, vertical) in enumerate(zip(("", "2"), y, strict=False)):
        x = axis("examples in the minibatch, B", type="log", range=reach, anchor=f"y{axes}", **more)
        x["tickvals"] = list(sizes[:: len(y)])
        arrangement[f"xaxis{axes}"] = {**x, "domain": HALVES[place]} if len(y) > 1 else x
        arrangement[f"yaxis{axes}"] = {**vertical, "anchor": f"x{axes}"}
        arrangement["shapes"].append({**mark, "xref": f"x{axes}", "yref": f"y{axes} domain"})
    return arrangement


def _dots(scene: str, kind: str, form: str) -> Trace:
    """One dot a draw, in the scene's own column beside each size."""
    arm, part = ("batch", "dropout") if scene == "dropout" else (scene, "mates")
    feed = {"kind": kind, "arm": arm, "scene": part, "side": SIDES[scene]}
    mark = {"color": COLOURS[scene], "size": 4, "opacity": 0.75, "line": {"width": 0}}
    label = f"%{{y:{form}}}<extra>{SCENES[scene]}</extra>"
    more = {"name": SCENES[scene], "hovertemplate": label, "showlegend": True}
    return {**line(scene), "feed": feed, "mode": "markers", "marker": mark, **more}


def _drawn(experiment: Experiment, kind: str, form: str, y: Layout) -> tuple[list[Trace], Layout]:
    """Dots of all scenes over the sizes."""
    arrangement = _arranged(experiment, y, showgrid=False)
    arrangement["legend"] |= {"itemsizing": "constant"}
    return [_dots(scene, kind, form) for scene in SCENES], arrangement


def mates(experiment: Experiment) -> Panel:
    zero = axis("{tap} − {tap} in use", fit="mates", zerolinecolor=GREY) | {"zeroline": True}
    return panel("mates", "The same example, other mates", "{mates}", _drawn(experiment, "example-dots", "+.2f", zero), **DOTS)


def said(experiment: Experiment) -> Panel:
    probability = axis("{what}", fit="said")
    return panel("said", "What the network says of it", "{said}", _drawn(experiment, "said-dots", ".3f", probability), **DOTS)


def _curve(scene: str, axes: str, feed: dict[str, Any], form: str, unit: str = "", **more: Any) -> Trace:
    """A measure over sizes, with a marker at each."""
    arm, part = ("batch", "dropout") if scene == "dropout" else (scene, "mates")
    label = f"B = %{{x}}: %{{y:{form}}}{unit}<extra>{SCENES[scene]}</extra>"
    marks = {"mode": "lines+markers", "marker": {"size": 6}, "hovertemplate": label, "legendgroup": scene}
    return line(scene, axes, 2, **{**marks, **more}, name=SCENES[scene], feed={"arm": arm, "scene": part, **feed})


def _expected(arm: str, feed: dict[str, Any], name: str, unit: str = "", **more: Any) -> Trace:
    """What theory says: dashed, and grey unless it is of one arm."""
    label = f"B = %{{x}}: %{{y:.3f}}{unit}<extra>{name}</extra>"
    style = {"color": COLOURS.get(arm, GREY), "width": 1.5, "dash": "dash"}
    return {**line("batch"), "line": style, "name": name, "hovertemplate": label, "showlegend": True, "feed": feed, **more}


def _powers(title: str, fit: str) -> Layout:
    return axis(title, type="log", tickvals=TICKS, fit=fit)


def scatter(experiment: Experiment) -> Panel:
    """How far the example scatters, in a[l] and in what the network says, among mates and under dropout."""
    left = [_curve(scene, "", {"kind": "example-scatter"}, ".3f") for scene in ("dropout", "batch")]
    left[0] |= {"line": {**left[0]["line"], "width": 7}, "opacity": 0.5}  # matched, so the other one lies upon it
    right = [_curve(scene, "2", {"kind": "said-scatter"}, ".3f", showlegend=True) for scene in SCENES]
    guide = _expected("", {"kind": "root-guide"}, "∝ 1/√B")
    example, said = _powers("sd of {tap}", "example_scatter"), axis("sd of {what}", rangemode="tozero", fit="said_scatter")
    arrangement = _arranged(experiment, example, said) | {"margin": TWO_ROWS}
    return panel("scatter", "How far it scatters", "{scatter}", ([*left, *right, guide], arrangement), **CURVES)


def rates(experiment: Experiment) -> Panel:
    arrangement = _arranged(experiment, axis("dropout rate", tickformat=".0%", rangemode="tozero", fit="rates"))
    trace = _curve("dropout", "", {"kind": "rates"}, ".1%")
    return panel("rates", "Dropout that scatters a[2] as much", "{rate}", ([trace], arrangement), **CURVES)


def _noise(experiment: Experiment, name: str, unit: str, expected: list[Trace]) -> Panel:
    """A statistic's scatter over minibatches: dots of the chosen layer, faint lines of the others, dashed what theory says."""
    key, dots = f"{name}_sd", {"mode": "markers", "marker": {"size": 8}, "showlegend": True}
    traces = [*expected]
    for arm in PAIR:
        traces.append(line(arm, "", 1, opacity=0.45, feed={"kind": "other-layers", "arm": arm, "key": key}, hoverinfo="skip"))
    traces += [_curve(arm, "", {"kind": "statistic", "key": key}, ".3f", f" {unit}", **dots) for arm in PAIR]
    arrangement = _arranged(experiment, _powers(f"sd of the {name} of z[{{number}}] ({unit})", key))
    return panel(name, f"The {name} of a minibatch", f"{{{name}}}", (traces, arrangement), **CURVES)


def means(experiment: Experiment) -> Panel:
    theory = {"kind": "statistic", "arm": "none", "key": "mean_sd_theory"}
    return _noise(experiment, "mean", "σ", [_expected("", theory, "σ/√B", " σ")])


def variances(experiment: Experiment) -> Panel:
    """Here theory depends on the tails of z, so each network has a line of its own."""
    theory = {"kind": "statistic", "key": "variance_sd_theory"}
    expected = [
        _expected(arm, {**theory, "arm": arm}, "theory", " σ²", legendgroup="theory", showlegend=arm == "none") for arm in PAIR
    ]
    return _noise(experiment, "variance", "σ²", expected)
