"""What a sweep says of the claim that batch norm's noise regularizes: verdicts from paired differences over seeds.

All statements about one sweep are judged together, each comparison so strictly that all of them are right 95 times in 100.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

import numpy as np

from bnviz.config.sweep import Sweep
from bnviz.data import DATA_SETS
from bnviz.judge.intervals import LEVEL, Interval, difference, over_seeds
from bnviz.judge.scale import POINTS
from bnviz.judge.signs import Signs
from bnviz.judge.verdict import FEWEST_SEEDS, Criterion
from bnviz.lessons.regularization.comparisons import family, numbers
from bnviz.lessons.regularization.results import (
    SCENES,
    WORDS,
    Rows,
    against,
    diverged,
    labels,
    measurements,
    network_name,
    pair,
    percent,
    points,
    scenes,
    sizes,
)
from bnviz.web.judgement import open_reason
from bnviz.web.markdown import table
from bnviz.web.words import begin_with, fill

PREDICTIONS = WORDS["predictions"]
_OUTCOMES = {(1, -1): "split", (1, 1): "both", (-1, -1): "harm", (0, 0): "same"}
SCORES = {1: "better", 0: "same", -1: "worse"}  # names in the catalogue, by sign
MEMORIZES = {1: "more", 0: "same", -1: "less"}


def sign(sweep: Sweep, ends: np.ndarray, lost: np.ndarray) -> int | None:
    """1 or -1 where the first of `ends` [2, seeds] is surely larger or smaller than the second, 0 where it is not sure.

    None before all seeds are in. Where some of the runs are `lost`, accuracies are of two kinds, and seeds are counted.
    """
    return sign_of_change(ends, lost, comparisons=max(1, family(sweep)))


def sign_of_change(ends: np.ndarray, lost: np.ndarray, comparisons: int = 1) -> int | None:
    """As `sign`, for one of so many `comparisons` that are tested together."""
    change = ends[0] - ends[1]
    if not np.isfinite(change).all():
        return None
    one, surely = Signs(change) if (lost > 0).any() else over_seeds(change), (1 - LEVEL) / comparisons / 2
    return int(one.not_above(0) <= surely) - int(one.not_below(0) <= surely)


def sign_of_shrinking(sweep: Sweep, rows: Rows, measure: str, kind: str) -> int | None:
    """Whether a measure is larger in the smallest groups than in the largest, with one kind of labels, as `sign`."""
    values, lost = measurements(sweep, rows)[measure][f"batch {kind}"], diverged(sweep, rows)[f"batch {kind}"]
    return sign(sweep, values[[0, -1]], lost[[0, -1]])


def sign_against(sweep: Sweep, rows: Rows, scene: str, kind: str) -> int | None:
    """Whether the smallest groups are more accurate than another scene, with one kind of labels, as `sign`."""
    test, lost = measurements(sweep, rows)["test"], diverged(sweep, rows)
    return sign(sweep, pair(test, scene, kind), pair(lost, scene, kind))


def sign_of_recovery(sweep: Sweep, rows: Rows) -> int | None:
    """Whether population statistics raise test accuracy in the smallest groups, with clean labels, as `sign`."""
    values, lost = measurements(sweep, rows), diverged(sweep, rows)["batch clean"][0]
    return sign(sweep, np.stack([values[key]["batch clean"][0] for key in ("population", "test")]), np.stack([lost, lost]))


def verdict(sweep: Sweep, rows: Rows) -> str:
    """The verdicts on what has arrived so far, as Markdown."""
    texts, total = WORDS["verdict"], len(sweep.runs())
    if DATA_SETS[sweep.base.dataset].loss != "cross-entropy":
        return texts["no_accuracy"]
    if not rows:
        return fill(texts["nothing"], total=total)
    if sweep.seeds < FEWEST_SEEDS:
        return "\n\n".join([fill(texts["few"], least=FEWEST_SEEDS), " ".join([_note(sweep, rows), *_diverged(sweep, rows)])])
    answers = [_regularizes(sweep, rows), _reliable(sweep, rows), _like_dropout(sweep, rows)]
    found = [table(known)] if (known := numbers(sweep, rows)).rows else []
    note = " ".join([_note(sweep, rows), *_diverged(sweep, rows)])
    return "\n\n".join(["\n".join(f"- {one}" for one in answers if one), *found, note])


def _note(sweep: Sweep, rows: Rows) -> str:
    """How much is in, and what the brackets are."""
    texts, done, total = WORDS["verdict"], len({row["run"] for row in rows}), len(sweep.runs())
    so_far = [fill(texts["so_far"], done=done, total=total)] if done < total else []
    together = [fill(texts["together"], family=count)] if (count := family(sweep)) > 1 and sweep.seeds >= FEWEST_SEEDS else []
    return f"*{' '.join([*so_far, fill(texts['intervals'], seeds=sweep.seeds), *together])}*"


def answer(sweep: Sweep, rows: Rows, prediction: str) -> str:
    """Compares a prediction, one of PREDICTIONS, with what was measured."""
    texts = WORDS["answer"]
    if "noisy" not in labels(sweep):
        return texts["no_noise"]
    if sweep.seeds < FEWEST_SEEDS:
        return fill(texts["few"], least=FEWEST_SEEDS)
    noisy, clean = (sign_of_shrinking(sweep, rows, "test", kind) for kind in ("noisy", "clean"))
    if noisy is None or clean is None:
        return fill(texts["unknown"], done=_done(rows), total=len(sweep.runs()))
    right = _OUTCOMES.get((noisy, clean)) == prediction
    verdict = texts["right"] if right else fill(texts["other"], prediction=PREDICTIONS[prediction])
    ends = {"small": sizes(sweep)[0], "large": sizes(sweep)[-1]}
    return fill(texts["found"], noisy=texts[SCORES[noisy]], clean=texts[SCORES[clean]], verdict=verdict, **ends)


def _done(rows: Rows) -> int:
    """How many runs are in."""
    return len({row["run"] for row in rows})


def _unknown(sweep: Sweep, rows: Rows, ask: str) -> str:
    """A question that has no answer yet, as runs are missing."""
    ends = {"small": sizes(sweep)[0], "large": sizes(sweep)[-1]}
    return fill(WORDS["verdict"]["unknown"], ask=ask, done=_done(rows), total=len(sweep.runs()), **ends)


def _paragraph(ask: str, verdict: str, details: str) -> str:
    """A question, the verdict, and what else is to be said."""
    return fill(WORDS["verdict"]["told"], ask=ask, verdict=verdict, told=details).rstrip()


def _open(change: np.ndarray, lost: np.ndarray, about: str) -> str:
    """Why it is open whether a `change` [seeds] is a rise, with its numbers; `lost` as in `sign`."""
    part = Criterion("", Signs(change) if (lost > 0).any() else over_seeds(change), "above", scale=POINTS)
    reason = open_reason(part)
    return fill(WORDS["verdict"]["open"], about=about, reason=begin_with(reason, str.lower))


def _open_shrinking(sweep: Sweep, rows: Rows, kind: str, signs: Mapping[str, int | None]) -> list[str]:
    """The same of each measure whose sign is 0 as the groups shrink, with one kind of labels."""
    values, lost = measurements(sweep, rows), diverged(sweep, rows)[f"batch {kind}"][[0, -1]]
    changes = {key: values[key][f"batch {kind}"] for key, one in signs.items() if one == 0}
    return [_open(ends[0] - ends[-1], lost, WORDS["verdict"][f"about_{key}"]) for key, ends in changes.items()]


def _regularizes(sweep: Sweep, rows: Rows) -> str:
    """With random labels: does it memorize less, and does that help?"""
    texts, small, large = WORDS["regularizes"], sizes(sweep)[0], sizes(sweep)[-1]
    if "noisy" not in labels(sweep):
        return fill(texts["no_noise"], ask=texts["ask"])
    if small == large:
        return fill(texts["one_size"], ask=texts["ask"])
    memorizes, scores = (sign_of_shrinking(sweep, rows, key, "noisy") for key in ("train", "test"))
    if memorizes is None or scores is None:
        return _unknown(sweep, rows, texts["ask"])
    details = fill(texts["told"], small=small, large=large, memorizes=texts[MEMORIZES[memorizes]])
    others = [*_between(sweep, rows, "noisy"), *_open_shrinking(sweep, rows, "noisy", {"train": memorizes, "test": scores})]
    return _paragraph(texts["ask"], texts[f"{MEMORIZES[memorizes]}_{SCORES[scores]}"], " ".join([details, *others]))


def beyond_ends(values: np.ndarray, lost: np.ndarray) -> dict[int, int]:
    """The sizes whose value lies outside both ends of [sizes, seeds], by their places: 1 for above both, -1 for below both.

    Each comparison is taken alone, at 95 %; `lost` as in `sign`. At most one place on each side, the one with the extreme mean.
    """
    sides: dict[int, int] = {}
    for side in (1, -1):
        places = [
            place
            for place in range(1, len(values) - 1)
            if all(sign_of_change(values[[place, end]], lost[[place, end]]) == side for end in (0, -1))
        ]
        if places:
            sides[max(places, key=lambda place: side * values[place].mean())] = side
    return sides


def _between(sweep: Sweep, rows: Rows, kind: str) -> Iterator[str]:
    """Where test accuracy between the ends is clearly higher or lower than at both, with the end that is nearer to it."""
    values, lost = measurements(sweep, rows)["test"][f"batch {kind}"], diverged(sweep, rows)[f"batch {kind}"]
    for place, side in beyond_ends(values, lost).items():
        end = min((0, -1), key=lambda end: abs((values[place] - values[end]).mean()))
        yield fill(
            WORDS["between"][SCORES[side]],
            labels=labels(sweep)[kind],
            size=sizes(sweep)[place],
            end=sizes(sweep)[end],
            accuracy=percent(values[place].mean()),
            change=points(difference(values[place], values[end])),
        )


def _reliable(sweep: Sweep, rows: Rows) -> str:
    """With clean labels: does the same noise cost anything?"""
    if len(sizes(sweep)) == 1:
        return ""
    texts, scores = WORDS["reliable"], sign_of_shrinking(sweep, rows, "test", "clean")
    if scores is None:
        return _unknown(sweep, rows, texts["ask"])
    cause = [_statistics(sweep, rows)] if scores < 0 else _open_shrinking(sweep, rows, "clean", {"test": scores})
    return _paragraph(texts["ask"], texts[SCORES[scores]], " ".join([*_between(sweep, rows, "clean"), *cause]))


def _statistics(sweep: Sweep, rows: Rows) -> str:
    """Whether that harm comes from running statistics that do not fit."""
    first = sign_of_recovery(sweep, rows)
    return "" if first is None else WORDS["statistics"][SCORES[first]]


def _like_dropout(sweep: Sweep, rows: Rows) -> str:
    """The smallest groups against the network without batch norm, with dropout and without: test accuracy."""
    texts, small = WORDS["like_dropout"], sizes(sweep)[0]
    others = {scene: intervals for scene in scenes(sweep)[1:] if (intervals := _differences(sweep, rows, scene))}
    if not others:
        return fill(texts["unknown"], ask=texts["ask"], small=small, done=_done(rows), total=len(sweep.runs()))
    if "dropout" in scenes(sweep) and "dropout" not in others:
        return _paragraph(texts["ask"], texts["later"], "")
    if "dropout" not in others:
        return fill(texts["no_dropout"], ask=texts["ask"])
    signs = {kind: sign_against(sweep, rows, "dropout", kind) for kind in others["dropout"]}
    return _paragraph(texts["ask"], _better(signs), " ".join(_open_against(sweep, rows, signs)))


def _open_against(sweep: Sweep, rows: Rows, signs: Mapping[str, int | None]) -> Iterator[str]:
    """Why it is open which does better, the smallest groups or dropout, with each kind of labels whose sign is 0."""
    test, lost = measurements(sweep, rows)["test"], diverged(sweep, rows)
    for kind in (kind for kind, one in signs.items() if one == 0):
        ends = pair(test, "dropout", kind)
        yield _open(ends[0] - ends[1], pair(lost, "dropout", kind), WORDS["like_dropout"][f"about_{kind}"])


def _differences(sweep: Sweep, rows: Rows, scene: str) -> dict[str, Interval]:
    """What the smallest groups change against another scene, by kind of labels, where all seeds are in."""
    test = measurements(sweep, rows)["test"]
    kinds = (kind for kind in labels(sweep) if sign_against(sweep, rows, scene, kind) is not None)
    return {kind: against(test, scene, kind) for kind in kinds}


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
    """For each network, how many runs diverged."""
    texts = WORDS["verdict"]
    every = {row["run"]: row["curve"].split()[0] for row in rows if row["diverged_at"] is not None}
    lost = Counter(every.values())
    runs = [
        fill(texts["diverged_runs"], count=lost[scene], network=network_name(sweep, scene, short=True))
        for scene in SCENES
        if lost[scene]
    ]
    return [fill(texts["diverged"], runs=", ".join(runs))] if runs else []
