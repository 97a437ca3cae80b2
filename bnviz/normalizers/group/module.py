"""Group norm as a module."""

import math

from bnviz.normalizers.layer.module import LayerNorm


class GroupNorm(LayerNorm):
    """Layer norm over groups of 16 units apart (Wu & He 2018, whose groups of channels these are)."""

    def __init__(self, width: int, momentum: float = 0.1):
        super().__init__(width)
        self.size = math.gcd(width, 16)
