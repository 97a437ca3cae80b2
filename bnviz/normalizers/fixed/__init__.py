"""Batch norm whose γ and β do not learn."""

import dataclasses

from bnviz.normalizers.batch import SPEC as BATCH_NORM
from bnviz.normalizers.spec import Script

SPEC = dataclasses.replace(
    BATCH_NORM,
    key="fixed",
    label="γ = 1, β = 0 fixed",
    name="with batch norm, γ = 1 and β = 0 fixed",
    colour="#0E9F6E",
    module="bnviz.normalizers.fixed.module:FixedBatchNorm",
    script=Script("lambda: {{ batch_norm }}(WIDTH{{ eps }}, momentum={{ statistics_momentum }}, affine=False)"),
    comparable=False,
)
