"""The panels of the page /independence: do w3 and b3 learn on their own?

`arms` is what the two arms are called, by arm: the one without a normalizer first.
"""

from __future__ import annotations

from typing import Any

from bnviz.config.experiment import Experiment
from bnviz.web import words
from bnviz.web.figures import (
    GREY,
    MARGIN,
    TWO_ROWS,
    Layout,
    Trace,
    axis,
    evenly_spaced,
    heading,
    layout,
    learning,
    legend,
    line,
    pair,
    paired_names,
    panel,
    translucent,
)

WORDS = words.catalogue("independence")
TEXTS = WORDS["panels"]
RELATIVE, ABSOLUTE, COSINE = "gradient_shift_relative", "gradient_shift", "gradient_cosine"  # keys of the recording
Arms = dict[str, str]
Panel = dict[str, Any]


def panels(experiment: Experiment) -> list[Panel]:
    """All panels of the page, in reading order; what an experiment does not measure has none."""
    arms, steps = paired_names(experiment), {"range": [0, experiment.steps]}
    gradient_panels = [amount(arms, steps), direction(arms, steps), every_layer(arms, experiment), profile(arms, experiment)]
    hold_panels = [paths(arms, experiment), stillness(arms, experiment)]
    return [
        *(gradient_panels if experiment.gradient_shift == "yes" else []),
        *(hold_panels if experiment.hold_from else []),
        learning(experiment, WORDS),
    ]


# How gradients change


def _gradient(arm: str, name: str, axes: str, key: str, form: str, layer: int | None = None) -> list[Trace]:
    """One measure of one arm: faint as measured, one minibatch a snapshot; strong its running median."""
    feed = {"kind": "gradient", "arm": arm, "key": key, "layer": layer}
    label = f"step %{{x}}: %{{y:{form}}}<extra>{words.fill(TEXTS['amount']['median'], arm=name)}</extra>"
    faint = line(arm, axes, 1, opacity=0.3, feed=feed, hoverinfo="skip")
    strong = {"hovertemplate": label, "legendgroup": arm, "name": name}
    return [faint, line(arm, axes, 2.5, feed={**feed, "smooth": True}) | strong]


def amount(arms: Arms, steps: Layout) -> Panel:
    """How much the chosen layer's gradient changes, relative to its length and absolutely."""
    columns = ((RELATIVE, "", ".0%"), (ABSOLUTE, "2", ".3g"))
    traces = [
        trace for key, axes, form in columns for arm, name in arms.items() for trace in _gradient(arm, name, axes, key, form)
    ]
    relative = axis(TEXTS["amount"]["relative"], rangemode="tozero", tickformat=".0%", fit=RELATIVE)
    absolute = axis(TEXTS["amount"]["absolute"], rangemode="tozero", fit=ABSOLUTE)
    return panel("amount", *heading(WORDS, "amount"), (legend(traces), pair(relative, absolute, steps)), height=340)


def direction(arms: Arms, steps: Layout) -> Panel:
    """The cosine of the chosen layer's gradient before and after."""
    traces = [trace for arm, name in arms.items() for trace in _gradient(arm, name, "", COSINE, ".2f")]
    arrangement = layout(
        showlegend=True,
        margin=MARGIN,
        xaxis=axis("step", **steps),
        yaxis=axis(TEXTS["direction"]["cosine"], fit=COSINE),
    )
    return panel("direction", *heading(WORDS, "direction"), (legend(traces), arrangement), height=340)


