"""The panels of the page `/covariate-shift`: black cats, coloured cats.

`arms` is what the two arms are called, by arm: the one without a normalizer first.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bnviz.config.arms import ARMS
from bnviz.config.experiment import Experiment
from bnviz.data import DATA_SETS
from bnviz.web import words
from bnviz.web.figures import (
    COLOURS,
    GREY,
    Layout,
    Trace,
    arm_title,
    axis,
    compared,
    heading,
    layout,
    learning,
    line,
    paired_names,
    panel,
    translucent,
)

WORDS = words.catalogue("covariate_shift")
TEXTS = WORDS["panels"]
OTHER, CAT = 0, 1  # classes, in the recording's order
SUBJECTS = {TEXTS["coats"]["cats"]: CAT, TEXTS["coats"]["others"]: OTHER}
RECALL, RECOMPUTED = "coat_recall", "coat_recall_recomputed"  # keys of the recording
SHARE = {"range": [0, 1.03], "tickvals": [0, 0.25, 0.5, 0.75, 1], "tickformat": ".0%"}
CLEAR = "rgba(0,0,0,0)"
BLACK = {"line": {"color": GREY, "width": 0}, "fill": "toself", "fillcolor": "rgba(128,128,128,0.4)"}  # on black animals
Arms = dict[str, str]
Curve = tuple[str, str, str]  # arm, key of the recording, name
Panel = dict[str, Any]


def panels(experiment: Experiment) -> list[Panel]:
    """All panels of the page, in reading order; data without coats have only the last one."""
    return [*(_coats(experiment) if DATA_SETS[experiment.dataset].has_coats else []), learning(experiment, WORDS)]


def _coats(experiment: Experiment) -> list[Panel]:
    """What is measured of coats; statistics are recomputed only where the normalizer keeps any."""
    arms, (_, arm) = paired_names(experiment), compared(experiment)
    recomputed = ARMS[arm].statistics
    curves = [(arm, RECALL, name) for arm, name in arms.items()]
    curves += [(arm, RECOMPUTED, WORDS["arms"]["recomputed"])] if recomputed else []
    return [
        along(curves),
        *([remedy(arm)] if recomputed else []),
        unit(arms),
        shift(curves, experiment.hidden_layers),
        on_the_way(arms, {"range": [0, experiment.steps]}),
    ]


# Accuracy and recall against the level of colour


def along(curves: list[Curve]) -> Panel:
    """Accuracy and the recall of both classes against the level of colour."""
    subplots = {TEXTS["coats"]["accuracy"]: None, **SUBJECTS}
    traces = [trace for place, kind in enumerate(subplots.values(), 1) for trace in _along(curves, place, kind)]
    more = {"control": "coat-which", "height": 320, "rate": 3}
    return panel("coats", *heading(WORDS, "coats"), (traces, _thirds(list(subplots))), **more)


def _along(curves: list[Curve], place: int, kind: int | None) -> Iterator[Trace]:
    """One subplot: a mark at the level that is chosen, and a line a curve."""
    axes = "" if place == 1 else str(place)
    mark = {"feed": {"kind": "coat-mark"}, "line": {"color": GREY, "width": 1, "dash": "dot"}, "hoverinfo": "skip"}
    yield {**line("none", axes), **mark}
    for arm, key, name in curves:
        feed = {"kind": "coat-levels", "arm": arm, "key": key, "class": kind}
        more = {"name": name, "showlegend": place == 1, "legendgroup": name, "mode": "lines+markers"}
        label = f"%{{x:.0%}} coloured: %{{y:.0%}}<extra>{name}</extra>"
        style = {"dash": "dash", "width": 1.5} if key == RECOMPUTED else {}
        yield line(arm, axes, **style, feed=feed, hovertemplate=label) | more


def _thirds(titles: list[str]) -> Layout:
    """Three subplots side by side over the level of colour, on one scale."""
    level = {
        "range": [-0.06, 1.06],
        "tickvals": [0, 0.25, 0.5, 0.75, 1],
        "ticktext": ["", "", TEXTS["coats"]["level"], "", ""],
        "tickangle": 0,
    }
    arrangement = _legend_above(layout(showlegend=True, margin={"l": 46, "r": 22, "t": 64, "b": 26}, annotations=[]))
    for place, title in enumerate(titles):
        axes, left = "" if place == 0 else str(place + 1), place * 0.355
        shared = {} if place == 0 else {"matches": "y", "showticklabels": False}
        arrangement[f"xaxis{axes}"] = axis("", domain=[left, left + 0.29], anchor=f"y{axes}", **level)
        arrangement[f"yaxis{axes}"] = axis("", anchor=f"x{axes}", **SHARE, **shared)
        arrangement["annotations"].append(_above(title, left + 0.145))
    return arrangement


def _above(text: str, x: float) -> Layout:
    """A subplot's title, centred on x."""
    anchors = {"xref": "paper", "yref": "paper", "xanchor": "center", "yanchor": "bottom"}
    return {"text": text, "x": x, "y": 1.0, "showarrow": False, **anchors}


