"""Small batches: does the error of batch norm grow where that of group norm does not?"""

from __future__ import annotations

from typing import Literal

import numpy as np

from bnviz.config.experiment import Experiment
from bnviz.config.sweep import Changes, Curve, Sweep, changes
from bnviz.judge.claim import Row
from bnviz.judge.findings import SAME, apart, correct, curve, final_accuracy, final_mean, over_images, points_scale, trains
from bnviz.judge.intervals import Estimate, over_seeds_and_images
from bnviz.judge.verdict import Criterion, Verdict
from bnviz.lessons.does_it_hold.seeds import FRESH
from bnviz.lessons.does_it_hold.sentences import chart, claim, claim_texts, fill, numbers, part_name

KEY = "small-batches"
ARMS = ("batch", "group", "layer", "none")
SIZES = (2, 4, 8, 16, 32)  # examples that batch norm averages over
WORKERS = 8  # SGD averages over so many of these groups, as over the eight graphics processors of the paper
EPOCHS = 8
EXAMPLES = 5000
RATE = 0.2  # at 32 examples: of 0.1, 0.2, 0.3, 0.5 and 1 the best for batch norm and group norm together

PUBLISHED = {"batch": (0.347, 0.273, 0.248, 0.237, 0.236), "group": (0.241, 0.242, 0.240, 0.242, 0.241)}  # errors at SIZES


def _point(size: int) -> Changes:
    """Equal epochs everywhere, and a learning rate in proportion to the batch."""
    batch = WORKERS * size
    rate = RATE * size / SIZES[-1]
    return changes(ghost_batch_size=size, batch_size=batch, steps=EPOCHS * EXAMPLES // batch, learning_rate=rate)


def errors(sweep: Sweep, rows: list[Row]) -> np.ndarray:
    return 1 - final_accuracy(sweep, rows)


def verdict(sweep: Sweep, rows: list[Row]) -> Verdict:
    small, *_, large = sweep.values
    each = np.moveaxis(correct(sweep, rows), -1, -2)  # [curves, points, seeds, examples, checkpoints]
    wrong_shares = {arm: 1 - final_mean(each[curve(sweep, arm)]) for arm in ARMS}  # how often each test example is wrong
    rises = {arm: over_seeds_and_images(wrong[0] - wrong[-1]) for arm, wrong in wrong_shares.items()}
    errors_of = {arm: _errors(wrong_shares[arm], rise) for arm, rise in rises.items()}
    summary = fill(KEY, "ours", large=large, small=small, **{arm: errors_of[arm][-1] for arm in ("batch", "group")})
    rows_of_table = ((claim_texts(KEY)["networks"][arm], *texts) for arm, texts in errors_of.items())
    rising, not_rising = (
        _part(sweep, part_name(KEY, "batch"), wrong_shares["batch"], "above"),
        _part(sweep, part_name(KEY, "group"), wrong_shares["group"], "below"),
    )
    return Verdict((rising, not_rising), summary, numbers=numbers(KEY, rows_of_table, large=large, small=small))


def _part(sweep: Sweep, name: str, wrong: np.ndarray, side: Literal["above", "below"]) -> Criterion:
    """That a network's error rises by more or by less than counts, from its wrong examples [points, seeds, examples]. One that
    does not train with the largest groups has no error that could rise."""
    small, large = 1 - wrong[[0, -1]].mean(-1)  # accuracies [seeds]
    estimate = over_images(wrong[0] - wrong[-1], np.stack([small, large]) >= trains(sweep))
    scale = points_scale(wrong[0].mean(), wrong[-1].mean(), over_seeds_and_images(wrong[0] - wrong[-1]).interval())
    return Criterion(name, estimate, side, SAME, telling=bool(large.mean() >= trains(sweep)), scale=scale)


def _errors(wrong: np.ndarray, rise: Estimate) -> tuple[str, str, str]:
    """A network's error with the largest and with the smallest groups, and the change, of [points, seeds, examples]."""
    at_small, at_large, change = apart(wrong[0].mean(), wrong[-1].mean(), rise.interval())
    return at_large, at_small, change


CLAIM = claim(
    KEY,
    sweep=Sweep(
        Experiment(seed=FRESH),
        "ghost_batch_size",
        tuple(map(_point, SIZES)),
        tuple(Curve(arm, arm) for arm in ARMS),
        seeds=10,
        measures=("held_out",),
    ),
    verdict=verdict,
    charts=(chart(KEY, "end", errors, braces={"workers": WORKERS, "epochs": EPOCHS}, log=True, published=PUBLISHED),),
)
