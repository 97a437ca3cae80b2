"""The panels of the page `/`: watch a[2] shift."""

from __future__ import annotations

from typing import Any

from bnviz.config.experiment import Experiment
from bnviz.web.figures import (
    ARMS,
    COLOURS,
    GREY,
    LEARNING,
    Layout,
    Trace,
    arm_curves,
    arm_title,
    axis,
    layout,
    line,
    panel,
    side_by_side,
    spread,
    translucent,
)

AXES = {"none": "", "batch": "2"}


def panels(experiment: Experiment) -> list[dict[str, Any]]:
    """All panels of the page, in reading order."""
    steps = {"range": [0, experiment.steps]}
    return [
        fan(steps),
        ridges(experiment.steps),
        shift(steps),
        learning(steps),
        bands(steps),
        noise(steps),
        layers("none", experiment),
        layers("batch", experiment),
    ]


def fan(steps: Layout) -> dict[str, Any]:
    traces: list[Trace] = []
    for arm, axes in AXES.items():
        every = {"kind": "units", "arm": arm, "key": "unit_mean"}
        chosen = {"kind": "chosen-unit", "arm": arm, "key": "unit_mean"}
        traces.append(line(arm, axes, 1, opacity=0.42, feed=every, hoverinfo="skip"))
        traces.append(line(arm, axes, 3, feed=chosen, hovertemplate="step %{x}<br>mean %{y:.2f}<extra></extra>"))
    return panel(
        "fan",
        "The mean of every unit",
        "Each thin line is one unit of {layer}: its mean {tap} over 512 fixed test images. This is the ground that the next "
        "layer stands on.{thick}",
        (traces, side_by_side(steps, {"fit": "unit_mean"}, "step", "mean {tap}")),
        height=380,
        rate=5,
    )


def ridges(steps: int) -> dict[str, Any]:
    """Rows stand at their step, the newest in front; ReLU's atom at 0 is a bar of its own at the left of each row."""
    traces: list[Trace] = []
    for arm, axes in AXES.items():
        fill = {"fill": "toself", "hoverinfo": "skip"}
        traces.append(line(arm, axes, 1, feed={"kind": "ridge-past", "arm": arm}, fillcolor=translucent(arm, 0.16), **fill))
        traces.append(line(arm, axes, 2.5, feed={"kind": "ridge-front", "arm": arm}, fillcolor=translucent(arm, 0.5), **fill))
        traces.append(line(arm, axes, 1.5, "dot", feed={"kind": "ridge-first", "arm": arm}, hoverinfo="skip"))
    rows = {"range": [steps * 1.02, -steps * 0.22], "tickvals": [0, steps / 2, steps]}
    return panel(
        "ridges",
        "What the next layer receives on one wire",
        "The distribution of {tap}, {unit}, step by step from back to front; dotted: where it began.{zeros} Lightly smoothed, "
        "blended while in motion, each side in its own height.{beyond}",
        (traces, side_by_side({"fit": "histogram"}, rows, "{tap}", "step")),
        height=380,
        rate=60,
    )


def bands(steps: Layout) -> dict[str, Any]:
    traces: list[Trace] = []
    for arm, axes in AXES.items():
        for place, style in enumerate(({"width": 0}, {"width": 0, "fill": True}, {"width": 2.5})):
            order = (0, 2, 1)[place]
            more = {"fill": "tonexty", "fillcolor": translucent(arm, 0.25)} if style.get("fill") else {}
            feed = {"kind": "percentile", "arm": arm, "place": order}
            label = f"{(15, 50, 85)[order]} % below %{{y:.2f}} at step %{{x}}<extra></extra>"
            traces.append(line(arm, axes, style["width"], feed=feed, hovertemplate=label, **more))
    return panel(
        "bands",
        "The middle 70 %",
        "15th, 50th and 85th percentile of {tap}, {unit}, as in figure 1 of Ioffe & Szegedy (2015).",
        (traces, side_by_side(steps, {"fit": "percentiles"}, "step", "{tap}")),
    )


def shift(steps: Layout) -> dict[str, Any]:
    traces: list[Trace] = []
    for key, axes in (("shift_from_first", ""), ("shift_step", "2")):
        for arm in ARMS:
            feed = {"kind": "series", "arm": arm, "key": key}
            label = "step %{x}: %{y:.3f} σ<extra>" + ARMS[arm] + "</extra>"
            traces.append(line(arm, axes, feed=feed, hovertemplate=label, legendgroup=arm, showlegend=axes == ""))
    arrangement = layout(
        showlegend=True,
        xaxis=axis("step", domain=[0, 0.45], **steps),
        xaxis2=axis("step", domain=[0.55, 1], anchor="y2", matches="x", **steps),
        yaxis=axis("from the untrained net (σ)", rangemode="tozero", fit="shift_from_first"),
        yaxis2=axis("since the snapshot before (σ)", anchor="x2", rangemode="tozero", fit="shift_step"),
    )
    return panel(
        "shift",
        "How far {tap} has moved",
        "Wasserstein distance between each unit's distribution now and then, averaged over units, in standard deviations.",
        (traces, arrangement),
    )


