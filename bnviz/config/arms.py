"""The arms: which normalizer each has, and what is done to it. A new arm is one line here."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ArmKind:
    """`name` completes "the network …"; `normalizer` is a key of `bnviz.nets.network.NORMALIZERS`.

    `held`: layers 1 and 2 stop learning at the experiment's `hold_from`. `statistics`: it normalizes with statistics of the
    minibatch, so that ghost batches and running statistics mean something to it.
    """

    name: str
    normalizer: str
    held: bool = False
    statistics: bool = False


ARMS: dict[str, ArmKind] = {
    "none": ArmKind("without batch norm", "none"),
    "batch": ArmKind("with batch norm", "batch", statistics=True),
    "fixed": ArmKind("with batch norm, γ = 1 and β = 0 fixed", "fixed", statistics=True),
    "none-held": ArmKind("without batch norm, layers 1 and 2 held", "none", held=True),
    "batch-held": ArmKind("with batch norm, layers 1 and 2 held", "batch", held=True, statistics=True),
    "layer": ArmKind("with layer norm", "layer"),
    "group": ArmKind("with group norm", "group"),
    "noisy-batch": ArmKind("with batch norm and noise after it", "noisy-batch", statistics=True),
    "noisy-none": ArmKind("without batch norm, with the same noise", "noisy-none"),
}
