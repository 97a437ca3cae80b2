"""The panels of the page /weight-decay: constant rate with decay, solid; rising rate without, dotted."""

from __future__ import annotations

from typing import Any

from bnviz.config.arms import rising
from bnviz.config.experiment import Experiment
from bnviz.web import words
from bnviz.web.figures import (
    GREY,
    TWO_ROWS,
    Layout,
    Trace,
    axis,
    heading,
    layout,
    learning,
    legend,
    line,
    pair,
    paired_names,
    panel,
    side_by_side,
)

WORDS = words.catalogue("weight_decay")
TEXTS = WORDS["panels"]
LOG = {"type": "log", "exponentformat": "power"}
Arms = dict[str, str]
Panel = dict[str, Any]


def panels(experiment: Experiment) -> list[Panel]:
    """All panels of the page, in reading order; where the networks do not train a second time there is little to see."""
    arms, steps = paired_names(experiment), {"range": [0, experiment.steps]}
    result = [
        losses(arms, experiment),
        gap(arms, experiment),
        evaluation(arms, steps),
        rates(arms, steps),
        sizes(arms, steps),
    ]
    return [*(result if rising("none") in experiment.arms else []), learning(experiment, WORDS)]


def _pair(arm: str, name: str, axes: str, feed: dict[str, Any], form: str) -> list[Trace]:
    """One measure of an arm with decay at a constant rate, and dotted of its copy at a rising rate without."""
    traces = []
    for own, dash, way in ((arm, "solid", WORDS["ways"]["decay"]), (rising(arm), "dot", WORDS["ways"]["rising"])):
        called = words.fill(WORDS["ways"]["of"], arm=name, way=way)
        label = f"step %{{x}}: %{{y:{form}}}<extra>{called}</extra>"
        width = 2 if dash == "solid" else 3  # dots on a line that coincides must be seen
        traces.append(line(arm, axes, width, dash, feed={**feed, "arm": own}) | {"name": called, "hovertemplate": label})
    return traces


def losses(arms: Arms, experiment: Experiment) -> Panel:
    """The training loss of all four networks, which are trained only where weight decay has a shrinkage."""
    steps, (title, caption) = {"range": [0, experiment.steps]}, heading(WORDS, "losses")
    caption = words.fill(caption, times=f"{(experiment.shrinkage or 1.0) ** -2:.5g}")
    return panel("losses", title, caption, _side_by_side("losses", "train_loss", arms, steps), height=320)


def evaluation(arms: Arms, steps: Layout) -> Panel:
    """The loss of all four networks on held-out examples, in evaluation: with running statistics, which lag behind."""
    return panel("evaluation", *heading(WORDS, "evaluation"), _side_by_side("evaluation", "test_loss", arms, steps), height=320)


def _side_by_side(name: str, key: str, arms: Arms, steps: Layout) -> tuple[list[Trace], Layout]:
    """A loss of all four networks, a subplot for each arm."""
    feed = {"kind": "scalar", "key": key}
    traces = [
        trace
        for axes, (arm, called) in zip(("", "2"), arms.items(), strict=True)
        for trace in _pair(arm, called, axes, feed, ".4f")
    ]
    return traces, side_by_side(arms, steps, {"rangemode": "tozero", "fit": name}, "step", TEXTS[name]["y"])


def gap(arms: Arms, experiment: Experiment) -> Panel:
    """How far the two losses of an arm lie apart, next to the smallest difference that the precision knows."""
    traces = []
    for arm, name in arms.items():
        label = f"step %{{x}}: %{{y:.1e}}<extra>{name}</extra>"
        traces.append(line(arm, feed={"kind": "gap", "arm": arm}) | {"name": name, "hovertemplate": label})
    rounding = line("none", "", 1.5, "dash", feed={"kind": "rounding"}, name=TEXTS["gap"]["rounding"], hoverinfo="name")
    traces.append(rounding | {"line": {**rounding["line"], "color": GREY}, "showlegend": True})
    figure = layout(
        showlegend=True,
        margin=TWO_ROWS,
        xaxis=axis("step", range=[0, experiment.steps]),
        yaxis=axis(TEXTS["gap"]["y"], fit="gap", dtick=4, **LOG),
    )
    return panel("gap", *heading(WORDS, "gap"), (legend(traces), figure), height=320)


def rates(arms: Arms, steps: Layout) -> Panel:
    """The learning rate of the hidden layers' weights, and the rate relative to their size."""
    return _two("rates", arms, steps, {"rate": {"kind": "hidden-rate"}, "effective": {"kind": "effective-rate"}})


def sizes(arms: Arms, steps: Layout) -> Panel:
    """The size of the chosen layer's weights, and of their gradient."""
    feeds = {"weight": {"kind": "layer", "key": "weight_norm"}, "gradient": {"kind": "layer", "key": "gradient_norm"}}
    return _two("sizes", arms, steps, feeds)


def _two(name: str, arms: Arms, steps: Layout, feeds: dict[str, dict[str, str]]) -> Panel:
    """Two measures of all four networks side by side, on logarithmic axes; `feeds` by what the axes are called."""
    traces = [
        trace
        for axes, feed in zip(("", "2"), feeds.values(), strict=True)
        for arm, called in arms.items()
        for trace in _pair(arm, called, axes, feed, ".3g")
    ]
    left, right = (axis(TEXTS[name][fit], fit=fit, **LOG) for fit in feeds)
    return panel(name, *heading(WORDS, name), (_short(traces), pair(left, right, steps, margin=TWO_ROWS)), height=340)


def _short(traces: list[Trace]) -> list[Trace]:
    """With an entry in the legend for each network of the first subplot."""
    return [{**trace, "showlegend": trace["xaxis"] == "x", "legendgroup": trace["name"]} for trace in traces]
