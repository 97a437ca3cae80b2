"""A run's series as CSV: a row for each snapshot and network, a column for each number that it holds."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from bnviz.record import ndjson
from bnviz.record.own_check import whole_lines
from bnviz.web.export.validation import validated_header

OF_PARAMETERS = ("gradient_norm", "update_ratio")  # in recordings of people's own networks
Parameters = Mapping[str, Sequence[str]]  # their names, by arm
NONE: Parameters = {}
PLACE = ("step", "epoch", "group_size")  # what the first columns say, as far as a recording has it; then comes the arm
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # how a text begins that a spreadsheet would compute


def series(recording: bytes) -> bytes:
    """The CSV of a recording: numbers in full precision, an empty cell for a missing or non-finite one; raises InvalidRecording.

    Columns are the keys of a snapshot whose value is one number or a word, then one for each tap and layer, counted from 1, of
    those with a number for each layer: shift_from_first_activation_2 is that of a[2].
    """
    validated_header(recording)
    return _table(ndjson.read(ndjson.split_lines(recording)))


def own_series(recording: bytes) -> bytes:
    """The same of a recording of a user's own network, up to its last whole line. What is measured of each parameter has a
    column for each, with its name. Raises ValueError for a damaged line."""
    messages = ndjson.read(whole_lines(ndjson.split_lines(recording)))
    header = next(messages)
    parameters = dict.fromkeys(header.get("arms") or (), header.get("parameters") or ()) | header.get("arm_parameters", {})
    return _table(messages, parameters)


def _table(messages: Iterable[Mapping[str, Any]], parameters: Parameters = NONE) -> bytes:
    """Snapshots as CSV."""
    rows = [row for message in messages if message["type"] == "snapshot" for row in _rows(message, parameters)]
    columns = dict.fromkeys(name for row in rows for name in row)
    text = io.StringIO()
    lines = csv.DictWriter(text, sorted(columns, key=lambda name: name[-1].isdigit()), restval="", lineterminator="\n")
    lines.writerow({name: _text(name) for name in columns})
    lines.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    return text.getvalue().encode()


def _rows(snapshot: Mapping[str, Any], parameters: Parameters = NONE) -> Iterator[dict[str, Any]]:
    """A snapshot's rows, one for each network."""
    for arm, values in snapshot["arms"].items():
        columns = (column for key, value in values.items() for column in _columns(key, value, parameters.get(arm, ())))
        yield {name: snapshot[name] for name in PLACE if name in snapshot} | {"arm": arm} | dict(columns)


def _columns(key: str, value: Any, parameters: Sequence[str] = ()) -> Iterator[tuple[str, Any]]:
    """Names and values of what a key holds, as far as it is one number, or one for each layer or parameter."""
    if single(value):
        yield key, value
    elif key in OF_PARAMETERS and parameters and len(parameters) == len(value):
        yield from ((f"{key} {name}", one) for name, one in zip(parameters, value, strict=True))
    elif by_layer(value):
        taps = value.items() if isinstance(value, dict) else [("", value)]
        for tap, layers in taps:
            name = f"{key}_{tap}" if tap else key
            yield from ((f"{name}_{layer}", one) for layer, one in enumerate(layers, 1))


def single(value: Any) -> bool:
    """Whether a value of a snapshot is one number or a word."""
    return not isinstance(value, (dict, list, np.ndarray))


def by_layer(value: Any) -> bool:
    """Whether it holds a number for each layer: an array [layers], or one for each tap."""
    if isinstance(value, dict):
        return tuple(value) == ndjson.TAPS and all(by_layer(one) for one in value.values())
    return isinstance(value, np.ndarray) and value.ndim == 1


def _text(text: str) -> str:
    """A text in its cell. What a spreadsheet would compute gets an apostrophe: names may be anything."""
    return f"'{text}" if text.startswith(FORMULA) else text


def _cell(value: Any) -> str:
    """A value in its cell."""
    if isinstance(value, str):
        return _text(value)
    if value is None or (isinstance(value, (float, np.floating)) and not math.isfinite(value)):
        return ""
    return str(value)
