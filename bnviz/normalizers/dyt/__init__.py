"""Dynamic tanh (Zhu, Chen, He, LeCun & Liu 2025, "Transformers without Normalization")."""

from bnviz.normalizers.parts import BETA, EXAMPLES_LEAD, GAMMA
from bnviz.normalizers.spec import LAYER, NormalizerSpec, Script, Step, parameter

ALPHA = parameter(
    "alpha",
    "α",
    "α = {alpha} is learnt, like a weight. It is the same for all units of this layer and for all examples.",
    shape=LAYER,
    when="DyT",
)
BEND = Step(
    "t", "t", "bend", "bent", "tanh(alpha * z)", "t = {t}: tanh of α = {alpha} times z = {z}. It always lies between −1 and 1."
)
SCALE = Step(
    "y",
    "γt+β",
    "stretch and shift",
    "stretched, shifted",
    "gamma * t + beta",
    "γt+β = {y}: t = {t} times γ = {gamma}, plus β = {beta}.",
)
DEFINITION = '''
class DyT(nn.Module):
    """Dynamic tanh: y = γ tanh(αz) + β (Zhu et al. 2025)."""

    def __init__(self):
        super().__init__()
        self.alpha = nn.Parameter(torch.tensor(0.5))
        self.weight, self.bias = nn.Parameter(torch.ones(WIDTH)), nn.Parameter(torch.zeros(WIDTH))

    def forward(self, z):
        return self.weight * torch.tanh(self.alpha * z) + self.bias
'''

SPEC = NormalizerSpec(
    key="dyt",
    label="DyT",
    name="with DyT (dynamic tanh)",
    colour="#C8487E",
    module="bnviz.normalizers.dyt.module:DyT",
    script=Script("DyT", DEFINITION),
    comparable=True,
    quantities=(ALPHA, GAMMA, BETA),
    steps=(BEND, SCALE),
    lead=f"""{EXAMPLES_LEAD}
{{norm}} takes no mean and no variance. It multiplies z by α, a learnt number that all units of the layer share, and bends the
result with tanh, which gives t. Two learnt numbers of the unit then stretch it (γ) and shift it (β), and the nonlinearity turns
the result into the unit's output, a.
""",
    evaluation="With {norm} nothing is averaged, so this is computed in the same way in training and in evaluation.",
)
