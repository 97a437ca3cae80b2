"""One pass over the probe: the values of every layer's recorded units, and what the model says."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from bnviz.recorder import kinds
from bnviz.recorder.bounds import share_at_bounds
from bnviz.recorder.calls import Place, listening
from bnviz.recorder.layers import Layer, Site, units_place
from bnviz.recorder.probe import Probe

ACTIVATION = 2  # the tap
SEED = 0  # of the choice of positions
ByTap = tuple[np.ndarray, np.ndarray, np.ndarray]


class Sampler:
    """Takes the values of a layer's recorded units at a tap from tensors, at places that are drawn once for all."""

    def __init__(self, layer: Layer, tap: int):
        self._layer, self._count = layer, layer.counts[tap]
        self._units = torch.from_numpy(layer.units)
        self._places: dict[torch.Size, tuple[Tensor, ...]] = {}

    def take(self, values: Tensor) -> np.ndarray:
        """Values [units, values] as float32. Raises ValueError where the units cannot be found."""
        rows = self._rows(values)
        taken = rows[self._places_in(rows)][:, self._units.to(rows.device)]
        return taken.to(torch.float32).T.contiguous().cpu().numpy()

    def are_dead(self, values: Tensor, taken: np.ndarray | None = None) -> np.ndarray:
        """Which units are 0 everywhere [units]: all values count, not those alone that were `taken` [units, values] of them."""
        rows = self._rows(values)
        dead = np.ones(len(self._units), bool) if taken is None else (taken == 0).all(-1)
        if dead.any() and (taken is None or self._count < math.prod(rows.shape[:-1])):
            some = rows[..., self._units[torch.from_numpy(dead)].to(rows.device)]
            dead[dead] = (some == 0).flatten(0, -2).all(0).cpu().numpy()
        return dead

    def _rows(self, values: Tensor) -> Tensor:
        """The values with units on the last axis. Raises ValueError where the units cannot be found."""
        layer = self._layer
        place = units_place(values.shape, layer.width, layer.axis)
        if place is None:
            raise ValueError(f"the values of {layer.name} have another shape than before: {tuple(values.shape)}")
        if place.is_flat:
            values = values.unflatten(1, (layer.width, -1))
        return values.movedim(place.axis, -1) if values.ndim > 1 else values[None]

    def _places_in(self, rows: Tensor) -> tuple[Tensor, ...]:
        """Indices of all axes but the last one."""
        shape = rows.shape[:-1]
        if shape not in self._places:
            chosen = np.random.default_rng(SEED).choice(math.prod(shape), self._count, replace=False)
            half = self._count // 2  # halves of a sample are samples (bnviz/recorder/shifts.py); in order they are read faster
            chosen = np.concatenate([np.sort(chosen[:half]), np.sort(chosen[half:])])
            self._places[shape] = tuple(torch.from_numpy(one).to(rows.device) for one in np.unravel_index(chosen, shape))
        return self._places[shape]


