"""The panels of the page /train-and-eval: one network in several views, and how far its running statistics are off."""

from __future__ import annotations

from typing import Any

from bnviz.config.arms import ARMS
from bnviz.config.experiment import Experiment
from bnviz.data import DATA_SETS
from bnviz.lessons.train_and_eval.law_panels import bessel, law
from bnviz.web import words
from bnviz.web.figures import (
    COLOURS,
    TWO_ROWS,
    Layout,
    Trace,
    arm_names,
    axis,
    compared,
    heading,
    layer_curves,
    layout,
    learning,
    line,
    pair,
    paired_names,
    panel,
    translucent,
)

WORDS = words.catalogue("train_and_eval")
TEXTS = WORDS["panels"]
Panel = dict[str, Any]
VIEWS = {"minibatch": "dash", "running": "solid", "recomputed": "dot"}
PARTS = {  # dash and colour: no arm's colours, and told apart without colour by dash and by the name at the end
    "start": ("solid", "#8A7A3A"), "drift": ("6px,4px", "#B5528F"), "noise": ("2px,3px", "#2E9C86"),
    "offset": ("14px,4px", "#7D6BB5"), "distance": ("8px,3px,2px,3px", "#9A6A4F"),
}  # fmt: skip


def panels(experiment: Experiment) -> list[Panel]:
    """All panels of the page, in reading order; a normalizer without running statistics has one view, so little to show."""
    _, norm = compared(experiment)
    if experiment.three_views == "no" or not ARMS[norm].statistics:
        evaluates_others = experiment.three_views == "yes" and _is_coloured(experiment)
        tried = [remedies(experiment, norm)] if experiment.three_views == "yes" else []
        return [*([evaluated(experiment)] if evaluates_others else []), *tried, learning(experiment, WORDS)]
    return [
        views(experiment, norm),
        *([tasks(experiment)] if _shifts(experiment) else []),
        layers(experiment, norm),
        causes(experiment, norm),
        remedies(experiment, norm),
        law(experiment, norm),
        bessel(experiment, norm),
        errors(experiment, norm),
        learning(experiment, WORDS),
    ]


def views(experiment: Experiment, norm: str) -> Panel:
    """The accuracy of the compared network in every view, and that of the plain one; and their losses."""
    columns = [("", "accuracy", ".1%"), ("2", "loss", ".3f")]
    if not _has_classes(experiment):
        columns = [("", "loss", ".3f")]
    traces = [trace for column in columns for trace in _views_of(experiment, norm, *column)]
    return panel("views", *heading(WORDS, "views"), (traces, _views_layout(experiment, columns)), height=340)


def _is_coloured(experiment: Experiment) -> bool:
    """Whether animals are evaluated that are coloured, whatever those of training are."""
    return experiment.evaluation_coats == "coloured" and DATA_SETS[experiment.dataset].has_coats


def _shifts(experiment: Experiment) -> bool:
    """Whether inputs are shifted on the way, in a task with classes: then there is an old task and a new one."""
    shifted = any(change.name == "input_shift" for change in experiment.possible_changes)
    return shifted and _has_classes(experiment)


def tasks(experiment: Experiment) -> Panel:
    """The accuracy of both networks on the inputs of now, and dashed on those of before any shift."""
    traces = []
    for arm, name in paired_names(experiment).items():
        for key, kind, dash in (("test_accuracy", "scalar", "solid"), ("unshifted_accuracy", "evaluated", "dash")):
            trace = line(arm, "", 2, dash, feed={"kind": kind, "arm": arm, "key": key})
            traces.append(_named(trace, f"{name}: {TEXTS['tasks'][key]}", "", ".1%"))
    share = axis(TEXTS["tasks"]["accuracy"], tickformat=".0%", fit="task_accuracy")
    figure = layout(showlegend=True, margin=TWO_ROWS, xaxis=axis("step", range=[0, experiment.steps]), yaxis=share)
    return panel("tasks", *heading(WORDS, "tasks"), (traces, figure), height=340)


