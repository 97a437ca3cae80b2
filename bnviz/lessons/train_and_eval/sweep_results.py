"""The sweep over batch norm's momentum and the batch size, and what its rows come to."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from bnviz.config.experiment import Experiment
from bnviz.config.sweep import Curve, Sweep, changes, grid
from bnviz.judge.claim import Row
from bnviz.lessons.train_and_eval.measures.law import error

Rows = list[Row]
MOMENTA = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
SIZES = (64, 4, 16, 256)  # the usual one first
SEEDS = 5
TERMS = ("true_means", "mean_drifts", "minibatch_noises", "minibatch_offsets")


class Cells(NamedTuple):
    """What every run of the sweep comes to, each [sizes, momenta, seeds], NaN where it is missing.

    `measured` is the error of running means and `law` what the law expects of it from the run's own drift and noise, root mean
    squares over all layers, in σ. `recovered` and `training` are the accuracies with recomputed statistics and with each
    minibatch's, minus that with running ones.
    """

    measured: np.ndarray
    law: np.ndarray
    recovered: np.ndarray
    training: np.ndarray


def sweep(base: Experiment, seeds: int = SEEDS) -> Sweep:
    """Networks with batch norm like the base's, at each momentum and batch size that its training set has room for."""
    sizes = [size for size in SIZES if 2 * size <= base.examples]
    curves = tuple(Curve(str(size), "batch", changes(batch_size=size)) for size in sizes)
    points = tuple(changes(statistics_momentum=momentum) for momentum in MOMENTA)
    return Sweep(base.replace(accumulate=1), "statistics_momentum", points, curves, seeds, measures=("running_means",))


def sizes_of(sweep: Sweep) -> list[int]:
    """The batch sizes, in the order of the curves."""
    return [int(curve.name) for curve in sweep.curves]


def cells(sweep: Sweep, rows: Rows) -> Cells:
    """What the rows so far come to."""
    layers = (sweep.base.hidden_layers,)
    size, drift, noise, offset = (_last(sweep, rows, key, layers) for key in TERMS)
    momenta = np.array(sweep.values)[:, None, None]
    lengths = sweep.base.examples / np.array(sizes_of(sweep))[:, None, None, None]
    law = error(size, drift, np.nan_to_num(noise), offset, momenta, sweep.base.steps, lengths)
    running = grid(sweep, rows, "test_accuracy")
    recovered, training = (_last(sweep, rows, f"{view}_accuracies") - running for view in ("recomputed", "minibatch"))
    return Cells(_over_layers(_last(sweep, rows, "running_mean_errors", layers)), _over_layers(law), recovered, training)


def _last(sweep: Sweep, rows: Rows, key: str, shape: tuple[int, ...] = ()) -> np.ndarray:
    """A measure at the last checkpoint [sizes, momenta, seeds, …]."""
    return grid(sweep, [{**row, key: row[key][-1]} for row in rows], key, shape)


def _over_layers(values: np.ndarray) -> np.ndarray:
    """Root mean squares over the last axis."""
    return np.sqrt((values**2).mean(-1))


def logarithms(values: np.ndarray) -> np.ndarray:
    """Natural logarithms; NaN where a value is not positive."""
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(values > 0, np.log(values), np.nan)


def best(errors: np.ndarray) -> np.ndarray:
    """The index of the momentum with the smallest error [sizes], by geometric means over seeds of [sizes, momenta, seeds].

    -1 where one is missing.
    """
    means = logarithms(errors).mean(-1)
    return np.where(np.isfinite(means).all(-1), np.nan_to_num(means, nan=np.inf).argmin(-1), -1)


def ranks(values: np.ndarray) -> np.ndarray:
    """Ranks of values [places] from 0 on; equal values share their mean rank."""
    return np.array([(values < one).sum() + ((values == one).sum() - 1) / 2 for one in values])


def rank_correlations(first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Spearman's rank correlation over all sizes and momenta of [sizes, momenta, seeds], of each seed.

    NaN where values are missing or all the same.
    """
    pairs = zip(first.reshape(-1, first.shape[-1]).T, second.reshape(-1, second.shape[-1]).T, strict=True)
    return np.array([_rank_correlation(*pair) for pair in pairs])


def _rank_correlation(first: np.ndarray, second: np.ndarray) -> float:
    if not (np.isfinite(first).all() and np.isfinite(second).all()):
        return np.nan
    x, y = ranks(first), ranks(second)
    return float(np.corrcoef(x, y)[0, 1]) if x.std() and y.std() else np.nan
