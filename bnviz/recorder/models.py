"""From what people hand to `bnviz.record` to arms that can be measured, or an error that says what to do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import torch
from torch import nn
from torch.nn.parameter import UninitializedParameter

from bnviz.recorder import kinds
from bnviz.recorder.arm import Arm, Observed
from bnviz.recorder.calls import Call, trace
from bnviz.recorder.layers import Choice, Counts, Layer, choose, find_layers, spread, without_empty
from bnviz.recorder.modes import set_training_view
from bnviz.recorder.preserve import untouched
from bnviz.recorder.probe import Loss, Probe, call_with, check_loss
from bnviz.recorder.recompute import Batches

MOST_ARMS = 4
ONLY_ARM = "model"


def arms_of(model: Any, probe: Any, loss: Loss | None, layers: Choice, recompute: Iterable[Any] | None) -> list[Arm]:
    """The arms of a recording: one model, or several by name. Raises TypeError and ValueError."""
    models = _models(model)
    check_loss(loss)
    examples, arms = Probe(probe, list(models.values())), []
    for name, one in models.items():
        examples.check_device(one)
        calls = _calls(one, examples)
        with untouched(one):  # asking for the shape of a weight may compute it, with random numbers
            found = choose(find_layers(calls), layers, one)
        batch_norms = [call.place for call in calls if kinds.is_batch_norm(call.module)]
        arms.append(Arm(name, one, examples, loss, spread(without_empty(found)), len(found), batch_norms))
        if recompute is not None and any(kinds.has_running_statistics(module) for module in one.modules()):
            arms[-1].batches = Batches(recompute, one)
    _match(arms)
    return arms


def _models(model: Any) -> dict[str, nn.Module]:
    named = dict(model) if isinstance(model, Mapping) else {ONLY_ARM: model}
    if not 1 <= len(named) <= MOST_ARMS:
        raise ValueError(f"model: expected 1 to {MOST_ARMS} networks, and got {len(named)}")
    models = {str(name): plain_model(one) for name, one in named.items()}
    for one in models.values():
        _check(one)
    return models


def plain_model(model: Any) -> nn.Module:
    """The model itself, out of what compiles it or spreads it over devices and processes. Raises TypeError."""
    if not isinstance(model, nn.Module):
        raise TypeError(f"model: expected a torch.nn.Module, and got {type(model).__name__}")
    while True:
        if isinstance(model, nn.DataParallel | nn.parallel.DistributedDataParallel):
            model = model.module
        elif isinstance(inner := getattr(model, "_orig_mod", None), nn.Module):  # of torch.compile
            model = inner
        else:
            return model


def _check(model: nn.Module) -> None:
    if isinstance(model, torch.jit.ScriptModule):
        raise TypeError("model: TorchScript runs without Python and cannot be observed; record the model that it was made from")
    for name, parameter in model.named_parameters():
        if isinstance(parameter, UninitializedParameter):
            raise ValueError(f"model: {name} has no shape yet; call the model once with a batch before you record it")
        if type(parameter).__name__ == "DTensor" or type(parameter.data).__name__ == "DTensor":
            raise ValueError(f"model: {name} is spread over processes, which cannot be recorded; record it in one process")


def _calls(model: nn.Module, probe: Probe) -> list[Call]:
    """The calls of its layers in a pass over the probe. Raises ValueError where the model cannot be called with it."""
    error: BaseException | None = None
    for set_view in (lambda: set_training_view(model, None), model.eval):
        inputs = probe.copy_inputs()
        with untouched(model, *probe.modules()):
            set_view()
            try:
                return trace(model, inputs, partial(call_with, model, inputs))[0]
            except (Exception, SystemExit) as failure:
                error = error or failure
    raise ValueError(
        f"probe: the model cannot be called with it ({type(error).__name__}: {_one_line(error)}). Expected (inputs, target), "
        "whose inputs are a tensor, a tuple of arguments, a dictionary of named ones, or a function that calls the model"
    ) from error


def _one_line(error: BaseException | None) -> str:
    return " ".join(str(error).split())[:300]


def _match(arms: Sequence[Arm]) -> None:
    """Match layers of all arms by their order. Raises ValueError where their numbers or widths differ."""
    first = arms[0]
    for arm in arms[1:]:
        if len(arm.layers) != len(first.layers):
            counts = f"{first.name!r} has {len(first.layers)} layers, {arm.name!r} has {len(arm.layers)}"
            raise ValueError(f"layers: {counts}, and they are matched by order; choose some of them with layers=")
        for own, other in zip(first.layers, arm.layers, strict=True):
            if own.width != other.width:
                names = f"{own.name} has {own.width} units, {other.name} of {arm.name!r} has {other.width}"
                raise ValueError(f"layers: {names}, and they are matched by order; choose some of them with layers=")
    counts = [_fewest(layers) for layers in zip(*(arm.layers for arm in arms), strict=True)]
    for arm in arms:
        arm.set_layers([_with_counts(layer, count) for layer, count in zip(arm.layers, counts, strict=True)])


def _fewest(layers: Sequence[Layer]) -> Counts:
    """As many values at each tap as all of these layers have."""
    linear, normalized, activation = (min(counts) for counts in zip(*(layer.counts for layer in layers), strict=True))
    return linear, normalized, activation


def _with_counts(layer: Layer, counts: Counts) -> Layer:
    return layer if layer.counts == counts else replace(layer, counts=counts)


def first_observation(arm: Arm) -> Observed:
    """The arm's first pass over the probe. Where the training view fails, as batch norm's does for a single example, the
    evaluation view takes its place from now on. Raises ValueError."""
    try:
        return arm.observe()
    except (Exception, SystemExit) as error:
        arm.view = "evaluation"
        try:
            observed = arm.observe()
        except (Exception, SystemExit):
            raise ValueError(f"probe: the model fails with it: {type(error).__name__}: {_one_line(error)}") from error
        arm.report(f"The training view of {arm.name!r}", error)
        return observed
