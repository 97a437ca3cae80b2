"""A unit's arithmetic, derived once for all tests: from what a snapshot holds, by the formulas of the normalizer, in NumPy."""

import numpy as np

from bnviz.measures.unit_examples import PARTS
from bnviz.normalizers import SPECS

ACTIVATIONS = {
    "relu": lambda y: np.maximum(y, 0),
    "tanh": np.tanh,
    "sigmoid": lambda y: 1 / (1 + np.exp(-y)),
    "identity": lambda y: y,
}
FUNCTIONS = {"sqrt": np.sqrt, "tanh": np.tanh, "exp": np.exp}


def derived(unit_examples, normalizer, activation, running=False):
    """Every part by name, [layers, watched, examples], of the `unit_examples` of an arm in a snapshot.

    `running`: in evaluation, with running statistics.
    """
    z = np.asarray(unit_examples["z"], float)
    spec, parts = SPECS[normalizer], {"z": z}
    for quantity in spec.quantities:
        one = quantity.running if running and quantity.running else quantity
        parts[quantity.part] = np.broadcast_to(of_units(one, unit_examples, z.shape[1]), z.shape)
    for step in spec.steps:
        parts[step.part] = eval(step.formula, FUNCTIONS, parts)
    return parts | {"a": ACTIVATIONS[activation](parts[spec.steps[-1].part if spec.steps else "z"])}


def of_units(quantity, unit_examples, watched):
    """A quantity as recorded, with the axes layers, watched, examples."""
    value = np.asarray(unit_examples[quantity.name], float)
    if quantity.shape == "layers, parts, examples":
        return value[:, [unit // unit_examples["together"] for unit in range(watched)]]
    return value.reshape(value.shape + (1,) * (3 - value.ndim)) if value.ndim else value


def tolerances(unit_examples, normalizer, activation):
    """How far off every part [layers, watched, examples] may be because z was rounded: all of them rise or fall with z."""
    z = np.asarray(unit_examples["z"], float)
    rounding = np.sqrt((z**2).mean(-1, keepdims=True)) / (PARTS - 1)
    low, middle, high = (derived(unit_examples | {"z": z + sign * rounding}, normalizer, activation) for sign in (-1, 0, 1))
    return {part: np.maximum(abs(low[part] - middle[part]), abs(high[part] - middle[part])) + 1e-4 for part in middle}
