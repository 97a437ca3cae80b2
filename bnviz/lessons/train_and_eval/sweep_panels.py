"""The panels of the sweep over batch norm's momentum and the batch size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from bnviz.config.sweep import Sweep
from bnviz.judge.intervals import interval
from bnviz.lessons.train_and_eval.law_panels import MOMENTA
from bnviz.lessons.train_and_eval.sweep_results import Cells, Rows, cells, logarithms, sizes_of
from bnviz.web import words
from bnviz.web.figures import COLOURS, GREY, TWO_ROWS, Trace, axis, layout, line, numbers, pair, panel, table, threads
from bnviz.web.words import fill

TEXTS = words.catalogue("train_and_eval")["sweep"]
ARM = "batch"
LOG = {"type": "log", "exponentformat": "power", "dtick": 1}
DASHES = {4: "dot", 16: "dash", 64: "solid", 256: "dashdot"}
SYMBOLS = {4: "circle", 16: "square", 64: "diamond", 256: "x"}
Panel = dict[str, Any]


def panels(sweep: Sweep, rows: Rows) -> list[Panel]:
    """The error at each batch size beside the law, the gaps in accuracy, and gaps against errors."""
    values = cells(sweep, rows)
    ordered = sorted(enumerate(sizes_of(sweep)), key=lambda place: place[1])
    errors = [_error(sweep, values, place, size) for place, size in ordered]
    return [*errors, _gaps(sweep, values, ordered), _against(sweep, values, ordered)]


def _error(sweep: Sweep, values: Cells, place: int, size: int) -> Panel:
    """The error of running means over momentum, measured and by the law, of one batch size."""
    texts, x = TEXTS["error"], list(sweep.values)
    measured, law = (np.exp(interval(logarithms(one[place])).mean) for one in (values.measured, values.law))
    label = f"{texts['x']} %{{x}}: %{{y:.2~g}} σ"
    columns = {fill(texts["column"], name=texts[name]): one for name, one in (("measured", measured), ("law", law))}
    traces = [
        threads(ARM, np.array(x), values.measured[place].T) | {"table": []},
        _line(x, measured, texts["measured"], label, "solid") | table(texts["x"], x, columns),
        _line(x, law, texts["law"], label, "dash", GREY) | {"table": []},
    ]
    y = axis(texts["y"], **LOG)
    figure = layout(showlegend=True, margin=TWO_ROWS, xaxis=axis(texts["x"], **MOMENTA), yaxis=y)
    title = fill(texts["title"], size=size)
    told = fill(texts["told"], size=size, errors=_listed(x, measured), law=_listed(x, law))
    return panel(f"error-{size}", title, texts["caption"], (traces, figure), alternative=told)


def _line(
    x: Sequence[float | None], y: np.ndarray, name: str, label: str, dash: str, colour: str = COLOURS[ARM], axes: str = ""
) -> Trace:
    trace = line(ARM, axes, 2.5, dash, x=x, y=numbers(y), name=name, hovertemplate=f"{label}<extra>{name}</extra>")
    return {**trace, "showlegend": axes == "", "legendgroup": name, "line": {**trace["line"], "color": colour}}


def _gaps(sweep: Sweep, values: Cells, ordered: list[tuple[int, int]]) -> Panel:
    """What running statistics lack against recomputed ones, and against each minibatch's, over momentum."""
    texts, x, traces = TEXTS["gaps"], list(sweep.values), []
    for axes, key in (("", "recovered"), ("2", "training")):
        for place, size in ordered:
            label = f"{TEXTS['error']['x']} %{{x}}: %{{y:.1%}}"
            name = fill(texts["size"], size=size)
            one = _line(x, getattr(values, key)[place].mean(-1), name, label, DASHES[size], axes=axes)
            columns = {fill(texts["column"], name=texts[key], size=size): getattr(values, key)[place].mean(-1)}
            traces.append(one | table(TEXTS["error"]["x"], x, columns))
    left, right = (axis(texts[key], tickformat=".0%") for key in ("recovered", "training"))
    figure = pair(left, right, MOMENTA, TEXTS["error"]["x"], margin=TWO_ROWS)
    told = "; ".join(
        fill(texts["told"], size=size, gaps=_listed(x, 100 * values.recovered[place].mean(-1))) for place, size in ordered
    )
    return panel("gaps", texts["title"], texts["caption"], (traces, figure), height=320, alternative=told)


def _against(sweep: Sweep, values: Cells, ordered: list[tuple[int, int]]) -> Panel:
    """Each batch size and momentum as a dot: the gap in accuracy against the error of running means."""
    texts, traces = TEXTS["against"], []
    for place, size in ordered:
        errors, gaps = np.exp(interval(logarithms(values.measured[place])).mean), values.recovered[place].mean(-1)
        name = fill(TEXTS["gaps"]["size"], size=size)
        dots = _line(numbers(errors), gaps, name, "%{x:.2~g} σ: %{y:.1%}", "solid")
        columns = {fill(texts["column"], name=one, size=size): of for one, of in ((texts["x"], errors), (texts["y"], gaps))}
        marker = {"symbol": SYMBOLS[size], "size": 9, "color": COLOURS[ARM]}
        traces.append(dots | {"mode": "markers", "marker": marker} | table(TEXTS["error"]["x"], sweep.values, columns))
    figure = layout(showlegend=True, margin=TWO_ROWS, xaxis=axis(texts["x"], **LOG), yaxis=axis(texts["y"], tickformat=".0%"))
    return panel("against", texts["title"], texts["caption"], (traces, figure), height=320, alternative=texts["told"])


def _listed(x: list[float], values: np.ndarray) -> str:
    """Values over momentum, for those who do not see them."""
    known = ((momentum, value) for momentum, value in zip(x, values, strict=True) if np.isfinite(value))
    return ", ".join(fill(TEXTS["at"], value=f"{value:.2g}", momentum=f"{momentum:g}") for momentum, value in known)
