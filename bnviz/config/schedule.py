"""Weight decay and the rising learning rate that does the same to weights whose size does not matter.

A layer before batch norm is scale-invariant: with all weights multiplied by c it computes the same, and its gradient is divided
by c. For such weights SGD with rate η and weight decay λ goes through the same networks as SGD without decay
whose rate rises (Li & Arora 2020; van Laarhoven 2017): with w[t] = c[t] u[t] and c[t + 1] = α c[t], u follows SGD at the rate
η / (c[t] c[t + 1]), which is η α^(−2t − 1) if η stays the same.
"""

from __future__ import annotations

import math


def shrinkage(learning_rate: float, weight_decay: float, momentum: float) -> float | None:
    """α, by which decay alone multiplies the weights in a step in the long run: the larger root of α² − (1 + m − ηλ) α + m = 0.

    Without momentum m that is 1 − ηλ. With it the rising rate goes with the same m, in PyTorch's form: velocity ← m velocity +
    gradient, weights ← weights − η velocity. None where decay is so strong that weights would swing through 0: no rate does that.
    """
    middle = 1 + momentum - learning_rate * weight_decay
    inside = middle**2 - 4 * momentum
    return (middle + math.sqrt(inside)) / 2 if middle > 0 and inside >= 0 else None
