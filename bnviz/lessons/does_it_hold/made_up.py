"""Made-up rows, for which it is known whether a claim is true: the rules of verdicts are tried on them.

For each claim a function of a generator, the claim's sweep, and for each part of the claim whether it lies `on_bound`, where
it is hardest to judge, or clearly on the side that the claim says. Scatter over seeds and images is about that of real runs.
"""

from __future__ import annotations

import base64
import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from bnviz.config.sweep import Sweep
from bnviz.data import DATA_SETS
from bnviz.judge.claim import Row
from bnviz.judge.findings import LEAST, SAME, guessing, trains
from bnviz.lessons.does_it_hold.claims.faster import TARGET

STUCK, TRAINED = 0.1, 0.8  # test accuracies
SLOPE = 0.001  # of a test accuracy, a step
CHECKPOINTS = 3  # of a row, as many as a final accuracy takes
Random = np.random.Generator
Maker = Callable[[Random, Sweep, Sequence[bool]], list[Row]]


def _rows(sweep: Sweep, values: Callable[[str, int, int], Mapping[str, Any]]) -> list[Row]:
    """A row for each place; `values` gives the results of a curve's name, a point and a seed."""
    steps = [round(sweep.base.steps * place / (CHECKPOINTS - 1)) for place in range(CHECKPOINTS)]
    common = {"checkpoints": steps, "train_losses": [0.1] * CHECKPOINTS}
    places = itertools.product([curve.name for curve in sweep.curves], range(len(sweep.points)), range(sweep.seeds))
    return [
        {**common, "curve": curve, "point": point, "seed": sweep.base.seed + seed, **values(curve, point, seed)}
        for curve, point, seed in places
    ]


def _scores(score: float) -> dict[str, Any]:
    """A network's accuracy on what judges and on what does not."""
    return {"test_accuracies": [score] * CHECKPOINTS, "validation_accuracies": [score] * CHECKPOINTS}


def _images(random: Random, sweep: Sweep) -> tuple[np.ndarray, np.ndarray]:
    """How often networks are right on each test image, and by how much more the second of two is, on average 0: [images] each."""
    count = DATA_SETS[sweep.base.dataset].test_size
    return random.uniform(0.65, 0.8, count), 0.12 * random.choice([-1, 0, 0, 0, 1], count)


def _right(random: Random, shares: np.ndarray) -> dict[str, Any]:
    """A row of a network that is right on each image this often [images], but for how good it happens to be."""
    bits = random.random(len(shares)) < shares + random.uniform(-0.02, 0.02)
    text = base64.b64encode(np.packbits(bits).tobytes()).decode()
    return {**_scores(float(bits.mean())), "right": [text] * CHECKPOINTS}


def same_score(random: Random, sweep: Sweep, on_bound: Sequence[bool]) -> list[Row]:
    """The same difference at every rate, so that the best rate is chosen by chance."""
    shares, more = _images(random, sweep)
    gain = {"none": np.zeros(()), "batch": more + (random.choice([-SAME, SAME]) if on_bound[0] else 0)}
    return _rows(sweep, lambda curve, point, seed: _right(random, shares + gain[curve]))


def tiny_rates(random: Random, sweep: Sweep, on_bound: Sequence[bool]) -> list[Row]:
    shares, more = _images(random, sweep)
    gains = [SAME if one else -2 * SAME for one in on_bound]
    return _rows(sweep, lambda curve, point, seed: _right(random, shares + (more + gains[point] if curve == "batch" else 0)))


def small_batches(random: Random, sweep: Sweep, on_bound: Sequence[bool]) -> list[Row]:
    """Only the smallest groups differ from the others."""
    shares, more = _images(random, sweep)
    loss = {"batch": SAME if on_bound[0] else 0.3, "group": SAME if on_bound[1] else -3 * SAME, "layer": 0.0, "none": 0.0}
    return _rows(sweep, lambda curve, point, seed: _right(random, shares if point else shares + more - loss[curve]))


