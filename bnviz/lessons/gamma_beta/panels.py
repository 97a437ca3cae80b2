"""The panels of the page `/gamma-beta`: mean and variance need not stay 0 and 1.

`arms` is what the arms are called, by arm; `norm` is the arm that is compared with the one without a normalizer.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from bnviz.config.arms import ARMS
from bnviz.config.experiment import PERCENTILES, Experiment
from bnviz.data import DATA_SETS
from bnviz.web import words
from bnviz.web.figures import (
    COLOURS,
    GREY,
    Layout,
    Trace,
    arm_curves,
    arm_names,
    arm_title,
    axis,
    compared,
    heading,
    layout,
    line,
    panel,
    translucent,
)

WORDS = words.catalogue("gamma_beta")
TEXTS = WORDS["panels"]
Arms = dict[str, str]
Panel = dict[str, Any]
COLUMNS = {"standardized": "ẑ", "normalized": "γẑ+β", "activation": "a"}
HALVES = [[0, 0.42], [0.58, 1]]
WIDE_HALVES = [[0, 0.47], [0.53, 1]]
THIRDS = [[0, 0.29], [0.355, 0.645], [0.71, 1]]


def panels(experiment: Experiment) -> list[Panel]:
    """All panels of the page, in reading order; those whose measures are not recorded are left out."""
    plain, norm = compared(experiment)
    arms = {arm: name for arm, name in arm_names(experiment).items() if arm in (plain, norm, "fixed")}
    steps = {"range": [0, experiment.steps]}
    statistics, inside = ARMS[norm].statistics, experiment.look_inside == "yes"
    fixed = "fixed" in arms and norm == "batch"  # the same normalizer, so that γ and β are all that differs
    columns = {name: text for name, text in COLUMNS.items() if statistics or name != "standardized"}
    classes = DATA_SETS[experiment.dataset].loss == "cross-entropy"
    return [
        scatter(norm),
        scales(norm, steps, pinned=inside and statistics),
        *([journey(norm, columns, experiment.steps), bands(norm, columns, steps, fixed)] if inside else []),
        learning(arms, steps, classes),
        *([means(norm, arms, steps)] if fixed else []),
        by_hand(norm, DATA_SETS[experiment.dataset].words["held_out"], classes),
    ]


def scatter(norm: str) -> Panel:
    """One dot a unit: where the normalizer puts its mean and its standard deviation."""
    path = line(norm, width=2, feed={"kind": "scale-path"}, hoverinfo="skip")
    units = _dots(norm, {"kind": "scale-dots"}, 7, 0.55)
    selection = _dots(norm, {"kind": "scale-chosen"}, 13, 1)
    pinned = {**line(norm), "feed": {"kind": "pinned-dot"}, "mode": "markers", "hoverinfo": "skip"}
    pinned["marker"] = {"symbol": "cross-thin", "size": 26, "line": {"color": GREY, "width": 3}}
    arrangement = layout(
        xaxis=axis(TEXTS["scatter"]["beta"], fit="beta_even"), yaxis=axis(TEXTS["scatter"]["gamma"], fit="gamma_even")
    )
    return panel("scatter", *heading(WORDS, "scatter"), ([units, path, selection, pinned], arrangement), height=340, rate=60)


def _dots(arm: str, feed: dict[str, Any], size: int, opacity: float) -> Trace:
    mark = {"color": COLOURS[arm], "size": size, "opacity": opacity, "line": {"width": 0}}
    hover = "β = %{x:.2f}, γ = %{y:.2f}<extra></extra>"
    return {**line(arm), "feed": feed, "mode": "markers", "marker": mark, "hovertemplate": hover}


def scales(norm: str, steps: Layout, pinned: bool) -> Panel:
    """γ and β of every unit over steps; grey, where ẑ's own mean and standard deviation were measured."""
    traces: list[Trace] = []
    for key, axes, pin in (("beta", "", "mean_range"), ("gamma", "2", "std_range")):
        traces.append(line(norm, axes, 1, opacity=0.42, feed={"kind": "scale-units", "key": key}, hoverinfo="skip"))
        label = "step %{x}: %{y:.3f}<extra></extra>"
        traces.append(line(norm, axes, 3, feed={"kind": "scale-unit", "key": key}, hovertemplate=label))
        traces += [_pinned(norm, axes, pin, place) for place in (0, 1) if pinned]
    arrangement = _row(HALVES, steps, (TEXTS["scales"]["beta"], TEXTS["scales"]["gamma"]), fits=("beta", "gamma"))
    return panel("scales", *heading(WORDS, "scales"), (traces, arrangement), height=340, rate=8)