def _legend_above(arrangement: Layout) -> Layout:
    """The layout with its legend above the subplots' titles."""
    return {**arrangement, "legend": {**arrangement["legend"], "y": 1.11}}


def on_the_way(arms: Arms, steps: Layout) -> Panel:
    """The recall of both classes over steps, at the level that is chosen and in black."""
    traces = [trace for title, kind in SUBJECTS.items() for trace in _on_the_way(arms, title, kind)]
    arrangement = layout(
        showlegend=True,
        margin={"l": 46, "r": 14, "t": 58, "b": 40},
        xaxis=axis("step", domain=[0, 0.47], **steps),
        xaxis2=axis("step", domain=[0.53, 1], anchor="y2", matches="x", **steps),
        yaxis=axis("", **SHARE),
        yaxis2=axis("", anchor="x2", matches="y", showticklabels=False, **SHARE),
        annotations=[_above(title, x) for title, x in zip(SUBJECTS, (0.235, 0.765), strict=True)],
    )
    return panel("on-the-way", *heading(WORDS, "on-the-way"), (traces, _legend_above(arrangement)), control="coat-level")


def _on_the_way(arms: Arms, title: str, kind: int) -> Iterator[Trace]:
    """One subplot: of each arm a dotted line in black and a line at the level that is chosen."""
    axes = "" if kind == CAT else "2"
    for arm, name in arms.items():
        feed = {"kind": "coat-steps", "arm": arm, "class": kind}
        label = f"step %{{x}}: {title} %{{y:.0%}}<extra>{name}</extra>"
        yield line(arm, axes, 1.2, "dot", feed={**feed, "black": True}, hovertemplate=label)
        more = {"name": name, "legendgroup": arm, "showlegend": kind == CAT}
        yield line(arm, axes, feed=feed, hovertemplate=label) | more


# Distributions


def unit(arms: Arms) -> Panel:
    """Densities without ReLU's atom at 0, which is a bar on an axis of its own, from none to all."""
    pixels = [
        {**line("none", feed={"kind": "coat-pixels", "coat": coat}, hoverinfo="skip"), **look}
        for coat, look in enumerate((BLACK, _coloured(GREY, CLEAR)))
    ]
    sides = zip(arms, ("2", "3"), ("y4", "y5"), strict=True)
    traces = [trace for arm, axes, atoms in sides for trace in _densities(arm, axes, atoms)]
    return panel("coat-unit", *heading(WORDS, "coat-unit"), ([*pixels, *traces], _inputs_and_arms(arms)))


def _densities(arm: str, axes: str, atoms: str) -> Iterator[Trace]:
    """On black and on coloured animals: the density, and the share of exact zeros on the axis `atoms`."""
    for coat, look in enumerate((BLACK, _coloured(COLOURS[arm], translucent(arm, 0.3)))):
        feed = {"arm": arm, "coat": coat}
        yield line(arm, axes, feed={"kind": "coat-density", **feed}, hoverinfo="skip") | look
        yield line(arm, axes, feed={"kind": "coat-zeros", **feed}, hoverinfo="skip") | look | {"yaxis": atoms}


def _coloured(outline: str, fill: str) -> Trace:
    """How a distribution on coloured animals looks."""
    return {"line": {"color": outline, "width": 2}, "fill": "toself", "fillcolor": fill}