def faster(random: Random, sweep: Sweep, on_bound: Sequence[bool]) -> list[Row]:
    """A ratio of steps for each seed, the same at all rates but for chance. In one of two worlds some of the slower runs without
    batch norm do not arrive."""
    ratio = np.exp(random.normal(math.log(LEAST if on_bound[0] else 2.0), 0.25, sweep.seeds))
    lost = (ratio > LEAST) & (random.random(sweep.seeds) < (0.3 if random.random() < 0.5 else 0))

    def values(curve: str, point: int, seed: int) -> Mapping[str, Any]:
        if curve == "none" and lost[seed]:
            return _scores(TARGET - 0.1)
        steps = 150 * (ratio[seed] if curve == "none" else 1)
        return {
            key: _passing(sweep, steps * math.exp(random.normal(0, scatter)))
            for key, scatter in (("test_accuracies", 0), ("validation_accuracies", 0.1))
        }

    return _rows(sweep, values)


def _passing(sweep: Sweep, step: float) -> list[float]:
    """Accuracies on a straight line that passes the target at a step."""
    return [TARGET + SLOPE * (place * sweep.base.steps / (CHECKPOINTS - 1) - step) for place in range(CHECKPOINTS)]


def largest_rate(random: Random, sweep: Sweep, on_bound: Sequence[bool]) -> list[Row]:
    """Limits between the rates of the grid."""
    none = np.exp(random.normal(math.log(0.45), 0.4, sweep.seeds)).clip(sweep.values[0])
    batch = none * np.exp(random.normal(math.log(LEAST if on_bound[0] else 9.0), 0.3, sweep.seeds))
    limits = {"none": none, "batch": batch.clip(sweep.values[0])}
    return _rows(sweep, lambda curve, point, seed: _scores(TRAINED if sweep.values[point] <= limits[curve][seed] else STUCK))


def noise(random: Random, sweep: Sweep, on_bound: Sequence[bool]) -> list[Row]:
    """Every network trains at one rate at most, by a coin where that lies on the bound. By that coin the network with noise is no
    better in half of the seeds already, which is the bound of being better, too."""
    places, seeds = len(sweep.points), sweep.seeds
    trains, better, stops = on_bound
    is_trained = {
        "none": np.full(seeds, True), "batch": np.full(seeds, True),
        "noisy-batch": random.random(seeds) < (0.5 if trains else 0.98),
        "noisy-none": random.random(seeds) < (0.5 if stops else 0.02),
    }  # fmt: skip
    ratio = np.exp(random.normal(-math.log(LEAST if better and not trains else 1.6), 0.1, seeds))
    losses = {
        "none": np.full(seeds, 0.5),
        "batch": np.full(seeds, 0.3),
        "noisy-batch": 0.5 * ratio,
        "noisy-none": np.full(seeds, 0.8),
    }
    best = random.integers(places, size=seeds)

    def values(curve: str, point: int, seed: int) -> Mapping[str, Any]:
        is_low = is_trained[curve][seed] and point == best[seed]
        loss = losses[curve][seed] * math.exp(random.normal(0, 0.01)) if is_low else guessing(sweep)
        return {"train_losses": [loss] * CHECKPOINTS, **_scores(TRAINED)}

    return _rows(sweep, values)


def landscape(measures: Sequence[str], random: Random, sweep: Sweep, on_bound: Sequence[bool]) -> list[Row]:
    """Ratios of the medians and of the maxima. In one of two worlds one network in fifteen blows up."""
    ratios = np.exp([random.normal(-math.log(LEAST if one else 3.0), 0.3, sweep.seeds) for one in on_bound])  # [parts, seeds]
    medians, maxima = ratios[: len(measures)], ratios[len(measures) :]
    blown = random.random((len(sweep.curves), sweep.seeds)) < (1 / 15 if random.random() < 0.5 else 0)

    def values(curve: str, point: int, seed: int) -> Mapping[str, Any]:
        batch = curve == "batch"
        lists: dict[str, list[float | None]] = {
            name: [medians[place][seed], medians[place][seed], 20 * maxima[place][seed]] if batch else [1.0, 1.0, 20.0]
            for place, name in enumerate(measures)
        }
        return {name: [None] * 3 for name in measures} if blown[int(batch), seed] else lists

    return _rows(sweep, values)


def sigmoid(random: Random, sweep: Sweep, on_bound: Sequence[bool]) -> list[Row]:
    """Every network learns at one rate at most, by a coin where that lies on the bound."""
    learns = {
        "none": random.random(sweep.seeds) < (0.5 if on_bound[0] else 0.02),
        "batch": random.random(sweep.seeds) < (0.5 if on_bound[1] else 0.98),
    }
    best = random.integers(len(sweep.points), size=sweep.seeds)
    return _rows(
        sweep,
        lambda curve, point, seed: _scores(
            (TRAINED if learns[curve][seed] and point == best[seed] else STUCK) + random.normal(0, 0.005)
        ),
    )


