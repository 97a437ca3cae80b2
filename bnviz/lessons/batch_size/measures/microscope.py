"""The noise microscope: how one example's activations and prediction vary with the other examples of its minibatch, beside
dropout of equal strength; and the scatter of minibatches' mean and variance.

The minibatches are the same at every snapshot and in both networks, so differences between snapshots are due to the network. They
are drawn from the training examples without replacement, as in an epoch.
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

MATCHED_LAYER = 2  # the layer at which dropout has to scatter the example as much as its minibatch does
MASK_DRAWS = 256  # more than draws of minibatches, because at a low rate most masks leave the example unchanged
MAX_RATE = 0.9  # the highest dropout rate of the bisection
BISECTIONS = 12
LEVELS = 254  # quantization steps from the smallest value to the largest; 255 means a value that is not finite
CHUNK_ACTIVATIONS = 160_000  # activations computed at once: about what fits into the cache


class Responses(NamedTuple):
    """The network's response to the example in every draw: activations [layers, sizes, draws, units]; the prediction, and the
    class that it predicts [sizes, draws]."""

    activations: np.ndarray
    prediction: np.ndarray
    predicted_class: np.ndarray


def microscope(context: LiveContext) -> dict[str, Any]:
    """The watched example among minibatch-mates, under dropout, and the scatter of statistics: docs/recording.md has the keys."""
    if not context.is_compared:
        return {}
    experiment, network, examples = context.experiment, context.network, context.examples
    own, first = slice(experiment.watched_example, experiment.watched_example + 1), network.linears[0]
    z, truth = torch.cat([first(examples.x_train), first(examples.x_test[own])]), examples.y_test[experiment.watched_example]
    batches = minibatches_for(experiment)
    in_use = _in_use(network, z[-1:], truth)
    responses = {"mates": _with_mates(network, z, batches, truth)}
    result = {"sizes": np.array(sizes(experiment), np.uint16), "draws": DRAWS, "levels": LEVELS}
    if network.has_running_statistics:
        rates = matched_rates(network, z[-1:], statistics.scatter(responses["mates"].activations[MATCHED_LAYER - 1]))
        result["dropout_rate"] = rates.astype(np.float32)
        responses["dropout"] = _under_dropout(network, z[-1:], rates, truth)
    return {"microscope": result | _summaries(responses, in_use) | _statistics(network, z[:-1], batches)}


def minibatches_for(experiment: Experiment) -> list[Tensor]:
    """Indices [draws, size] of training examples for every size, each minibatch drawn independently."""
    generator = torch.Generator().manual_seed(2**32 + experiment.seed)  # far from the seeds of training
    total = experiment.examples
    return [torch.stack([torch.randperm(total, generator=generator)[:size] for _ in range(DRAWS)]) for size in sizes(experiment)]


def _prediction(logits: Tensor, truth: Tensor) -> np.ndarray:
    """The probability [...] of the true class from logits [..., classes]; in regression, the first output."""
    return (logits[..., 0] if truth.is_floating_point() else logits.softmax(-1)[..., truth]).numpy()


def _in_use(network: Network, z: Tensor, truth: Tensor) -> Responses:
    """The example in evaluation view: with running statistics."""
    taps: Taps = []
    logits = network.forward_from_first(z, EVALUATE, taps=taps)
    return _responses(torch.stack([layer.activation for layer in taps])[:, None], logits[None], truth)


def _in_groups(network: Network, z: Tensor, indices: Tensor) -> Iterator[tuple[Tensor, Taps]]:
    """Logits and taps [groups, size, …] of rows `indices` [groups, size] of z[1], each group normalized apart, in chunks."""
    layers, width = len(network.normalizers), z.shape[1]
    for chunk in indices.split(max(1, CHUNK_ACTIVATIONS // (layers * width * indices.shape[1]))):
        taps: Taps = []
        logits = network.forward_from_first(z[chunk.flatten()], MEASURE, len(chunk), taps=taps)
        yield logits.unflatten(0, chunk.shape), [LayerTaps(*(tap.unflatten(0, chunk.shape) for tap in layer)) for layer in taps]


def _with_mates(network: Network, z: Tensor, batches: list[Tensor], truth: Tensor) -> Responses:
    """The last row of z takes the place of the first example in every minibatch."""
    activations, logits = [], []
    for indices in batches:
        indices = torch.cat([torch.full_like(indices[:, :1], len(z) - 1), indices[:, 1:]], 1)
        parts = [
            (logits_of_group[:, 0], torch.stack([layer.activation[:, 0] for layer in taps]))
            for logits_of_group, taps in _in_groups(network, z, indices)
        ]
        logits.append(torch.cat([part for part, _ in parts]))
        activations.append(torch.cat([a for _, a in parts], 1))
    return _responses(torch.stack(activations, 1), torch.stack(logits), truth)


def _responses(activations: Tensor, logits: Tensor, truth: Tensor) -> Responses:
    return Responses(activations.numpy(), _prediction(logits, truth), logits.argmax(-1).numpy())


# Dropout


def _masks(network: Network, width: int) -> Tensor:
    """Uniform numbers [layers, draws, width] that become masks at any rate: the same ones, so that only the rate differs."""
    generator = torch.Generator().manual_seed(2**33)
    return torch.rand(len(network.normalizers), MASK_DRAWS, width, generator=generator)


def with_dropout(network: Network, z: Tensor, rates: Tensor, masks: Tensor) -> tuple[Tensor, Tensor]:
    """Activations [layers, rates, draws, width] and what follows them, with dropout behind as many layers as there are masks.

    Statistics are the running ones; activations that remain are divided by 1 - rate (Srivastava et al. 2014). z [1, width] is the
    example's z[1], `rates` [rates], `masks` [layers, draws, width] uniform numbers. a[l] is taken before its own mask.
    """
    shape, rate = (len(rates), masks.shape[1]), rates.repeat_interleave(masks.shape[1])[:, None]
    z, activations, received = z.expand(len(rate), -1), [], None
    layers = zip(network.normalizers, network.linears[1:], masks, strict=False)
    for layer, (normalizer, following, uniform) in enumerate(layers):
        a = network.activation(normalizer(z, EVALUATE, 1))
        activations.append(a.unflatten(0, shape))
        received = network.hand_on(layer, a * (uniform.repeat(len(rates), 1) >= rate) / (1 - rate), received)
        z = following(received)
    return torch.stack(activations), z.unflatten(0, shape)


def matched_rates(network: Network, z: Tensor, target: np.ndarray) -> np.ndarray:
    """Dropout rates [sizes] that scatter the example's a[2] as much as `target` [sizes], found by bisection.

    NaN where even the highest rate scatters it less, or where there is nothing to match.
    """
    masks = _masks(network, z.shape[1])[:MATCHED_LAYER]

    def scatter(rates: np.ndarray) -> np.ndarray:
        return statistics.scatter(with_dropout(network, z, torch.from_numpy(rates), masks)[0][-1].numpy())

    low, high = np.zeros(len(target), np.float32), np.full(len(target), MAX_RATE, np.float32)
    is_reachable = scatter(high) >= target
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        more = scatter(middle) < target
        low, high = np.where(more, middle, low), np.where(more, high, middle)
    return np.where(is_reachable & (target > 0), (low + high) / 2, np.float32(np.nan))


def _under_dropout(network: Network, z: Tensor, rates: np.ndarray, truth: Tensor) -> Responses:
    return _responses(*with_dropout(network, z, torch.from_numpy(rates), _masks(network, z.shape[1])), truth)


# Summaries


def _summaries(responses: dict[str, Responses], in_use: Responses) -> dict[str, Any]:
    """Single values and scatter of each kind of response; `in_use` is the example with running statistics."""
    every = [response.activations[..., :DRAWS, :WATCHED_UNITS] for response in responses.values()]
    low, high = _range(np.concatenate([part.reshape(len(part), -1, part.shape[-1]) for part in every], 1))
    result = {
        "range": np.stack([low, high], -1),
        "used": in_use.activations[:, 0, 0, :WATCHED_UNITS],
        "used_prediction": float(in_use.prediction[0, 0]),
    }
    for (name, response), values in zip(responses.items(), every, strict=True):
        result[name] = {
            "activation": _quantized(values.transpose(0, 3, 1, 2), low, high),
            "activation_sd": statistics.scatter(response.activations).astype(np.float32),
            "prediction": response.prediction[:, :DRAWS],
            "prediction_sd": statistics.scatter(response.prediction[..., None]).astype(np.float32),
            "changed": (response.predicted_class != in_use.predicted_class).mean(-1).astype(np.float32),
        }
    return result


def _range(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The smallest and the largest finite value over the second axis of [layers, values, units]; 0 and 0 if there is none."""
    finite = np.isfinite(values)
    low, high = np.where(finite, values, np.inf).min(1), np.where(finite, values, -np.inf).max(1)
    return np.where(np.isfinite(low), low, 0), np.where(np.isfinite(high), high, 0)


