"""The panels of the page `/covariate-shift`: black cats, coloured cats."""

from __future__ import annotations

from typing import Any

from bnviz.config.experiment import Experiment
from bnviz.web.figures import (
    COLOURS,
    GREY,
    LEARNING,
    PAIR,
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

OTHER, CAT = 0, 1  # classes, in the recording's order
SUBJECTS = {"cats recognized": CAT, "others recognized": OTHER}
RECOMPUTED = "with, statistics recomputed"
SHARE = {"range": [0, 1.03], "tickvals": [0, 0.25, 0.5, 0.75, 1], "tickformat": ".0%"}
MIDDLE = {"offset": -0.1, "width": 0.2}  # a bar that stands alone
CLEAR = "rgba(0,0,0,0)"


def panels(experiment: Experiment) -> list[dict[str, Any]]:
    """All panels of the page, in reading order."""
    steps = {"range": [0, experiment.steps]}
    return [along(), remedy(), unit(), shift(experiment.hidden_layers), on_the_way(steps), learning(steps)]


def along() -> dict[str, Any]:
    """Accuracy and the recall of both classes against the level of colour."""
    subplots = {"right": None, **SUBJECTS}
    traces: list[Trace] = []
    for place, kind in enumerate(subplots.values(), 1):
        axes = "" if place == 1 else str(place)
        mark = {"feed": {"kind": "coat-mark"}, "line": {"color": GREY, "width": 1, "dash": "dot"}, "hoverinfo": "skip"}
        traces.append({**line("none", axes), **mark})
        for arm, key, name in curves():
            feed = {"kind": "coat-levels", "arm": arm, "key": key, "class": kind}
            label = "%{x:.0%} coloured: %{y:.0%}<extra>" + name + "</extra>"
            style = {"dash": "dash", "width": 1.5} if name == RECOMPUTED else {}
            shown = {"showlegend": place == 1, "legendgroup": name}
            traces.append(
                {**line(arm, axes, **style, feed=feed, mode="lines+markers", hovertemplate=label), "name": name, **shown}
            )
    return panel(
        "coats",
        "From black to coloured",
        "The same {animals} held-out animals, painted anew from black to fully coloured; {which}.",
        (traces, thirds(list(subplots))),
        control="coat-which",
        height=320,
        rate=3,
    )


def curves() -> list[tuple[str, str, str]]:
    """Arm, key of the recording and name of each line."""
    return [*((arm, "coat_recall", PAIR[arm]) for arm in ("none", "batch")), ("batch", "coat_recall_recomputed", RECOMPUTED)]


def thirds(titles: list[str]) -> Layout:
    """Three subplots side by side over the level of colour, on one scale."""
    level = {
        "range": [-0.06, 1.06],
        "tickvals": [0, 0.25, 0.5, 0.75, 1],
        "ticktext": ["", "", "black → coloured", "", ""],
        "tickangle": 0,
    }
    arrangement = layout(showlegend=True, margin={"l": 46, "r": 22, "t": 64, "b": 26}, annotations=[])
    arrangement["legend"] = {**arrangement["legend"], "y": 1.11}
    for place, title in enumerate(titles):
        axes, left = "" if place == 0 else str(place + 1), place * 0.355
        shared = {} if place == 0 else {"matches": "y", "showticklabels": False}
        arrangement[f"xaxis{axes}"] = axis("", domain=[left, left + 0.29], anchor=f"y{axes}", **level)
        arrangement[f"yaxis{axes}"] = axis("", anchor=f"x{axes}", **SHARE, **shared)
        arrangement["annotations"].append(heading(title, left + 0.145))
    return arrangement


def heading(text: str, x: float) -> dict[str, Any]:
    """A subplot's title, centred on x."""
    return {
        "text": text, "x": x, "y": 1.0, "xref": "paper", "yref": "paper", "xanchor": "center", "yanchor": "bottom",
        "showarrow": False,
    }  # fmt: skip


def on_the_way(steps: Layout) -> dict[str, Any]:
    traces: list[Trace] = []
    for title, kind in SUBJECTS.items():
        axes = "" if kind == CAT else "2"
        for arm in ("none", "batch"):
            feed = {"kind": "coat-steps", "arm": arm, "class": kind}
            label = f"step %{{x}}: {title} %{{y:.0%}}<extra>{PAIR[arm]}</extra>"
            traces.append(line(arm, axes, 1.2, "dot", feed={**feed, "black": True}, hovertemplate=label))
            more = {"legendgroup": arm, "showlegend": kind == CAT}
            traces.append(line(arm, axes, feed=feed, hovertemplate=label, **more))
    arrangement = layout(
        showlegend=True,
        margin={"l": 46, "r": 14, "t": 58, "b": 40},
        xaxis=axis("step", domain=[0, 0.47], **steps),
        xaxis2=axis("step", domain=[0.53, 1], anchor="y2", matches="x", **steps),
        yaxis=axis("", **SHARE),
        yaxis2=axis("", anchor="x2", matches="y", showticklabels=False, **SHARE),
        annotations=[heading(title, x) for title, x in zip(SUBJECTS, (0.235, 0.765), strict=True)],
    )
    arrangement["legend"] = {**arrangement["legend"], "y": 1.11}
    return panel(
        "on-the-way",
        "While it learns",
        "Shares recognized of animals that are {level} (dotted: of the same ones in black); {which}.",
        (traces, arrangement),
        control="coat-level",
    )


def unit() -> dict[str, Any]:
    """Densities without ReLU's atom at 0, which stands beside them as a bar on an axis of its own, from none to all."""
    traces: list[Trace] = []
    for coat, look in enumerate((BLACK, coloured(GREY, CLEAR))):
        traces.append({**line("none", feed={"kind": "coat-pixels", "coat": coat}, hoverinfo="skip"), **look})
    for arm, axes, atoms in (("none", "2", "y4"), ("batch", "3", "y5")):
        for coat, look in enumerate((BLACK, coloured(COLOURS[arm], translucent(arm, 0.3)))):
            feed = {"arm": arm, "coat": coat}
            traces.append({**line(arm, axes, feed={"kind": "coat-density", **feed}, hoverinfo="skip"), **look})
            traces.append({**line(arm, axes, feed={"kind": "coat-zeros", **feed}, hoverinfo="skip"), **look, "yaxis": atoms})
    return panel(
        "coat-unit",
        "The inputs, and one wire",
        "Left: how bright the pixels are, of black animals (grey) and of the same ones coloured. Beside it, what this makes of "
        "{tap}, {watched}.{zeros}",
        (traces, inputs_and_arms()),
    )


def coloured(outline: str, fill: str) -> Trace:
    """How a distribution on coloured animals looks."""
    return {"line": {"color": outline, "width": 2}, "fill": "toself", "fillcolor": fill}


BLACK = {"line": {"color": GREY, "width": 0}, "fill": "toself", "fillcolor": "rgba(128,128,128,0.4)"}  # on black animals


def inputs_and_arms() -> Layout:
    """Three subplots, of which the arms' share their axes; and an axis from 0 to 1 upon either of these."""
    heights, values = {"fit": "coat_height", "tickformat": ".0%"}, {"fit": "histogram"}
    whole = {"range": [0, 1], "visible": False, "fixedrange": True}
    return layout(
        xaxis=axis("brightness", domain=[0, 0.24], range=[0, 1], tickvals=[0, 1]),
        xaxis2=axis("{tap}", domain=[0.36, 0.66], anchor="y2", **values),
        xaxis3=axis("{tap}", domain=[0.7, 1], anchor="y3", matches="x2", **values),
        yaxis=axis("share", rangemode="tozero", fit="coat_pixels", tickformat=".0%"),
        yaxis2=axis("", anchor="x2", **heights),
        yaxis3=axis("", anchor="x3", matches="y2", showticklabels=False, **heights),
        yaxis4=axis("", overlaying="y2", anchor="x2", **whole),
        yaxis5=axis("", overlaying="y3", anchor="x3", **whole),
        annotations=[heading("inputs", 0.12), arm_title("none", PAIR["none"], 0.51), arm_title("batch", PAIR["batch"], 0.85)],
    )


def shift(hidden_layers: int) -> dict[str, Any]:
    traces: list[Trace] = [
        {**bar("none", "inputs"), "marker": {"color": GREY}, "feed": {"kind": "coat-inputs"}, **MIDDLE, "showlegend": False}
    ]
    for arm, key, name in curves():
        feed = {"kind": "coat-shift", "arm": arm, "key": key.replace("recall", "shift")}
        hollow = {"color": translucent(arm, 0.15), "line": {"color": COLOURS[arm], "width": 1.5}}
        traces.append({**bar(arm, name), "feed": feed} | ({"marker": hollow} if name == RECOMPUTED else {}))
    places = {"tickvals": list(range(hidden_layers + 1)), "ticktext": ["input", *map(str, range(1, hidden_layers + 1))]}
    arrangement = layout(
        showlegend=True,
        barmode="group",
        bargap=0.25,
        margin={"l": 46, "r": 14, "t": 44, "b": 40},
        xaxis=axis("layer", range=[-0.6, hidden_layers + 0.6], **places),
        yaxis=axis("shift (σ)", rangemode="tozero", fit="coat_shift"),
    )
    return panel(
        "coat-shift",
        "How far colour moves each layer",
        "Wasserstein distance of each unit of {tapname} between black and coloured animals, with running statistics, averaged "
        "over units, in standard deviations on black ones. {moved}",
        (traces, arrangement),
    )


def bar(arm: str, name: str) -> Trace:
    """An empty bar trace in the arm's colour."""
    return {
        "type": "bar", "x": [], "y": [], "name": name, "marker": {"color": COLOURS[arm]}, "xaxis": "x", "yaxis": "y",
        "showlegend": True, "hovertemplate": "layer %{x}: %{y:.2f} σ<extra>" + name + "</extra>",
    }  # fmt: skip


def remedy() -> dict[str, Any]:
    """Six shares before and after: a line from one to the other."""
    points = {"mode": "markers", "showlegend": True}
    filled = {"color": COLOURS["batch"], "size": 11}
    hollow = {"color": COLOURS["batch"], "size": 11, "symbol": "diamond-open", "line": {"width": 2}}
    label = "%{y}: %{x:.0%}<extra></extra>"
    link = {"color": translucent("batch", 0.45), "width": 4}
    traces = [
        {**line("batch"), "feed": {"kind": "coat-change"}, "line": link, "hoverinfo": "skip"},
        {**line("batch", hovertemplate=label), **points, "feed": {"kind": "coat-change", "key": "coat_recall"}, "marker": filled},
        {
            **line("batch", hovertemplate=label), **points, "marker": hollow,
            "feed": {"kind": "coat-change", "key": "coat_recall_recomputed"},
        },
    ]  # fmt: skip
    traces[1]["name"], traces[2]["name"] = "as trained", "statistics recomputed"
    rows = {"tickvals": [0, 1, 2, 3.5, 4.5, 5.5], "range": [6.1, -0.6], "nticks": 0}
    names = [f"{who}{coat}" for coat in ("coloured", "black") for who in ("right, ", "cats, ", "others, ")]
    arrangement = layout(
        showlegend=True,
        margin={"l": 104, "r": 20, "t": 44, "b": 40},
        xaxis=axis("share recognized", **{**SHARE, "range": [-0.03, 1.03]}),
        yaxis=axis("", ticktext=names, showgrid=False, **rows),
    )
    return panel("remedy", "The remedy that trains nothing", "{remedy}", (traces, arrangement), height=320)


def learning(steps: Layout) -> dict[str, Any]:
    traces = arm_curves(PAIR, LEARNING)
    arrangement = layout(
        showlegend=True,
        xaxis=axis("step", domain=[0, 0.45], **steps),
        xaxis2=axis("step", domain=[0.55, 1], anchor="y2", matches="x", **steps),
        yaxis=axis("training loss", rangemode="tozero", fit="train_loss"),
        yaxis2=axis("test accuracy", anchor="x2", tickformat=".0%", fit="coat_accuracy"),
    )
    return panel("learning", "Learning", "{learning}", (traces, arrangement))
