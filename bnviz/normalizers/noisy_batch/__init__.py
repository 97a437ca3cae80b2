"""Batch norm with noise after it (Santurkar et al. 2018)."""

import dataclasses

from bnviz.normalizers.batch import SPEC as BATCH_NORM

SPEC = dataclasses.replace(
    BATCH_NORM,
    key="noisy-batch",
    label="noisy batch norm",
    name="with batch norm and noise after it",
    colour="#6A5FD3",
    module="bnviz.normalizers.noisy_batch.module:NoisyBatchNorm",
    noisy=True,
    note="In training, noise is then added to γẑ+β; here it is left out.",
)
