"""The noise microscope: what its minibatch-mates do to one example, beside dropout that does as much; and how far minibatches'
mean and variance scatter.

The minibatches are the same at every snapshot and in both networks, so what changes from one to the next is the network. They are
drawn from the training examples without replacement, as in an epoch.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from bnviz.config.experiment import WATCHED_UNITS, Experiment
from bnviz.lessons.batch_size.measures import DRAWS, sizes
from bnviz.measures import statistics
from bnviz.measures.context import LiveContext
from bnviz.nets.network import LayerTaps, Network, Taps
from bnviz.nets.normalizers import EVALUATE, MEASURE

MATCHED = 2  # the layer in which dropout is to scatter the example as much as its mates do
DROPOUTS = 256  # draws of masks, more than of mates, because at a low rate most of them leave the example alone
HIGHEST = 0.9  # dropout rate that is tried
HALVINGS = 12
LEVELS = 254  # single values are kept in so many steps from the smallest to the largest; 255 stands for what is not finite
CELLS = 160_000  # of activations at once: about what a processor keeps at hand


class Scene(NamedTuple):
    """The example in every draw: a [layers, sizes, draws, units], what the network says of it and its choice [sizes, draws]."""

    activations: np.ndarray
    prediction: np.ndarray
    chosen: np.ndarray


def microscope(context: LiveContext) -> dict[str, Any]:
    """The watched example among minibatch-mates, under dropout, and the scatter of statistics: docs/recording.md has the keys."""
    if not context.is_compared:
        return {}
    experiment, network, examples = context.experiment, context.network, context.examples
    own, first = slice(experiment.watched_example, experiment.watched_example + 1), network.linears[0]
    z, truth = torch.cat([first(examples.x_train), first(examples.x_test[own])]), examples.y_test[experiment.watched_example]
    batches = minibatches_for(experiment)
    in_use = _in_use(network, z[-1:], truth)
    scenes = {"mates": _among_mates(network, z, batches, truth)}
    result = {"sizes": np.array(sizes(experiment), np.uint16), "draws": DRAWS, "levels": LEVELS}
    if network.has_running_statistics:
        rates = matched_rates(network, z[-1:], statistics.scatter(scenes["mates"].activations[MATCHED - 1]))
        result["dropout_rate"] = rates.astype(np.float32)
        scenes["dropout"] = _under_dropout(network, z[-1:], rates, truth)
    return {"microscope": result | _pictures(scenes, in_use) | _statistics(network, z[:-1], batches)}


def minibatches_for(experiment: Experiment) -> list[Tensor]:
    """Indices [draws, size] of training examples for every size, each minibatch drawn anew."""
    generator = torch.Generator().manual_seed(2**32 + experiment.seed)  # far from those that training uses
    total = experiment.examples
    return [torch.stack([torch.randperm(total, generator=generator)[:size] for _ in range(DRAWS)]) for size in sizes(experiment)]


def _prediction(logits: Tensor, truth: Tensor) -> np.ndarray:
    """The probability [...] of the true class in logits [..., classes]; where numbers are learnt, the first of them."""
    return (logits[..., 0] if truth.is_floating_point() else logits.softmax(-1)[..., truth]).numpy()


def _in_use(network: Network, z: Tensor, truth: Tensor) -> Scene:
    """The example in use, that is, with running statistics."""
    taps: Taps = []
    logits = network.forward_from_first(z, EVALUATE, taps=taps)
    return _scene(torch.stack([layer.activation for layer in taps])[:, None], logits[None], truth)


def _in_groups(network: Network, z: Tensor, chosen: Tensor) -> Iterator[tuple[Tensor, Taps]]:
    """Logits and taps [groups, size, …] of rows `chosen` [groups, size] of z[1], each group normalized apart, a few at a time."""
    layers, width = len(network.normalizers), z.shape[1]
    for some in chosen.split(max(1, CELLS // (layers * width * chosen.shape[1]))):
        taps: Taps = []
        logits = network.forward_from_first(z[some.flatten()], MEASURE, len(some), taps=taps)
        yield logits.unflatten(0, some.shape), [LayerTaps(*(tap.unflatten(0, some.shape) for tap in layer)) for layer in taps]


def _among_mates(network: Network, z: Tensor, batches: list[Tensor], truth: Tensor) -> Scene:
    """The last row of z takes the place of the first example in every minibatch."""
    activations, logits = [], []
    for chosen in batches:
        chosen = torch.cat([torch.full_like(chosen[:, :1], len(z) - 1), chosen[:, 1:]], 1)
        parts = [
            (logits_of_group[:, 0], torch.stack([layer.activation[:, 0] for layer in taps]))
            for logits_of_group, taps in _in_groups(network, z, chosen)
        ]
        logits.append(torch.cat([part for part, _ in parts]))
        activations.append(torch.cat([a for _, a in parts], 1))
    return _scene(torch.stack(activations, 1), torch.stack(logits), truth)


def _scene(activations: Tensor, logits: Tensor, truth: Tensor) -> Scene:
    return Scene(activations.numpy(), _prediction(logits, truth), logits.argmax(-1).numpy())


# Dropout


def _masks(network: Network, width: int) -> Tensor:
    """Uniform numbers [layers, draws, width] that become masks at any rate: the same ones, so that only the rate differs."""
    generator = torch.Generator().manual_seed(2**33)
    return torch.rand(len(network.normalizers), DROPOUTS, width, generator=generator)


def thinned(network: Network, z: Tensor, rates: Tensor, masks: Tensor) -> tuple[Tensor, Tensor]:
    """Activations [layers, rates, draws, width] and what follows them, with dropout behind as many layers as there are masks.

    Statistics are the running ones; a kept activation is divided by 1 - rate (Srivastava et al. 2014). z [1, width] is the
    example's z[1], `rates` [rates], `masks` [layers, draws, width] uniform numbers. a[l] is as its own mask finds it.
    """
    shape, rate = (len(rates), masks.shape[1]), rates.repeat_interleave(masks.shape[1])[:, None]
    z, activations = z.expand(len(rate), -1), []
    for normalizer, following, uniform in zip(network.normalizers, network.linears[1:], masks, strict=False):
        a = network.activation(normalizer(z, EVALUATE, 1))
        activations.append(a.unflatten(0, shape))
        z = following(a * (uniform.repeat(len(rates), 1) >= rate) / (1 - rate))
    return torch.stack(activations), z.unflatten(0, shape)


def matched_rates(network: Network, z: Tensor, wanted: np.ndarray) -> np.ndarray:
    """Dropout rates [sizes] that scatter the example's a[2] as much as `wanted` [sizes], found by halving.

    NaN where even the highest rate scatters it less, or where there is nothing to match.
    """
    masks = _masks(network, z.shape[1])[:MATCHED]

    def scatter(rates: np.ndarray) -> np.ndarray:
        return statistics.scatter(thinned(network, z, torch.from_numpy(rates), masks)[0][-1].numpy())

    low, high = np.zeros(len(wanted), np.float32), np.full(len(wanted), HIGHEST, np.float32)
    reached = scatter(high) >= wanted
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        more = scatter(middle) < wanted
        low, high = np.where(more, middle, low), np.where(more, high, middle)
    return np.where(reached & (wanted > 0), (low + high) / 2, np.float32(np.nan))


def _under_dropout(network: Network, z: Tensor, rates: np.ndarray, truth: Tensor) -> Scene:
    return _scene(*thinned(network, z, torch.from_numpy(rates), _masks(network, z.shape[1])), truth)


# What is kept


def _pictures(scenes: dict[str, Scene], in_use: Scene) -> dict[str, Any]:
    """Single values and scatter of each scene; `in_use` is the example with running statistics."""
    every = [scene.activations[..., :DRAWS, :WATCHED_UNITS] for scene in scenes.values()]
    low, high = _range(np.concatenate([part.reshape(len(part), -1, part.shape[-1]) for part in every], 1))
    result = {
        "range": np.stack([low, high], -1),
        "used": in_use.activations[:, 0, 0, :WATCHED_UNITS],
        "used_prediction": float(in_use.prediction[0, 0]),
    }
    for (name, scene), values in zip(scenes.items(), every, strict=True):
        result[name] = {
            "activation": _stepped(values.transpose(0, 3, 1, 2), low, high),
            "activation_sd": statistics.scatter(scene.activations).astype(np.float32),
            "prediction": scene.prediction[:, :DRAWS],
            "prediction_sd": statistics.scatter(scene.prediction[..., None]).astype(np.float32),
            "changed": (scene.chosen != in_use.chosen).mean(-1).astype(np.float32),
        }
    return result


def _range(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The smallest and the largest finite value over the second axis of [layers, values, units]; 0 and 0 if there is none."""
    finite = np.isfinite(values)
    low, high = np.where(finite, values, np.inf).min(1), np.where(finite, values, -np.inf).max(1)
    return np.where(np.isfinite(low), low, 0), np.where(np.isfinite(high), high, 0)


