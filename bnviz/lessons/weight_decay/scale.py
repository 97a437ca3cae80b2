"""The idea in numbers: one unit's sums z, and what batch norm makes of them, with weights W and with 1,000 times W."""

from __future__ import annotations

import numpy as np

from bnviz import numerals
from bnviz.web import words

FACTORS = (1, 1000)
EXAMPLES, INPUTS, SHOWN = 64, 16, 4


def values(factor: float, epsilon: float) -> tuple[np.ndarray, np.ndarray]:
    """z and ẑ [examples] of a unit with random inputs and `factor` times its random weights; ε is added to the variance."""
    generator = np.random.default_rng(0)
    x, w = generator.normal(size=(EXAMPLES, INPUTS)), generator.normal(0, INPUTS**-0.5, INPUTS)
    z = x @ (factor * w)
    return z, (z - z.mean()) / np.sqrt(z.var() + epsilon)


def table(epsilon: float) -> str:
    """The first examples' z and ẑ as a Markdown table, a row for each factor."""
    texts = words.catalogue("weight_decay")["scale"]
    rows = [f"| {texts['weights']} | {texts['sums']} | {texts['normalized']} |", "|---|---|---|"]
    for factor in FACTORS:
        z, normalized = values(factor, epsilon)
        name = words.fill(texts["times"], factor=f"{factor:,}") if factor > 1 else texts["once"]
        rows.append(f"| {name} | {_list(z, 3 if factor == 1 else 0)} | {_list(normalized, 3)} |")
    return "\n".join(rows)


def conclusion(epsilon: float) -> str:
    """What the table shows, and how far apart the two rows of ẑ are: the largest difference over all examples."""
    texts = words.catalogue("weight_decay")["scale"]
    normalized = [values(factor, epsilon)[1] for factor in FACTORS]
    difference = numerals.short(abs(normalized[0] - normalized[1]).max())
    return words.fill(texts["conclusion"], factor=f"{FACTORS[1]:,}", difference=difference, examples=EXAMPLES)


def _list(numbers: np.ndarray, digits: int) -> str:
    return " · ".join(f"{number:,.{digits}f}".replace("-", "\N{MINUS SIGN}") for number in numbers[:SHOWN])
