"""Which release computed a result: another one may compute otherwise, so its results are other results."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Mapping
from functools import cache
from typing import Any

import bnviz
from bnviz.config.experiment import FORMAT


def versions() -> dict[str, str]:
    """What a header says of who computed a recording, as far as it decides the numbers. Loads no PyTorch."""
    return {"bnviz": bnviz.__version__, "torch": _torch()}


def results_version() -> str:
    """Format, bnviz and PyTorch in one word: part of the key of whatever is stored."""
    return "-".join([str(FORMAT), *versions().values()])


def is_current(header: Mapping[str, Any]) -> bool:
    """Whether a recording with this header is of this very release."""
    return header.get("format") == FORMAT and versions().items() <= (header.get("versions") or {}).items()


@cache
def _torch() -> str:
    return importlib.metadata.version("torch")
