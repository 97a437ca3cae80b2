"""Layer norm (Ba, Kiros & Hinton 2016)."""

from bnviz.normalizers.parts import BETA, EPSILON, EXAMPLE_MEAN, EXAMPLE_VARIANCE, GAMMA, SAME, SCALE, STANDARDIZE, UNITS_LEAD
from bnviz.normalizers.spec import NormalizerSpec, Script

DEFINITION = '''
class LayerNorm(nn.Module):
    """Layer norm over each `size` units: all of them, or groups as in group norm (Ba, Kiros & Hinton 2016; Wu & He 2018)."""

    def __init__(self, size):
        super().__init__()
        self.size, self.weight, self.bias = size, nn.Parameter(torch.ones(WIDTH)), nn.Parameter(torch.zeros(WIDTH))

    def forward(self, z):
        parts = z.unflatten(1, (-1, self.size))
        return self.weight * functional.layer_norm(parts, (self.size,){{ eps }}).flatten(1) + self.bias
'''

SPEC = NormalizerSpec(
    key="layer",
    label="layer norm",
    name="with layer norm",
    colour="#A65AA8",
    module="bnviz.normalizers.layer.module:LayerNorm",
    script=Script("lambda: LayerNorm(WIDTH)", DEFINITION),
    statistics="example",
    comparable=True,
    quantities=(EPSILON, EXAMPLE_MEAN, EXAMPLE_VARIANCE, GAMMA, BETA),
    steps=(STANDARDIZE, SCALE),
    lead=UNITS_LEAD,
    evaluation=SAME,
)
