"""The panels of the page `/`: watch a[2] shift.

`arms` is what the two arms are called, by arm: the one without a normalizer first.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bnviz.config.experiment import PERCENTILES, Experiment
from bnviz.web import words
from bnviz.web.figures import (
    COLOURS,
    GREY,
    LEARNING,
    Layout,
    Trace,
    arm_curves,
    arm_title,
    axis,
    evenly_spaced,
    heading,
    layer_curves,
    layout,
    line,
    paired_names,
    panel,
    side_by_side,
    translucent,
)

WORDS = words.catalogue("live_shift")
TEXTS = WORDS["panels"]
Arms = dict[str, str]
Panel = dict[str, Any]
MEDIAN_WINDOW = 9  # snapshots


def panels(experiment: Experiment) -> list[Panel]:
    """All panels of the page, in reading order."""
    arms, steps = paired_names(experiment), {"range": [0, experiment.steps]}
    return [
        fan(arms, steps),
        ridges(arms, experiment.steps),
        shift(arms, steps),
        learning(arms, steps),
        *([cosine(arms, steps)] if experiment.gradient_shift == "yes" else []),
        bands(arms, steps),
        noise(arms, steps),
        *(layers(arm, name, experiment) for arm, name in arms.items()),
        *([alphas(arms, experiment)] if experiment.skip_connections == "skipinit" else []),
    ]


def _sides(arms: Arms) -> Iterator[tuple[str, str]]:
    """Each arm with its subplot, side by side."""
    return zip(arms, ("", "2"), strict=True)


def fan(arms: Arms, steps: Layout) -> Panel:
    """One thin line a unit: its mean on the probe, over steps."""
    traces: list[Trace] = []
    for arm, axes in _sides(arms):
        every = {"kind": "units", "arm": arm, "key": "unit_mean"}
        unit_feed = {"kind": "chosen-unit", "arm": arm, "key": "unit_mean"}
        traces.append(line(arm, axes, 1, opacity=0.42, feed=every, hoverinfo="skip"))
        traces.append(line(arm, axes, 3, feed=unit_feed, hovertemplate="step %{x}<br>mean %{y:.2f}<extra></extra>"))
    arrangement = side_by_side(arms, steps, {"fit": "unit_mean"}, "step", TEXTS["fan"]["y"])
    return panel("fan", *heading(WORDS, "fan"), (traces, arrangement), height=380, rate=5)


def ridges(arms: Arms, steps: int) -> Panel:
    """Rows are at their steps, the newest in front; ReLU's atom at 0 is a bar of its own at the left of each row."""
    traces: list[Trace] = []
    for arm, axes in _sides(arms):
        fill = {"fill": "toself", "hoverinfo": "skip"}
        traces.append(line(arm, axes, 1, feed={"kind": "ridge-past", "arm": arm}, fillcolor=translucent(arm, 0.16), **fill))
        traces.append(line(arm, axes, 2.5, feed={"kind": "ridge-front", "arm": arm}, fillcolor=translucent(arm, 0.5), **fill))
        traces.append(line(arm, axes, 1.5, "dot", feed={"kind": "ridge-first", "arm": arm}, hoverinfo="skip"))
    rows = {"range": [steps * 1.02, -steps * 0.22], "tickvals": [0, steps / 2, steps]}
    arrangement = side_by_side(arms, {"fit": "histogram"}, rows, "{tap}", TEXTS["ridges"]["y"])
    return panel("ridges", *heading(WORDS, "ridges"), (traces, arrangement), height=380, rate=60)


def bands(arms: Arms, steps: Layout) -> Panel:
    """The outer percentiles as a band, the middle one as a line."""
    low, middle, high = range(len(PERCENTILES))
    traces = [
        _percentile(arm, axes, place, width)
        for arm, axes in _sides(arms)
        for place, width in ((low, 0), (high, 0), (middle, 2.5))
    ]
    arrangement = side_by_side(arms, steps, {"fit": "percentiles"}, "step", "{tap}")
    return panel("bands", *heading(WORDS, "bands"), (traces, arrangement))


def _percentile(arm: str, axes: str, place: int, width: float) -> Trace:
    """One percentile over steps; the last one is filled down to the trace before it."""
    fill = {"fill": "tonexty", "fillcolor": translucent(arm, 0.25)} if place == len(PERCENTILES) - 1 else {}
    label = f"{PERCENTILES[place]} % below %{{y:.2f}} at step %{{x}}<extra></extra>"
    feed = {"kind": "percentile", "arm": arm, "place": place}
    return line(arm, axes, width, feed=feed, hovertemplate=label, **fill)