def every_layer(arms: Arms, experiment: Experiment) -> Panel:
    """The cosine over steps, layer by layer, on one scale."""
    layers = evenly_spaced(2, experiment.hidden_layers)
    traces: list[Trace] = []
    arrangement = layout(annotations=[], margin={**MARGIN, "t": 22, "b": 24})
    steps = {"range": [0, experiment.steps], "tickvals": [0, experiment.steps // 2], "time": True}
    for place, layer in enumerate(layers):
        axes = str(place + 1) if place else ""
        traces += [_gradient(arm, name, axes, COSINE, ".2f", layer)[1] for arm, name in arms.items()]
        left, right = place / len(layers) + 0.01, (place + 1) / len(layers) - 0.01
        shared = {"matches": "y", "showticklabels": False} if place else {}
        title = "" if place else TEXTS["direction"]["cosine"]
        arrangement[f"xaxis{axes}"] = axis("", domain=[left, right], anchor=f"y{axes}", **steps)
        arrangement[f"yaxis{axes}"] = axis(title, anchor=f"x{axes}", fit="every_cosine", **shared)
        full = not place or len(layers) <= 5  # eight full names have no room on a telephone
        text = words.fill(TEXTS["every-layer"]["layer"], number=layer) if full else str(layer)
        arrangement["annotations"].append(_above(text, (left + right) / 2))
    more = {"wide": True, "height": 220, "rate": 2}
    return panel("every-layer", *heading(WORDS, "every-layer"), (traces, arrangement), **more)


def _above(text: str, x: float) -> Layout:
    """A quiet title above a subplot centred on x."""
    anchors = {"xref": "paper", "yref": "paper", "xanchor": "center", "yanchor": "bottom"}
    return {"text": text, "x": x, "y": 1, "showarrow": False, **anchors}


def profile(arms: Arms, experiment: Experiment) -> Panel:
    """What is typical of each layer so far: the median over snapshots, and the middle 70 % as a band."""
    columns = ((RELATIVE, "", ".1%"), (COSINE, "2", ".3f"))
    traces = [
        trace for key, axes, form in columns for arm, name in arms.items() for trace in _typical(arm, name, axes, key, form)
    ]
    last = experiment.hidden_layers
    layers = {"range": [1.7, last + 0.3], "tickvals": list(range(2, last + 1, max(1, last // 6)))}
    relative = axis(TEXTS["amount"]["relative"], rangemode="tozero", tickformat=".0%", fit="profile_relative")
    cosine = axis(TEXTS["direction"]["cosine"], fit="profile_cosine")
    arrangement = pair(relative, cosine, layers, TEXTS["profile"]["x"])
    return panel("profile", *heading(WORDS, "profile"), (legend(traces), arrangement), rate=2, height=320)


def _typical(arm: str, name: str, axes: str, key: str, form: str) -> list[Trace]:
    """Of one arm a band, and a line through the medians."""
    band = {"fill": "toself", "fillcolor": translucent(arm, 0.18), "hoverinfo": "skip"}
    label = f"layer %{{x}}: %{{y:{form}}}<extra>{name}</extra>"
    dots = {"mode": "lines+markers", "hovertemplate": label, "legendgroup": arm, "name": name}
    return [
        line(arm, axes, 0, feed={"kind": "profile-band", "arm": arm, "key": key}, **band),
        line(arm, axes, 2, feed={"kind": "profile", "arm": arm, "key": key}) | dots,
    ]


# Layers 1 and 2 held


def _hold_mark(experiment: Experiment, axes: tuple[str, ...]) -> list[Layout]:
    """A line in every subplot at the step from which layers 1 and 2 are held."""
    look = {"type": "line", "y0": 0, "y1": 1, "line": {"color": GREY, "width": 1, "dash": "dash"}}
    start = experiment.hold_from
    return [{**look, "x0": start, "x1": start, "xref": f"x{name}", "yref": f"y{name} domain"} for name in axes]


def _four(arms: Arms, feed: dict[str, Any], form: str) -> list[Trace]:
    """A measure of both arms, and dotted of their copies whose layers are held."""
    twins = zip(arms, (WORDS["held"]["none"], WORDS["held"]["compared"]), strict=True)
    lines = [(arm, arm, name, "solid") for arm, name in arms.items()]
    lines += [(f"{arm}-held", arm, name, "dot") for arm, name in twins]
    traces = []
    for arm, colour, name, dash in lines:
        label = f"step %{{x}}: %{{y:{form}}}<extra>{name}</extra>"
        more = {"name": name, "hovertemplate": label, "legendgroup": arm}
        traces.append(line(colour, "", 2, dash, feed={**feed, "arm": arm}) | more)
    return traces


def paths(arms: Arms, experiment: Experiment) -> Panel:
    """The loss of all four networks, and what holding has cost."""
    traces = _four(arms, {"kind": "scalar", "key": "train_loss"}, ".3f")
    for arm, name in arms.items():
        feed = {"kind": "cost", "arm": arm}
        label = f"step %{{x}}: %{{y:+.3f}}<extra>{name}</extra>"
        traces.append(line(arm, "2", 1, opacity=0.3, feed=feed, hoverinfo="skip"))
        strong = {"hovertemplate": label, "legendgroup": arm, "name": name}
        traces.append(line(arm, "2", 2.5, feed={**feed, "smooth": True}) | strong)
    loss = axis(TEXTS["paths"]["loss"], rangemode="tozero", fit="train_loss")
    zero = {"zeroline": True, "zerolinecolor": "rgba(128,128,128,0.6)"}
    cost = axis(TEXTS["paths"]["cost"], fit="cost") | zero
    marks = _hold_mark(experiment, ("", "2"))
    arrangement = pair(loss, cost, {"range": [0, experiment.steps]}, margin=TWO_ROWS, shapes=marks)
    return panel("paths", *heading(WORDS, "paths"), (legend(traces), arrangement), height=340)


def stillness(arms: Arms, experiment: Experiment) -> Panel:
    """How far a[2] moves from snapshot to snapshot."""
    arrangement = layout(
        showlegend=True,
        margin=TWO_ROWS,
        xaxis=axis("step", range=[0, experiment.steps]),
        yaxis=axis(TEXTS["stillness"]["y"], rangemode="tozero", fit="moved"),
        shapes=_hold_mark(experiment, ("",)),
    )
    traces = legend(_four(arms, {"kind": "moved"}, ".3f σ"))
    definition = TEXTS["stillness"]["definition"]
    return panel("stillness", *heading(WORDS, "stillness"), (traces, arrangement), height=340, definition=definition)
