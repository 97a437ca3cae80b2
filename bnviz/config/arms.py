"""The arms: which normalizer each has, what it is called, and what is done to it. Each normalizer has one."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

from bnviz.normalizers import SPECS


@dataclass(frozen=True)
class ArmSpec:
    """`name` completes "the network …", `label` names what normalizes it; `normalizer` is a key of `bnviz.normalizers.SPECS`.

    `statistics`: it normalizes with statistics of the minibatch, so that ghost batches and running statistics mean something to
    it. `comparable`: pages may set it beside the network without a normalizer. `noisy`: its normalizer adds noise in training.
    `held`: layers 1 and 2 stop learning at the experiment's `hold_from`. `rising`: its rate rises in place of weight decay.
    """

    name: str
    label: str
    normalizer: str
    statistics: bool = False
    comparable: bool = False
    noisy: bool = False
    held: bool = False
    rising: bool = False

    @property
    def derived(self) -> bool:
        """Whether it is another arm once more, with something else about it."""
        return self.held or self.rising


LEARNING: dict[str, ArmSpec] = {
    key: ArmSpec(spec.name, spec.label, key, spec.statistics == "batch", spec.comparable, spec.noisy)
    for key, spec in SPECS.items()
}


def held(arm: str) -> str:
    """The arm that is like another, but has its layers 1 and 2 held."""
    return f"{arm}-held"


def _held(arm: ArmSpec) -> ArmSpec:
    return dataclasses.replace(arm, name=f"{arm.name}, layers 1 and 2 held", comparable=False, held=True)


def rising(arm: str) -> str:
    """The arm that is like another, but whose rate rises in place of weight decay."""
    return f"{arm}-rising"


def _rising(arm: ArmSpec) -> ArmSpec:
    return dataclasses.replace(arm, name=f"{arm.name} and with a rising rate", comparable=False, rising=True)


def original(arm: str) -> str:
    """The arm that another one is derived from, or the arm itself."""
    return arm.removesuffix(held("")).removesuffix(rising(""))


COMPARED: dict[str, str] = {name: arm.label for name, arm in LEARNING.items() if arm.comparable}
_DERIVABLE = ("none", *COMPARED)
ARMS: dict[str, ArmSpec] = (
    LEARNING
    | {held(name): _held(LEARNING[name]) for name in _DERIVABLE}
    | {rising(name): _rising(LEARNING[name]) for name in _DERIVABLE}
)
