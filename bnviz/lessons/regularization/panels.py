"""The panels of the page /regularization: accuracy on new and on trained examples against the size of ghost batches."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from bnviz.config.sweep import Sweep, grid
from bnviz.judge.intervals import Interval, difference, interval
from bnviz.web.figures import GREY, NAMES, Layout, Trace, axis, layout, line, panel, translucent

Rows = list[dict[str, Any]]
SCENES = ("batch", "none", "dropout")  # with a world, the name of a curve: "batch noisy"
FLAT = {"none": 0.75, "dropout": 1.15}  # scenes without ghost batches, and how many octaves beyond the last size their dots stand
BESIDE = 0.2  # octaves between a mean and the dots of its seeds
LEFT, RIGHT = 0.4, 1.5  # octaves of room beside the sizes
MOST_BEYOND = 0.06  # of an interval's end from the values
MARGIN = {"l": 50, "r": 10, "t": 66, "b": 42}
GAP = 0.07  # between two subplots


def worlds(sweep: Sweep) -> dict[str, str]:
    """The kinds of labels that the sweep trains on, with a name for people."""
    noise = {"noisy": f"{100 * sweep.base.label_noise:.3g} % random labels"} if sweep.base.label_noise else {}
    return {**noise, "clean": "clean labels"}


def scenes(sweep: Sweep) -> list[str]:
    """Those of SCENES that the sweep has."""
    return [scene for scene in SCENES if any(curve.name.startswith(scene) for curve in sweep.curves)]


def sizes(sweep: Sweep) -> list[int]:
    """The ghost batches' sizes, in ascending order."""
    return sorted(sweep.values)


def measured(sweep: Sweep, rows: Rows) -> dict[str, dict[str, np.ndarray]]:
    """Training accuracy, test accuracy and the gap between them, of every curve: [sizes, seeds], NaN where there is none."""
    order, names = np.argsort(sweep.values), [curve.name for curve in sweep.curves]
    train, test = (grid(sweep, rows, f"{key}_accuracy")[:, order] for key in ("train", "test"))
    found = {"train": train, "test": test, "gap": train - test}
    return {key: dict(zip(names, values, strict=True)) for key, values in found.items()}


_TITLES = {  # of a measure: title, caption, axis
    "test": ("On new examples", "Accuracy on held-out examples, whose labels are never random.", "test accuracy"),
    "train": (
        "On the examples it was trained on",
        "Accuracy on the labels as trained, random ones included: who gets those right has learnt them by heart.",
        "training accuracy",
    ),
    "gap": ("The gap", "Training minus test accuracy. A regularizer narrows it; so does learning less.", "training − test"),
}


def panels(sweep: Sweep, rows: Rows) -> list[dict[str, Any]]:
    """All panels of the page, in reading order."""
    values = measured(sweep, rows)
    against = [_against_size(sweep, key, values[key]) for key in _TITLES]
    return [*against, learning(sweep, rows), compared(sweep, values["test"])]


def _against_size(sweep: Sweep, key: str, values: dict[str, np.ndarray]) -> dict[str, Any]:
    """One measure [sizes, seeds] of every curve over the ghost batches' size: a subplot for each world."""
    title, caption, y_title = _TITLES[key]
    traces: list[Trace] = []
    for axes, world in zip(("", "2"), worlds(sweep), strict=False):
        for scene in scenes(sweep):
            draw = _flat if scene in FLAT else _curve
            traces += draw(sweep, values[f"{scene} {world}"], scene, axes)
    arrangement = _arranged(sweep, axis(y_title, tickformat=".0%", range=_round_range(_seen(values))), _size_axis(sweep))
    text = " ".join(_told(sweep, values, world, name) for world, name in worlds(sweep).items())
    return panel(key, title, caption, (traces, arrangement), height=350, alternative=f"{title}: {y_title}. {text}")


def _curve(sweep: Sweep, values: np.ndarray, scene: str, axes: str) -> list[Trace]:
    """The mean at each size with its interval, and single seeds faintly behind it."""
    mean = interval(values)
    there = np.isfinite(mean.mean)
    x = np.array(sizes(sweep))[there]
    arms = {"type": "data", "symmetric": True, "array": _clean((mean.high - mean.mean)[there]), "thickness": 1.5, "width": 3}
    label = f"groups of %{{x}}: %{{text}}<extra>{NAMES[scene]}</extra>"
    strong = line(scene, axes, 2.5, x=x.tolist(), y=_clean(mean.mean[there]), error_y=arms, hovertemplate=label)
    strong |= {"mode": "lines+markers", "marker": {"size": 6}, "text": [told(mean, place) for place in np.flatnonzero(there)]}
    beside = [size * 2**BESIDE for size in sizes(sweep)]
    seeds = [(place, one) for place, row in zip(beside, values, strict=True) for one in row if math.isfinite(one)]
    return [_dots(scene, axes, seeds), _named(strong, scene, axes, "with batch norm")]