def _inputs_and_arms(arms: Arms) -> Layout:
    """Three subplots; those of the arms share their axes and have another axis from 0 to 1 each."""
    heights, values = {"fit": "coat_height", "tickformat": ".0%"}, {"fit": "histogram"}
    unit_range = {"range": [0, 1], "visible": False, "fixedrange": True}
    texts = TEXTS["coat-unit"]
    return layout(
        xaxis=axis(texts["brightness"], domain=[0, 0.24], range=[0, 1], tickvals=[0, 1]),
        xaxis2=axis("{tap}", domain=[0.36, 0.66], anchor="y2", **values),
        xaxis3=axis("{tap}", domain=[0.7, 1], anchor="y3", matches="x2", **values),
        yaxis=axis(texts["share"], rangemode="tozero", fit="coat_pixels", tickformat=".0%"),
        yaxis2=axis("", anchor="x2", **heights),
        yaxis3=axis("", anchor="x3", matches="y2", showticklabels=False, **heights),
        yaxis4=axis("", overlaying="y2", anchor="x2", **unit_range),
        yaxis5=axis("", overlaying="y3", anchor="x3", **unit_range),
        annotations=[
            _above(texts["inputs"], 0.12),
            *(arm_title(arm, name, x) for (arm, name), x in zip(arms.items(), (0.51, 0.85), strict=True)),
        ],
    )


# Shift, and the remedy


def shift(curves: list[Curve], hidden_layers: int) -> Panel:
    """A group of bars a layer; the inputs, which belong to no arm, have a single bar."""
    texts = TEXTS["coat-shift"]
    alone = {"offset": -0.1, "width": 0.2, "marker": {"color": GREY}, "showlegend": False}
    traces = [{**_bar("none", texts["input"]), "feed": {"kind": "coat-inputs"}, **alone}]
    for arm, key, name in curves:
        feed = {"kind": "coat-shift", "arm": arm, "key": key.replace("recall", "shift")}
        hollow = {"color": translucent(arm, 0.15), "line": {"color": COLOURS[arm], "width": 1.5}}
        traces.append({**_bar(arm, name), "feed": feed} | ({"marker": hollow} if key == RECOMPUTED else {}))
    layers = list(range(hidden_layers + 1))
    places = {"tickvals": layers, "ticktext": [texts["input"], *map(str, layers[1:])]}
    arrangement = layout(
        showlegend=True,
        barmode="group",
        bargap=0.25,
        margin={"l": 46, "r": 14, "t": 44, "b": 40},
        xaxis=axis(texts["x"], range=[-0.6, hidden_layers + 0.6], **places),
        yaxis=axis(texts["y"], rangemode="tozero", fit="coat_shift"),
    )
    return panel("coat-shift", *heading(WORDS, "coat-shift"), (traces, arrangement), definition=texts["definition"])


def _bar(arm: str, name: str) -> Trace:
    """An empty bar trace in the arm's colour."""
    return {
        "type": "bar", "x": [], "y": [], "name": name, "marker": {"color": COLOURS[arm]}, "xaxis": "x", "yaxis": "y",
        "showlegend": True, "hovertemplate": f"layer %{{x}}: %{{y:.2f}} σ<extra>{name}</extra>",
    }  # fmt: skip


def remedy(arm: str) -> Panel:
    """Six shares as trained and with recomputed statistics: a line from one to the other."""
    texts, colour = TEXTS["remedy"], COLOURS[arm]
    marks = {
        RECALL: (texts["before"], {"color": colour, "size": 11}),
        RECOMPUTED: (texts["after"], {"color": colour, "size": 11, "symbol": "diamond-open", "line": {"width": 2}}),
    }
    link = {"line": {"color": translucent(arm, 0.45), "width": 4}, "hoverinfo": "skip"}
    traces = [line(arm, feed={"kind": "coat-change", "arm": arm}) | link]
    for key, (name, marker) in marks.items():
        feed = {"kind": "coat-change", "arm": arm, "key": key, "rows": texts["rows"]}
        points = {"name": name, "mode": "markers", "marker": marker, "showlegend": True}
        traces.append(line(arm, feed=feed, hovertemplate="%{y}: %{x:.0%}<extra></extra>") | points)
    rows = {"tickvals": [0, 1, 2, 3.5, 4.5, 5.5], "ticktext": texts["rows"], "range": [6.1, -0.6], "nticks": 0}
    arrangement = layout(
        showlegend=True,
        margin={"l": 104, "r": 20, "t": 44, "b": 40},
        xaxis=axis(texts["x"], **{**SHARE, "range": [-0.03, 1.03]}),
        yaxis=axis("", showgrid=False, **rows),
    )
    return panel("remedy", *heading(WORDS, "remedy"), (traces, arrangement), height=320)
