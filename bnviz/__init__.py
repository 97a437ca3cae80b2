"""bnviz: a laboratory in the browser for why batch norm works, and a recorder for networks of your own.

`bnviz.record(model, …)` records any PyTorch model while it trains. Nothing is loaded before it is used.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "1.0.0"

_FUNCTIONS = {"swap": "bnviz.recorder.swap"}  # name: the module that has it; these load PyTorch


def __getattr__(name: str) -> Any:
    if name == "record":  # the package, which can be called
        return importlib.import_module("bnviz.record")
    if name in _FUNCTIONS:
        return getattr(importlib.import_module(_FUNCTIONS[name]), name)
    raise AttributeError(f"module 'bnviz' has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), "record", *_FUNCTIONS]