def _stepped(values: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """`values` [layers, units, …] as steps from 0, which is `low` [layers, units], to LEVELS, which is `high`."""
    low, high = (edge[..., None, None] for edge in (low, high))
    with np.errstate(over="ignore", invalid="ignore"):
        steps = np.round((values - low) / np.where(high > low, high - low, 1) * LEVELS)
    return np.where(np.isfinite(values), steps, LEVELS + 1).astype(np.uint8)


# Statistics of minibatches


def _statistics(network: Network, z: Tensor, batches: list[Tensor]) -> dict[str, np.ndarray]:
    """Scatter [layers, sizes] of mean and variance of z[l] over minibatches, in σ and σ² of all training examples, and theory's.

    All training examples are, for that, normalized as one batch.
    """
    whole = _whole(network, z)
    with np.errstate(over="ignore", invalid="ignore"):  # of a network that diverges
        variance = whole.var(-1, ddof=1).mean(-1)  # [layers]
    sizes = np.array([chosen.shape[1] for chosen in batches])
    moments = [_moments(network, z, chosen) for chosen in batches]
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.stack([statistics.scatter(mean) / np.sqrt(variance) for mean, _ in moments], -1)
        spread = np.stack([statistics.scatter(spread) / variance for _, spread in moments], -1)
    arrays = {
        "mean_sd": mean,
        "mean_sd_theory": statistics.subset_mean_theory(sizes, whole.shape[-1]),
        "variance_sd": spread,
        "variance_sd_theory": statistics.subset_variance_theory(whole, sizes),
    }
    return {key: array.astype(np.float32) for key, array in arrays.items()}


class _Linear(list):
    """Taps of which only z is kept."""

    def append(self, layer: LayerTaps) -> None:
        super().append(layer.linear.T.numpy())


def _whole(network: Network, z: Tensor) -> np.ndarray:
    """z [layers, width, examples] of all examples as one batch."""
    taps = _Linear()
    network.forward_from_first(z, MEASURE, taps=taps)
    return np.stack(taps)


def _moments(network: Network, z: Tensor, chosen: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Mean and unbiased variance [layers, minibatches, width] of z[l] in every minibatch."""
    means, variances = [], []
    for _, taps in _in_groups(network, z, chosen):
        values = torch.stack([layer.linear for layer in taps])
        mean = values.mean(2, keepdim=True)
        centred = values - mean
        means.append(mean.squeeze(2))
        variances.append(torch.linalg.vecdot(centred, centred, dim=2) / (values.shape[2] - 1))
    return torch.cat(means, 1).numpy(), torch.cat(variances, 1).numpy()