def _quantized(values: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
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
    linear = _linear_of_all(network, z)
    with np.errstate(over="ignore", invalid="ignore"):  # of a network that diverges
        variance = linear.var(-1, ddof=1).mean(-1)  # [layers]
    sizes = np.array([indices.shape[1] for indices in batches])
    moments = [_moments(network, z, indices) for indices in batches]
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.stack([statistics.scatter(mean) / np.sqrt(variance) for mean, _ in moments], -1)
        variance_sd = np.stack([statistics.scatter(variance_sd) / variance for _, variance_sd in moments], -1)
    arrays = {
        "mean_sd": mean,
        "mean_sd_theory": statistics.subset_mean_theory(sizes, linear.shape[-1]),
        "variance_sd": variance_sd,
        "variance_sd_theory": statistics.subset_variance_theory(linear, sizes),
    }
    return {key: array.astype(np.float32) for key, array in arrays.items()}


class _LinearTaps(list):
    """Taps that store z alone."""

    def append(self, layer: LayerTaps) -> None:
        super().append(layer.linear.T.numpy())


def _linear_of_all(network: Network, z: Tensor) -> np.ndarray:
    """z [layers, width, examples] of all examples as one batch."""
    taps = _LinearTaps()
    network.forward_from_first(z, MEASURE, taps=taps)
    return np.stack(taps)


def _moments(network: Network, z: Tensor, indices: Tensor) -> tuple[np.ndarray, np.ndarray]:
    """Mean and unbiased variance [layers, minibatches, width] of z[l] in every minibatch."""
    means, variances = [], []
    for _, taps in _in_groups(network, z, indices):
        values = torch.stack([layer.linear for layer in taps])
        mean = values.mean(2, keepdim=True)
        centred = values - mean
        means.append(mean.squeeze(2))
        variances.append(torch.linalg.vecdot(centred, centred, dim=2) / (values.shape[2] - 1))
    return torch.cat(means, 1).numpy(), torch.cat(variances, 1).numpy()
