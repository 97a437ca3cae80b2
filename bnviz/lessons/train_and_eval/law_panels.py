"""Two panels of the page /train-and-eval: the law of a running mean's error, and Bessel's correction through the layers."""

from __future__ import annotations

from typing import Any

from bnviz.config.experiment import Experiment
from bnviz.web import words
from bnviz.web.figures import COLOURS, GREY, TWO_ROWS, Layout, Trace, axis, heading, layout, line, pair, panel

WORDS = words.catalogue("train_and_eval")
TEXTS = WORDS["panels"]
Panel = dict[str, Any]
MOMENTA = {"type": "log", "range": [-3.08, 0.08], "tickvals": [0.001, 0.01, 0.1, 1]}
HALVES = ([0, 0.43], [0.57, 1])  # of the panel's width


def law(experiment: Experiment, norm: str) -> Panel:
    """The error of the running mean in the chosen layer: over momentum at the step on show, and over steps."""
    texts = TEXTS["law"]
    at, over = f"{texts['momentum']} %{{x}}: %{{y:.2~g}} σ", "step %{x}: %{y:.2~g} σ"
    point = {"mode": "markers", "marker": {"color": COLOURS[norm], "size": 11}}
    traces = [
        _called("law", line(norm, "", 2.5, "dash", feed={"kind": "law"}), at, color=GREY),
        _called("averaged", line(norm, "", 1.5, feed={"kind": "averaged"}), at, color=GREY),
        _called("measured", line(norm, feed={"kind": "law-measured"}) | point, at),
        _called("law", line(norm, "2", 2.5, "dash", feed={"kind": "law-steps"}), over, color=GREY),
        _called("measured", line(norm, "2", 3, feed={"kind": "evaluation-layer", "arm": norm, "key": "mean_error"}), over),
    ]
    y = {"type": "log", "exponentformat": "power", "fit": "law", "dtick": 1}
    figure = layout(
        showlegend=True,
        margin=TWO_ROWS,
        xaxis=axis(texts["momentum"], domain=HALVES[0], **MOMENTA),
        xaxis2=axis("step", domain=HALVES[1], anchor="y2", range=[0, experiment.steps]),
        yaxis=axis(texts["y"], **y),
        yaxis2=axis("", **y, anchor="x2"),
    )
    about = {"height": 320, "definition": TEXTS["law"]["definition"]}
    return panel("law", *heading(WORDS, "law"), (traces, figure), **about)


def _called(name: str, trace: Trace, label: str, **style: str) -> Trace:
    """A line by its name in the legend, once, for the left subplot."""
    text = TEXTS["law"][name]
    about = {"name": text, "hovertemplate": f"{label}<extra>{text}</extra>", "legendgroup": name}
    return {**trace, **about, "showlegend": trace["xaxis"] == "x", "line": {**trace["line"], **style}}


def bessel(experiment: Experiment, norm: str) -> Panel:
    """By layer: running variances over those that normalized in training, and the spread in evaluation over that in training."""
    texts, traces = TEXTS["bessel"], []
    for axes, key in (("", "variance_factor"), ("2", "spread")):
        for name, kind in (("expected", "bessel"), ("measured", "error-bars")):
            dotted = kind == "bessel"
            trace = line(norm, axes, 2, "dot" if dotted else "solid", feed={"kind": kind, "arm": norm, "key": key})
            trace |= {"mode": "lines" if dotted else "lines+markers", "name": texts[name], "legendgroup": name}
            trace |= {"hovertemplate": f"layer %{{x}}: %{{y:.3~g}}<extra>{texts[name]}</extra>", "showlegend": axes == ""}
            traces.append(trace if not dotted else {**trace, "line": {**trace["line"], "color": GREY}})
    about = {"height": 320, "definition": TEXTS["bessel"]["definition"]}
    return panel("bessel", *heading(WORDS, "bessel"), (traces, _by_layer(experiment)), **about)


def _by_layer(experiment: Experiment) -> Layout:
    left = axis(TEXTS["bessel"]["factor"], fit="variance_factor", rangemode="tozero")
    right = axis(TEXTS["bessel"]["spread"], fit="spread", rangemode="tozero")
    x = {"range": [0.6, experiment.hidden_layers + 0.4], "tickformat": "d"}
    return pair(left, right, x, TEXTS["layers"]["x"], margin=TWO_ROWS)