def evaluated(experiment: Experiment) -> Panel:
    """The accuracy on coloured animals of two networks without running statistics."""
    traces = [_on_coloured(arm, name, "accuracy", "", ".1%") for arm, name in paired_names(experiment).items()]
    share = axis(TEXTS["evaluated"]["accuracy"], tickformat=".0%", fit="evaluated_accuracy")
    figure = layout(showlegend=True, xaxis=axis("step", range=[0, experiment.steps]), yaxis=share)
    return panel("evaluated", *heading(WORDS, "evaluated"), (traces, figure))


def _on_coloured(arm: str, name: str, score: str, axes: str, form: str) -> Trace:
    """A score on coloured animals of a network that has one view."""
    feed = {"kind": "evaluated", "arm": arm, "key": f"evaluated_{score}"}
    return _named(line(arm, axes, 1.5, feed=feed), name, axes, form)


def _has_classes(experiment: Experiment) -> bool:
    return DATA_SETS[experiment.dataset].loss == "cross-entropy"


def _views_of(experiment: Experiment, norm: str, axes: str, score: str, form: str) -> list[Trace]:
    """One line a view, and one of the plain network, whose views are one."""
    dashes = {**VIEWS, "own": "dashdot"} if _is_coloured(experiment) else VIEWS
    traces = []
    for view, dash in dashes.items():
        feed = {"kind": "evaluation", "arm": norm, "key": f"{view}_{score}"}
        width = 3.5 if dash == "solid" else 2
        traces.append(_named(line(norm, axes, width, dash, feed=feed), WORDS["views"][view], axes, form))
    plain, _ = compared(experiment)
    name, feed = arm_names(experiment)[plain], {"kind": "scalar", "arm": plain, "key": f"test_{score}"}
    if _is_coloured(experiment):
        return [*traces, _on_coloured(plain, name, score, axes, form)]
    return [*traces, _named(line(plain, axes, 1.5, feed=feed), name, axes, form)]


def _named(trace: Trace, name: str, axes: str, form: str) -> Trace:
    """With a name, in the legend once."""
    label = f"step %{{x}}: %{{y:{form}}}<extra>{name}</extra>"
    return {**trace, "name": name, "hovertemplate": label, "legendgroup": name, "showlegend": axes == ""}


def _views_layout(experiment: Experiment, columns: list[tuple[str, str, str]]) -> Layout:
    steps, texts = {"range": [0, experiment.steps]}, TEXTS["views"]
    loss = axis(texts["loss"], rangemode="tozero", fit="view_loss")
    if len(columns) == 1:
        return layout(showlegend=True, margin=TWO_ROWS, xaxis=axis("step", **steps), yaxis=loss)
    share = axis(texts["accuracy"], tickformat=".0%", fit="view_accuracy")
    return pair(share, loss, steps, margin=TWO_ROWS)


def layers(experiment: Experiment, norm: str) -> Panel:
    """Two bars a layer: how far the running mean and the running standard deviation are off at the step on show."""
    filled, hollow = {"color": COLOURS[norm]}, {"color": translucent(norm, 0.2), "line": {"color": COLOURS[norm], "width": 2}}
    traces = []
    for key, marker in (("mean_error", filled), ("std_error", hollow)):
        name = TEXTS["layers"][key]
        label = f"layer %{{x}}: %{{y:.3f}} σ<extra>{name}</extra>"
        bars = {"type": "bar", "x": [], "y": [], "name": name, "marker": marker, "hovertemplate": label, "showlegend": True}
        traces.append({**bars, "xaxis": "x", "yaxis": "y", "feed": {"kind": "error-bars", "arm": norm, "key": key}})
    figure = layout(
        showlegend=True,
        barmode="group",
        bargap=0.3,
        margin=TWO_ROWS,
        xaxis=axis(TEXTS["layers"]["x"], range=[0.4, experiment.hidden_layers + 0.6], tickformat="d"),
        yaxis=axis(TEXTS["layers"]["y"], fit="errors", rangemode="tozero"),
    )
    return panel("layers", *heading(WORDS, "layers"), (traces, figure), height=320)


