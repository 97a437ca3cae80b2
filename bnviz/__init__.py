"""bnviz: a laboratory in the browser for why batch norm works, and a recorder for networks of your own.

`bnviz.record(model, …)` records any PyTorch model while it trains. Nothing is loaded before it is used.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.4.0"


def __getattr__(name: str) -> Any:
    if name == "record":  # the package, which can be called
        return importlib.import_module("bnviz.record")
    raise AttributeError(f"module 'bnviz' has no attribute {name!r}")