def batch_statistics(values: Tensor, axis: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean and (population) standard deviation [width] of a tensor over all axes but the units'."""
    values, others = values.detach().to(torch.float32), [number for number in range(values.ndim) if number != axis]
    mean = values.mean(others, keepdim=True)
    size = torch.linalg.vector_norm(values - mean, dim=others)  # several times as fast as PyTorch's variance
    count = math.prod(values.shape[number] for number in others)
    return mean.flatten().cpu().numpy(), (size / math.sqrt(count)).cpu().numpy()


def _told_statistics(module: nn.Module, count: int) -> tuple[np.ndarray, np.ndarray]:
    """The same from running statistics after a pass with momentum 1, over so many values; their variance is the unbiased one."""
    mean, variance = (module.get_buffer(name).to(torch.float32).cpu().numpy() for name in ("running_mean", "running_var"))
    return mean.copy(), np.sqrt(variance * ((count - 1) / count))


@dataclass
class Observation:
    """A pass over the probe.

    `values` are those of each layer, by its number: an array [units, values] for each tap, twice the same one where `linear` and
    `normalized` are one. `statistics` are mean and standard deviation [width] of what goes into batch norm; `output` is the
    model's. `dead` says which of a layer's units give 0 at every position of every example [units]. A layer that was not called
    is missing.
    """

    values: dict[int, ByTap]
    statistics: dict[int, tuple[np.ndarray, np.ndarray]]
    output: Any
    dead: dict[int, np.ndarray]


class Masked(NamedTuple):
    """Of layers behind a mask, by number, in evaluation: which units are dead [units], and the share of those at bounds of a
    nonlinearity, where it has bounds."""

    dead: dict[int, np.ndarray]
    at_bounds: dict[int, float]


class Observer:
    """Observes these layers of a model."""

    def __init__(self, model: nn.Module, probe: Probe, layers: Sequence[Layer], batch_norms: Sequence[Place]):
        """`batch_norms` are all calls of batch norm."""
        self.model, self.probe, self.layers = model, probe, layers
        repeated = {place.name for place in batch_norms if place.repeat}
        self._single = {number for number, layer in enumerate(layers) if layer.name not in repeated}
        self._samplers = [[Sampler(layer, tap) for tap in range(len(layer.counts))] for layer in layers]
        self._sites: dict[Site, list[tuple[int, int]]] = defaultdict(list)  # what is read there: the layer, the tap
        for number, layer in enumerate(layers):
            for tap in _read_taps(layer):
                self._sites[layer.sites[tap]].append((number, tap))
        names = {place.name for place, _ in self._sites}
        self._modules = {name: module for name, module in model.named_modules() if name in names}

    def observe(self) -> Observation:
        """Run the model on the probe, in the mode that it is in. The caller protects it: `preserve.untouched`."""
        taken: dict[tuple[int, int], np.ndarray] = {}
        statistics: dict[int, tuple[np.ndarray, np.ndarray]] = {}
        dead: dict[int, np.ndarray] = {}
        counts: dict[int, int] = {}  # values of a unit, of layers whose batch norm tells its statistics itself
        tellers = self._let_batch_norms_tell()

        def receive(place: Place, side: str, values: Tensor, every: Sequence[Tensor]) -> None:
            for number, tap in self._sites.get((place, side), ()):
                sampler = self._samplers[number][tap]
                taken[number, tap] = sampler.take(values.detach())
                if tap == ACTIVATION:
                    dead[number] = sampler.are_dead(values.detach(), taken[number, tap])
                layer = self.layers[number]
                if tap == 0 and number in tellers:
                    counts[number] = values.numel() // layer.width
                elif tap == 0 and kinds.is_batch_norm(layer.module):
                    statistics[number] = batch_statistics(values, layer.axis)

        with listening(self._modules.items(), receive):
            output = self.probe.call(self.model)
        statistics |= {number: _told_statistics(tellers[number], count) for number, count in counts.items()}
        return Observation(self._by_layer(taken), statistics, output, dead)

    def observe_masked(self) -> tuple[Masked, Any]:
        """Of the layers behind a mask alone, what only a pass without masks tells; and the model's output. As `observe`."""
        masked = Masked({}, {})

        def receive(place: Place, side: str, values: Tensor, every: Sequence[Tensor]) -> None:
            for number, tap in self._sites.get((place, side), ()):
                layer, sampler = self.layers[number], self._samplers[number][tap]
                if tap == ACTIVATION and layer.is_masked:
                    masked.dead[number] = sampler.are_dead(values.detach())
                    if layer.bounds:
                        masked.at_bounds[number] = share_at_bounds(sampler.take(values.detach()), layer.bounds)

        if not any(layer.is_masked for layer in self.layers):
            return masked, self.probe.call(self.model)
        with listening(self._modules.items(), receive):
            return masked, self.probe.call(self.model)

    def _let_batch_norms_tell(self) -> dict[int, nn.Module]:
        """Set the momentum of batch norms to 1, so that the pass leaves the probe's statistics as running ones: for free.

        Not of one that is called twice, or that uses running statistics. What is changed here the caller puts back.
        """
        tellers = {number: self.layers[number].module for number in self._single}
        tellers = {
            number: module
            for number, module in tellers.items()
            if kinds.is_batch_norm(module) and kinds.has_running_statistics(module) and module.training
        }
        for module in tellers.values():
            module.momentum = 1.0  # type: ignore[assignment]
        return tellers

    def _by_layer(self, taken: Mapping[tuple[int, int], np.ndarray]) -> dict[int, ByTap]:
        """The same, for the layers whose taps were all read."""
        found = {}
        for number, layer in enumerate(self.layers):
            if all((number, tap) in taken for tap in _read_taps(layer)):
                linear, activation = taken[number, 0], taken[number, 2]
                found[number] = (linear, taken.get((number, 1), linear), activation)
        return found


def _read_taps(layer: Layer) -> tuple[int, ...]:
    """The taps at which a layer has values of its own."""
    return (0, 2) if layer.is_one_tap else (0, 1, 2)
