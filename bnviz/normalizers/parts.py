"""What several normalizers have in common: ε, statistics of each example, γ and β, and the steps that use them."""

from __future__ import annotations

from bnviz.normalizers.spec import EACH, EXAMPLE, Quantity, Step, parameter

NORMALIZED = "while something is normalized"
EPSILON = Quantity(
    "epsilon", "ε", "ε, which is added to the variance", "ε = {epsilon} only keeps the divisor above 0.", EACH, when=NORMALIZED
)
GAMMA = parameter(
    "gamma",
    "γ",
    "γ = {gamma} is learnt, like a weight. It belongs to this unit and is the same for all examples.",
    when=NORMALIZED,
)
BETA = parameter(
    "beta",
    "β",
    "β = {beta} is learnt, like a bias. It belongs to this unit and is the same for all examples.",
    when="arms that have it",
)

_BY_EXAMPLE = "layer norm, and group norm for each part of the layer"
EXAMPLE_MEAN = Quantity(
    "mean",
    "µ",
    "mean of z over units",
    "µ = {mean} is the mean of z over {together} units of the layer, for example {example} alone.",
    shape=EXAMPLE,
    key="example_mean",
    decimals_of="z",
    row="mean over units",
    when=_BY_EXAMPLE,
)
EXAMPLE_VARIANCE = Quantity(
    "variance",
    "σ²",
    "variance of z over units",
    "σ² = {variance} is the variance of z over {together} units of the layer, for example {example} alone.",
    shape=EXAMPLE,
    key="example_variance",
    row="variance over units",
    when=_BY_EXAMPLE,
)

STANDARDIZE = Step(
    "hat",
    "ẑ",
    "standardize",
    "standardized",
    "(z - mean) / sqrt(variance + epsilon)",
    "ẑ = {hat}: z = {z}, minus µ = {mean}, divided by the root of σ² = {variance} plus ε.",
)
SCALE = Step(
    "y",
    "γẑ+β",
    "stretch and shift",
    "stretched, shifted",
    "gamma * hat + beta",
    "γẑ+β = {y}: ẑ = {hat} times γ = {gamma}, plus β = {beta}.",
)
STRETCH = Step("y", "γẑ", "stretch", "stretched", "gamma * hat", "γẑ = {y}: ẑ = {hat} times γ = {gamma}.")

SAME = "With {norm} each example is normalized by itself, so this is computed in the same way in training and in evaluation."
EXAMPLES_LEAD = """
These are {count} examples of the coming minibatch. For each one the unit adds up what it receives from the layer below: that
sum is z.
"""
UNITS_LEAD = f"""{EXAMPLES_LEAD}
With {{norm}} every example is taken by itself: µ is the mean of z over {{together}} units of the layer, and σ² its variance,
for this one example. The mean is subtracted and the result divided by the standard deviation, which gives ẑ. Two learnt numbers
then stretch it (γ) and shift it (β), and the nonlinearity turns the result into the unit's output, a.
"""
