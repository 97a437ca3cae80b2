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
    measured,
    network_name,
    percent,
    points,
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


def _settled(sweep: Sweep, change: Interval) -> int | None:
    """The sign of a change; that it is too small to tell is known only when all seeds are in."""
    found = sign(change)
    return None if found == 0 and change.count < sweep.seeds else found


def verdict(sweep: Sweep, rows: Rows) -> str:
    """The verdicts on what has arrived so far, as Markdown."""
    said, total = WORDS["verdict"], len(sweep.runs())
    if DATA_SETS[sweep.base.dataset].loss != "cross-entropy":
        return said["no_accuracy"]
    if not rows:
        return fill(said["nothing"], total=total)
    values = measured(sweep, rows)
    done = len({row["run"] for row in rows})
    asked = [_regularizes(sweep, values, done), _reliable(sweep, values, done), _like_dropout(sweep, values["test"], done)]
    return "\n\n".join(["\n".join(f"- {one}" for one in asked if one), " ".join([_note(sweep, rows), *_diverged(sweep, rows)])])


def _note(sweep: Sweep, rows: Rows) -> str:
    """How much is in, and what the brackets are."""
    said, done, total = WORDS["verdict"], len({row["run"] for row in rows}), len(sweep.runs())
    so_far = [fill(said["so_far"], done=done, total=total)] if done < total else []
    return f"*{' '.join([*so_far, fill(said['intervals'], seeds=sweep.seeds)])}*"


def answer(sweep: Sweep, rows: Rows, prediction: str) -> str:
    """Compares a prediction, one of PREDICTIONS, with what was measured."""
    said = WORDS["answer"]
    if "noisy" not in labels(sweep):
        return said["no_noise"]
    values = measured(sweep, rows)["test"]
    noisy, clean = (_settled(sweep, shrunk(values[f"batch {kind}"])) for kind in ("noisy", "clean"))
    if noisy is None or clean is None:
        return fill(said["unknown"], done=len({row["run"] for row in rows}), total=len(sweep.runs()))
    right = _OUTCOMES.get((noisy, clean)) == prediction
    verdict = said["right"] if right else fill(said["other"], prediction=PREDICTIONS[prediction])
    return fill(said["found"], noisy=said[SCORES[noisy]], clean=said[SCORES[clean]], verdict=verdict)


def _unknown(sweep: Sweep, ask: str, done: int) -> str:
    """A question that has no answer yet, as only `done` runs are in."""
    ends = {"small": sizes(sweep)[0], "large": sizes(sweep)[-1]}
    return fill(WORDS["verdict"]["unknown"], ask=ask, done=done, total=len(sweep.runs()), **ends)


def _told(ask: str, verdict: str, told: str) -> str:
    """A question, the verdict, and the numbers that it rests on."""
    return fill(WORDS["verdict"]["told"], ask=ask, verdict=verdict, told=told)


def _regularizes(sweep: Sweep, values: dict[str, Values], done: int) -> str:
    """With random labels: does it memorize less, and does that help?"""
    said, small, large = WORDS["regularizes"], sizes(sweep)[0], sizes(sweep)[-1]
    if "noisy" not in labels(sweep):
        return fill(said["no_noise"], ask=said["ask"])
    if small == large:
        return fill(said["one_size"], ask=said["ask"])
    train, test = (shrunk(values[key]["batch noisy"]) for key in ("train", "test"))
    memorizes, scores = _settled(sweep, train), _settled(sweep, test)
    if memorizes is None or scores is None:
        return _unknown(sweep, said["ask"], done)
    told = fill(
        said["told"],
        small=small, large=large, memorizes=said[MEMORIZES[memorizes]],
        train=points(train), test=points(test), best=_best(sweep, values["test"]["batch noisy"]),
    )  # fmt: skip
    return _told(said["ask"], said[f"{MEMORIZES[memorizes]}_{SCORES[scores]}"], told)


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
    said = WORDS["reliable"]
    train, test = (shrunk(values[key]["batch clean"]) for key in ("train", "test"))
    scores = _settled(sweep, test)
    if scores is None:
        return _unknown(sweep, said["ask"], done)
    return _told(said["ask"], said[SCORES[scores]], fill(said["told"], train=points(train), test=points(test)))


def _like_dropout(sweep: Sweep, test: Values, done: int) -> str:
    """The smallest groups against the network without batch norm, with dropout and without: test accuracy."""
    said, small = WORDS["like_dropout"], sizes(sweep)[0]
    others = {scene: found for scene in scenes(sweep)[1:] if (found := _known(sweep, test, scene))}
    if not others:
        return fill(said["unknown"], ask=said["ask"], small=small, done=done, total=len(sweep.runs()))
    rate = f"{sweep.base.dropout:g}"
    differences = "; ".join(fill(said[f"than_{scene}"], rate=rate, changes=_listed(found)) for scene, found in others.items())
    told = fill(said["told"], small=small, differences=differences)
    if "dropout" in scenes(sweep) and "dropout" not in others:
        return _told(said["ask"], said["later"], told)
    if "dropout" not in others:
        return fill(said["no_dropout"], ask=said["ask"], told=told)
    return _told(said["ask"], _better({kind: sign(change) for kind, change in others["dropout"].items()}), told)


def _known(sweep: Sweep, test: Values, scene: str) -> dict[str, Interval]:
    """What the smallest groups change against another scene, by kind of labels, where it is known."""
    found = {kind: against(test, scene, kind) for kind in labels(sweep)}
    return {kind: change for kind, change in found.items() if _settled(sweep, change) is not None}


def _listed(found: Mapping[str, Interval]) -> str:
    return ", ".join(fill(WORDS["like_dropout"][f"change_{kind}"], change=points(change)) for kind, change in found.items())


def _better(signs: Mapping[str, int | None]) -> str:
    """Which does better on new examples, the smallest groups or dropout."""
    said = WORDS["like_dropout"]
    if not any(signs.values()):
        return said["alike"]
    sides = {kind: said[SCORES[one or 0]] for kind, one in signs.items()}
    if len(sides) == 2 and len(set(sides.values())) == 1:
        sides = {"together": sides["clean"]}
    told = "; ".join(fill(said[kind], side=side) for kind, side in sides.items())
    return f"{told[0].upper()}{told[1:]}."


def _diverged(sweep: Sweep, rows: Rows) -> list[str]:
    """How many runs of which networks diverged."""
    said = WORDS["verdict"]
    every = {row["run"]: row["curve"].split()[0] for row in rows if row["diverged_at"] is not None}
    lost = Counter(every.values())
    runs = [
        fill(said["diverged_runs"], count=lost[scene], network=network_name(sweep, scene, short=True))
        for scene in SCENES
        if lost[scene]
    ]
    return [fill(said["diverged"], runs=", ".join(runs))] if runs else []