def shift(arms: Arms, steps: Layout) -> Panel:
    """Wasserstein distances from the untrained network, and from one snapshot to the next."""
    traces = [
        _series(arm, name, axes, key)
        for key, axes in (("shift_from_first", ""), ("shift_step", "2"))
        for arm, name in arms.items()
    ]
    arrangement = layout(
        showlegend=True,
        xaxis=axis("step", domain=[0, 0.45], **steps),
        xaxis2=axis("step", domain=[0.55, 1], anchor="y2", matches="x", **steps),
        yaxis=axis(TEXTS["shift"]["first"], rangemode="tozero", fit="shift_from_first"),
        yaxis2=axis(TEXTS["shift"]["step"], anchor="x2", rangemode="tozero", fit="shift_step"),
    )
    return panel("shift", *heading(WORDS, "shift"), (traces, arrangement), definition=TEXTS["shift"]["definition"])


def _series(arm: str, name: str, axes: str, key: str, **more: Any) -> Trace:
    """One key of the chosen layer over steps, in σ."""
    feed = {"kind": "series", "arm": arm, "key": key, **more}
    label = f"step %{{x}}: %{{y:.3f}} σ<extra>{name}</extra>"
    return line(arm, axes, feed=feed, hovertemplate=label, legendgroup=arm, showlegend=axes == "", name=name)


def learning(arms: Arms, steps: Layout) -> Panel:
    """Loss and accuracy, and when each arm reached the target that people may move."""
    traces = arm_curves(arms, LEARNING)
    target = {"color": GREY, "width": 1, "dash": "dash"}
    traces.append({**line("none", "2"), "feed": {"kind": "target"}, "line": target, "hoverinfo": "skip"})
    for arm in arms:
        mark = {"mode": "markers", "marker": {"color": COLOURS[arm], "size": 10, "symbol": "diamond"}}
        feed = {"kind": "reached", "arm": arm}
        traces.append({**line(arm, "2"), "feed": feed, **mark, "hovertemplate": "step %{x}<extra></extra>"})
    arrangement = layout(
        showlegend=True,
        xaxis=axis("step", domain=[0, 0.45], **steps),
        xaxis2=axis("step", domain=[0.55, 1], anchor="y2", matches="x", **steps),
        yaxis=axis(TEXTS["learning"]["loss"], rangemode="tozero", fit="train_loss"),
        yaxis2=axis(TEXTS["learning"]["accuracy"], anchor="x2", tickformat=".1~%", fit="test_accuracy"),
    )
    return panel("learning", *heading(WORDS, "learning"), (traces, arrangement), control="target")


def cosine(arms: Arms, steps: Layout) -> Panel:
    """Whether the chosen layer's gradient keeps its direction while the layers below take their step, for a card of the tour."""
    traces: list[Trace] = []
    for arm, name in arms.items():
        feed = {"kind": "layer", "arm": arm, "key": "gradient_cosine"}
        label = f"step %{{x}}: %{{y:.2f}}<extra>{name}</extra>"
        traces.append(line(arm, "", 1, opacity=0.3, feed=feed, hoverinfo="skip"))
        strong = line(arm, "", 2.5, feed={**feed, "window": MEDIAN_WINDOW}, hovertemplate=label, legendgroup=arm)
        traces.append(strong | {"name": name, "showlegend": True})
    gradients = axis(TEXTS["cosine"]["y"], fit="layer:gradient_cosine")
    figure = layout(showlegend=True, xaxis=axis("step", **steps), yaxis=gradients)
    return panel("cosine", *heading(WORDS, "cosine"), (traces, figure), wide=True)


