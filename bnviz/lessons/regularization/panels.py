"""The panels of the page /regularization: accuracy on new and on training examples against the size of ghost batches."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from bnviz.config.sweep import Sweep
from bnviz.data import DATA_SETS
from bnviz.judge.intervals import Interval, difference, interval
from bnviz.lessons.regularization.results import (
    WITHOUT_GROUPS,
    WORDS,
    Rows,
    Values,
    accuracy,
    against,
    course,
    groups_name,
    labels,
    measurements,
    network_name,
    percent,
    points,
    recovered,
    scenes,
    shrunk,
    sizes,
)
from bnviz.web.examples import labelled
from bnviz.web.figures import (
    GREY,
    NO_TABLE,
    Layout,
    Trace,
    axis,
    columns_over_seeds,
    heading,
    layout,
    line,
    numbers,
    panel,
    table,
    translucent,
)
from bnviz.web.words import fill

TEXTS, ALTERNATIVES = WORDS["panels"], WORDS["alternatives"]
MEASURES = ("test", "train", "gap")
OCTAVES_BEYOND = {"none": 0.75, "dropout": 1.15}  # the last size: the place of seeds of networks without ghost batches
BESIDE = 0.2  # octaves between a mean and the dots of its seeds
LEFT, RIGHT = 0.4, 1.5  # octaves of room beside the sizes
MOST_BEYOND = 0.06  # of an interval's end from the values
MARGIN = {"l": 50, "r": 10, "t": 66, "b": 42}
WIDE_MARGIN = {"l": 146, "r": 14, "t": 24, "b": 42}  # room for names
GAP = 0.07  # between two subplots
Panel = dict[str, Any]


def panels(sweep: Sweep, rows: Rows) -> list[Panel]:
    """All panels of the page, in reading order."""
    values = measurements(sweep, rows)
    sizes_panels = [against_size(sweep, key, values[key]) for key in MEASURES]
    return [*sizes_panels, statistics(sweep, values), learning(sweep, rows), compared(sweep, values["test"])]


def _subplots(sweep: Sweep) -> Iterator[tuple[str, str, str]]:
    """Axes, kind of labels, and what they are called: a subplot for each kind."""
    for axes, (kind, name) in zip(("", "2"), labels(sweep).items(), strict=False):
        yield axes, kind, name


# Accuracy against the size of ghost batches


def against_size(sweep: Sweep, key: str, values: Values) -> Panel:
    """One measure of every curve over the size of the ghost batches."""
    traces: list[Trace] = []
    for axes, kind, name in _subplots(sweep):
        for scene in scenes(sweep):
            draw, of_scene = _flat if scene in WITHOUT_GROUPS else _curve, values[f"{scene} {kind}"]
            traces += [trace | NO_TABLE for trace in draw(sweep, of_scene, scene, axes)]
            traces[-1] |= _listed(sweep, of_scene, f"{network_name(sweep, scene)}, {name}, {TEXTS[key]['y']}")
    y = axis(TEXTS[key]["y"], tickformat=".1~%", range=_round_range(_finite(values)))
    title, caption = heading(WORDS, key)
    caption = fill(caption, **DATA_SETS[sweep.base.dataset].words)
    text = " ".join(_description(sweep, values, kind, name) for kind, name in labels(sweep).items())
    alternative = fill(ALTERNATIVES["panel"], title=title, y=TEXTS[key]["y"], text=text)
    traces = [labelled(trace, TEXTS[key]["examples"]) for trace in traces]
    return panel(key, title, caption, (traces, _arranged(sweep, y, _size_axis(sweep))), height=350, alternative=alternative)


def statistics(sweep: Sweep, values: Mapping[str, Values]) -> Panel:
    """Batch norm's test accuracy with running statistics and, dashed, with those of the whole training set."""
    traces: list[Trace] = []
    for axes, kind, name in _subplots(sweep):
        for key, dash in (("test", "solid"), ("population", "dash")):
            called, of_key = TEXTS["statistics"][key], values[key][f"batch {kind}"]
            strong = _curve(sweep, of_key, "batch", axes)[-1] | {"name": called, "legendgroup": key} | NO_TABLE
            strong = {**strong, "line": {**strong["line"], "dash": dash}}
            traces.append(strong | _listed(sweep, of_key, f"{called}, {name}, {TEXTS['statistics']['y']}"))
    shown = {f"{key} {kind}": values[key][f"batch {kind}"] for key in ("test", "population") for kind in labels(sweep)}
    y = axis(TEXTS["statistics"]["y"], tickformat=".1~%", range=_round_range(_finite(shown)))
    title, caption = heading(WORDS, "statistics")
    small = sizes(sweep)[0]
    caption = fill(caption, **DATA_SETS[sweep.base.dataset].words, small=small, share=percent(1 / small))
    text = " ".join(_statistics_description(sweep, values, kind, name) for kind, name in labels(sweep).items())
    alternative = fill(ALTERNATIVES["panel"], title=title, y=TEXTS["statistics"]["y"], text=text)
    arrangement = _arranged(sweep, y, _size_axis(sweep))
    traces = [labelled(trace, TEXTS["test"]["examples"]) for trace in traces]
    return panel("statistics", title, caption, (traces, arrangement), height=350, alternative=alternative)


