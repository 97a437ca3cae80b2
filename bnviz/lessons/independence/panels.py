"""The panels of the page /independence: do w3 and b3 learn on their own?"""

from __future__ import annotations

from typing import Any

from bnviz.config.experiment import Experiment
from bnviz.web import words
from bnviz.web.figures import (
    MARGIN,
    PAIR,
    TWO_ROWS,
    Layout,
    Trace,
    axis,
    layout,
    learning,
    legend,
    line,
    pair,
    panel,
    spread,
    translucent,
)

HELD = {"none-held": "without, held", "batch-held": "with, held"}

WORDS = words.catalogue("independence")


def panels(experiment: Experiment) -> list[dict[str, Any]]:
    """All panels of the page, in reading order; what an experiment does not measure has none."""
    steps = {"range": [0, experiment.steps]}
    measured = [amount(steps), direction(steps), every_layer(experiment), profile(experiment)]
    held = [paths(experiment), stillness(experiment)]
    return [
        *(measured if experiment.gradient_shift == "yes" else []),
        *(held if experiment.hold_from else []),
        learning(experiment, WORDS),
    ]


def _gradient(arm: str, axes: str, key: str, form: str, layer: int | None = None) -> list[Trace]:
    """One measure of one arm: faint as measured, one minibatch a snapshot; strong its running median."""
    feed = {"kind": "gradient", "arm": arm, "key": key, "layer": layer}
    label = f"step %{{x}}: %{{y:{form}}}<extra>{PAIR[arm]}, running median</extra>"
    faint = line(arm, axes, 1, opacity=0.3, feed=feed, hoverinfo="skip")
    return [faint, line(arm, axes, 2.5, feed={**feed, "smooth": True}, hovertemplate=label, legendgroup=arm)]


def amount(steps: Layout) -> dict[str, Any]:
    traces: list[Trace] = []
    for key, axes, form in (("gradient_shift_relative", "", ".0%"), ("gradient_shift", "2", ".3g")):
        for arm in PAIR:
            traces += _gradient(arm, axes, key, form)
    relative = axis("‖G−G′‖ / ‖G‖", rangemode="tozero", tickformat=".0%", fit="gradient_shift_relative")
    absolute = axis("‖G−G′‖", rangemode="tozero", fit="gradient_shift")
    return panel(
        "amount",
        "How much the gradient of W[{number}] changes",
        "G: the gradient of W[{number}] on the next minibatch. G′: the same once {below} taken the step that this minibatch asks "
        "for. Left as a share of G, right as it is. Faint: single minibatches; strong: running median.",
        (legend(traces), pair(relative, absolute, steps)),
        height=340,
    )


def direction(steps: Layout) -> dict[str, Any]:
    traces = [trace for arm in PAIR for trace in _gradient(arm, "", "gradient_cosine", ".2f")]
    arrangement = layout(
        showlegend=True,
        margin=MARGIN,
        xaxis=axis("step", **steps),
        yaxis=axis("cosine of G and G′", fit="gradient_cosine"),
    )
    return panel(
        "direction",
        "Does it still point the same way?",
        "1: it does, and layer {number} can learn as if nothing moved below it. 0: the direction it is about to take has nothing "
        "to do with the one it would take a moment later.",
        (legend(traces), arrangement),
        height=340,
    )


