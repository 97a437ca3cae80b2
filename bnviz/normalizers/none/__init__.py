"""No normalizer."""

from bnviz.normalizers.spec import NormalizerSpec, Script

SPEC = NormalizerSpec(
    key="none",
    label="no normalizer",
    name="without a normalizer",
    colour="#E06C1F",
    module="bnviz.normalizers.none.module:NoNorm",
    script=Script("nn.Identity"),
)