def _statistics_description(sweep: Sweep, values: Mapping[str, Values], kind: str, name: str) -> str:
    """What other statistics change, for those who do not see it."""
    changes = [
        fill(ALTERNATIVES["group"], accuracy=points(change), size=size)
        for size, change in zip(sizes(sweep), recovered(values, kind), strict=True)
        if math.isfinite(change.mean)
    ]
    text = fill(ALTERNATIVES["population"], changes=", ".join(changes) or ALTERNATIVES["nothing"])
    return fill(ALTERNATIVES["labels"], labels=name, text=text)


def _listed(sweep: Sweep, values: np.ndarray, about: str) -> Trace:
    """For the chart's table: mean, interval and every seed of one curve at each size; one without ghost batches is level."""
    own = columns_over_seeds(WORDS["columns"], {"about": about}, interval(values), values.T, sweep.base.seed)
    return table(WORDS["axes"]["size"], sizes(sweep), own)


def _curve(sweep: Sweep, values: np.ndarray, scene: str, axes: str) -> list[Trace]:
    """The mean at each size with its interval, and single seeds faintly beside it."""
    mean = interval(values)
    there = np.isfinite(mean.mean)
    x = np.array(sizes(sweep))[there]
    name = network_name(sweep, scene)
    bars = {"type": "data", "symmetric": True, "array": numbers((mean.high - mean.mean)[there]), "thickness": 1.5, "width": 3}
    label = f"{groups_name('%{x}')}: %{{text}}<extra>{name}</extra>"
    strong = line(scene, axes, 2.5, x=x.tolist(), y=numbers(mean.mean[there]), error_y=bars, hovertemplate=label)
    strong |= {
        "mode": "lines+markers",
        "marker": {"size": 6},
        "text": [accuracy(mean, int(place)) for place in np.flatnonzero(there)],
    }
    beside = [size * 2**BESIDE for size in sizes(sweep)]
    seeds = [(place, one) for place, row in zip(beside, values, strict=True) for one in row if math.isfinite(one)]
    return [_dots(scene, axes, seeds), _with_name(strong, scene, axes, name)]


def _flat(sweep: Sweep, values: np.ndarray, scene: str, axes: str) -> list[Trace]:
    """A network without ghost batches: one level line with its interval as a band, and its seeds at the right."""
    mean, name = interval(values[:1]), network_name(sweep, scene)
    ends = list(_reach(sweep)) if np.isfinite(mean.mean).all() else []
    label = f"{accuracy(mean, 0)}<extra>{name}</extra>" if ends else ""
    strong = line(scene, axes, 2, x=ends, y=numbers([*mean.mean] * len(ends)), hovertemplate=label)
    place = sizes(sweep)[-1] * 2 ** OCTAVES_BEYOND[scene]
    seeds = [(place, one) for one in values[0] if math.isfinite(one)]
    return [_band(scene, axes, ends, mean), _with_name(strong, scene, axes, name), _dots(scene, axes, seeds)]


