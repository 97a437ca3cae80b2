"""The recording: one JSON object a line. A header, the snapshots, and always an end.

Arrays are Plotly's typed-array objects, so that Plotly.js and any JSON reader understand them. Scalars that are not finite are
``null``. docs/recording.md lists every key.
"""

from __future__ import annotations

import base64
import io
import json
import math
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import numpy as np

MEDIA_TYPE = "application/x-ndjson"
TAPS = ("linear", "normalized", "activation")
STATUSES = ("finished", "diverged", "stopped", "failed")

_KIND = re.compile(rb'\{"type":"([a-z]+)"')
_DTYPES = {"f4": "<f4", "f8": "<f8", "u1": "|u1", "u2": "<u2", "u4": "<u4", "i1": "|i1", "i2": "<i2", "i4": "<i4"}


def encode(array: np.ndarray) -> dict[str, str]:
    """A typed-array object: little-endian bytes in base64. Raises TypeError for a dtype that Plotly.js does not read."""
    code = f"{array.dtype.kind}{array.dtype.itemsize}"
    if code not in _DTYPES:
        raise TypeError(f"Plotly has no typed array for {array.dtype}")
    data = np.ascontiguousarray(array, dtype=_DTYPES[code])
    shape = ", ".join(map(str, array.shape))
    return {"dtype": code, "bdata": base64.b64encode(data.data).decode("ascii"), "shape": shape}


def decode(value: dict[str, str]) -> np.ndarray:
    """The array in a typed-array object."""
    shape = tuple(int(size) for size in str(value["shape"]).split(","))
    return np.frombuffer(base64.b64decode(value["bdata"]), _DTYPES[value["dtype"]]).reshape(shape)


def _plain(value: Any) -> Any:
    """`value` with arrays encoded and non-finite numbers as None."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return encode(value)
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value


def line(message: dict[str, Any], default: Callable[[Any], Any] | None = None) -> bytes:
    """One line of a recording, newline included. `default` gives what is written for a value that JSON has no form for; without
    it, or if it gives such a value again, TypeError is raised."""
    return json.dumps(_plain(message), separators=(",", ":"), allow_nan=False, default=default).encode() + b"\n"


def end(status: str, message: str, seconds: float) -> bytes:
    """The last line of a recording; `status` is one of STATUSES."""
    if status not in STATUSES:
        raise ValueError(f"no such status: {status!r}")
    return line({"type": "end", "status": status, "message": message, "seconds": round(seconds, 3)})


def kind(line_bytes: bytes) -> str:
    """The type of a recorded line; cheap, so that lines that are only passed on need no parsing. Nothing if it is no message."""
    match = _KIND.match(line_bytes)
    return match[1].decode() if match else ""


def is_end(line_bytes: bytes) -> bool:
    """Whether a recorded line is the last one."""
    return kind(line_bytes) == "end"


def status(line_bytes: bytes) -> str:
    """The status in an end line."""
    return json.loads(line_bytes)["status"]


def split_lines(recording: bytes) -> list[bytes]:
    r"""The lines of a recording, newlines included. Only \n ends one, as in a browser; `bytes.splitlines` splits at \r, too."""
    return io.BytesIO(recording).readlines()


def read(lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """The messages of a recording, typed arrays decoded."""
    for line_bytes in lines:
        yield json.loads(line_bytes, object_hook=lambda value: decode(value) if "bdata" in value else value)


def rounded(rows: np.ndarray, parts: int = 128) -> np.ndarray:
    """Rows [..., n] as float32, off by at most 1/`parts` of each row's root mean square, because zeros compress well.

    With 512 probe points, 1/128 is a sixth of a mean's own sampling error. Values that are not finite stay as they are.
    """
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        scale = np.sqrt((rows.astype(np.float64) ** 2).mean(axis=-1, keepdims=True)) * 2 / parts
        step = np.exp2(np.floor(np.log2(scale)))
        rounded = (np.round(rows / step) * step).astype(np.float32)
        return np.where(np.isfinite(rounded), rounded, rows).astype(np.float32)


def smallest_type(counts: np.ndarray) -> np.ndarray:
    """Counts in the smallest unsigned type that holds them."""
    return counts.astype(np.min_scalar_type(int(counts.max(initial=0))))
