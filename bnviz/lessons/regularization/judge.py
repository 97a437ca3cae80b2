"""What a sweep says of the claim that batch norm's noise regularizes: verdicts with paired intervals over seeds."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping

import numpy as np

from bnviz.config.sweep import Sweep
from bnviz.data import DATA_SETS
from bnviz.judge.intervals import Interval
from bnviz.lessons.regularization.results import (
    SCENES,
    WORDS,
    Rows,
    Values,
    against,
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
from bnviz.web.words import fill

PREDICTIONS = WORDS["predictions"]
_OUTCOMES = {(1, -1): "split", (1, 1): "both", (-1, -1): "harm", (0, 0): "same"}
SCORES = {1: "better", 0: "same", -1: "worse"}  # names in the catalogue, by sign
MEMORIZES = {1: "more", 0: "same", -1: "less"}


def sign(change: Interval) -> int | None:
    """1 or -1 where the interval lies on one side of 0, 0 where it contains 0, None where there is none yet."""
    if not math.isfinite(change.low):
        return None
    return int(change.low > 0) - int(change.high < 0)


def _sign_or_none(sweep: Sweep, change: Interval) -> int | None:
    """The sign of a change; that it is too small to tell is known only when all seeds are in."""
    direction = sign(change)
    return None if direction == 0 and change.count < sweep.seeds else direction


def verdict(sweep: Sweep, rows: Rows) -> str:
    """The verdicts on what has arrived so far, as Markdown."""
    texts, total = WORDS["verdict"], len(sweep.runs())
    if DATA_SETS[sweep.base.dataset].loss != "cross-entropy":
        return texts["no_accuracy"]
    if not rows:
        return fill(texts["nothing"], total=total)
    values = measurements(sweep, rows)
    done = len({row["run"] for row in rows})
    answers = [_regularizes(sweep, values, done), _reliable(sweep, values, done), _like_dropout(sweep, values["test"], done)]
    return "\n\n".join(["\n".join(f"- {one}" for one in answers if one), " ".join([_note(sweep, rows), *_diverged(sweep, rows)])])


def _note(sweep: Sweep, rows: Rows) -> str:
    """How much is in, and what the brackets are."""
    texts, done, total = WORDS["verdict"], len({row["run"] for row in rows}), len(sweep.runs())
    so_far = [fill(texts["so_far"], done=done, total=total)] if done < total else []
    return f"*{' '.join([*so_far, fill(texts['intervals'], seeds=sweep.seeds)])}*"


def answer(sweep: Sweep, rows: Rows, prediction: str) -> str:
    """Compares a prediction, one of PREDICTIONS, with what was measured."""
    texts = WORDS["answer"]
    if "noisy" not in labels(sweep):
        return texts["no_noise"]
    values = measurements(sweep, rows)["test"]
    noisy, clean = (_sign_or_none(sweep, shrunk(values[f"batch {kind}"])) for kind in ("noisy", "clean"))
    if noisy is None or clean is None:
        return fill(texts["unknown"], done=len({row["run"] for row in rows}), total=len(sweep.runs()))
    right = _OUTCOMES.get((noisy, clean)) == prediction
    verdict = texts["right"] if right else fill(texts["other"], prediction=PREDICTIONS[prediction])
    return fill(texts["found"], noisy=texts[SCORES[noisy]], clean=texts[SCORES[clean]], verdict=verdict)


def _unknown(sweep: Sweep, ask: str, done: int) -> str:
    """A question that has no answer yet, as only `done` runs are in."""
    ends = {"small": sizes(sweep)[0], "large": sizes(sweep)[-1]}
    return fill(WORDS["verdict"]["unknown"], ask=ask, done=done, total=len(sweep.runs()), **ends)


def _paragraph(ask: str, verdict: str, details: str) -> str:
    """A question, the verdict, and the numbers that it rests on."""
    return fill(WORDS["verdict"]["told"], ask=ask, verdict=verdict, told=details)


def _regularizes(sweep: Sweep, values: dict[str, Values], done: int) -> str:
    """With random labels: does it memorize less, and does that help?"""
    texts, small, large = WORDS["regularizes"], sizes(sweep)[0], sizes(sweep)[-1]
    if "noisy" not in labels(sweep):
        return fill(texts["no_noise"], ask=texts["ask"])
    if small == large:
        return fill(texts["one_size"], ask=texts["ask"])
    train, test = (shrunk(values[key]["batch noisy"]) for key in ("train", "test"))
    memorizes, scores = _sign_or_none(sweep, train), _sign_or_none(sweep, test)
    if memorizes is None or scores is None:
        return _unknown(sweep, texts["ask"], done)
    details = fill(
        texts["told"],
        small=small, large=large, memorizes=texts[MEMORIZES[memorizes]],
        train=points(train), test=points(test), best=_best(sweep, values["test"]["batch noisy"]),
    )  # fmt: skip
    return _paragraph(texts["ask"], texts[f"{MEMORIZES[memorizes]}_{SCORES[scores]}"], details)


def _best(sweep: Sweep, values: np.ndarray) -> str:
    """Where the mean of [sizes, seeds] is highest, if between the ends."""
    with np.errstate(invalid="ignore"):
        means = np.nanmean(np.where(np.isfinite(values).any(1, keepdims=True), values, -1), axis=1)
    best = int(means.argmax())
    if best in (0, len(means) - 1):
        return ""
    return fill(WORDS["regularizes"]["best"], size=sizes(sweep)[best], accuracy=percent(means[best]))


def _reliable(sweep: Sweep, values: dict[str, Values], done: int) -> str:
    """With clean labels: does the same noise cost anything?"""
    if len(sizes(sweep)) == 1:
        return ""
    texts = WORDS["reliable"]
    train, test = (shrunk(values[key]["batch clean"]) for key in ("train", "test"))
    scores = _sign_or_none(sweep, test)
    if scores is None:
        return _unknown(sweep, texts["ask"], done)
    details = fill(texts["told"], train=points(train), test=points(test))
    if (cause := _statistics(sweep, values)) and scores < 0:
        details = f"{details} {cause}"
    return _paragraph(texts["ask"], texts[SCORES[scores]], details)


def _statistics(sweep: Sweep, values: dict[str, Values]) -> str:
    """How much of that harm is running statistics that do not fit, in the two smallest sizes of groups."""
    changes, texts = recovered(values, "clean")[:2], WORDS["statistics"]
    first = _sign_or_none(sweep, changes[0])
    if first is None:
        return ""
    told = fill(texts[SCORES[first]], small=sizes(sweep)[0], change=points(changes[0]))
    second = [fill(texts["next"], size=sizes(sweep)[1], change=points(one)) for one in changes[1:] if sign(one) is not None]
    return " ".join([told, *second])


def _like_dropout(sweep: Sweep, test: Values, done: int) -> str:
    """The smallest groups against the network without batch norm, with dropout and without: test accuracy."""
    texts, small = WORDS["like_dropout"], sizes(sweep)[0]
    others = {scene: intervals for scene in scenes(sweep)[1:] if (intervals := _finite_differences(sweep, test, scene))}
    if not others:
        return fill(texts["unknown"], ask=texts["ask"], small=small, done=done, total=len(sweep.runs()))
    rate = f"{sweep.base.dropout:g}"
    differences = "; ".join(
        fill(texts[f"than_{scene}"], rate=rate, changes=_listed(intervals)) for scene, intervals in others.items()
    )
    details = fill(texts["told"], small=small, differences=differences)
    if "dropout" in scenes(sweep) and "dropout" not in others:
        return _paragraph(texts["ask"], texts["later"], details)
    if "dropout" not in others:
        return fill(texts["no_dropout"], ask=texts["ask"], told=details)
    return _paragraph(texts["ask"], _better({kind: sign(change) for kind, change in others["dropout"].items()}), details)


def _finite_differences(sweep: Sweep, test: Values, scene: str) -> dict[str, Interval]:
    """What the smallest groups change against another scene, by kind of labels, where it is known."""
    intervals = {kind: against(test, scene, kind) for kind in labels(sweep)}
    return {kind: change for kind, change in intervals.items() if _sign_or_none(sweep, change) is not None}


def _listed(intervals: Mapping[str, Interval]) -> str:
    return ", ".join(fill(WORDS["like_dropout"][f"change_{kind}"], change=points(change)) for kind, change in intervals.items())


def _better(signs: Mapping[str, int | None]) -> str:
    """Which does better on new examples, the smallest groups or dropout."""
    texts = WORDS["like_dropout"]
    if not any(signs.values()):
        return texts["alike"]
    sides = {kind: texts[SCORES[one or 0]] for kind, one in signs.items()}
    if len(sides) == 2 and len(set(sides.values())) == 1:
        sides = {"together": sides["clean"]}
    details = "; ".join(fill(texts[kind], side=side) for kind, side in sides.items())
    return f"{details[0].upper()}{details[1:]}."


def _diverged(sweep: Sweep, rows: Rows) -> list[str]:
    """How many runs of which networks diverged."""
    texts = WORDS["verdict"]
    every = {row["run"]: row["curve"].split()[0] for row in rows if row["diverged_at"] is not None}
    lost = Counter(every.values())
    runs = [
        fill(texts["diverged_runs"], count=lost[scene], network=network_name(sweep, scene, short=True))
        for scene in SCENES
        if lost[scene]
    ]
    return [fill(texts["diverged"], runs=", ".join(runs))] if runs else []
