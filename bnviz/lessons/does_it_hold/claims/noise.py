"""Does batch norm help because it steadies distributions? Shake them again right after it, and see."""

from __future__ import annotations

import numpy as np

from bnviz.config.experiment import Experiment
from bnviz.config.sweep import Sweep, sweep_over
from bnviz.judge.claim import Chart, Claim, Row, Verdict
from bnviz.judge.findings import above, at, below, best, chance, curve, guessing, listed, losses, rates, settled, word
from bnviz.judge.intervals import interval

ARMS = ("none", "batch", "noisy-none", "noisy-batch")


def stopped_at(sweep: Sweep, values: np.ndarray) -> list[str]:
    """The rates at which the plain net trains, and with noise does not, on average."""
    none, noisy = (values[curve(sweep, name)].mean(-1) for name in ("none", "noisy-none"))
    half = guessing(sweep) / 2
    return [f"{rate:g}" for rate, plain, shaken in zip(sweep.values, none, noisy, strict=True) if plain < half <= shaken]


def verdict(sweep: Sweep, rows: list[Row]) -> Verdict:
    values, half = losses(sweep, rows), guessing(sweep) / 2
    chosen = best(-values)
    reached, rate = dict(zip(ARMS, at(values, chosen), strict=True)), rates(sweep, chosen)
    said = {arm: f"{np.mean(reached[arm]):.2f} (rate {rate[arm]})" for arm in ARMS}
    stopped = stopped_at(sweep, values)
    ours = (
        f"Training loss at the end, each at its best rate: with batch norm {said['batch']}, with noise after it "
        f"{said['noisy-batch']}; without batch norm {said['none']}, with the same noise {said['noisy-none']}; guessing "
        f"{guessing(sweep):.2f}. "
        + (f"At {listed(stopped)} the noise stops the plain net." if stopped else "The noise stops the plain net at no rate.")
    )
    still, not_at_all = below(interval(reached["noisy-batch"]), half), above(interval(reached["noisy-none"]), half)
    return Verdict(word(still, not_at_all), ours)


CLAIM = Claim(
    key="noise",
    name="Noise after batch norm",
    says="Shake what batch norm has steadied, by a fresh random shift (±0.5) and scale (1 to 1.25) for every unit at every step: "
    "the net still trains. The same noise stops the net without batch norm. So steadiness is not what helps.",
    published="VGG on CIFAR-10 trains with noise after batch norm almost as well as with batch norm alone, and better than "
    "without; the same noise keeps the plain net from training at all.",
    source="Santurkar et al. 2018, section 2.1 (curves only); the ranges of the noise at second hand",
    sweep=sweep_over(Experiment(hidden_layers=15, steps=600), "learning_rate", (0.01, 0.03, 0.1, 0.3), ARMS, seeds=4),
    verdict=verdict,
    charts=(
        Chart(
            "Training loss at the end",
            "Under the noise. A net counts as training below the lower line, half the loss of guessing. One that diverged counts "
            "as guessing.",
            "training loss",
            losses,
            ".2f",
            guides=lambda sweep: {"guessing": guessing(sweep), "half of it": guessing(sweep) / 2},
        ),
        Chart(
            "Test accuracy at the end",
            "In use there is no noise, and the running statistics, gathered under it, no longer fit: layer by layer the more.",
            "test accuracy",
            settled,
            guides=lambda sweep: {"chance": chance(sweep)},
        ),
    ),
    limits="Fifteen fully connected layers stand in for VGG, and each net may choose its learning rate, which the paper's did "
    "not. In the paper the noise also differs from image to image. That noise does no harm after batch norm does not tell what "
    "does the good.",
)
