"""Batch norm whose γ and β do not learn, as a module."""

from bnviz.normalizers.batch.module import BatchNorm


class FixedBatchNorm(BatchNorm):
    """Batch norm that keeps γ = 1 and β = 0, as torch's `affine=False`."""

    learns = False

    def __init__(self, width: int, momentum: float = 0.1):
        super().__init__(width, momentum)
        self.gamma.requires_grad_(False)
        self.beta.requires_grad_(False)
