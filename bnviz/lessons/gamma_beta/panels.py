"""The panels of the page `/gamma-beta`: mean and variance need not stay 0 and 1."""

from __future__ import annotations

from typing import Any

from bnviz.config.experiment import Experiment
from bnviz.web.figures import (
    COLOURS,
    GREY,
    LEARNING,
    NAMES,
    Layout,
    Trace,
    arm_curves,
    arm_title,
    axis,
    layout,
    line,
    panel,
    translucent,
)

Panel = dict[str, Any]
DASHES = {"none": "solid", "batch": "solid", "fixed": "dash"}
COLUMNS = {"standardized": "ẑ", "normalized": "γẑ+β", "activation": "a"}
HALVES = [[0, 0.42], [0.58, 1]]
THIRDS = [[0, 0.29], [0.355, 0.645], [0.71, 1]]


def panels(experiment: Experiment) -> list[Panel]:
    """All panels of the page, in reading order; those whose measures are not recorded are left out."""
    arms = [arm for arm in experiment.arms if arm in DASHES]
    steps = {"range": [0, experiment.steps]}
    inside, fixed = experiment.look_inside == "yes", "fixed" in arms
    return [
        scatter(),
        scales(steps, inside),
        *([journey(experiment.steps), bands(steps, fixed)] if inside else []),
        learning(steps, arms),
        *([views(steps), lag(steps, experiment.hidden_layers)] if inside else []),
        *([means(steps)] if fixed else []),
        by_hand(),
    ]


def scatter() -> Panel:
    """One dot a unit: where batch norm puts its mean and its standard deviation."""
    path = line("batch", width=2, feed={"kind": "scale-path"}, hoverinfo="skip")
    units = _dots("batch", {"kind": "scale-dots"}, 7, 0.55, "mean %{x:.2f}, sd %{y:.2f}")
    chosen = _dots("batch", {"kind": "scale-chosen"}, 13, 1, "mean %{x:.2f}, sd %{y:.2f}")
    pinned = {**line("batch"), "feed": {"kind": "pinned-dot"}, "mode": "markers", "hoverinfo": "skip"}
    pinned["marker"] = {"symbol": "cross-thin", "size": 26, "line": {"color": GREY, "width": 3}}
    arrangement = layout(
        xaxis=axis("β: mean of γẑ+β", fit="beta_even"), yaxis=axis("γ: standard deviation of γẑ+β", fit="gamma_even")
    )
    return panel(
        "scatter",
        "Every unit chooses a mean and a spread",
        "One dot a unit of {layer}. All begin at the cross, mean 0 and standard deviation 1, where ẑ stays; γ and β are weights "
        "like others, and take γẑ+β along.{thick}",
        ([units, path, chosen, pinned], arrangement),
        height=340,
        rate=60,
    )


def _dots(arm: str, feed: dict[str, Any], size: int, opacity: float, hover: str) -> Trace:
    mark = {"color": COLOURS[arm], "size": size, "opacity": opacity, "line": {"width": 0}}
    return {**line(arm), "feed": feed, "mode": "markers", "marker": mark, "hovertemplate": hover + "<extra></extra>"}


def scales(steps: Layout, inside: bool) -> Panel:
    """γ and β of every unit over steps; grey, where ẑ's own mean and standard deviation were measured."""
    traces: list[Trace] = []
    for key, axes, pin in (("beta", "", "mean_range"), ("gamma", "2", "std_range")):
        traces.append(line("batch", axes, 1, opacity=0.42, feed={"kind": "scale-units", "key": key}, hoverinfo="skip"))
        label = "step %{x}: %{y:.3f}<extra></extra>"
        traces.append(line("batch", axes, 3, feed={"kind": "scale-unit", "key": key}, hovertemplate=label))
        for place in (0, 1) if inside else ():
            feed = {"kind": "pinned", "key": pin, "place": place}
            trace = line("batch", axes, feed=feed, hovertemplate="ẑ: %{y:.4f}<extra></extra>")
            traces.append({**trace, "line": {"color": GREY, "width": 2, "dash": "dot"}})
    arrangement = _row(HALVES, "step", steps, ("β (mean)", "γ (standard deviation)"), fits=("beta", "gamma"))
    return panel(
        "scales",
        "γ and β are learnt",
        "β and γ of every unit of {layer}.{thick}{pinned}",
        (traces, arrangement),
        height=340,
        rate=8,
    )