def every_layer(experiment: Experiment) -> dict[str, Any]:
    """The cosine over steps, layer by layer, on one scale."""
    chosen = spread(2, experiment.hidden_layers)
    traces: list[Trace] = []
    arrangement = layout(annotations=[], margin={**MARGIN, "t": 22, "b": 24})
    steps = {"range": [0, experiment.steps], "tickvals": [0, experiment.steps // 2]}
    for place, layer in enumerate(chosen):
        axes = str(place + 1) if place else ""
        traces += [_gradient(arm, axes, "gradient_cosine", ".2f", layer)[1] for arm in PAIR]
        left, right = place / len(chosen) + 0.01, (place + 1) / len(chosen) - 0.01
        shared = {"matches": "y", "showticklabels": False} if place else {}
        title = "" if place else "cosine of G and G′"
        arrangement[f"xaxis{axes}"] = axis("", domain=[left, right], anchor=f"y{axes}", **steps)
        arrangement[f"yaxis{axes}"] = axis(title, anchor=f"x{axes}", fit="every_cosine", **shared)
        name = f"layer {layer}" if not place or len(chosen) <= 5 else str(layer)  # eight full names have no room on a telephone
        arrangement["annotations"].append(_above(name, (left + right) / 2))
    return panel(
        "every-layer",
        "The same, layer by layer",
        "Running medians of the cosine over steps. The higher a layer, the more layers have moved below it.",
        (traces, arrangement),
        wide=True,
        height=220,
        rate=2,
    )


def _above(text: str, x: float) -> Layout:
    """A quiet title above a subplot centred on x."""
    anchors = {"xref": "paper", "yref": "paper", "xanchor": "center", "yanchor": "bottom"}
    return {"text": text, "x": x, "y": 1, "showarrow": False, **anchors}


def profile(experiment: Experiment) -> dict[str, Any]:
    """What is typical of each layer so far: the median over snapshots, and the middle 70 % as a band."""
    traces: list[Trace] = []
    for key, axes, form in (("gradient_shift_relative", "", ".1%"), ("gradient_cosine", "2", ".3f")):
        for arm in PAIR:
            feed = {"kind": "profile-band", "arm": arm, "key": key}
            traces.append(line(arm, axes, 0, feed=feed, fill="toself", fillcolor=translucent(arm, 0.18), hoverinfo="skip"))
            label = f"layer %{{x}}: %{{y:{form}}}<extra>{PAIR[arm]}</extra>"
            dots = {"mode": "lines+markers", "hovertemplate": label, "legendgroup": arm}
            traces.append(line(arm, axes, 2, feed={"kind": "profile", "arm": arm, "key": key}, **dots))
    last = experiment.hidden_layers
    layers = {"range": [1.7, last + 0.3], "tickvals": list(range(2, last + 1, max(1, last // 6)))}
    relative = axis("‖G−G′‖ / ‖G‖", rangemode="tozero", tickformat=".0%", fit="profile_relative")
    return panel(
        "profile",
        "From layer to layer",
        "{profile}",
        (legend(traces), pair(relative, axis("cosine of G and G′", fit="profile_cosine"), layers, "layer")),
        rate=2,
        height=320,
    )


def _hold_mark(experiment: Experiment, axes: tuple[str, ...]) -> list[Layout]:
    """A line in every subplot at the step from which layers 1 and 2 are held."""
    grey = {"color": "rgba(128,128,128,0.8)", "width": 1, "dash": "dash"}
    held = experiment.hold_from
    return [
        {"type": "line", "x0": held, "x1": held, "y0": 0, "y1": 1, "xref": f"x{name}", "yref": f"y{name} domain", "line": grey}
        for name in axes
    ]


def _four(axes: str, feed: dict[str, Any], form: str) -> list[Trace]:
    """A measure of both arms, and dotted of their held companions."""
    traces = []
    for arm, name in (*PAIR.items(), *HELD.items()):
        colour, dash = arm.removesuffix("-held"), "dot" if arm in HELD else "solid"
        label = f"step %{{x}}: %{{y:{form}}}<extra>{name}</extra>"
        traces.append(line(colour, axes, 2, dash, feed={**feed, "arm": arm}, name=name, hovertemplate=label, legendgroup=arm))
    return traces


def paths(experiment: Experiment) -> dict[str, Any]:
    traces = _four("", {"kind": "scalar", "key": "train_loss"}, ".3f")
    for arm in PAIR:
        feed = {"kind": "cost", "arm": arm}
        label = f"step %{{x}}: %{{y:+.3f}}<extra>{PAIR[arm]}</extra>"
        traces.append(line(arm, "2", 1, opacity=0.3, feed=feed, hoverinfo="skip"))
        traces.append(line(arm, "2", 2.5, feed={**feed, "smooth": True}, hovertemplate=label, legendgroup=arm))
    loss = axis("training loss", rangemode="tozero", fit="train_loss")
    more = axis("held − learning", fit="cost")
    more |= {"zeroline": True, "zerolinecolor": "rgba(128,128,128,0.6)"}
    marks = _hold_mark(experiment, ("", "2"))
    return panel(
        "paths",
        "Hold layers 1 and 2 still",
        "{held}",
        (legend(traces), pair(loss, more, {"range": [0, experiment.steps]}, margin=TWO_ROWS, shapes=marks)),
        height=340,
    )


def stillness(experiment: Experiment) -> dict[str, Any]:
    arrangement = layout(
        showlegend=True,
        margin=TWO_ROWS,
        xaxis=axis("step", range=[0, experiment.steps]),
        yaxis=axis("a[2] since the snapshot before (σ)", rangemode="tozero", fit="moved"),
        shapes=_hold_mark(experiment, ("",)),
    )
    return panel(
        "stillness",
        "What layer 3 stands on",
        "{moved}",
        (legend(_four("", {"kind": "moved"}, ".3f σ")), arrangement),
        height=340,
    )
