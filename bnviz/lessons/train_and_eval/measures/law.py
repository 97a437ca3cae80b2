"""The law of a running mean's error, and where it holds. law.js computes the same in the browser. Loads no PyTorch.

A running mean is r ← (1 − m) r + m b at every step, with b the mean of a minibatch and m PyTorch's momentum, the weight of the
new value. Let the true mean move by d a step, and b have the standard deviation n about it. After t steps r is off by

- what is left of its start, (1 − m)^t times its distance from the true mean;
- drift: a mean of j steps ago has the weight m (1 − m)^j and is missed by j d. That makes d (1 − m) / m when r has just taken b
  in. The network is measured one step later, which adds d: d / m in the end, and d `lag` after t steps;
- noise: independent means so weighted, n √(Σ m² (1 − m)^2j) = n √(m / (2 − m)) in the end, n `noise_share` after t steps;
- the offset: above layer 1 the mean of b is not the true mean, as inputs were normalized by their own minibatch. No momentum
  takes that away.

These are independent, so their squares add up. The sum of drift and noise is smallest where d² (2 − m)² = n² m³, for small m at
(2 d / n)^(2/3).

The term of drift needs a d that is constant over the last 1 / m steps. If d is measured over these steps and the mean turns back,
the law is too large, at most by √2: independent steps of size s, a random walk, give s / √(m (2 − m)), and so do the slow
fluctuations of an Ornstein-Uhlenbeck process. The term of noise needs independent minibatches; of a small training set they are
not.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def lag(momentum: Any, steps: Any) -> Any:
    """How many steps' drift a running mean is behind after so many steps; numbers or arrays."""
    left = (1 - momentum) ** steps
    return (1 - left) / momentum - steps * left


def noise_share(momentum: Any, steps: Any) -> Any:
    """What share of a minibatch's noise is in a running mean after so many steps; numbers or arrays."""
    return np.sqrt(momentum / (2 - momentum) * (1 - (1 - momentum) ** (2 * steps)))


def error(size: Any, drift: Any, noise: Any, offset: Any, momentum: Any, steps: Any) -> Any:
    """Root mean square error of a running mean that started at 0, in σ as its parts.

    `size` is the true mean, `drift` how far that moves a step; numbers or arrays that go together.
    """
    start, scatter = size * (1 - momentum) ** steps, noise * noise_share(momentum, steps)
    return np.sqrt(start**2 + (drift * lag(momentum, steps)) ** 2 + scatter**2 + offset**2)


def reach(momentum: float, steps: int) -> int:
    """Over how many of the last steps drift is measured: as far as a running mean remembers, 1 / momentum, if it is so old."""
    return max(1, min(steps, round(1 / momentum)))
