"""RMS norm (Zhang & Sennrich 2019)."""

from bnviz.normalizers.parts import EPSILON, EXAMPLES_LEAD, GAMMA, SAME, STRETCH
from bnviz.normalizers.spec import EXAMPLE, NormalizerSpec, Quantity, Script, Step

SQUARE = Quantity(
    "square",
    "mean(z²)",
    "mean of z² over units",
    "{square} is the mean of z² over the {together} units of the layer, for example {example} alone.",
    shape=EXAMPLE,
    key="example_square",
    row="mean of z² over units",
    when="RMS norm",
)
DIVIDE = Step(
    "hat",
    "ẑ",
    "standardize",
    "standardized",
    "z / sqrt(square + epsilon)",
    "ẑ = {hat}: z = {z}, divided by the root of the mean of z², {square}, plus ε.",
)

SPEC = NormalizerSpec(
    key="rms",
    label="RMS norm",
    name="with RMS norm",
    colour="#8A7A12",
    module="bnviz.normalizers.rms.module:RMSNorm",
    script=Script("lambda: nn.RMSNorm(WIDTH, eps={{ epsilon }})"),
    statistics="example",
    comparable=True,
    quantities=(EPSILON, SQUARE, GAMMA),
    steps=(DIVIDE, STRETCH),
    lead=f"""{EXAMPLES_LEAD}
With {{norm}} every example is taken by itself: its z is divided by the root of the mean of z² over the {{together}} units of
the layer, which gives ẑ; no mean is subtracted. A learnt number then stretches it (γ), and the nonlinearity turns the result
into the unit's output, a.
""",
    evaluation=SAME,
)
