"""The recomputed view: a model in evaluation, with statistics of batch norm that are recomputed over some batches.

If it is better than with running statistics, these are what is wrong, and not the weights (Wu & Johnson 2021).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

import torch
from torch import nn
from torch.optim.swa_utils import update_bn

from bnviz.recorder.preserve import untouched
from bnviz.recorder.probe import Probe
from bnviz.recorder.tensors import moved

MOST_BATCHES = 16


class Batches:
    """The first batches of a loader, kept on the model's device. They are drawn without using up the training's random numbers.

    A batch is what a probe may be: inputs, or inputs and a target, which is not used. Raises TypeError and ValueError.
    """

    def __init__(self, loader: Iterable[Any], model: nn.Module):
        if isinstance(loader, Iterator):
            raise TypeError("recompute: expected a DataLoader or a list of batches; training would lack an iterator's batches")
        device = next((one.device for one in model.parameters()), torch.device("cpu"))
        with untouched(model), _generators_kept(loader):
            self._probes = [Probe(moved(batch, device)) for batch in islice(loader, MOST_BATCHES)]
        if not self._probes:
            raise ValueError("recompute: the loader has no batches")

    def modules(self) -> list[nn.Module]:
        """The modules that batches may call besides the model."""
        return [module for one in self._probes for module in one.modules()]

    def recompute(self, model: nn.Module) -> None:
        """Replace the running statistics of a model's batch norms by those of the batches. The caller protects the model."""
        update_bn(self._probes, _Caller(model))


class _Caller(nn.Module):
    """Calls a model with a batch."""

    def __init__(self, model: nn.Module):
        super().__init__()
        self.model = model

    def forward(self, batch: Probe) -> Any:
        return batch.call(self.model)


@contextlib.contextmanager
def _generators_kept(loader: Any) -> Iterator[None]:
    """Put back the states of a loader's own generators."""
    owners = (loader, getattr(loader, "sampler", None), getattr(getattr(loader, "batch_sampler", None), "sampler", None))
    generators = [one for owner in owners if isinstance(one := getattr(owner, "generator", None), torch.Generator)]
    states = [one.get_state() for one in generators]
    try:
        yield
    finally:
        for generator, state in zip(generators, states, strict=True):
            generator.set_state(state)