def learning(steps: Layout) -> dict[str, Any]:
    traces = arm_curves(ARMS, LEARNING)
    target = {"color": "rgba(128,128,128,0.8)", "width": 1, "dash": "dash"}
    traces.append({**line("none", "2"), "feed": {"kind": "target"}, "line": target, "hoverinfo": "skip"})
    for arm in ARMS:
        mark = {"mode": "markers", "marker": {"color": COLOURS[arm], "size": 10, "symbol": "diamond"}}
        traces.append(
            {**line(arm, "2"), "feed": {"kind": "reached", "arm": arm}, **mark, "hovertemplate": "step %{x}<extra></extra>"}
        )
    arrangement = layout(
        showlegend=True,
        xaxis=axis("step", domain=[0, 0.45], **steps),
        xaxis2=axis("step", domain=[0.55, 1], anchor="y2", matches="x", **steps),
        yaxis=axis("training loss", rangemode="tozero", fit="train_loss"),
        yaxis2=axis("test accuracy", anchor="x2", tickformat=".0%", fit="test_accuracy"),
    )
    return panel("learning", "Learning", "{reached}", (traces, arrangement), control="target")


def noise(steps: Layout) -> dict[str, Any]:
    traces: list[Trace] = []
    for arm, axes in AXES.items():  # of `linear`, whatever tap is chosen: its statistics are the ones that batch norm takes
        dots = {"mode": "markers", "marker": {"color": COLOURS[arm], "size": 6, "opacity": 0.7}}
        label = "mean off by %{x:.2f} σ<br>spread × %{y:.2f}<extra></extra>"
        traces.append({**line(arm, axes), "feed": {"kind": "minibatch", "arm": arm}, **dots, "hovertemplate": label})
        traces.append(line(arm, axes, 1.5, "dot", feed={"kind": "ellipse", "arm": arm}, hoverinfo="skip"))
        label = "step %{x}: %{y:.3f} σ<extra>" + ARMS[arm] + "</extra>"
        traces.append(
            line(arm, "3", feed={"kind": "series", "arm": arm, "key": "mean_noise", "tap": "linear"}, hovertemplate=label)
        )
    expected = {"color": GREY, "width": 1.5, "dash": "dash"}
    traces.append(
        {**line("none", "3"), "feed": {"kind": "expected"}, "line": expected, "hovertemplate": "σ/√n = %{y:.3f} σ<extra></extra>"}
    )
    spread = {"range": [-1.6, 1.6], "tickvals": [-1, 0, 1]}
    ratio = {"range": [0, 2.4], "tickvals": [0, 1, 2]}
    arrangement = layout(
        xaxis=axis("mean off by (σ)", domain=[0, 0.27], **spread),
        xaxis2=axis("mean off by (σ)", domain=[0.3, 0.57], anchor="y2", matches="x", **spread),
        xaxis3=axis("step", domain=[0.69, 1], anchor="y3", **steps),
        yaxis=axis("spread (σ)", **ratio),
        yaxis2=axis("", anchor="x2", matches="y", showticklabels=False, **ratio),
        yaxis3=axis("mean off by (σ)", anchor="x3", rangemode="tozero", fit="mean_noise"),
        annotations=[arm_title("none", 0.135), arm_title("batch", 0.435)],
    )
    return panel(
        "noise",
        "What one minibatch sees",
        "{noise}",
        (traces, arrangement),
        rate=2,
    )


def layers(arm: str, experiment: Experiment) -> dict[str, Any]:
    """Histograms over time of every layer; heat maps side by side, or below one another on a narrow page."""
    chosen = spread(1, experiment.hidden_layers)
    count = len(chosen)
    traces: list[Trace] = []
    arrangement = layout(annotations=[], margin={"l": 34, "r": 6, "t": 22, "b": 24})
    for place, layer in enumerate(chosen, start=1):
        axes = "" if place == 1 else str(place)
        traces.append({
            "type": "heatmap", "z": [], "x": [], "y": [], "xaxis": f"x{axes}", "yaxis": f"y{axes}", "zsmooth": "fast",
            "showscale": False, "colorscale": [[0, translucent(arm, 0)], [1, translucent(arm, 1)]],
            "hoverinfo": "skip", "feed": {"kind": "heat", "arm": arm, "layer": layer},
        })  # fmt: skip
        shade = {"color": GREY, "width": 1}
        feed = {"kind": "layer-percentiles", "arm": arm, "layer": layer}
        traces.append({**line(arm, axes), "feed": feed, "line": shade, "hoverinfo": "skip"})
        left, right = (place - 1) / count + 0.006, place / count - 0.006
        shared = {} if place == 1 else {"matches": "y", "showticklabels": False}
        arrangement[f"xaxis{axes}"] = axis("", domain=[left, right], anchor=f"y{axes}", range=[0, experiment.steps], nticks=2)
        arrangement[f"yaxis{axes}"] = axis("", anchor=f"x{axes}", fit="heat", **shared)
        arrangement["annotations"].append(arm_title(arm, (left + right) / 2, text=f"layer {layer}"))
    return panel(
        f"layers-{arm}",
        f"All layers, {ARMS[arm]}",
        "{tapname} of all units, layer by layer, over steps: darker is more; lines at 15, 50 and 85 %. The share at exactly 0 is "
        "left out. Pooled over units like this, much of the wandering averages out.",
        (traces, arrangement),
        rate=1,
        height=230,
    )
