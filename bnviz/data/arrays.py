"""Arrays (NPZ) as training and test parts."""

from __future__ import annotations

import io
import zipfile
import zlib

import numpy as np

from bnviz.data.data_set import Split
from bnviz.data.limits import LARGEST, MOST_BYTES, BadData, check_classes, check_features, check_parts

NAMES = Split._fields
UNREADABLE = (zipfile.BadZipFile, zlib.error, ValueError, EOFError, OSError, NotImplementedError, SyntaxError)


def read_arrays(contents: bytes) -> Split:
    """The four arrays of an archive: inputs [examples, …]; labels [examples], or numbers to predict [examples, numbers] float64.

    Labels are whole numbers, booleans or texts. Raises BadData, which names the array, row and column.
    """
    x_train, y_train, x_test, y_test = _unpacked(contents)
    for name, x, y in (("train", x_train, y_train), ("test", x_test, y_test)):
        _check_inputs(f"x_{name}", x)
        if y.shape[:1] != x.shape[:1]:
            raise BadData(f"x_{name} has {len(x):,} rows, and y_{name} has {len(y) if y.ndim else 0:,}")
    if x_train.shape[1:] != x_test.shape[1:] or y_train.shape[1:] != y_test.shape[1:]:
        raise BadData("training and test examples have different shapes")
    check_parts(len(x_train), len(x_test))
    check_features(int(np.prod(x_train.shape[1:])), len(x_train) + len(x_test))
    parts = Split(x_train, _targets("y_train", y_train), x_test, _targets("y_test", y_test))
    if _kind(parts.y_train) != _kind(parts.y_test):
        raise BadData("y_train and y_test hold different kinds of values")
    return parts


def _unpacked(contents: bytes) -> Split:
    try:
        size = sum(info.file_size for info in zipfile.ZipFile(io.BytesIO(contents)).infolist())
        if size > MOST_BYTES:
            raise BadData(f"{size / 1e6:,.0f} MB unpacked, and the limit is {MOST_BYTES / 1e6:.0f} MB")
        with np.load(io.BytesIO(contents), allow_pickle=False) as arrays:
            if missing := [name for name in NAMES if name not in arrays]:
                raise BadData(f"the array {missing[0]} is missing; there should be {', '.join(NAMES)}")
            return Split(*(arrays[name] for name in NAMES))
    except BadData:
        raise
    except UNREADABLE:
        raise BadData("this is not an archive of NumPy arrays") from None


def _check_inputs(name: str, x: np.ndarray) -> None:
    if x.ndim < 2:
        raise BadData(f"the array {name} has the shape {x.shape}, and [examples, features] is expected")
    if x.dtype.kind not in "buif":
        raise BadData(f"the array {name} holds no numbers")
    _check_numbers(name, x)


def _check_numbers(name: str, numbers: np.ndarray) -> None:
    """Raise BadData for the first number that is not finite, or too large."""
    flat = numbers.reshape(len(numbers), -1)
    usable = np.abs(flat.astype(np.float64)) < LARGEST
    if not usable.all():
        row, column = np.argwhere(~usable)[0]
        reason = f"is larger than {LARGEST:g}" if np.isfinite(flat[row, column]) else "is not a number"
        raise BadData(f"{flat[row, column]} {reason}", f"{name}, row {row + 1}, column {column + 1}")


def _kind(y: np.ndarray) -> str:
    return {"U": "texts", "f": "numbers"}.get(y.dtype.kind, "classes")


def _targets(name: str, y: np.ndarray) -> np.ndarray:
    """Labels as they are, or numbers [examples, numbers] float64."""
    if y.ndim == 1 and y.dtype.kind in "biuU":
        return y
    if y.ndim > 2 or y.dtype.kind != "f":
        raise BadData(f"the array {name} holds neither classes [examples] nor numbers [examples, numbers]")
    _check_numbers(name, y)
    y = y.reshape(len(y), -1).astype(np.float64)
    check_classes(y.shape[1], "numbers to predict")
    return y
