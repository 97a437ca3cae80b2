"""Layers of a recording of users' own networks: what each is called in each network, and which one a picture is about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from bnviz.config.fields import BadField
from bnviz.judge.network import find
from bnviz.record import ndjson

Layers = Sequence[Mapping[str, Any]]


def layers_of(header: Mapping[str, Any], arm: str) -> Layers:
    """The layers of a network, in the order of its calls: networks may differ in them."""
    return header.get("arm_layers", {}).get(arm, header["layers"])


def module_name(layer: Mapping[str, Any]) -> str:
    """The name of a layer's module, with its call where there are several, as the player has it (names.js)."""
    repeat = layer.get("repeat") or 0
    return f"{layer['name']} (call {repeat + 1})" if repeat else layer["name"]


def named_layer(header: Mapping[str, Any], name: str) -> int:
    """The number, counted from 1, of the layer that any network calls so. Raises BadField."""
    names = [[module_name(layer) for layer in layers_of(header, arm)] for arm in header["arms"]]
    for own in names:
        if name in own:
            return own.index(name) + 1
    known = ", ".join(dict.fromkeys(one for own in names for one in own))
    raise BadField("layer", name, f"expected the module of a recorded layer: {known}")


def findings_of(lines: Sequence[bytes]) -> list[Any]:
    """The findings of a recording: those of its end line or, where it has no end yet, what would be found now."""
    end = next(ndjson.read(lines[-1:]))
    if end["type"] != "end":
        return [one.as_json() for one in find(ndjson.read(lines))]
    found = end.get("findings")
    return found if isinstance(found, list) else []


def usual_layer(header: Mapping[str, Any], findings: Iterable[Mapping[str, Any]]) -> int:
    """The number, counted from 1, of the layer to show by default: that of the first finding that names one, else the
    first one with a normalizer, else the one in the middle. `findings` are as in the end line."""
    for finding in findings:
        if isinstance(finding, Mapping) and (found := _layer_of(finding, header)):
            return found
    layers = [layers_of(header, arm) for arm in header["arms"]]
    for number, same in enumerate(zip(*layers, strict=True), 1):
        if any(one.get("normalizer") for one in same):
            return number
    return (len(header["layers"]) + 1) // 2


def _layer_of(finding: Mapping[str, Any], header: Mapping[str, Any]) -> int | None:
    """The layer that a finding names, by its own name or a parameter's, as the player finds it (findings.js)."""
    name, layers = str(finding.get("layer") or ""), layers_of(header, str(finding.get("arm")))
    exact = next((number for number, one in enumerate(layers, 1) if module_name(one) == name), None)
    if exact or not name:
        return exact
    starts = ((number, f"{one.get('source') or one['name']}.") for number, one in enumerate(layers, 1))
    return next((number for number, start in starts if name.startswith(start)), None)
