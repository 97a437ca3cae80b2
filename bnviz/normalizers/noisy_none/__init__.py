"""No normalizer, but the noise of noisy batch norm."""

import dataclasses

from bnviz.normalizers.none import SPEC as NO_NORM

SPEC = dataclasses.replace(
    NO_NORM,
    key="noisy-none",
    label="noise, no normalizer",
    name="without a normalizer, with the same noise",
    colour="#C0443C",
    noisy=True,
    script=None,
    module="bnviz.normalizers.noisy_none.module:Noise",
)