def noise(arms: Arms, steps: Layout) -> Panel:
    """What one minibatch says of each unit's mean and spread, and how far means are off over steps.

    Of `linear`, whatever tap is chosen: its statistics are the ones that batch norm takes.
    """
    traces: list[Trace] = []
    for arm, axes in _sides(arms):
        dots = {"mode": "markers", "marker": {"color": COLOURS[arm], "size": 6, "opacity": 0.7}}
        label = "mean off by %{x:.2f} σ<br>spread × %{y:.2f}<extra></extra>"
        traces.append({**line(arm, axes), "feed": {"kind": "minibatch", "arm": arm}, **dots, "hovertemplate": label})
        traces.append(line(arm, axes, 1.5, "dot", feed={"kind": "ellipse", "arm": arm}, hoverinfo="skip"))
        traces.append(_series(arm, arms[arm], "3", "mean_noise", tap="linear"))
    expected = {"line": {"color": GREY, "width": 1.5, "dash": "dash"}, "hovertemplate": "expected: %{y:.3f} σ<extra></extra>"}
    traces.append({**line("none", "3"), "feed": {"kind": "expected"}, **expected})
    about = {"rate": 2, "definition": TEXTS["noise"]["definition"]}
    return panel("noise", *heading(WORDS, "noise"), (traces, _noise_layout(arms, steps)), **about)


def _noise_layout(arms: Arms, steps: Layout) -> Layout:
    off = {"range": [-1.6, 1.6], "tickvals": [-1, 0, 1]}
    ratio = {"range": [0, 2.4], "tickvals": [0, 1, 2]}
    mean, spread_title = TEXTS["noise"]["mean"], TEXTS["noise"]["spread"]
    return layout(
        xaxis=axis(mean, domain=[0, 0.27], **off),
        xaxis2=axis(mean, domain=[0.3, 0.57], anchor="y2", matches="x", **off),
        xaxis3=axis("step", domain=[0.69, 1], anchor="y3", **steps),
        yaxis=axis(spread_title, **ratio),
        yaxis2=axis("", anchor="x2", matches="y", showticklabels=False, **ratio),
        yaxis3=axis(mean, anchor="x3", rangemode="tozero", fit="mean_noise"),
        annotations=[arm_title(*one, x=x) for one, x in zip(arms.items(), (0.135, 0.435), strict=True)],
    )


def layers(arm: str, name: str, experiment: Experiment) -> Panel:
    """Histograms over time of every layer; heat maps side by side, or below one another on a narrow page."""
    numbers = evenly_spaced(1, experiment.hidden_layers)
    traces: list[Trace] = []
    arrangement = layout(annotations=[], margin={"l": 34, "r": 6, "t": 22, "b": 24})
    for place, layer in enumerate(numbers, start=1):
        axes = "" if place == 1 else str(place)
        traces += _heat(arm, axes, layer)
        domain = [(place - 1) / len(numbers) + 0.006, place / len(numbers) - 0.006]
        shared = {} if place == 1 else {"matches": "y", "showticklabels": False}
        arrangement[f"xaxis{axes}"] = axis("", domain=domain, anchor=f"y{axes}", range=[0, experiment.steps], nticks=2, time=True)
        arrangement[f"yaxis{axes}"] = axis("", anchor=f"x{axes}", fit="heat", **shared)
        arrangement["annotations"].append(arm_title(arm, f"layer {layer}", sum(domain) / 2))
    title, caption = heading(WORDS, "layers")
    return panel(f"layers-{arm}", words.fill(title, arm=name), caption, (traces, arrangement), rate=1, height=230)


def _heat(arm: str, axes: str, layer: int) -> list[Trace]:
    """One layer's heat map, and its percentiles as lines."""
    heat = {
        "type": "heatmap", "z": [], "x": [], "y": [], "xaxis": f"x{axes}", "yaxis": f"y{axes}", "zsmooth": "fast",
        "showscale": False, "colorscale": [[0, translucent(arm, 0)], [1, translucent(arm, 1)]],
        "hoverinfo": "skip", "feed": {"kind": "heat", "arm": arm, "layer": layer},
    }  # fmt: skip
    feed = {"kind": "layer-percentiles", "arm": arm, "layer": layer}
    return [heat, {**line(arm, axes), "feed": feed, "line": {"color": GREY, "width": 1}, "hoverinfo": "skip"}]


def alphas(arms: Arms, experiment: Experiment) -> Panel:
    """α of SkipInit over steps: one thin line for every layer that has one, a strong one for the chosen layer."""
    traces = [
        trace
        for arm, axes in _sides(arms)
        for trace in layer_curves(arm, "skip_scale", experiment.hidden_layers, "α = %{y:.3f}", axes, first=2)
    ]
    steps = {"range": [0, experiment.steps]}
    arrangement = side_by_side(arms, steps, {"fit": "layers:skip_scale"}, "step", TEXTS["alphas"]["y"])
    return panel("alphas", *heading(WORDS, "alphas"), (traces, arrangement))