def _pinned(norm: str, axes: str, key: str, place: int) -> Trace:
    """The smallest (`place` 0) or the largest (1) of ẑ's means or standard deviations."""
    trace = line(norm, axes, feed={"kind": "pinned", "key": key, "place": place}, hovertemplate="ẑ: %{y:.4f}<extra></extra>")
    return {**trace, "line": {"color": GREY, "width": 2, "dash": "dot"}}


def journey(norm: str, columns: dict[str, str], steps: int) -> Panel:
    """Ridgelines side by side of the chosen unit: ẑ where it is measured, γẑ+β and a."""
    traces: list[Trace] = []
    for axes, tap in zip(_names(columns), columns, strict=True):
        fill = {"fill": "toself", "hoverinfo": "skip"}
        for part, width, opacity in (("past", 1, 0.16), ("front", 2.5, 0.5)):
            feed = {"kind": f"column-{part}", "arm": norm, "tap": tap}
            traces.append(line(norm, axes, width, feed=feed, fillcolor=translucent(norm, opacity), **fill))
        first = {"kind": "column-first", "arm": norm, "tap": tap}
        traces.append(line(norm, axes, 1.5, "dot", feed=first, hoverinfo="skip"))
    figure = traces, _journey_layout(norm, columns, steps)
    return panel("journey", *heading(WORDS, "journey"), figure, height=380, rate=60)


def _journey_layout(norm: str, columns: dict[str, str], steps: int) -> Layout:
    rows = {"range": [steps * 1.02, -steps * 0.22], "tickvals": [0, steps / 2, steps], "time": True}
    arrangement = layout(annotations=_titles(norm, columns))
    for domain, axes, tap in zip(_domains(columns), _names(columns), columns, strict=True):
        fit = "after_g" if tap == "activation" else "before_g"
        shared = {"matches": "y", "showticklabels": False} if axes else {}
        arrangement[f"xaxis{axes}"] = axis("", domain=domain, anchor=f"y{axes}", fit=fit, nticks=4)
        arrangement[f"yaxis{axes}"] = axis("" if axes else TEXTS["journey"]["y"], anchor=f"x{axes}", **shared, **rows)
    return arrangement


def bands(norm: str, columns: dict[str, str], steps: Layout, fixed: bool) -> Panel:
    """The middle 70 % of all units pooled, at the same places; dotted, with γ and β fixed."""
    low, middle, high = range(len(PERCENTILES))
    places = [(axes, tap) for axes, tap in zip(_names(columns), columns, strict=True)]
    # The filled band must follow its lower edge directly.
    traces = [_band(norm, *one, place, width) for one in places for place, width in ((low, 0), (high, 0), (middle, 2.5))]
    for axes, tap in places if fixed else []:
        for place in (low, high, middle):
            feed = {"kind": "band", "arm": "fixed", "tap": tap, "place": place}
            traces.append(line("fixed", axes, 1.5, "dot", feed=feed, hoverinfo="skip"))
    fits = ["band_a" if tap == "activation" else "band_z" for tap in columns]
    arrangement = _row(_domains(columns), steps, [""] * len(columns), fits, annotations=_titles(norm, columns))
    return panel("bands", *heading(WORDS, "bands"), (traces, arrangement), height=380)


def _band(norm: str, axes: str, tap: str, place: int, width: float) -> Trace:
    """One percentile over steps; the last one is filled down to the trace before it."""
    fill = {"fill": "tonexty", "fillcolor": translucent(norm, 0.25)} if place == len(PERCENTILES) - 1 else {}
    label = f"{PERCENTILES[place]} % below %{{y:.2f}} at step %{{x}}<extra></extra>"
    feed = {"kind": "band", "arm": norm, "tap": tap, "place": place}
    return line(norm, axes, width, feed=feed, hovertemplate=label, **fill)


def learning(arms: Arms, steps: Layout, classes: bool) -> Panel:
    """Training loss, and test accuracy with the target that people may move; where numbers are learnt, test loss."""
    key, form = ("test_accuracy", ".1%") if classes else ("test_loss", ".3f")
    dashes = {"fixed": "dash"}
    traces = arm_curves(arms, (("train_loss", "", ".3f"), (key, "2", form)), dashes)
    traces += _targets(arms) if classes else []
    texts, fits = TEXTS["learning"], ("train_loss", key)
    arrangement = _row(HALVES, steps, (texts["train_loss"], texts[key]), fits, showlegend=True)
    arrangement["yaxis"]["rangemode"] = "tozero"
    arrangement["yaxis2"] |= {"tickformat": ".0%"} if classes else {"rangemode": "tozero"}
    control = {"control": "target"} if classes else {}
    return panel("learning", *heading(WORDS, "learning"), (traces, arrangement), **control)