def _band(scene: str, axes: str, ends: list[float], mean: Interval) -> Trace:
    """The interval of one mean from end to end; nothing where it is unknown."""
    is_finite = ends and np.isfinite(mean.low).all()
    x, y = ([*ends, *ends[::-1]], [*mean.low, *mean.low, *mean.high, *mean.high]) if is_finite else ([], [])
    band = line(scene, axes, 0, x=x, y=numbers(y), fill="toself", hoverinfo="skip", legendgroup=scene)
    return {**band, "fillcolor": translucent(scene, 0.16)}


def _with_name(trace: Trace, scene: str, axes: str, name: str) -> Trace:
    """With an entry in the legend, which rules both subplots."""
    return {**trace, "name": name, "legendgroup": scene, "showlegend": axes == ""}


def _dots(scene: str, axes: str, seeds: list[tuple[float, float]]) -> Trace:
    """Single seeds."""
    mark = {"color": translucent(scene, 0.4), "size": 4, "line": {"width": 0}}
    x, y = ([seed[place] for seed in seeds] for place in (0, 1))
    return {**line(scene, axes, x=x, y=y), "mode": "markers", "marker": mark, "legendgroup": scene, "hoverinfo": "skip"}


def _description(sweep: Sweep, values: Values, kind: str, name: str) -> str:
    """The means of one subplot, for those who do not see it."""
    parts = [_curve_description(sweep, scene, interval(values[f"{scene} {kind}"])) for scene in scenes(sweep)]
    return fill(ALTERNATIVES["labels"], labels=name, text="; ".join(parts))


def _curve_description(sweep: Sweep, scene: str, mean: Interval) -> str:
    """The means of one network: one of each size, or one."""
    finite = [place for place in range(len(sizes(sweep))) if np.isfinite(mean.mean[place])]
    if scene in WITHOUT_GROUPS:
        sentences = [accuracy(mean, place) for place in finite[:1]]
    else:
        sentences = [fill(ALTERNATIVES["group"], accuracy=accuracy(mean, place), size=sizes(sweep)[place]) for place in finite]
    return fill(ALTERNATIVES["network"], name=network_name(sweep, scene), text=", ".join(sentences) or ALTERNATIVES["nothing"])


# Accuracy during training


def learning(sweep: Sweep, rows: Rows) -> Panel:
    """Test accuracy over steps, mean over seeds: of the smallest and the largest ghost batches, and of the other networks."""
    traces: list[Trace] = []
    sentences: list[str] = []
    for axes, kind, name in _subplots(sweep):
        for label, scene, size in _courses(sweep):
            steps, accuracies = course(rows, f"{scene} {kind}", size)
            dash = "dot" if scene == "batch" and size == sizes(sweep)[-1] else "solid"
            hover = f"step %{{x}}: %{{y:.1%}}<extra>{label}</extra>"
            options = {"x": steps, "y": numbers(accuracies), "name": label, "hovertemplate": hover, "legendgroup": label}
            listed = table(WORDS["axes"]["step"], steps, {f"{label}, {name}, {TEXTS['learning']['y']}": accuracies})
            traces.append({**line(scene, axes, 2, dash, **options), "showlegend": axes == "", **listed})
            sentences += _course_description(label, name, accuracies)
    y = axis(TEXTS["learning"]["y"], tickformat=".1~%", range=_round_range(np.concatenate([_y(one) for one in traces])))
    arrangement = _arranged(sweep, y, axis(WORDS["axes"]["step"], range=[0, sweep.base.steps]))
    alternative = fill(TEXTS["learning"]["alternative"], curves="; ".join(sentences) or ALTERNATIVES["nothing"])
    traces = [labelled(trace, TEXTS["test"]["examples"]) for trace in traces]
    return panel("learning", *heading(WORDS, "learning"), (traces, arrangement), height=350, wide=True, alternative=alternative)


def _y(trace: Trace) -> np.ndarray:
    return np.array(trace["y"], float)


