"""One visual language: an arm keeps its colour on every page, axes are named, and nothing shouts.

Figures are plain Plotly JSON. Colours of text, grid and background come from the page's theme and are filled in by the player.
"""

from __future__ import annotations

import functools
import math
import re
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from bnviz.config.arms import ARMS
from bnviz.config.experiment import Experiment
from bnviz.data import DATA_SETS
from bnviz.judge.intervals import Interval
from bnviz.normalizers import SPECS
from bnviz.web.examples import with_examples
from bnviz.web.words import fill

# Orange and blue stay apart for every kind of colour blindness. All have contrast 3:1 or more on white and on the dark page.
COLOURS = {key: spec.colour for key, spec in SPECS.items()} | {
    "dropout": "#B5528F", "scales": "#0E86C4", "output": "#8A7A3A",
    "skipinit": "#4E8F3A", "residual": "#C2571A", "residual-batch": "#2F7FD0",
}  # fmt: skip
# What arms are called in the charts of sweeps; there networks with something else about them are curves, too.
NAMES = {name: arm.label for name, arm in ARMS.items() if not arm.derived} | {
    "none": "without batch norm", "batch": "with batch norm", "dropout": "dropout",
    "scales": "γ and β of batch norm alone", "output": "the output layer alone", "skipinit": "SkipInit without batch norm",
    "residual": "skip connections without batch norm", "residual-batch": "skip connections with batch norm",
}  # fmt: skip
GREY = "rgba(128,128,128,0.9)"  # what is expected, aimed at or of no arm

MARGIN = {"l": 58, "r": 14, "t": 26, "b": 40}  # wide enough for percentages
TWO_ROWS = {**MARGIN, "t": 52}  # of the legend; should Plotly have to make room by itself, it draws a second time, and stumbles

Trace = dict[str, Any]
Layout = dict[str, Any]


def compared(experiment: Experiment) -> tuple[str, str]:
    """The two arms that a page sets side by side: the one without a normalizer, and the one it is compared with."""
    none, other, *_ = experiment.arms
    return none, other


def arm_names(experiment: Experiment) -> dict[str, str]:
    """What an experiment's arms are called, in sentences and legends."""
    none, other = compared(experiment)
    return {arm: NAMES[arm] for arm in experiment.arms if arm in NAMES} | {
        none: f"without {ARMS[other].label}",
        other: f"with {ARMS[other].label}",
    }


def paired_names(experiment: Experiment) -> dict[str, str]:
    """The names of the two arms that a page sets side by side, by arm."""
    names = arm_names(experiment)
    return {arm: names[arm] for arm in compared(experiment)}


def arm_styles(experiment: Experiment) -> dict[str, dict[str, str]]:
    """For the player: each arm's label ("batch norm"), name ("with batch norm") and colour."""
    names = arm_names(experiment)
    return {arm: {"label": ARMS[arm].label, "name": name, "colour": COLOURS[arm]} for arm, name in names.items()}


def heading(words: Mapping[str, Any], identifier: str) -> tuple[str, str]:
    """A panel's title and caption in a lesson's catalogue."""
    texts = words["panels"][identifier]
    return texts["title"], texts["caption"]


@functools.cache
def translucent(arm: str, opacity: float) -> str:
    """The arm's colour as an rgba() string."""
    red, green, blue = (int(COLOURS[arm][place : place + 2], 16) for place in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity})"


def line(arm: str, axes: str = "", width: float = 2, dash: str = "solid", **more: Any) -> Trace:
    """An empty line trace in the arm's colour on the subplot `axes` ("", "2", …)."""
    style = {"color": COLOURS[arm], "width": width, "dash": dash, "shape": "linear"}
    return {
        "type": "scatter", "mode": "lines", "x": [], "y": [], "name": NAMES[arm], "line": style,
        "xaxis": f"x{axes}", "yaxis": f"y{axes}", "showlegend": False, **more,
    }  # fmt: skip


def table(key: str, at: Iterable[Any], columns: Mapping[str, Iterable[Any]]) -> Trace:
    """For a trace: what its numbers are in the chart's table, where they are not simply its x and y.

    A row for each value `at` of what `key` names. Traces with the same key share a table, so columns have names of their own.
    """
    return {"table": [{"key": key, "at": list(at), "columns": {name: numbers(values) for name, values in columns.items()}}]}


