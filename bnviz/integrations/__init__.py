"""Recorders for training loops that others run: callbacks, one module a library. Each loads its library when it is imported."""

from __future__ import annotations

import importlib
from typing import Any


def library(name: str, extra: str) -> Any:
    """The library `name`, which `bnviz[extra]` installs.

    Raises ModuleNotFoundError, which says how to install it, if it is missing.
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:  # it is there, and lacks something itself
            raise
        message = f'bnviz.integrations.{extra} needs {name}, which is not installed: pip install "bnviz[{extra}]"'
        raise ModuleNotFoundError(message, name=name) from None