def _targets(arms: Arms) -> list[Trace]:
    """The accuracy to reach, and where each arm first reached it."""
    target = {"color": GREY, "width": 1, "dash": "dash"}
    traces: list[Trace] = [{**line("none", "2"), "feed": {"kind": "target"}, "line": target, "hoverinfo": "skip"}]
    for arm, name in arms.items():
        mark = {"mode": "markers", "marker": {"color": COLOURS[arm], "size": 10, "symbol": "diamond"}}
        label = f"step %{{x}}<extra>{name}</extra>"
        traces.append({**line(arm, "2"), "feed": {"kind": "reached", "arm": arm}, **mark, "hovertemplate": label})
    return traces


def means(norm: str, arms: Arms, steps: Layout) -> Panel:
    """The mean of every unit, γ and β learnable at the left, fixed at the right."""
    traces: list[Trace] = []
    for arm, axes in ((norm, ""), ("fixed", "2")):
        every = {"kind": "units", "arm": arm, "key": "unit_mean"}
        traces.append(line(arm, axes, 1, opacity=0.42, feed=every, hoverinfo="skip"))
        feed = {"kind": "chosen-unit", "arm": arm, "key": "unit_mean"}
        traces.append(line(arm, axes, 3, feed=feed, hovertemplate="step %{x}<br>mean %{y:.2f}<extra></extra>"))
    arrangement = _row(WIDE_HALVES, steps, (TEXTS["means"]["y"], ""), fits=("normed_mean", "normed_mean"))
    arrangement["yaxis2"] |= {"matches": "y", "showticklabels": False}
    arrangement["annotations"] = [arm_title(norm, arms[norm], 0.235), arm_title("fixed", arms["fixed"], 0.765)]
    return panel("means", *heading(WORDS, "means"), (traces, arrangement))


def by_hand(norm: str, held_out: str, classes: bool) -> Panel:
    """What one unit hands on, and the network's test accuracy, as learnt (dotted, pale) and with γ and β moved by hand."""
    before = line(norm, "", 1.5, "dot", feed={"kind": "hand-histogram", "when": "before"}, hoverinfo="skip")
    filled = {"fill": "tozeroy", "fillcolor": translucent(norm, 0.4)}
    label = f"%{{y:.1%}} of the {held_out} near %{{x:.2f}}<extra></extra>"
    after = line(norm, "", 2.5, feed={"kind": "hand-histogram", "when": "after"}, hovertemplate=label, **filled)
    for trace in (before, after):
        trace["line"]["shape"] = "hvh"  # a histogram's outline
    colours = [translucent(norm, 0.4), COLOURS[norm]]
    bars = {"type": "bar", "orientation": "h", "marker": {"color": colours}, "textposition": "outside", "cliponaxis": False}
    score = {**bars, "feed": {"kind": "hand-score"}, "xaxis": "x2", "yaxis": "y2", "showlegend": False, "hoverinfo": "skip"}
    figure = [before, after, score], _hand_layout(classes)
    return panel("hand", *heading(WORDS, "hand"), figure, height=260, control="by-hand", wide=True, asks=True)


def _hand_layout(classes: bool) -> Layout:
    texts = TEXTS["hand"]
    accuracy = {"range": [0, 1.2], "tickvals": [0, 0.5, 1], "tickformat": ".0%"} if classes else {"rangemode": "tozero"}
    return layout(
        xaxis=axis(texts["x"], domain=[0, 0.54], anchor="y", rangemode="tozero"),
        yaxis=axis(texts["share"], anchor="x", tickformat=".0%", rangemode="tozero"),
        xaxis2=axis(texts["accuracy" if classes else "loss"], domain=[0.72, 1], anchor="y2", **accuracy),
        yaxis2=axis("", anchor="x2", autorange="reversed"),
        bargap=0.5,
    )


# Subplots side by side


def _row(domains: list, x: Layout, titles: Iterable[str], fits: Iterable[str], **more: Any) -> Layout:
    """Subplots side by side over the same steps."""
    arrangement = layout(**{"annotations": [], **more})
    for axes, domain, title, fit in zip(_names(domains), domains, titles, fits, strict=True):
        matches = {"matches": "x"} if axes else {}
        arrangement[f"xaxis{axes}"] = axis("step", domain=domain, anchor=f"y{axes}", **matches, **x)
        arrangement[f"yaxis{axes}"] = axis(title, anchor=f"x{axes}", fit=fit)
    return arrangement


def _names(columns: Iterable[Any]) -> list[str]:
    """What Plotly calls the axes of so many subplots: nothing, "2", "3", …"""
    return ["" if number == 1 else str(number) for number, _ in enumerate(columns, start=1)]


def _domains(columns: dict[str, str]) -> list:
    """The places of two or three columns."""
    return THIRDS if len(columns) == len(THIRDS) else WIDE_HALVES


def _titles(norm: str, columns: dict[str, str]) -> list[dict[str, Any]]:
    """The columns' names above them."""
    titles = zip(_domains(columns), columns.values(), strict=True)
    return [arm_title(norm, name, sum(domain) / 2) for domain, name in titles]