def only_scales(random: Random, sweep: Sweep, on_bound: Sequence[bool]) -> list[Row]:
    """One rate is best for all; accuracies scatter over seeds by a point."""
    scales = random.normal(trains(sweep) if on_bound[0] else 0.72, 0.01, sweep.seeds)
    output = scales - random.normal(SAME if on_bound[1] else 0.3, 0.01, sweep.seeds)
    return _best_at_one_rate(random, sweep, {"scales": scales, "output": output})


def skipinit(random: Random, sweep: Sweep, on_bound: Sequence[bool]) -> list[Row]:
    """Where something lies on its bound, half of the networks lie well above it and half well below."""
    coins = random.random((2, sweep.seeds)) < 0.5
    own = trains(sweep) + np.where(coins[0], 0.2, -0.2) if on_bound[0] else np.full(sweep.seeds, TRAINED)
    gain = SAME + np.where(coins[1], 0.05, -0.05) if on_bound[1] else np.full(sweep.seeds, 0.25)
    curves = {"skipinit": own, "residual": own - gain, "residual-batch": np.full(sweep.seeds, 0.75)}
    return _best_at_one_rate(random, sweep, curves)


def _best_at_one_rate(random: Random, sweep: Sweep, best: Mapping[str, np.ndarray]) -> list[Row]:
    """Accuracies of every curve [seeds] at one rate, and worse ones at all others."""
    place = random.integers(len(sweep.points))
    return _rows(sweep, lambda curve, point, seed: _scores(best[curve][seed] - 0.1 * (point != place)))


def adversarial(random: Random, sweep: Sweep, on_bound: Sequence[bool]) -> list[Row]:
    """Under attack, differences scatter over seeds by two points; without, all networks train."""
    loss = random.normal(SAME if on_bound[0] else 0.08, 0.02, sweep.seeds)

    def values(curve: str, point: int, seed: int) -> Mapping[str, Any]:
        attacked = 0.4 - (loss[seed] if curve == "batch" else 0)
        lists = {"attacked_accuracies": [attacked] * CHECKPOINTS, "noised_accuracies": [0.7] * CHECKPOINTS}
        return {**_scores(TRAINED + random.normal(0, 0.005)), **lists}

    return _rows(sweep, values)


def dyt(random: Random, sweep: Sweep, on_bound: Sequence[bool]) -> list[Row]:
    """The first rate is best for all networks."""
    shares, more = _images(random, sweep)
    gains = {"none": -0.05, "batch": 0.0, "dyt": more - (SAME if on_bound[0] else -3 * SAME)}
    return _rows(sweep, lambda curve, point, seed: _right(random, shares + gains[curve] - 0.1 * (point > 0)))


MAKERS: Mapping[str, Maker] = {
    "same-score": same_score,
    "faster": faster,
    "largest-rate": largest_rate,
    "tiny-rates": tiny_rates,
    "noise": noise,
    "smoother": partial(landscape, ("loss_range", "gradient_distance")),
    "bend": partial(landscape, ("gradient_bend",)),
    "small-batches": small_batches,
    "sigmoid": sigmoid,
    "only-scales": only_scales,
    "skipinit": skipinit,
    "adversarial": adversarial,
    "dyt": dyt,
}
PARTS: Mapping[str, int] = {
    "same-score": 1, "faster": 1, "largest-rate": 1, "tiny-rates": 3, "noise": 3, "smoother": 4, "bend": 2, "small-batches": 2,
    "sigmoid": 2, "only-scales": 2, "skipinit": 2, "adversarial": 1, "dyt": 1,
}  # fmt: skip


def all_on_bound(parts: int) -> list[bool]:
    """The claim is true by a hair, in all of its parts: to disagree is wrong."""
    return [True] * parts


def one_on_bound(parts: int) -> Iterator[list[bool]]:
    """The claim is false by a hair, in one of its parts, and all others hold clearly: to agree is wrong."""
    return ([place == bound for place in range(parts)] for bound in range(parts))


def all_clear(parts: int) -> list[bool]:
    """The claim is true in all of its parts."""
    return [False] * parts
