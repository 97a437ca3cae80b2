"""Small batches: does batch norm fall behind where group norm does not?"""

from __future__ import annotations

import numpy as np

from bnviz.config.experiment import Experiment
from bnviz.config.sweep import Changes, Curve, Sweep, changes
from bnviz.judge.claim import Chart, Claim, Row, Verdict
from bnviz.judge.findings import SAME, above, below, curve, percent, points, settled, word
from bnviz.judge.intervals import difference

ARMS = {"batch": "batch norm", "group": "group norm", "layer": "layer norm", "none": "none of them"}
SIZES = (2, 4, 8, 16, 32)  # images that batch norm averages over
WORKERS = 8  # SGD averages over so many of these groups, as over the eight graphics processors of the paper
EPOCHS = 8
IMAGES = 5000
RATE = 0.2  # at 32 images: of 0.1, 0.2, 0.3, 0.5 and 1 the one that suits batch norm and group norm together best

PUBLISHED = {"batch": (0.347, 0.273, 0.248, 0.237, 0.236), "group": (0.241, 0.242, 0.240, 0.242, 0.241)}  # errors at SIZES


def _point(size: int) -> Changes:
    """Equal epochs everywhere, and a learning rate in proportion to the batch."""
    batch = WORKERS * size
    rate = RATE * size / SIZES[-1]
    return changes(ghost_batch_size=size, batch_size=batch, steps=EPOCHS * IMAGES // batch, learning_rate=rate)


def errors(sweep: Sweep, rows: list[Row]) -> np.ndarray:
    return 1 - settled(sweep, rows)


def verdict(sweep: Sweep, rows: list[Row]) -> Verdict:
    small, *_, large = sweep.values
    found = {arm: errors(sweep, rows)[curve(sweep, arm)] for arm in ARMS}  # each [points, seeds]
    rises = {arm: difference(values[0], values[-1]) for arm, values in found.items()}
    parts = [
        f"{name} {percent(found[arm][-1].mean())} → {percent(found[arm][0].mean())}, {points(rises[arm])}"
        for arm, name in ARMS.items()
    ]
    ours = f"Test error from {large} to {small} images: {'; '.join(parts)}."
    return Verdict(word(above(rises["batch"], SAME), below(rises["group"], SAME)), ours)


CLAIM = Claim(
    key="small-batches",
    name="Small batches",
    says="The fewer images batch norm averages over, the larger its error grows; group norm, which looks at one image at a time, "
    "stays as it is.",
    published="Error of ResNet-50 on ImageNet from 32 to 2 images: batch norm 23.6 → 34.7 %, group norm 24.1 → 24.1 %.",
    source="Wu & He 2018, figure 1 and the table of its numbers",
    sweep=Sweep(Experiment(), "ghost_batch_size", tuple(map(_point, SIZES)), tuple(Curve(arm, arm) for arm in ARMS), seeds=4),
    verdict=verdict,
    charts=(
        Chart(
            "Test error at the end",
            f"Dotted: Wu & He's ResNet-50 on ImageNet. Here as there, SGD averages over {WORKERS} such groups. {EPOCHS} "
            "epochs everywhere, with a learning rate in proportion to the batch.",
            "test error",
            errors,
            log=True,
            published=PUBLISHED,
        ),
    ),
    limits="Here batch norm is hit harder: of two examples it makes +1 and −1 whatever they were, while a convolutional net also "
    "averages over the places of an image. SGD's own noise changes with the batch, too, for all nets alike. One learning rate at "
    "32 images served all.",
)
