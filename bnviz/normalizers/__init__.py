"""The normalizers, between z = Wa + b and the nonlinearity. Each has a folder with two files.

`<folder>/__init__.py` holds its `SPEC` (bnviz.normalizers.spec), without PyTorch: name, colour, formulas, sentences, script.
`<folder>/module.py` holds its class, an nn.Module made as Class(width, momentum) and called as module(z, mode, groups, generator)
with z [examples, units], in one of three modes (bnviz.normalizers.modes); it returns the same shape. Its parameters, if it has
any, learn unless `learns` says otherwise. One that uses statistics also returns them: see `statistics` of
`bnviz.normalizers.batch.module.BatchNorm`. A new one is such a folder and a line in `FOLDERS`, whose order is that of the menus.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterable

from bnviz.normalizers.spec import NormalizerSpec, Quantity

FOLDERS = (
    "none",
    "batch",
    "fixed",
    "layer",
    "group",
    "rms",
    "dyt",
    "noisy_batch",
    "noisy_none",
)


def _spec(folder: str) -> NormalizerSpec:
    return importlib.import_module(f"{__name__}.{folder}").SPEC


SPECS: dict[str, NormalizerSpec] = {spec.key: spec for spec in map(_spec, FOLDERS)}


class UnknownNormalizer(ValueError):
    """A name that no normalizer has."""

    def __init__(self, key: str):
        super().__init__(f"there is no normalizer {key!r}: it is one of {', '.join(SPECS)}")


def spec_of(key: str) -> NormalizerSpec:
    """The normalizer of this key; raises UnknownNormalizer."""
    if key not in SPECS:
        raise UnknownNormalizer(key)
    return SPECS[key]


def parameters() -> list[Quantity]:
    """The parameters of all normalizers, each once."""
    return _unique(quantity for spec in SPECS.values() for quantity in spec.parameters)


def quantities() -> list[Quantity]:
    """All that recordings hold of normalizers' formulas, what takes its place in evaluation included, each once."""
    return _unique(one for spec in SPECS.values() for quantity in spec.quantities for one in quantity.records)


def _unique(values: Iterable[Quantity]) -> list[Quantity]:
    return list(dict.fromkeys(values))