def journey(steps: int) -> Panel:
    """Three ridgelines side by side: ẑ, γẑ+β and a of the chosen unit."""
    traces: list[Trace] = []
    for axes, tap in zip(("", "2", "3"), COLUMNS, strict=True):
        fill = {"fill": "toself", "hoverinfo": "skip"}
        for part, width, opacity in (("past", 1, 0.16), ("front", 2.5, 0.5)):
            feed = {"kind": f"column-{part}", "arm": "batch", "tap": tap}
            traces.append(line("batch", axes, width, feed=feed, fillcolor=translucent("batch", opacity), **fill))
        first = {"kind": "column-first", "arm": "batch", "tap": tap}
        traces.append(line("batch", axes, 1.5, "dot", feed=first, hoverinfo="skip"))
    rows = {"range": [steps * 1.02, -steps * 0.22], "tickvals": [0, steps / 2, steps]}
    fits = {"": "before_g", "2": "before_g", "3": "after_g"}
    arrangement = layout(yaxis=axis("step", **rows), annotations=[])
    for domain, axes, name in zip(THIRDS, fits, COLUMNS.values(), strict=True):
        _column(arrangement, axes, domain, name, fit=fits[axes], nticks=4)
        if axes:
            arrangement[f"yaxis{axes}"] = axis("", anchor=f"x{axes}", matches="y", showticklabels=False, **rows)
    return panel(
        "journey",
        "One signal, three places",
        "With batch norm, {unit} of {layer}, step by step from back to front; dotted: where it began. {pinnedunit}{zeros}",
        (traces, arrangement),
        height=380,
        rate=60,
    )


def bands(steps: Layout, fixed: bool) -> Panel:
    """The middle 70 % of all units pooled, at the same three places."""
    traces: list[Trace] = []
    for axes, tap in zip(("", "2", "3"), COLUMNS, strict=True):
        for place, width in ((0, 0), (2, 0), (1, 2.5)):
            feed = {"kind": "band", "arm": "batch", "tap": tap, "place": place}
            more = {"fill": "tonexty", "fillcolor": translucent("batch", 0.25)} if place == 2 else {}
            label = f"{(15, 50, 85)[place]} % below %{{y:.2f}} at step %{{x}}<extra></extra>"
            traces.append(line("batch", axes, width, feed=feed, hovertemplate=label, **more))
            if fixed:
                feed = {"kind": "band", "arm": "fixed", "tap": tap, "place": place}
                traces.append(line("fixed", axes, 1.5, "dot", feed=feed, hoverinfo="skip"))
    # the filled band must follow its lower edge directly
    traces.sort(key=lambda trace: trace["feed"]["arm"] == "fixed")
    arrangement = _row(THIRDS, "step", steps, ("", "", ""), fits=("band_z", "band_z", "band_a"))
    titles = zip(THIRDS, COLUMNS.values(), strict=True)
    arrangement["annotations"] = [arm_title("batch", name, sum(domain) / 2) for domain, name in titles]
    return panel(
        "bands",
        "All units pooled",
        "15th, 50th and 85th percentile over all units of {layer}" + ("; dotted: with γ = 1, β = 0 fixed. " if fixed else ". ")
        + "{pooled}",
        (traces, arrangement),
        height=380,
    )  # fmt: skip


def learning(steps: Layout, arms: list[str]) -> Panel:
    traces = arm_curves({arm: NAMES[arm] for arm in arms}, LEARNING, DASHES)
    target = {"color": GREY, "width": 1, "dash": "dash"}
    traces.append({**line("none", "2"), "feed": {"kind": "target"}, "line": target, "hoverinfo": "skip"})
    for arm in arms:
        mark = {"mode": "markers", "marker": {"color": COLOURS[arm], "size": 10, "symbol": "diamond"}}
        label = f"step %{{x}}<extra>{NAMES[arm]}</extra>"
        traces.append({**line(arm, "2"), "feed": {"kind": "reached", "arm": arm}, **mark, "hovertemplate": label})
    titles, fits = ("training loss", "test accuracy"), ("train_loss", "test_accuracy")
    arrangement = _row(HALVES, "step", steps, titles, fits=fits, showlegend=True)
    arrangement["yaxis"]["rangemode"], arrangement["yaxis2"]["tickformat"] = "tozero", ".0%"
    return panel("learning", "What learning γ and β buys", "{bought}", (traces, arrangement), control="target")


def views(steps: Layout) -> Panel:
    """The network with batch norm on the probe, normalized by the probe's own statistics and by the running ones."""
    traces: list[Trace] = []
    columns = (("", "probe_loss", "running_loss", ".3f"), ("2", "probe_accuracy", "running_accuracy", ".1%"))
    for axes, own, running, form in columns:
        for key, name, dash in ((own, "the batch's own statistics", "solid"), (running, "running statistics", "dot")):
            label = f"step %{{x}}: %{{y:{form}}}<extra>{name}</extra>"
            more = {"hovertemplate": label, "legendgroup": key, "showlegend": axes == ""}
            feed = {"kind": "scalar", "arm": "batch", "key": key}
            traces.append({**line("batch", axes, 2, dash, feed=feed, **more), "name": name})
    titles, fits = ("loss on the probe", "accuracy on the probe"), ("view_loss", "view_accuracy")
    arrangement = _row(HALVES, "step", steps, titles, fits=fits, showlegend=True)
    arrangement["yaxis2"]["tickformat"] = ".0%"
    return panel(
        "views",
        "The same weights, two views",
        "Training normalizes by the minibatch, evaluation by running statistics. {views}",
        (traces, arrangement),
    )


