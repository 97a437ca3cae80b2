"""Whether the recording of an own network fits the schema, line by line, in a file that may be damaged.

Such a recording holds what could be measured, and older ones hold less: a key that is missing is no damage, unless nothing can be
told without it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import numpy as np

from bnviz.config.experiment import FORMAT
from bnviz.record import schema
from bnviz.record.check import ERRORS, Damaged, check_present, decoded, expect, one_line
from bnviz.record.ndjson import split_lines
from bnviz.record.schema import Key

MOST_ARMS = 4
NOTHING_RECORDED = "nothing was recorded: it has a header and no snapshot"
LAYER: Mapping[str, type | tuple[type, ...]] = {  # what a header may say of a layer; the first ones it has to
    "name": str, "units": list, "values": int,
    "tap_values": list, "kind": str, "normalizer": str, "source": str, "repeat": int, "width": int, "idle_bias": bool,
    "bounds": list, "momentum": (int, float, type(None)),
}  # fmt: skip
NEEDED_OF_LAYER = ("name", "units", "values")
_SHARED = [key for key in schema.ARM if key.name not in schema.names(schema.OWN_ARM)]
SNAPSHOT = [key for key in schema.SNAPSHOT if key.name != "group_size"]


class OtherFile(ValueError):
    """A file that may be intact, but is no recording of an own network; the message says what it is."""


def whole_lines(lines: Iterable[bytes]) -> Iterator[bytes]:
    """The lines, without a last one that is cut: it is being written, or its training was killed while it was."""
    for number, line in enumerate(lines):
        if not number or line.endswith(b"\n") or _is_json(line):
            yield line


def read_own(lines: Iterable[bytes]) -> Iterator[Mapping[str, Any]]:
    """What the lines of a recording say, arrays decoded, up to the last whole line. Raises OtherFile and Damaged."""
    return map(OwnChecker().message, whole_lines(lines))


def whole_recording(recording: bytes) -> bytes:
    """A recording up to its last whole line, all of it read once. Raises OtherFile and Damaged."""
    lines = [*whole_lines(split_lines(recording))]
    for _ in read_own(lines):
        pass
    return b"".join(lines)


def _is_json(line: bytes) -> bool:
    try:
        json.loads(line)
    except ERRORS:
        return False
    return True


class OwnChecker:
    """What is known of a recording from the lines so far."""

    def __init__(self) -> None:
        self._keys: dict[str, Key] = {key.name: key for key in (*_SHARED, *schema.OWN_ARM)}
        self._sizes: dict[str, dict[str, int]] = {}  # of each arm's arrays
        self._number, self._step, self._is_over = 0, 0, False

    def message(self, line: bytes) -> Mapping[str, Any]:
        """What the next line says, arrays decoded. Raises OtherFile, and Damaged for a line that is not as declared."""
        self._number += 1
        try:
            message = decoded(line)
            self._check(message)
        except OtherFile:
            raise
        except ERRORS as error:
            what = "damaged" if self._sizes else "no line of a recording"
            raise Damaged(f"line {self._number} is {what}: {one_line(error)}") from None
        return message

    def _check(self, message: Mapping[str, Any]) -> None:
        expect(isinstance(message, dict) and "type" in message, "what it says")
        kind = message["type"]
        if self._number == 1:
            self._check_header(message)
        elif kind == "snapshot":
            self._check_snapshot(message)
        else:
            expect(kind == "end", "its type")
            check_present(schema.END, message, {})
            self._is_over = True

    def _check_header(self, header: Mapping[str, Any]) -> None:
        if header["type"] != "header":
            raise OtherFile("it does not begin with a recording's header")
        if "layers" not in header:
            raise OtherFile("it is a recording of the lab; `check` reads those that bnviz.record writes of your own network")
        if header.get("format", FORMAT) != FORMAT:
            raise OtherFile(f"its format is {header['format']!r:.40}, and this release reads format {FORMAT}")
        arms, layers = header["arms"], header["layers"]
        expect(isinstance(arms, list) and 1 <= len(arms) <= MOST_ARMS and len(set(arms)) == len(arms), "arms")
        expect(all(isinstance(arm, str) for arm in arms), "arms")
        expect(isinstance(layers, list) and bool(layers), "layers")
        for layer in layers:
            _check_layer(layer)
        names = _weight_names(header)
        _check_arm_layers(header)
        sizes = {"layers": len(layers), "width": max(len(layer["units"]) for layer in layers)}
        check_present(schema.OWN_HEADER, header, sizes)
        self._sizes = {arm: sizes | ({"parameters": len(names[arm])} if arm in names else {}) for arm in arms}

    def _check_snapshot(self, snapshot: Mapping[str, Any]) -> None:
        expect(not self._is_over, "its place after the end")
        check_present(SNAPSHOT, snapshot, {})
        step, arms = snapshot["step"], snapshot["arms"]
        expect(type(step) is int and step >= self._step, "step")
        expect(isinstance(arms, dict) and set(arms) == set(self._sizes), "arms")
        for arm, part in arms.items():
            expect(isinstance(part, dict), "arms")
            check_present([self._keys[name] for name in part if name in self._keys], part, self._sizes[arm])
        self._step = step


def _weight_names(header: Mapping[str, Any]) -> dict[str, list[str]]:
    """Of the first arm, and of those that are listed by themselves. Others of an older recording may have others, by no name."""
    others = header.get("arm_parameters", {})
    expect(isinstance(others, dict) and set(others) <= set(header["arms"]), "arm_parameters")
    found = {header["arms"][0]: header.get("parameters", []), **others}
    for names in found.values():
        expect(isinstance(names, list) and all(isinstance(name, str) for name in names), "parameters")
    return found


def _check_arm_layers(header: Mapping[str, Any]) -> None:
    others, layers = header.get("arm_layers", {}), header["layers"]
    expect(isinstance(others, dict) and set(others) <= set(header["arms"]), "arm_layers")
    for own in others.values():
        expect(isinstance(own, list) and len(own) == len(layers), "arm_layers")
        for layer, first in zip(own, layers, strict=True):
            _check_layer(layer)
            expect(len(layer["units"]) == len(first["units"]), "arm_layers")


def _check_layer(layer: Any) -> None:
    expect(isinstance(layer, dict) and all(name in layer for name in NEEDED_OF_LAYER), "layers")
    for name, kind in LAYER.items():
        expect(name not in layer or isinstance(layer[name], kind), f"the {name} of a layer")
    counts = [layer["values"], layer.get("repeat", 0), *layer["units"], *layer.get("tap_values", [])]
    expect(all(type(one) is int and 0 <= one < 1 << 62 for one in counts) and bool(layer["units"]), "layers")
    expect(len(layer.get("tap_values", [0] * 3)) == 3 and np.isfinite(layer.get("momentum") or 0), "layers")
    bounds = layer.get("bounds", [0, 1])
    expect(len(bounds) == 2 and all(type(one) in (int, float) and np.isfinite(one) for one in bounds), "the bounds of a layer")
