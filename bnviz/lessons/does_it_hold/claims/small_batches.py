"""Small batches: does the error of batch norm grow where that of group norm does not?"""

from __future__ import annotations

import numpy as np

from bnviz.config.experiment import Experiment
from bnviz.config.sweep import Changes, Curve, Sweep, changes
from bnviz.judge.claim import Row, Verdict
from bnviz.judge.findings import SAME, above, apart, below, curve, settled, word
from bnviz.judge.intervals import difference
from bnviz.lessons.does_it_hold.said import chart, claim, fill, said

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
    return 1 - settled(sweep, rows)


def verdict(sweep: Sweep, rows: list[Row]) -> Verdict:
    small, *_, large = sweep.values
    found = {arm: errors(sweep, rows)[curve(sweep, arm)] for arm in ARMS}  # each [points, seeds]
    rises = {arm: difference(values[0], values[-1]) for arm, values in found.items()}
    names = said(KEY)["networks"]
    said_of = {arm: apart(of[0].mean(), of[-1].mean(), rises[arm]) for arm, of in found.items()}
    parts = [
        fill(KEY, "error", name=names[arm], large=at_large, small=at_small, rise=rise)
        for arm, (at_small, at_large, rise) in said_of.items()
    ]
    ours = fill(KEY, "ours", large=large, small=small, errors="; ".join(parts))
    return Verdict(word(above(rises["batch"], SAME), below(rises["group"], SAME)), ours)


CLAIM = claim(
    KEY,
    sweep=Sweep(Experiment(), "ghost_batch_size", tuple(map(_point, SIZES)), tuple(Curve(arm, arm) for arm in ARMS), seeds=4),
    verdict=verdict,
    charts=(chart(KEY, "end", errors, braces={"workers": WORKERS, "epochs": EPOCHS}, log=True, published=PUBLISHED),),
)