def lag(steps: Layout, layers: int) -> Panel:
    traces: list[Trace] = []
    for axes, key, form in (("", "running_mean_lag", "%{y:.3f} σ"), ("2", "running_variance_lag", "%{y:.1%}")):
        for layer in range(1, layers + 1):
            feed = {"kind": "layer-series", "arm": "batch", "key": key, "layer": layer}
            label = f"step %{{x}}: {form}<extra>layer {layer}</extra>"
            traces.append(line("batch", axes, 1, opacity=0.42, feed=feed, hovertemplate=label))
        chosen = {"kind": "layer-series", "arm": "batch", "key": key}
        traces.append(line("batch", axes, 3, feed=chosen, hovertemplate=f"step %{{x}}: {form}<extra></extra>"))
    titles = ("running mean off by (σ)", "running variance off by")
    arrangement = _row(HALVES, "step", steps, titles, fits=("mean_lag", "variance_lag"))
    arrangement["yaxis2"]["tickformat"] = ".0%"
    return panel(
        "lag",
        "How far running statistics lag behind",
        "From what the probe has now, root mean square over units of z; one line a layer, thick: {layer}. {lag}",
        (traces, arrangement),
    )


def means(steps: Layout) -> Panel:
    """The mean of every unit, γ and β learnable at the left, fixed at the right."""
    traces: list[Trace] = []
    for arm, axes in (("batch", ""), ("fixed", "2")):
        every = {"kind": "units", "arm": arm, "key": "unit_mean"}
        traces.append(line(arm, axes, 1, opacity=0.42, feed=every, hoverinfo="skip"))
        chosen = {"kind": "chosen-unit", "arm": arm, "key": "unit_mean"}
        traces.append(line(arm, axes, 3, feed=chosen, hovertemplate="step %{x}<br>mean %{y:.2f}<extra></extra>"))
    arrangement = _row([[0, 0.47], [0.53, 1]], "step", steps, ("mean {tap}", ""), fits=("normed_mean", "normed_mean"))
    arrangement["yaxis2"] |= {"matches": "y", "showticklabels": False}
    arrangement["annotations"] = [arm_title("batch", NAMES["batch"], 0.235), arm_title("fixed", NAMES["fixed"], 0.765)]
    return panel(
        "means",
        "What the next layer receives, learnable and fixed",
        "The mean {tap} of every unit of {layer} on the probe, same axes.{thick}",
        (traces, arrangement),
    )


def by_hand() -> Panel:
    """What one unit hands on, and the network's test accuracy, as learnt (dotted, pale) and with γ and β moved by hand."""
    before = line("batch", "", 1.5, "dot", feed={"kind": "hand-histogram", "when": "before"}, hoverinfo="skip")
    filled = {"fill": "tozeroy", "fillcolor": translucent("batch", 0.4)}
    label = "%{y:.1%} of the test images near %{x:.2f}<extra></extra>"
    after = line("batch", "", 2.5, feed={"kind": "hand-histogram", "when": "after"}, hovertemplate=label, **filled)
    for trace in (before, after):
        trace["line"]["shape"] = "hvh"  # a histogram's outline
    colours = [translucent("batch", 0.4), COLOURS["batch"]]
    bars = {"type": "bar", "orientation": "h", "marker": {"color": colours}, "textposition": "outside", "cliponaxis": False}
    accuracy = {**bars, "feed": {"kind": "hand-accuracy"}, "xaxis": "x2", "yaxis": "y2", "showlegend": False, "hoverinfo": "skip"}
    arrangement = layout(
        xaxis=axis("a[{layernumber}], {unit}", domain=[0, 0.54], anchor="y", rangemode="tozero"),
        yaxis=axis("share of the test images", anchor="x", tickformat=".0%", rangemode="tozero"),
        xaxis2=axis("test accuracy", domain=[0.72, 1], anchor="y2", range=[0, 1.2], tickvals=[0, 0.5, 1], tickformat=".0%"),
        yaxis2=axis("", anchor="x2", autorange="reversed"),
        bargap=0.5,
    )
    return panel("hand", "By hand", "{hand}", ([before, after, accuracy], arrangement), height=260, control="by-hand", wide=True)


def _row(domains: list, x_title: str, x: Layout, titles: tuple[str, ...], fits: tuple[str, ...], **more: Any) -> Layout:
    """Subplots side by side over the same x axis."""
    arrangement = layout(annotations=[], **more)
    for number, (domain, title, fit) in enumerate(zip(domains, titles, fits, strict=True), start=1):
        axes = "" if number == 1 else str(number)
        matches = {} if number == 1 else {"matches": "x"}
        arrangement[f"xaxis{axes}"] = axis(x_title, domain=domain, anchor=f"y{axes}", **matches, **x)
        arrangement[f"yaxis{axes}"] = axis(title, anchor=f"x{axes}", fit=fit)
    return arrangement


def _column(arrangement: Layout, axes: str, domain: list[float], name: str, **more: Any) -> None:
    """One column of the ridgelines, with its name above."""
    arrangement[f"xaxis{axes}"] = axis("", domain=domain, anchor=f"y{axes}", **more)
    arrangement["annotations"].append(arm_title("batch", name, sum(domain) / 2))
