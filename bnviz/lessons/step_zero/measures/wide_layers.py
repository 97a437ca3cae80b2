"""The cosine of two examples from one infinitely wide layer to the next, in closed form. Loads no PyTorch."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np


def _rectified(cosine: Any) -> Any:
    """The arc-cosine kernel of degree 1 (Cho & Saul 2009)."""
    return (np.sqrt(1 - cosine**2) + cosine * (np.pi - np.arccos(cosine))) / np.pi


# By homogeneous nonlinearity: the cosine after it, as a function of the cosine before it (a number or an array).
COSINE_AFTER: dict[str, Callable[[Any], Any]] = {"relu": _rectified, "identity": lambda cosine: cosine}