def _flat(sweep: Sweep, values: np.ndarray, scene: str, axes: str) -> list[Trace]:
    """A scene that knows no ghost batches: one line with its interval as a band, and its seeds at the right."""
    mean, (low, high) = interval(values[:1]), _reach(sweep)
    there = np.isfinite(mean.mean).all()
    ends = [low, high] if there else []
    known = there and np.isfinite(mean.low).all()
    y = [mean.low[0], mean.low[0], mean.high[0], mean.high[0]] if known else []
    band = line(
        scene, axes, 0, x=[*ends, *ends[::-1]] if known else [], y=_clean(y), fill="toself", hoverinfo="skip", legendgroup=scene
    )
    name = f"dropout {sweep.base.dropout:g} instead" if scene == "dropout" else NAMES[scene]
    label = f"{told(mean, 0)}<extra>{name}</extra>" if there else ""
    strong = line(scene, axes, 2, x=ends, y=_clean([*mean.mean] * len(ends)), hovertemplate=label)
    place = sizes(sweep)[-1] * 2 ** FLAT[scene]
    seeds = [(place, one) for one in values[0] if math.isfinite(one)]
    return [{**band, "fillcolor": translucent(scene, 0.16)}, _named(strong, scene, axes, name), _dots(scene, axes, seeds)]


def _named(trace: Trace, scene: str, axes: str, name: str) -> Trace:
    """With an entry in the legend, which rules both subplots."""
    return {**trace, "name": name, "legendgroup": scene, "showlegend": axes == ""}


def _dots(scene: str, axes: str, points: list[tuple[float, float]]) -> Trace:
    """Single seeds."""
    mark = {"color": translucent(scene, 0.4), "size": 4, "line": {"width": 0}}
    x, y = ([point[place] for point in points] for place in (0, 1))
    return {**line(scene, axes, x=x, y=y), "mode": "markers", "marker": mark, "legendgroup": scene, "hoverinfo": "skip"}


def _size_axis(sweep: Sweep) -> Layout:
    reach = [math.log10(end) for end in _reach(sweep)]
    return axis("ghost batch size", type="log", range=reach, tickvals=sizes(sweep), tickangle=0)


def _reach(sweep: Sweep) -> tuple[float, float]:
    """The ends of the axis of sizes."""
    return sizes(sweep)[0] * 2**-LEFT, sizes(sweep)[-1] * 2**RIGHT


def _arranged(sweep: Sweep, y: Layout, x: Layout, **more: Any) -> Layout:
    """A subplot for each world, side by side, with one scale."""
    names = list(worlds(sweep).values())
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


def _seen(values: dict[str, np.ndarray]) -> np.ndarray:
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


def _clean(values: Any) -> list[float | None]:
    """Numbers for JSON: what is not finite is None."""
    return [float(value) if math.isfinite(value) else None for value in values]


def told(mean: Interval, place: int) -> str:
    """A mean and its interval, in percent."""
    value, low, high = (f"{100 * float(one[place]):.1f}".replace("-", "−") for one in mean[:3])
    return f"{value} %" + (f" ({low} to {high})" if math.isfinite(mean.low[place]) else "")


def _told(sweep: Sweep, values: dict[str, np.ndarray], world: str, name: str) -> str:
    """The means of one subplot, for those who do not see it."""
    parts = []
    for scene in scenes(sweep):
        mean = interval(values[f"{scene} {world}"])
        places = [0] if scene in FLAT else range(len(sizes(sweep)))
        known = [place for place in places if np.isfinite(mean.mean[place])]
        groups = (f"{told(mean, place)}" + ("" if scene in FLAT else f" in groups of {sizes(sweep)[place]}") for place in known)
        parts.append(f"{NAMES[scene]} {', '.join(groups)}" if known else f"{NAMES[scene]} nothing yet")
    return f"With {name}: {'; '.join(parts)}."


def learning(sweep: Sweep, rows: Rows) -> dict[str, Any]:
    """Test accuracy over steps, mean over seeds: of the smallest and the largest ghost batches, and of the nets without."""
    traces: list[Trace] = []
    told_of = []
    for axes, (world, name) in zip(("", "2"), worlds(sweep).items(), strict=False):
        for label, scene, size in _paths(sweep):
            x, y = _path(rows, f"{scene} {world}", size)
            dash = "dot" if scene == "batch" and size == sizes(sweep)[-1] else "solid"
            hover = f"step %{{x}}: %{{y:.1%}}<extra>{label}</extra>"
            traces.append(line(scene, axes, 2, dash, x=x, y=_clean(y), name=label, hovertemplate=hover, legendgroup=label))
            traces[-1]["showlegend"] = axes == ""
            if len(y) and np.isfinite(y[-1]):
                told_of.append(f"{label}, {name}: at best {100 * np.nanmax(y):.1f} %, at the end {100 * y[-1]:.1f} %")
    shown = np.concatenate([np.array(trace["y"], float) for trace in traces])
    y = axis("test accuracy", tickformat=".0%", range=_round_range(shown))
    arrangement = _arranged(sweep, y, axis("step", range=[0, sweep.base.steps]))
    return panel(
        "learning",
        "On the way there",
        "Test accuracy while training, mean over seeds. Where a line falls again, it would have paid to stop early.",
        (traces, arrangement),
        height=350,
        alternative=f"Test accuracy while training. {'; '.join(told_of) or 'Nothing yet'}.",
    )


