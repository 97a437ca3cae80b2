"""Plotly figures, and which key of the recording feeds which trace. One module a page."""

import importlib.util
from pathlib import Path

from bnviz.figures.batch_size import panels as batch_size
from bnviz.figures.covariate_shift import panels as covariate_shift
from bnviz.figures.gamma_beta import panels as gamma_beta
from bnviz.figures.independence import panels as independence
from bnviz.figures.live_shift import panels as live_shift

__all__ = ["batch_size", "covariate_shift", "independence", "gamma_beta", "live_shift", "plotly_js"]


def plotly_js() -> Path:
    """The browser library that the plotly package brings along; found without importing the package."""
    return Path(importlib.util.find_spec("plotly").origin).parent / "package_data" / "plotly.min.js"
