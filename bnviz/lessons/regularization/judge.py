"""What a sweep says of the claim that batch norm's noise regularizes: verdicts with paired intervals over seeds."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np

from bnviz.config.sweep import Sweep
from bnviz.judge.intervals import Interval, difference
from bnviz.lessons.regularization.panels import SCENES, Rows, measured, plain_name, points, scenes, sizes
from bnviz.web import words

PREDICTIONS = words.catalogue("regularization")["predictions"]
_OUTCOMES = {(1, -1): "split", (1, 1): "both", (-1, -1): "harm", (0, 0): "same"}


def sign(change: Interval) -> int | None:
    """1 or -1 where the interval lies on one side of 0, 0 where it contains 0, None where there is none yet."""
    if not math.isfinite(change.low):
        return None
    return int(change.low > 0) - int(change.high < 0)


def verdict(sweep: Sweep, rows: Rows) -> str:
    """The verdicts on what has arrived so far, as Markdown."""
    done, total = len({row["run"] for row in rows}), len(sweep.runs())
    if sweep.base.dataset == "linear-map":
        return "This data set has numbers to learn and no labels, so there is no accuracy to compare: choose another one."
    if not rows:
        return f"Nothing is known yet: {total} runs are to be trained, in stacks, so that the first of them come soon."
    values = measured(sweep, rows)
    asked = [_regularizes(sweep, values), _reliable(sweep, values), _beside(sweep, values["test"])]
    so_far = f"{done} of {total} runs are in, so this may still change. " if done < total else ""
    note = f"*{so_far}In brackets: 95 % intervals over {sweep.seeds} seeds.*"
    return "\n\n".join(["\n".join(f"- {one}" for one in asked if one), " ".join([note, *_diverged(sweep, rows)])])


def answer(sweep: Sweep, rows: Rows, prediction: str) -> str:
    """Holds a prediction, one of PREDICTIONS, against what was measured."""
    if "batch noisy" not in {curve.name for curve in sweep.curves}:
        return "Your prediction is about random labels, too: choose some label noise."
    values = measured(sweep, rows)["test"]
    changes = [_shrunk(values[f"batch {world}"]) for world in ("noisy", "clean")]
    signs = tuple(sign(change) for change in changes)
    if None in signs:
        return "Your prediction is held against the measurements as soon as the smallest and the largest groups are in."
    found = f"{_moved(signs[0])} with random labels and {_moved(signs[1])} with clean ones"
    verdict = "as you said" if _OUTCOMES.get(signs) == prediction else f"you said that it {PREDICTIONS[prediction]}"
    return f"As the groups shrink, test accuracy {found} ({verdict})."


def _moved(direction: int) -> str:
    return {1: "rises", -1: "falls", 0: "does not change so much that it could be told"}[direction]


def _shrunk(values: np.ndarray) -> Interval:
    """What the smallest groups change against the largest, seed by seed, for values [sizes, seeds]."""
    return difference(values[0], values[-1])


def _regularizes(sweep: Sweep, values: dict[str, dict[str, np.ndarray]]) -> str:
    """With random labels: does it learn fewer of them by heart, and does that help?"""
    ask = "**Does it regularize?** "
    if not sweep.base.label_noise:
        return f"{ask}Without random labels there is little to resist: choose some label noise."
    small, large = sizes(sweep)[0], sizes(sweep)[-1]
    if small == large:
        return f"{ask}This minibatch cannot be split any further, so there is nothing to compare."
    train, test = (_shrunk(values[key]["batch noisy"]) for key in ("train", "test"))
    signs = sign(train), sign(test)
    if None in signs:
        return f"{ask}Not known before groups of {small} and of {large} are in."
    learnt = {-1: "learns less by heart", 0: "learns about as much by heart", 1: "learns even more by heart"}[signs[0]]
    verdict = _VERDICTS[signs]
    return (
        f"{ask}**{verdict}** In groups of {small} instead of {large} the network {learnt}: training accuracy changes by "
        f"{points(train)}, test accuracy by {points(test)}{_best(sweep, values['test']['batch noisy'])}."
    )


_VERDICTS = {
    (-1, 1): "Yes, as the lecture says.",
    (-1, 0): "It does resist the random labels; whether that helps on new examples, these seeds cannot tell.",
    (-1, -1): "It hinders learning, the right labels with the wrong ones.",
    (0, 1): "It helps on new examples, though not by learning less by heart.",
    (0, 0): "These seeds cannot tell.",
    (0, -1): "No: it does harm.",
    (1, 1): "It helps on new examples, but not as a regularizer would.",
    (1, 0): "No: the opposite of what the lecture says.",
    (1, -1): "No: the opposite of what the lecture says.",
}


def _best(sweep: Sweep, values: np.ndarray) -> str:
    """Where the mean is highest, if between the ends."""
    with np.errstate(invalid="ignore"):
        means = np.nanmean(np.where(np.isfinite(values).any(1, keepdims=True), values, -1), axis=1)
    best = int(means.argmax())
    if best in (0, len(means) - 1):
        return ""
    return f"; the mean is highest in groups of {sizes(sweep)[best]}, {100 * means[best]:.1f} %"


def _reliable(sweep: Sweep, values: dict[str, dict[str, np.ndarray]]) -> str:
    """With clean labels: does the same noise cost anything?"""
    small, large = sizes(sweep)[0], sizes(sweep)[-1]
    if small == large:
        return ""
    ask, test = "**Is it one to rely on?** ", _shrunk(values["test"]["batch clean"])
    verdict = {
        -1: "No, as the lecture says.",
        0: "These seeds show no harm, and no help.",
        1: "Here it would be: it helps with clean labels, too.",
        None: f"Not known before groups of {small} and of {large} are in.",
    }[sign(test)]
    if sign(test) is None:
        return ask + verdict
    train = _shrunk(values["train"]["batch clean"])
    return (
        f"{ask}**{verdict}** With clean labels the same changes training accuracy by {points(train)}, "
        f"test accuracy by {points(test)}."
    )


def _beside(sweep: Sweep, test: dict[str, np.ndarray]) -> str:
    """The smallest groups against the net without batch norm, with dropout and without: test accuracy."""
    ask, small = "**Is it like dropout?** ", sizes(sweep)[0]
    others = {scene: found for scene in scenes(sweep)[1:] if (found := _against(test, scene))}
    if not others:
        return f"{ask}Not known before groups of {small} are in."
    told = "; ".join(f"against the {plain_name(sweep, scene)} {_listed(found)}" for scene, found in others.items())
    verdict = f"**{_matched(others['dropout'])}** " if "dropout" in others else "Choose some dropout to compare it with. "
    return f"{ask}{verdict}Test accuracy in groups of {small} {told.replace('the dropout', 'dropout')}."


def _against(test: dict[str, np.ndarray], scene: str) -> dict[str, Interval]:
    """What the smallest groups change against another scene, by kind of labels, where it is known."""
    found = {
        name: difference(test[f"batch {world}"][0], test[f"{scene} {world}"][0])
        for world, name in (("noisy", "random"), ("clean", "clean"))
        if f"{scene} {world}" in test
    }
    return {name: change for name, change in found.items() if sign(change) is not None}


def _listed(found: dict[str, Interval]) -> str:
    return ", ".join(f"{points(change)} with {name} labels" for name, change in found.items()).replace(" labels,", ",")


def _matched(found: dict[str, Interval]) -> str:
    """Who does better on new examples, the smallest groups or dropout."""
    sides = {1: "the noise does better", -1: "dropout does better", 0: "these seeds cannot tell"}
    signs = {name: sign(change) for name, change in found.items()}
    if not any(signs.values()):
        return "These seeds cannot tell them apart."
    told = "; ".join(f"with {name} labels {sides[one]}" for name, one in signs.items())
    if len(signs) == 2 and len(set(signs.values())) == 1:
        told = f"with both kinds of labels {sides[signs['clean']]}"
    return f"{told[0].upper()}{told[1:]}."


def _diverged(sweep: Sweep, rows: Rows) -> list[str]:
    """How many runs of which networks came to nothing."""
    lost = Counter(
        row["curve"].split()[0] for row in {row["run"]: row for row in rows if row["diverged_at"] is not None}.values()
    )
    if not lost:
        return []
    who = ", ".join(
        f"{lost[scene]} {'batch norm' if scene == 'batch' else plain_name(sweep, scene)}" for scene in SCENES if lost[scene]
    )
    return [f"**Diverged runs: {who}.** Their loss is no finite number; they count with the accuracy they ended with."]
