"""Whether a recording is what the schema says, of a file that may have been damaged: every line, every key, every array.

Keys that are not declared are let through, since a later release may add some.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NoReturn

import numpy as np

from bnviz.config.experiment import Experiment
from bnviz.record import ndjson, schema
from bnviz.record.schema import Key

KINDS = {"number": (int, float, type(None)), "text": str, "list": list, "object": (dict, list, str, int, float, type(None))}
COUNTED = ("counts", "underflow", "overflow", "nonfinite")  # what makes up all values of a layer
ERRORS = (ArithmeticError, AttributeError, LookupError, RecursionError, TypeError, ValueError)  # that reading nonsense may raise


class Damaged(ValueError):
    """A line that does not hold what it should; the message says which line and why."""


def check_lines(lines: Sequence[bytes], experiment: Experiment, measured: Iterable[Key]) -> None:
    """Raise Damaged for the first line that is not as declared.

    The lines have to be those of a recording of `experiment`; `measured` are the keys that measures add to a snapshot.
    """
    checker = _Checker(experiment, measured)
    for number, line in enumerate(lines):
        try:
            message = decoded(line)
            if number == 0:
                checker.check_header(message)
            elif number == len(lines) - 1:
                _check(schema.END, message, {})
            else:
                checker.check_snapshot(message, number - 1)
        except ERRORS as error:
            raise Damaged(f"line {number + 1} is damaged: {one_line(error)}") from None


class _Checker:
    """What is known of a recording from the lines so far."""

    def __init__(self, experiment: Experiment, measured: Iterable[Key]):
        self.experiment = experiment
        self.keys = {key.name: key for key in (*measured, *schema.ARM)}
        self.header: Mapping[str, Any] = {}
        self.required: dict[str, set[str]] = {}  # arm -> keys that its first part has, of those that every snapshot has

    def check_header(self, header: Mapping[str, Any]) -> None:
        """A header agrees with the experiment."""
        bins = len(header["edges"]["linear"]) - 1
        _check(schema.HEADER, header, {"bins": bins})
        known = {"arms": list(self.experiment.arms), "hidden_layers": self.experiment.hidden_layers}
        known |= {"total_steps": self.experiment.steps, "taps": list(ndjson.TAPS)}
        for name, value in known.items():
            expect(header[name] == value, name)
        for name in ("watched_units", "percentiles"):
            expect(all(type(one) is int and one >= 0 for one in header[name]), name)
        expect(all(np.isfinite(edges).all() and (np.diff(edges) > 0).all() for edges in header["edges"].values()), "edges")
        self.header = header
        self.sizes = {
            "layers": self.experiment.hidden_layers,
            "width": self.experiment.width,
            "bins": bins,
            "watched": len(header["watched_units"]),
            "percentiles": len(header["percentiles"]),
            "classes": header["classes"],
        }

    def check_snapshot(self, snapshot: Mapping[str, Any], index: int) -> None:
        """A snapshot has its place, every arm, and of each what is declared."""
        _check(schema.SNAPSHOT, snapshot, {})
        expect(snapshot["type"] == "snapshot" and snapshot["index"] == index, "index")
        expect(snapshot["step"] in range(self.experiment.steps + 1), "step")
        expect(list(snapshot["arms"]) == self.header["arms"], "arms")
        for arm, part in snapshot["arms"].items():
            self._check_part(arm, part)

    def _check_part(self, arm: str, part: Mapping[str, Any]) -> None:
        """A recording of another release may lack a key that is not optional here, but then all of its snapshots do."""
        _check([self.keys[name] for name in part if name in self.keys], part, dict(self.sizes))
        required = {key.name for key in schema.ARM if not key.optional} & set(part)
        expect(required == self.required.setdefault(arm, required), " and ".join(sorted(required ^ self.required[arm])))
        for tap in ndjson.TAPS:
            values = sum(part[name][tap].reshape(len(part[name][tap]), -1).sum(1) for name in COUNTED)
            expect(bool(np.all(values == self.header["probe_size"] * self.experiment.width)), f"the number of values of {tap}")


def one_line(error: BaseException) -> str:
    """What an error says, in one line that is not long."""
    reason = " ".join(str(error).split()) or type(error).__name__
    return reason if len(reason) < 120 else f"{reason[:119]}…"


def decoded(line: bytes) -> Mapping[str, Any]:
    """What a line says, arrays decoded. Raises one of ERRORS."""

    def refuse(name: str) -> NoReturn:
        raise ValueError(f"{name} is not JSON")

    def decode(value: dict[str, Any]) -> Any:
        return ndjson.decode(value) if "bdata" in value else value

    return json.loads(line.decode(), object_hook=decode, parse_constant=refuse)


def _check(keys: Iterable[Key], values: Mapping[str, Any], sizes: dict[str, int], where: str = "") -> None:
    """Every key that has to be there is, and looks as declared; `sizes` learns the sizes that it does not know."""
    for key in keys:
        name = f"{where}{key.name}"
        if key.name in values:
            _check_value(key, values[key.name], sizes, name)
        else:
            expect(key.optional, name)


def check_present(keys: Iterable[Key], values: Mapping[str, Any], sizes: dict[str, int]) -> None:
    """Raise one of ERRORS if a key that is there does not look as declared; `sizes` learns the sizes that it does not know."""
    _check([key for key in keys if key.name in values], values, sizes)


def _check_value(key: Key, value: Any, sizes: dict[str, int], name: str) -> None:
    if key.parts:
        _check(key.parts, value, sizes, f"{name}.")
    elif key.by_tap:
        expect(set(value) == set(ndjson.TAPS), name)
        for tap in ndjson.TAPS:
            _check_array(key, value[tap], sizes, name)
    elif key.sizes:
        _check_array(key, value, sizes, name)
    else:
        expect(isinstance(value, KINDS[key.kind]) and not isinstance(value, bool), name)
        _check_plain(value, name)


def _check_array(key: Key, array: Any, sizes: dict[str, int], name: str) -> None:
    expect(isinstance(array, np.ndarray) and array.ndim == len(key.sizes), name)
    for size, length in zip(key.sizes, array.shape, strict=True):
        expect(length == _expected(size, length, sizes), f"the shape of {name}")


def _expected(size: str, length: int, sizes: dict[str, int]) -> int:
    """A number, a known size, one of these and a little more ("bins+1"), or the name's value before."""
    if size.isdigit():
        return int(size)
    base, _, more = size.partition("+")
    return sizes.setdefault(base, length - int(more or 0)) + int(more or 0)


def _check_plain(value: Any, name: str) -> None:
    """Numbers are finite, and texts can be written, however deep they lie."""
    if isinstance(value, dict):
        for key, one in value.items():
            _check_plain(key, name)
            _check_plain(one, name)
    elif isinstance(value, list):
        for one in value:
            _check_plain(one, name)
    elif isinstance(value, str):
        expect(not re.search("[\ud800-\udfff]", value), name)
    elif isinstance(value, (int, float)):
        expect(math.isfinite(value), name)


def expect(holds: bool, name: str) -> None:
    """Raise ValueError for what is not as it should be."""
    if not holds:
        raise ValueError(f"{name} is not as it should be")