def _course_description(label: str, labels_name: str, accuracies: np.ndarray) -> list[str]:
    """The best and the last accuracy of a curve that has one."""
    if not len(accuracies) or not np.isfinite(accuracies[-1]):
        return []
    best, end = percent(np.nanmax(accuracies)), percent(accuracies[-1])
    return [fill(TEXTS["learning"]["curve"], name=label, labels=labels_name, best=best, end=end)]


def _courses(sweep: Sweep) -> list[tuple[str, str, int | None]]:
    """Name, scene and ghost batch size of what is shown over steps."""
    ends = dict.fromkeys((sizes(sweep)[0], sizes(sweep)[-1]))
    others = [(network_name(sweep, scene, short=True), scene, None) for scene in scenes(sweep)[1:]]
    return [*((groups_name(size), "batch", size) for size in ends), *others]


# Differences


def differences(sweep: Sweep, test: Values, kind: str) -> dict[str, Interval]:
    """Differences in test accuracy with one kind of labels, seed by seed, by what is compared."""
    small, large = sizes(sweep)[0], sizes(sweep)[-1]
    plain, dropout = WORDS["networks"]["short_none"], TEXTS["compared"]["dropout"]
    intervals = {f"{small} − {large}": shrunk(test[f"batch {kind}"])} if small != large else {}
    intervals[f"{small} − {plain}"] = against(test, "none", kind)
    if "dropout" in scenes(sweep):
        intervals[f"{small} − {dropout}"] = against(test, "dropout", kind)
        intervals[f"{dropout} − {plain}"] = difference(test[f"dropout {kind}"][0], test[f"none {kind}"][0])
    return intervals


def compared(sweep: Sweep, test: Values) -> Panel:
    """Differences in test accuracy with their intervals, one below the other."""
    intervals = {kind: differences(sweep, test, kind) for kind in labels(sweep)}
    traces = [trace for axes, kind, _ in _subplots(sweep) for trace in _forests(sweep, axes, intervals[kind])]
    traces = [labelled(trace, TEXTS["test"]["examples"]) | NO_TABLE for trace in traces]
    traces[0]["table"] = [part for kind, name in labels(sweep).items() for part in _differences_table(name, intervals[kind])]
    sentences = [_differences_description(name, intervals[kind]) for kind, name in labels(sweep).items()]
    x, y = _points_axis(traces), _names_axis(list(intervals["clean"]))
    arrangement = _arranged(sweep, y, x, showlegend=False, margin=WIDE_MARGIN)
    title, caption = heading(WORDS, "compared")
    return panel(
        "compared", title, fill(caption, small=sizes(sweep)[0]), (traces, arrangement), wide=True, height=230,
        alternative=fill(TEXTS["compared"]["alternative"], differences=" ".join(sentences)),
    )  # fmt: skip


def _forests(sweep: Sweep, axes: str, intervals: Mapping[str, Interval]) -> list[Trace]:
    """The differences of one subplot, each in the colour of the network that comes first in its name."""
    if "dropout" not in scenes(sweep):
        return [_forest("batch", axes, intervals)]
    *of_batch, of_dropout = intervals
    return [_forest("batch", axes, {name: intervals[name] for name in of_batch}),
            _forest("dropout", axes, {of_dropout: intervals[of_dropout]})]  # fmt: skip


def _forest(scene: str, axes: str, intervals: Mapping[str, Interval]) -> Trace:
    """A dot with its interval for each difference that is known; `meta` holds the ends of all of them."""
    finite = {name: change for name, change in intervals.items() if math.isfinite(change.mean)}
    bars = {"type": "data", "symmetric": True, "array": numbers([100 * (one.high - one.mean) for one in finite.values()])}
    trace = line(scene, axes, x=[100 * float(change.mean) for change in finite.values()], y=list(finite), error_x=bars)
    return trace | {
        "mode": "markers",
        "marker": {"size": 9, "color": trace["line"]["color"]},
        "hovertemplate": "%{text}<extra></extra>",
        "text": [f"{name}: {points(change)}" for name, change in finite.items()],
        "meta": [float(end) for change in finite.values() for end in change[:3] if math.isfinite(end)],
    }


