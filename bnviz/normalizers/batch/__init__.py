"""Batch norm (Ioffe & Szegedy 2015)."""

from bnviz.normalizers.parts import BETA, EPSILON, GAMMA, SCALE, STANDARDIZE
from bnviz.normalizers.spec import NormalizerSpec, Quantity, Script

_WHEN = "batch norm"
MEAN = Quantity(
    "mean",
    "µ",
    "mean of z over the first group normalized together",
    "µ = {mean} is the mean of z over all {together} examples normalized together; only {count} of them are shown.",
    sources=("z",),
    decimals_of="z",
    when=_WHEN,
    running=Quantity(
        "mean",
        "µ",
        "running mean",
        "The running µ = {mean} is an average of the means of past minibatches.",
        key="running_mean",
        when=_WHEN,
    ),
)
VARIANCE = Quantity(
    "variance",
    "σ²",
    "its variance there, divided by `together`",
    "σ² = {variance} is the variance of z over all {together} examples: the mean squared distance from µ = {mean}; only {count} "
    "of them are shown.",
    sources=("z", "mean"),
    when=_WHEN,
    running=Quantity(
        "variance",
        "σ²",
        "running variance, divided by one less",
        "The running σ² = {variance} is an average of the variances of past minibatches.",
        key="running_variance",
        when=_WHEN,
    ),
)

SPEC = NormalizerSpec(
    key="batch",
    label="batch norm",
    name="with batch norm",
    colour="#2F7FD1",
    module="bnviz.normalizers.batch.module:BatchNorm",
    script=Script("lambda: {{ batch_norm }}(WIDTH{{ eps }}, momentum={{ statistics_momentum }})"),
    statistics="batch",
    comparable=True,
    quantities=(EPSILON, MEAN, VARIANCE, GAMMA, BETA),
    steps=(STANDARDIZE, SCALE),
    lead="""
Of the coming minibatch {together} examples are normalized together, and {count} of them are shown. For each one the unit adds
up what it receives from the layer below: that sum is z. µ is the mean of z over all {together} examples, and σ² its variance.
With {norm} the mean is subtracted and the result divided by the standard deviation, which gives ẑ. Two learnt numbers then
stretch it (γ) and shift it (β), and the nonlinearity turns the result into the unit's output, a.
""",
)