def columns_over_seeds(
    texts: Mapping[str, str], about: Mapping[str, object], mean: Interval, seeds: Iterable[np.ndarray], first: int
) -> dict[str, np.ndarray]:
    """For `table`: a mean, its interval and the values of every seed, from the `first` on, by what a catalogue's `columns` call
    them; `about` fills the names."""
    bounds = zip(("mean", "low", "high"), mean[:3], strict=True)
    own = {fill(texts[part], **about): values for part, values in bounds}
    return own | {fill(texts["seed"], **about, seed=seed): values for seed, values in enumerate(seeds, start=first)}


NO_TABLE: Trace = {"table": []}  # for a trace that shows nothing which another one does not say


def numbers(values: Iterable[Any]) -> list[float | None]:
    """For JSON: what is not finite is None."""
    return [float(value) if math.isfinite(value) else None for value in values]


def band(arm: str, x: np.ndarray, low: np.ndarray, high: np.ndarray, opacity: float) -> Trace:
    """An interval [places] around an arm's curve, where it is known."""
    finite = np.isfinite(low)
    there, around = x[finite].tolist(), numbers([*low[finite], *high[finite][::-1]])
    shade = translucent(arm, opacity)
    return line(arm, "", 0, x=[*there, *there[::-1]], y=around, fill="toself", fillcolor=shade, hoverinfo="skip", legendgroup=arm)


def threads(arm: str, x: np.ndarray, values: np.ndarray) -> Trace:
    """One faint line a seed of [seeds, places], all in one trace with gaps."""
    places = [place for _ in values for place in (*x.tolist(), None)]
    heights = [height for one in values for height in (*numbers(one), None)]
    return line(arm, "", 1, x=places, y=heights, opacity=0.3, hoverinfo="skip", legendgroup=arm)


def arm_curves(
    arms: Mapping[str, str], columns: Iterable[tuple[str, str, str]], dashes: Mapping[str, str] | None = None
) -> list[Trace]:
    """One line for each of `arms`, names by arm, over steps in each of the subplots `columns`.

    A column is a key of the recording, axes, and the format of its values.
    """
    traces = []
    for key, axes, form in columns:
        for arm, name in arms.items():
            label = f"step %{{x}}: %{{y:{form}}}<extra>{name}</extra>"
            more = {"hovertemplate": label, "legendgroup": arm, "showlegend": axes == "", "name": name}
            feed = {"kind": "scalar", "arm": arm, "key": key}
            traces.append(line(arm, axes, 2, (dashes or {}).get(arm, "solid"), feed=feed, **more))
    return traces


def layer_curves(arm: str, key: str, layers: int, form: str, axes: str = "", first: int = 1) -> list[Trace]:
    """A measure [layers] of an arm over steps: a thin line for each layer from the `first` on, a strong one for the chosen layer.

    `form` is what a label says of a value, such as "%{y:.1%}". An axis with the fit "layers:KEY" holds all of them.
    """
    feed = {"kind": "layer", "arm": arm, "key": key}
    traces = []
    for layer in range(first, layers + 1):
        label = f"step %{{x}}: {form}<extra>layer {layer}</extra>"
        traces.append(line(arm, axes, 1, opacity=0.42, feed={**feed, "layer": layer}, hovertemplate=label))
    return [*traces, line(arm, axes, 3, feed=feed, hovertemplate=f"step %{{x}}: {form}<extra></extra>")]


LEARNING = (("train_loss", "", ".3f"), ("test_accuracy", "2", ".1%"))  # columns for `arm_curves`


STEP = "step"  # the title of an axis of steps, which the player may have count examples seen


def axis(title: str = "", **more: Any) -> Layout:
    """An axis with a title; `time` says that one without a title is an axis of steps, too.

    Margins are fixed: measuring labels at every redraw would double its cost.
    """
    over_time = {"time": True} if title == STEP else {}
    return {"title": {"text": title, "standoff": 6}, "automargin": False, "zeroline": False, "nticks": 6, **over_time, **more}


def arm_title(arm: str, text: str, x: float, y: float = 1.0) -> dict[str, Any]:
    """A text, the arm's name perhaps, in the arm's colour, above a subplot centred on x."""
    return {
        "text": text, "x": x, "y": y, "xref": "paper", "yref": "paper", "xanchor": "center",
        "yanchor": "bottom", "showarrow": False, "font": {"color": COLOURS[arm], "size": 13},
    }  # fmt: skip


