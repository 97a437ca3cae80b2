"""What is read from parameters: γ and β, running statistics, gradients, and how far an update moves the weights."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from torch import Tensor, nn

from bnviz.record.ndjson import rounded
from bnviz.recorder import kinds
from bnviz.recorder.layers import Layer, evenly
from bnviz.recorder.preserve import tensor_of

MOST_PARAMETERS = 64
MOST_WEIGHTS = 1 << 16  # of a parameter, that its update is estimated from
Statistics = Mapping[int, tuple[np.ndarray, np.ndarray]]  # by layer: mean and standard deviation [width]


def weights(model: nn.Module) -> dict[str, nn.Parameter]:
    """The weights that are recorded, by name: parameters with two axes or more, at most MOST_PARAMETERS, spread evenly."""
    found = [(name, parameter) for name, parameter in model.named_parameters() if parameter.ndim > 1]
    return dict(found[number] for number in evenly(len(found), MOST_PARAMETERS))


def gradient_norms(parameters: Sequence[Tensor]) -> np.ndarray:
    """‖.grad‖ of every parameter [parameters], NaN where there is none."""
    return np.array([_norm(one.grad) for one in parameters], np.float32)


def _norm(values: Tensor | None) -> float:
    if values is None:
        return float("nan")
    values = values.coalesce().values() if values.is_sparse else values
    kind = torch.promote_types(values.dtype, torch.float32)  # half precision would overflow
    return float(torch.linalg.vector_norm(values.detach(), dtype=kind))


class Updates:
    """How far one step of the optimizer moves weights: ‖w' - w‖ / ‖w‖, from weights before and after."""

    def __init__(self, parameters: Sequence[Tensor]):
        self._parameters = parameters
        self._before: list[Tensor] | None = None
        self._sums: list[float] | None = None  # of the weights at the last snapshot

    def note(self) -> None:
        """Keep the weights as they are now, before a step."""
        self._before = [_part(one) for one in self._parameters]

    def ratios(self) -> np.ndarray:
        """The ratios [parameters] since `note`, which is forgotten. NaN where nothing was noted, and where this step moved
        nothing though others since the last call did: gradients may be accumulated over several."""
        before, self._before = self._before, None
        if before is None:
            return np.full(len(self._parameters), np.nan, np.float32)
        after = [_part(one) for one in self._parameters]
        found = np.array([_ratio(old, new) for old, new in zip(before, after, strict=True)], np.float32)
        sums, last = [float(one.sum()) for one in after], self._sums
        self._sums = sums
        has_moved = np.full(len(sums), False) if last is None else np.array(sums) != last
        return np.where((found == 0) & has_moved, np.float32(np.nan), found)


def _part(parameter: Tensor) -> Tensor:
    """A copy of a parameter's values, or of MOST_WEIGHTS of them that are spread evenly."""
    values = parameter.detach().reshape(-1)
    return values[:: -(-len(values) // MOST_WEIGHTS) or 1].to(torch.float32, copy=True)


def _ratio(before: Tensor, after: Tensor) -> float:
    size = float(torch.linalg.vector_norm(before))
    change = float(torch.linalg.vector_norm(after - before))
    return change / size if size else float("nan")


def scales(layers: Sequence[Layer], width: int) -> dict[str, np.ndarray]:
    """`gamma` and `beta` [layers, width] of the recorded units, NaN where a layer has none; without those that no layer has."""
    arrays = {"gamma": _scale_rows(layers, width, "weight"), "beta": _scale_rows(layers, width, "bias")}
    return {key: rows for key, rows in arrays.items() if not np.isnan(rows).all()}


def _scale_rows(layers: Sequence[Layer], width: int, attribute: str) -> np.ndarray:
    rows = np.full((len(layers), width), np.nan, np.float32)
    for row, layer in zip(rows, layers, strict=True):
        values = tensor_of(layer.module, attribute) if layer.normalizer else None
        if isinstance(values, Tensor) and values.shape == (layer.width,):
            row[: len(layer.units)] = rounded(_numbers(values)[layer.units])
    return rows


def _numbers(values: Tensor) -> np.ndarray:
    return values.detach().to(torch.float32).cpu().numpy()


def running_statistics(layers: Sequence[Layer], statistics: Statistics) -> dict[str, np.ndarray]:
    """How far running statistics lie from the probe's [layers], root mean square over units, in root mean squares of the probe's
    standard deviations; and how many updates they have seen [layers]. NaN where a layer has none. Nothing if no layer has any."""
    keys = {key: np.full(len(layers), np.nan, np.float32) for key in ("running_mean_error", "running_std_error", "updates_seen")}
    for number, layer in enumerate(layers):
        if not kinds.has_running_statistics(layer.module):
            continue
        seen = getattr(layer.module, "num_batches_tracked", None)
        keys["updates_seen"][number] = np.nan if seen is None else float(seen)
        if number in statistics:
            mean, std = statistics[number]
            running_mean, running_variance = (_numbers(layer.module.get_buffer(name)) for name in ("running_mean", "running_var"))
            keys["running_mean_error"][number] = _in_sigmas(running_mean - mean, std)
            keys["running_std_error"][number] = _in_sigmas(np.sqrt(running_variance) - std, std)
    return keys if any(kinds.has_running_statistics(layer.module) for layer in layers) else {}


def _in_sigmas(values: np.ndarray, std: np.ndarray) -> float:
    with np.errstate(all="ignore"):
        return float(np.sqrt((values**2).mean() / (std**2).mean()))