def causes(experiment: Experiment, norm: str) -> Panel:
    """The error of the running mean in the chosen layer, what it is made of, and how far the held-out examples lie off."""
    measured = line(norm, width=4, feed={"kind": "evaluation-layer", "arm": norm, "key": "mean_error"})
    traces = [_named(measured, WORDS["parts"]["measured"], "", ".3f")]
    for part, (dash, colour) in PARTS.items():
        feed = {"kind": "part", "arm": norm, "part": part, "label": WORDS["parts"][part], "among": list(PARTS)}
        trace = line(norm, "", 2, dash, feed=feed, textfont={"color": colour})
        trace["line"] |= {"color": colour}
        traces.append(_named(trace, WORDS["parts"][part], "", ".3f"))
    figure = layout(
        showlegend=True,
        margin=TWO_ROWS,
        xaxis=axis("step", range=[0, experiment.steps]),
        yaxis=axis(TEXTS["causes"]["y"], fit="parts", rangemode="tozero"),
    )
    about = {"height": 320, "definition": TEXTS["causes"]["definition"]}
    return panel("causes", *heading(WORDS, "causes"), (traces, figure), **about)


def remedies(experiment: Experiment, norm: str) -> Panel:
    """What remedies have brought: two bars for the run on show and for each that was tried, in train() and in eval()."""
    accurate, texts = _has_classes(experiment), TEXTS["remedies"]
    hollow = {"color": translucent(norm, 0.2), "line": {"color": COLOURS[norm], "width": 2}}
    traces = []
    for key, marker in (("minibatch", hollow), ("running", {"color": COLOURS[norm]})):
        label = f"%{{x}}: %{{y:{'.1%' if accurate else '.3f'}}}<extra>{texts[key]}</extra>"
        bars = {"type": "bar", "x": [], "y": [], "name": texts[key], "marker": marker, "hovertemplate": label, "showlegend": True}
        traces.append({**bars, "xaxis": "x", "yaxis": "y", "feed": {"kind": "remedies", "arm": norm, "score": key}})
    share = {"range": [0, 1], "tickformat": ".0%"} if accurate else {"rangemode": "tozero"}
    scores = axis(texts["accuracy" if accurate else "loss"], **share)
    figure = layout(showlegend=True, barmode="group", bargap=0.3, margin=TWO_ROWS, xaxis=axis("", type="category"), yaxis=scores)
    more = {"height": 320, "control": "remedies", "asks": True}
    return panel("remedies", *heading(WORDS, "remedies"), (traces, figure), **more)


def errors(experiment: Experiment, norm: str) -> Panel:
    """How far running mean and standard deviation are off over steps, one line a layer."""
    traces, steps = [], {"range": [0, experiment.steps]}
    for axes, key in (("", "mean_error"), ("2", "std_error")):
        for trace in layer_curves(norm, key, experiment.hidden_layers, "%{y:.3f} σ", axes):
            traces.append({**_readable(trace, norm), "feed": {**trace["feed"], "kind": "evaluation-layer"}})
    left, right = (axis(TEXTS["errors"][key], fit="errors", rangemode="tozero") for key in ("mean", "std"))
    figure = {**pair(left, right, steps), "showlegend": False}
    return panel("errors", *heading(WORDS, "errors"), (traces, figure))


def _readable(trace: Trace, norm: str) -> Trace:
    """A faint line whose name at its end is not faint."""
    if "opacity" not in trace:
        return trace
    faint = {**trace["line"], "color": translucent(norm, trace["opacity"])}
    return {**trace, "opacity": 1, "line": faint, "textfont": {"color": COLOURS[norm]}}