def layout(**more: Any) -> Layout:
    """What every figure shares."""
    return {
        "margin": {"l": 46, "r": 14, "t": 26, "b": 40},
        "showlegend": False,
        "legend": {"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        "hovermode": "closest",
        "dragmode": "zoom",
        "font": {"size": 12},
        **more,
    }


def side_by_side(
    arms: Mapping[str, str], x: dict[str, Any], y: dict[str, Any], x_title: str, y_title: str, gap: float = 0.06
) -> Layout:
    """Two subplots, one for each of two arms (names by arm), with shared axes: what is not alike is the data."""
    half = (1 - gap) / 2
    return layout(
        xaxis=axis(x_title, domain=[0, half], **x),
        xaxis2=axis(x_title, domain=[1 - half, 1], matches="x", **x),
        yaxis=axis(y_title, **y),
        yaxis2=axis("", anchor="x2", matches="y", showticklabels=False, **y),
        annotations=[arm_title(*one, x=x) for one, x in zip(arms.items(), (half / 2, 1 - half / 2), strict=True)],
    )


def evenly_spaced(first: int, last: int, most: int = 8) -> list[int]:
    """Layers from `first` to `last`: all of them, or `most` at about even distances, as many as small charts have room for."""
    if last - first < most:
        return list(range(first, last + 1))
    return [first + round(place * (last - first) / (most - 1)) for place in range(most)]


def legend(traces: list[Trace]) -> list[Trace]:
    """`traces` with one entry a name in the legend: the first strong line's."""
    names: set[str] = set()
    for trace in traces:
        if trace["line"]["width"] >= 2 and trace["name"] not in names:
            names.add(trace["name"])
            trace["showlegend"] = True
    return traces


def pair(left: Layout, right: Layout, x: Layout, x_title: str = "step", margin: Layout = MARGIN, **more: Any) -> Layout:
    """Two subplots side by side with an axis of their own each."""
    return layout(
        showlegend=True,
        margin=margin,
        xaxis=axis(x_title, domain=[0, 0.43], **x),
        xaxis2=axis(x_title, domain=[0.57, 1], anchor="y2", matches="x", **x),
        yaxis=left,
        yaxis2={**right, "anchor": "x2"},
        **more,
    )


def panel(identifier: str, title: str, caption: str, figure: tuple[list[Trace], Layout], **more: Any) -> dict[str, Any]:
    """A panel of the player.

    Each trace carries `feed`: which drawing of bnviz/web/player/feeds.js or of the lesson's story fills it, and from which key
    of the recording. Words in braces in title, caption and axis titles ({tap}, {unit}, …) are filled in by the player. `rate`
    is the most redraws a second; `asks` that it needs a server to ask, which a saved page has not.
    """
    traces, arrangement = figure
    return {
        "id": identifier, "title": title, "caption": caption, "data": [*map(with_examples, traces)], "layout": arrangement,
        "height": 300, "rate": 2.5, "wide": False, **more,
    }  # fmt: skip


def panel_name(title: str) -> str:
    """What links call a panel: its title in small letters with hyphens, without what the player fills in."""
    return _hyphenated(_BRACES.sub(" ", title))


def is_panel(name: str, title: str) -> bool:
    """Whether a name in a link means the panel with this title, with what the player fills in or without it."""
    parts = [f"-{words}" if (words := _hyphenated(part)) else "" for part in _BRACES.split(title)]
    return re.fullmatch(r"(-\w+)*".join(map(re.escape, parts)), f"-{_hyphenated(name)}") is not None


_BRACES = re.compile(r"\{\w+\}")


def _hyphenated(text: str) -> str:
    return "-".join(re.findall(r"\w+", text.lower()))


def learning(experiment: Experiment, words: Mapping[str, Any]) -> dict[str, Any]:
    """The panel `learning` of a lesson's catalogue: training loss, and test accuracy or, where numbers are learnt, test loss."""
    labels = DATA_SETS[experiment.dataset].loss == "cross-entropy"
    key, form = ("test_accuracy", ".1%") if labels else ("test_loss", ".3f")
    test = (
        axis("test accuracy", tickformat=".1~%", fit="accuracy")
        if labels
        else axis("test loss", rangemode="tozero", fit="test_loss")
    )
    traces = arm_curves(paired_names(experiment), (("train_loss", "", ".3f"), (key, "2", form)))
    loss = axis("training loss", rangemode="tozero", fit="train_loss")
    arrangement = pair(loss, test, {"range": [0, experiment.steps]})
    return panel("learning", *heading(words, "learning"), (legend(traces), arrangement), height=320)
