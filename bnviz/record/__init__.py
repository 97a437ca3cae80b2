"""What is kept: the lines of a recording, recordings by id, rows of sweeps.

This package can be called: `bnviz.record(model, …)` records a network of your own. The call goes to `bnviz.recorder`, which loads
PyTorch; all that lies here does not.
"""

from __future__ import annotations

import importlib
import sys
import types
from typing import Any


class _CallablePackage(types.ModuleType):
    """A package whose name is that of a function, too: importing a module of it would hide a function of that name."""

    def __call__(self, *args: Any, **options: Any) -> Any:
        """Record a network of your own: see `bnviz.recorder.recorder.record`."""
        return importlib.import_module("bnviz.recorder.recorder").record(*args, **options)


sys.modules[__name__].__class__ = _CallablePackage