def _differences_table(name: str, intervals: Mapping[str, Interval]) -> list[dict[str, Any]]:
    """The differences of one subplot in percentage points, with their intervals."""
    about = f"{name}, {TEXTS['compared']['x']}"
    ends = zip(("mean", "low", "high"), zip(*(change[:3] for change in intervals.values()), strict=True), strict=True)
    columns = {fill(WORDS["columns"][part], about=about): [100 * float(end) for end in of_part] for part, of_part in ends}
    return table(TEXTS["compared"]["key"], intervals, columns)["table"]


def _points_axis(traces: list[Trace]) -> Layout:
    """Percentage points, as many to the left of 0 as to the right."""
    reach = 115 * max([0.05, *(abs(end) for trace in traces for end in trace["meta"])])
    return axis(TEXTS["compared"]["x"], range=[-reach, reach], zeroline=True, zerolinecolor=GREY, zerolinewidth=1.5)


def _names_axis(names: list[str]) -> Layout:
    """What is compared, from top to bottom."""
    order = {"type": "category", "categoryarray": names[::-1], "categoryorder": "array", "tickvals": names}
    return axis("", range=[-0.6, len(names) - 0.4], **order)


def _differences_description(labels_name: str, intervals: Mapping[str, Interval]) -> str:
    """The differences of one subplot, for those who do not see it."""
    parts = [f"{name} {points(change)}" for name, change in intervals.items() if math.isfinite(change.mean)]
    return fill(ALTERNATIVES["labels"], labels=labels_name, text=", ".join(parts) or ALTERNATIVES["nothing"])


# Axes


def _size_axis(sweep: Sweep) -> Layout:
    reach = [math.log10(end) for end in _reach(sweep)]
    return axis(WORDS["axes"]["size"], type="log", range=reach, tickvals=sizes(sweep), tickangle=0)


def _reach(sweep: Sweep) -> tuple[float, float]:
    """The ends of the axis of sizes."""
    return sizes(sweep)[0] * 2**-LEFT, sizes(sweep)[-1] * 2**RIGHT


def _arranged(sweep: Sweep, y: Layout, x: Layout, **more: Any) -> Layout:
    """A subplot for each kind of labels, side by side, with one scale."""
    names = list(labels(sweep).values())
    width = (1 - GAP * (len(names) - 1)) / len(names)
    above = {"xref": "paper", "yref": "paper", "xanchor": "center", "yanchor": "bottom", "showarrow": False, "y": 1}
    arrangement = layout(**{"showlegend": True, "margin": MARGIN, "annotations": [], **more})
    arrangement["legend"] |= {"y": 1.1}
    for place, name in enumerate(names):
        axes, begin = "2" if place else "", place * (width + GAP)
        shared = {"matches": "y", "showticklabels": False, "title": {"text": ""}} if place else {}
        arrangement[f"xaxis{axes}"] = {**x, "domain": [begin, begin + width], "anchor": f"y{axes}"}
        arrangement[f"yaxis{axes}"] = {**y, "anchor": f"x{axes}", **shared}
        arrangement["annotations"].append({**above, "text": name, "x": begin + width / 2})
    return arrangement


def _finite(values: Values) -> np.ndarray:
    """All values, and as much of their intervals as should be in view: with few seeds these may be huge."""
    every = np.concatenate([one.ravel() for one in values.values()])
    every = every[np.isfinite(every)]
    ends = np.concatenate([bound for one in values.values() for bound in interval(one)[1:3]])
    return np.concatenate([every, ends.clip(every.min() - MOST_BEYOND, every.max() + MOST_BEYOND)]) if every.size else every


def _round_range(values: np.ndarray) -> list[float]:
    """Whole tenths around all values, so that the scale seldom moves while rows arrive."""
    values = values[np.isfinite(values)]
    if not values.size:
        return [0.0, 1.0]
    low, high = math.floor(10 * values.min() - 0.1) / 10, math.ceil(10 * values.max() + 0.1) / 10
    return [max(-1.0, low), min(1.02, high)]
