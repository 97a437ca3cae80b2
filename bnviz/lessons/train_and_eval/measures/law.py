"""The law of a running mean's error, and where it holds. law.js computes the same in the browser. Loads no PyTorch.

A running mean is r ← (1 − m) r + m b at every step, with b the mean of a minibatch and m PyTorch's momentum, the weight of the
new value. Let the true mean move by d a step, and b have the standard deviation n about it. After t steps r is off by

- what is left of its start, (1 − m)^t times its distance from the true mean;
- drift: a mean of j steps ago has the weight m (1 − m)^j and is missed by j d. That makes d (1 − m) / m when r has just taken b
  in. The network is measured one step later, which adds d: d / m in the end, and d `lag` after t steps;
- noise: independent means so weighted, n √(Σ m² (1 − m)^2j) = n √(m / (2 − m)) in the end. Minibatches of one epoch are drawn
  without replacement: with L of them (examples over batch size, a fraction if some are left over) the means of two have the
  covariance −n² / L, as those of any two samples of a finite population that have nothing in common. So with W the weight of all
  minibatches of an epoch together, n √(Σ m² (1 − m)^2j − Σ W² / L): n `noise_share` after t steps. Little is left where m is much
  less than 1 / L, and nothing of whole batches. At m = 0.01, L = 78 and fixed weights, the error in layer 1 was 0.21 times that
  of independent minibatches at the end of an epoch (8 networks); it is 0.22 times that by the formula;
- the offset: above layer 1 the mean of b is not the true mean, as inputs were normalized by their own minibatch. No momentum
  takes that away. It counts with the share of r that comes from minibatches, 1 − (1 − m)^t.

These are independent, so their squares add up. The sum of drift and noise is smallest where d² (2 − m)² = n² m³, for small m at
(2 d / n)^(2/3).

The term of drift needs a d that is constant over the last 1 / m steps. If d is measured over these steps and the mean turns back,
the law is too large, at most by √2: independent steps of size s, a random walk, give s / √(m (2 − m)), and so do the slow
fluctuations of an Ornstein-Uhlenbeck process. The term of noise needs examples whose z keep their places in the distribution for
an epoch: the faster the weights move, the less of their noise cancels.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def lag(momentum: Any, steps: Any) -> Any:
    """How many steps' drift a running mean is behind after so many steps; numbers or arrays."""
    left = (1 - momentum) ** steps
    return (1 - left) / momentum - steps * left


def noise_share(momentum: Any, steps: Any, length: Any = np.inf) -> Any:
    """What share of a minibatch's noise is in a running mean after so many steps; numbers or arrays.

    `length` are the minibatches of an epoch, examples over batch size; infinite: all minibatches are independent.
    """
    squares = momentum / (2 - momentum) * (1 - (1 - momentum) ** (2 * steps))
    return np.sqrt(np.maximum(0, squares - _squares_by_epoch(1 - momentum, steps, length) / length))


def _squares_by_epoch(left: Any, steps: Any, length: Any) -> Any:
    """The sum over epochs of the square of what their minibatches weigh together; `left` of a running mean after an update."""
    whole = np.minimum(np.floor(length), steps + 1)  # longer than the run: its first epoch never ends
    epochs, now = steps // whole, steps % whole
    past = (1 - left**whole) / (1 + left**whole) * (1 - left ** (2 * whole * epochs))
    return (1 - left**now) ** 2 + left ** (2 * now) * past


def error(size: Any, drift: Any, noise: Any, offset: Any, momentum: Any, steps: Any, length: Any = np.inf) -> Any:
    """Root mean square error of a running mean that started at 0, in σ as its parts.

    `size` is the true mean, `drift` how far that moves a step, `length` as in `noise_share`; numbers or arrays that go together.
    """
    left, scatter = (1 - momentum) ** steps, noise * noise_share(momentum, steps, length)
    return np.sqrt((left * size) ** 2 + (drift * lag(momentum, steps)) ** 2 + scatter**2 + ((1 - left) * offset) ** 2)


def reach(momentum: float, steps: int) -> int:
    """Over how many of the last steps drift is measured: as far as a running mean remembers, 1 / momentum, if it is so old."""
    return max(1, min(steps, round(1 / momentum)))
