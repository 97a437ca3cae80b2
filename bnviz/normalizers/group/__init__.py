"""Group norm (Wu & He 2018)."""

import dataclasses

from bnviz.normalizers.layer import DEFINITION
from bnviz.normalizers.layer import SPEC as LAYER_NORM
from bnviz.normalizers.spec import Script

SPEC = dataclasses.replace(
    LAYER_NORM,
    key="group",
    label="group norm",
    name="with group norm",
    colour="#00927A",
    module="bnviz.normalizers.group.module:GroupNorm",
    script=Script("lambda: LayerNorm({{ gcd(width, 16) }})", DEFINITION),
)