def _paths(sweep: Sweep) -> list[tuple[str, str, int | None]]:
    """Name, scene and ghost batches' size of what is shown over steps."""
    ends = dict.fromkeys((sizes(sweep)[0], sizes(sweep)[-1]))
    others = [(plain_name(sweep, scene), scene, None) for scene in scenes(sweep)[1:]]
    return [*((f"groups of {size}", "batch", size) for size in ends), *others]


def plain_name(sweep: Sweep, scene: str) -> str:
    """What a net without batch norm is called beside the groups."""
    return f"dropout {sweep.base.dropout:g}" if scene == "dropout" else "plain net"


def _path(rows: Rows, curve: str, size: int | None) -> tuple[list[int], np.ndarray]:
    """Steps and the mean over seeds of the test accuracy there."""
    runs = {row["run"]: row for row in rows if row["curve"] == curve and size in (None, row["value"])}
    if not runs:
        return [], np.array([])
    every = np.array([row["test_accuracies"] for row in runs.values()], float)
    there = np.isfinite(every)
    with np.errstate(invalid="ignore"):
        return next(iter(runs.values()))["checkpoints"], np.where(there, every, 0).sum(0) / there.sum(0)


def changes_of(sweep: Sweep, test: dict[str, np.ndarray], world: str) -> dict[str, Interval]:
    """Differences of test accuracy in one world, seed by seed, by what is compared."""
    small, large = sizes(sweep)[0], sizes(sweep)[-1]
    groups, found = test[f"batch {world}"], {}
    if small != large:
        found[f"{small} − {large}"] = difference(groups[0], groups[-1])
    for scene in scenes(sweep)[1:]:
        found[f"{small} − {scene.replace('none', 'plain net')}"] = difference(groups[0], test[f"{scene} {world}"][0])
    if "dropout" in scenes(sweep):
        found["dropout − plain net"] = difference(test[f"dropout {world}"][0], test[f"none {world}"][0])
    return found


def compared(sweep: Sweep, test: dict[str, np.ndarray]) -> dict[str, Any]:
    """Differences of test accuracy with their intervals, one below the other."""
    traces, told_of, names, small = [], [], [], sizes(sweep)[0]
    for axes, (world, labels) in zip(("", "2"), worlds(sweep).items(), strict=False):
        found = changes_of(sweep, test, world)
        names = list(found)
        for scene, parts in (
            (("batch", names[:-1]), ("dropout", names[-1:])) if "dropout" in scenes(sweep) else (("batch", names),)
        ):
            traces.append(_forest(scene, axes, {name: found[name] for name in parts}))
        known = [f"{name} {points(change)}" for name, change in found.items() if math.isfinite(change.mean)]
        told_of.append(f"With {labels}: {', '.join(known) or 'nothing yet'}.")
    reach = 1.15 * max([0.05, *(abs(end) for trace in traces for end in trace["meta"])])
    zero = {"zeroline": True, "zerolinecolor": GREY, "zerolinewidth": 1.5}
    x = axis("points", range=[-100 * reach, 100 * reach], **zero)
    y = axis(
        "", type="category", categoryarray=names[::-1], categoryorder="array", range=[-0.6, len(names) - 0.4], tickvals=names
    )
    arrangement = _arranged(sweep, y, x, showlegend=False, margin={"l": 116, "r": 14, "t": 24, "b": 42})
    return panel(
        "compared",
        "What it comes to",
        "Differences of test accuracy, seed by seed, with 95 % intervals; what lies across 0 cannot be told. "
        f"{small}: batch norm in groups of {small}.",
        (traces, arrangement),
        wide=True,
        height=230,
        alternative=f"Differences of test accuracy. {' '.join(told_of)}",
    )


def _forest(scene: str, axes: str, found: dict[str, Interval]) -> Trace:
    """A dot with its interval for each difference that is known."""
    known = {name: change for name, change in found.items() if math.isfinite(change.mean)}
    half = [change.high - change.mean for change in known.values()]
    arms = {"type": "data", "symmetric": True, "array": [100 * one if math.isfinite(one) else None for one in half]}
    trace = line(scene, axes, x=[100 * float(change.mean) for change in known.values()], y=list(known), error_x=arms)
    trace |= {
        "mode": "markers",
        "marker": {"size": 9, "color": trace["line"]["color"]},
        "hovertemplate": "%{text}<extra></extra>",
    }
    ends = [float(end) for change in known.values() for end in change[:3] if math.isfinite(end)]
    return trace | {"text": [f"{name}: {points(change)}" for name, change in known.items()], "meta": ends}


def points(change: Interval) -> str:
    """A difference of accuracies in percentage points, with its interval."""
    value, low, high = (f"{100 * float(one):+.1f}".replace("-", "−") for one in change[:3])
    return f"{value} points" + (f" ({low} to {high})" if math.isfinite(change.low) else "")
